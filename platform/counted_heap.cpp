// SPDX-License-Identifier: Apache-2.0
#include "platform/counted_heap.hpp"

#include <algorithm>
#include <atomic>

namespace depotlink::platform {
namespace {

// Initialized before any code runs: libraries allocate before main(). Signed, since a block may
// have come by a way that does not lead through here.
std::atomic<std::ptrdiff_t> live_bytes{0};
std::atomic<std::ptrdiff_t> peak_bytes{0};
std::atomic<std::ptrdiff_t> ceiling_bytes{0};
std::atomic<std::uint64_t> refused_count{0};

std::uint64_t Unsigned(std::ptrdiff_t bytes) {
  return static_cast<std::uint64_t>(std::max<std::ptrdiff_t>(bytes, 0));
}

}  // namespace

HeapUse ReadHeap() {
  return {Unsigned(live_bytes.load(std::memory_order_relaxed)),
          Unsigned(peak_bytes.load(std::memory_order_relaxed)),
          refused_count.load(std::memory_order_relaxed)};
}

void SetHeapCeiling(std::uint64_t bytes) {
  ceiling_bytes.store(static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(bytes, PTRDIFF_MAX)),
                      std::memory_order_relaxed);
}

bool HeapHasRoom(std::size_t bytes) {
  const std::ptrdiff_t ceiling = ceiling_bytes.load(std::memory_order_relaxed);
  if (ceiling == 0) return true;
  const std::ptrdiff_t left = ceiling - live_bytes.load(std::memory_order_relaxed);
  if (left > 0 && bytes <= static_cast<std::size_t>(left)) return true;
  refused_count.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void NoteHeap(std::ptrdiff_t bytes) {
  const std::ptrdiff_t live = live_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  std::ptrdiff_t peak = peak_bytes.load(std::memory_order_relaxed);
  while (live > peak && !peak_bytes.compare_exchange_weak(peak, live, std::memory_order_relaxed)) {
  }
}

}  // namespace depotlink::platform
