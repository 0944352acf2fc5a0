// SPDX-License-Identifier: Apache-2.0
#include "platform/counted_heap.hpp"

#include <algorithm>
#include <array>
#include <atomic>

namespace depotlink::platform {
namespace {

// Signed, since a block may have come by a way that does not lead through here.
struct Account {
  std::atomic<std::ptrdiff_t> live_bytes{0};
  std::atomic<std::ptrdiff_t> peak_bytes{0};

  void Note(std::ptrdiff_t bytes) {
    const std::ptrdiff_t live = live_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    std::ptrdiff_t peak = peak_bytes.load(std::memory_order_relaxed);
    while (live > peak &&
           !peak_bytes.compare_exchange_weak(peak, live, std::memory_order_relaxed)) {
    }
  }
};

// Initialized before any code runs: libraries allocate before main().
Account whole;
std::array<Account, kHeapParts> parts;
std::atomic<std::ptrdiff_t> ceiling_bytes{0};
std::atomic<std::uint64_t> refused_count{0};

std::uint64_t Unsigned(std::ptrdiff_t bytes) {
  return static_cast<std::uint64_t>(std::max<std::ptrdiff_t>(bytes, 0));
}

PartUse Use(const Account& account) {
  return {Unsigned(account.live_bytes.load(std::memory_order_relaxed)),
          Unsigned(account.peak_bytes.load(std::memory_order_relaxed))};
}

bool FailsWell(HeapPart part) {
  return part == HeapPart::kHttp || part == HeapPart::kTls;
}

}  // namespace

HeapUse ReadHeap() {
  HeapUse use;
  use.live_bytes = Use(whole).live_bytes;
  use.peak_bytes = Use(whole).peak_bytes;
  use.refused = refused_count.load(std::memory_order_relaxed);
  std::transform(parts.begin(), parts.end(), use.parts.begin(), Use);
  return use;
}

void SetHeapCeiling(std::uint64_t bytes) {
  ceiling_bytes.store(static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(bytes, PTRDIFF_MAX)),
                      std::memory_order_relaxed);
}

bool HeapHasRoom(std::size_t bytes) {
  const std::ptrdiff_t ceiling = ceiling_bytes.load(std::memory_order_relaxed);
  if (ceiling == 0) return true;
  const std::ptrdiff_t reserved = FailsWell(HeapScope::Current()) ? kHeapReserveBytes : 0;
  const std::ptrdiff_t left = ceiling - reserved - whole.live_bytes.load(std::memory_order_relaxed);
  if (left > 0 && bytes <= static_cast<std::size_t>(left)) return true;
  refused_count.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void NoteHeap(std::ptrdiff_t bytes) {
  whole.Note(bytes);
  parts[static_cast<std::size_t>(HeapScope::Current())].Note(bytes);
}

}  // namespace depotlink::platform
