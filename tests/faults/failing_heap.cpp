// SPDX-License-Identifier: Apache-2.0

// Stands where platform/counted_heap.cpp does in the agent: one allocation of a run fails, the one
// whose number DEPOTLINK_FAIL_ALLOCATION says (from 1; with a + after it: all from there on, for a
// hundred). Says at the end how many there were. In a program of the tests only; allocation.py
// drives it.

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "platform/counted_heap.hpp"

namespace {

std::atomic<long> allocations{0};

struct Failing {
  long first = 0;
  long count = 1;
};

Failing ReadFailing() {
  Failing failing;
  const char* text = std::getenv("DEPOTLINK_FAIL_ALLOCATION");
  if (text == nullptr) return failing;
  failing.first = std::atol(text);
  if (std::strchr(text, '+') != nullptr) failing.count = 100;
  return failing;
}

struct AtTheEnd {
  ~AtTheEnd() {
    char line[40];
    const int bytes = std::snprintf(line, sizeof line, "allocations=%ld\n", allocations.load());
    const ssize_t written = write(STDERR_FILENO, line, static_cast<std::size_t>(bytes));
    static_cast<void>(written);
  }
};
const AtTheEnd at_the_end;

}  // namespace

namespace depotlink::platform {

HeapUse ReadHeap() {
  return {};
}

void SetHeapCeiling(std::uint64_t) {}

bool HeapHasRoom(std::size_t) {
  static const Failing failing = ReadFailing();
  const long number = allocations.fetch_add(1) + 1;
  return failing.first == 0 || number < failing.first || number >= failing.first + failing.count;
}

void NoteHeap(std::ptrdiff_t) {}

}  // namespace depotlink::platform
