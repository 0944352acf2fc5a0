// SPDX-License-Identifier: Apache-2.0
#pragma once

// Through which the MQTT library's thread hands the topics of messages to the main thread.
// Bound: limits::kArrivalBytes, there only while it is open; what does not fit is not kept, and
// how many that were is told. Any thread may push; the rest belongs to the main thread. Its mutex
// is a leaf.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>

#include "agent/ports/mqtt.hpp"

namespace depotlink::platform {

class ArrivalRing {
 public:
  // Takes the memory (may throw std::bad_alloc), or forgets what was there.
  void Open();
  void Close();
  // Whether there is something new to take: the caller wakes the loop outside of any lock.
  bool Push(std::string_view topic, bool retained);
  bool Pop(ports::MqttArrival& out);

 private:
  std::mutex mutex_;
  // One after the other: two bytes of length, low first, 1 where it was retained, and the topic.
  std::unique_ptr<char[]> bytes_;
  std::size_t first_ = 0;
  std::size_t end_ = 0;
  std::uint32_t lost_ = 0;
};

}  // namespace depotlink::platform
