// SPDX-License-Identifier: Apache-2.0

// Stands where platform/counted_heap.cpp does in the agent: one allocation of a run fails, the one
// whose number DEPOTLINK_FAIL_ALLOCATION says (from 1; with a + after it: all from there on, for a
// hundred). Says where that was, as offsets into the program, and at the end how many there were.
// In a program of the tests only; allocation.py drives it.

#include <unistd.h>
#include <unwind.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "platform/counted_heap.hpp"

// The linker's name for where the program begins in memory.
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
extern "C" __attribute__((visibility("hidden"))) const char __ehdr_start[];

namespace {

std::atomic<long> allocations{0};

void Say(const char* line, int bytes) {
  const ssize_t written = write(STDERR_FILENO, line, static_cast<std::size_t>(bytes));
  static_cast<void>(written);
}

// One line, put together without the heap.
struct Site {
  char line[400];
  int bytes = 0;
  int frames = 0;
};

_Unwind_Reason_Code NoteFrame(_Unwind_Context* context, void* data) {
  constexpr int kFrames = 16;
  Site& site = *static_cast<Site*>(data);
  const std::uintptr_t place =
      _Unwind_GetIP(context) - reinterpret_cast<std::uintptr_t>(__ehdr_start);
  const int room = static_cast<int>(sizeof site.line) - site.bytes;
  site.bytes +=
      std::min(room - 1, std::snprintf(site.line + site.bytes, static_cast<std::size_t>(room),
                                       " %lx", static_cast<unsigned long>(place)));
  return ++site.frames < kFrames ? _URC_NO_REASON : _URC_END_OF_STACK;
}

// No allocation of the unwinder's own can fail: only the numbers asked for do, and they are taken.
void TellSite() {
  Site site;
  site.bytes = std::snprintf(site.line, sizeof site.line, "failed-at");
  _Unwind_Backtrace(NoteFrame, &site);
  site.line[site.bytes++] = '\n';
  Say(site.line, site.bytes);
}

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

// Before the program's own start the unwinder knows of nothing yet.
std::atomic<bool> started{false};

struct AtTheEnd {
  AtTheEnd() { started = true; }
  ~AtTheEnd() {
    char line[40];
    const int bytes = std::snprintf(line, sizeof line, "allocations=%ld\n", allocations.load());
    Say(line, bytes);
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
  if (failing.first == 0 || number < failing.first || number >= failing.first + failing.count)
    return true;
  if (number == failing.first && started) TellSite();
  return false;
}

void NoteHeap(std::ptrdiff_t) {}

}  // namespace depotlink::platform
