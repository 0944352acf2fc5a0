// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace depotlink::platform {

// Whose the bytes of the heap are. What goes back has to go back in the name of the same part.
enum class HeapPart : std::uint8_t {
  kRest,   // Paho MQTT C, its threads, the C library
  kAgent,  // operator new: our own code, JsonCpp, Paho's C++ side
  kHttp,   // libcurl, inflate
  kTls,    // Mbed TLS
};
inline constexpr std::size_t kHeapParts = 4;

// What this thread takes from the heap, and gives back, for as long as one lives, is `part`'s
// (counted_heap.hpp). They nest.
class HeapScope {
 public:
  explicit HeapScope(HeapPart part);
  ~HeapScope();
  HeapScope(const HeapScope&) = delete;
  HeapScope& operator=(const HeapScope&) = delete;

  static HeapPart Current();

 private:
  HeapPart before_;
};

}  // namespace depotlink::platform
