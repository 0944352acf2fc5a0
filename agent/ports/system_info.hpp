// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace depotlink::ports {

// A part of the heap.
struct HeapPartUse {
  std::uint64_t kib = 0;
  std::uint64_t peak_kib = 0;  // at its own time: the peaks do not add up to the heap's
};

struct MemoryUse {
  std::uint64_t resident_kib = 0;  // 0: unknown
  std::uint64_t peak_kib = 0;
  // Of the heap, where it is counted.
  std::uint64_t heap_kib = 0;
  std::uint64_t heap_peak_kib = 0;
  HeapPartUse agent;          // our own code, and what is C++ of the libraries
  HeapPartUse http;           // libcurl, inflate
  HeapPartUse tls;            // Mbed TLS
  HeapPartUse rest;           // Paho MQTT C and its threads, the C library
  std::uint64_t refused = 0;  // allocations that failed, so that the budget holds
};

// What the operating system says of this process. Main thread; never blocks or fails.
class SystemInfo {
 public:
  virtual ~SystemInfo() = default;
  virtual MemoryUse Memory() = 0;
};

}  // namespace depotlink::ports
