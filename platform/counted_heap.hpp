// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one gate to the heap: what the whole program has of it, libraries included, and the ceiling
// at which an allocation fails as if the machine had no more (NULL, std::bad_alloc). Something
// comes through it where wrapped_malloc.cpp is linked in, which is in static builds; elsewhere all
// of this stays 0. Any thread; never blocks.

#include <array>
#include <cstddef>
#include <cstdint>

#include "platform/heap_scope.hpp"

namespace depotlink::platform {

struct PartUse {
  std::uint64_t live_bytes = 0;  // the allocator's own heads and rounding included
  std::uint64_t peak_bytes = 0;
};

struct HeapUse {
  std::uint64_t live_bytes = 0;
  std::uint64_t peak_bytes = 0;
  std::uint64_t refused = 0;              // allocations that the ceiling has made fail
  std::array<PartUse, kHeapParts> parts;  // by HeapPart; each has its peak at its own time
};
HeapUse ReadHeap();

// HTTP and TLS, which get over a failed allocation with an error for one request or connection,
// leave so much below the ceiling to those that do not: Paho, and our own code.
inline constexpr std::size_t kHeapReserveBytes = 64 * std::size_t{1024};

// From now on no allocation takes what is live above `bytes`. 0: none is refused.
void SetHeapCeiling(std::uint64_t bytes);

// For the gate itself, in the name of HeapScope::Current(). False: the allocation must fail; it is
// counted.
bool HeapHasRoom(std::size_t bytes);
// What was taken, or given back where it is negative.
void NoteHeap(std::ptrdiff_t bytes);

}  // namespace depotlink::platform
