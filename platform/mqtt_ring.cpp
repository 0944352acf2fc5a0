// SPDX-License-Identifier: Apache-2.0
#include "platform/mqtt_ring.hpp"

#include <utility>

namespace depotlink::platform {

MqttRing::MqttRing(std::function<void()> wake) : wake_(std::move(wake)) {}

std::uint32_t MqttRing::Open() {
  const std::lock_guard<std::mutex> lock(mutex_);
  first_ = count_ = 0;
  overrun_ = false;
  if (++last_ == 0) last_ = 1;
  open_ = last_;
  return open_;
}

void MqttRing::Close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  first_ = count_ = 0;
  overrun_ = false;
  open_ = 0;
}

void MqttRing::Push(std::uint32_t generation, const ports::MqttEvent& event) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (generation != open_) return;
    if (count_ == kCapacity) {
      overrun_ = true;
      open_ = 0;
    } else {
      events_[(first_ + count_) % kCapacity] = event;
      ++count_;
      const bool last = event.kind == ports::MqttEventKind::kLost ||
                        event.kind == ports::MqttEventKind::kConnectFailed;
      if (last) open_ = 0;
    }
  }
  wake_();
}

bool MqttRing::Pop(ports::MqttEvent& out) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (count_ > 0) {
    out = events_[first_];
    first_ = (first_ + 1) % kCapacity;
    --count_;
    return true;
  }
  if (!overrun_) return false;
  overrun_ = false;
  out = {};
  out.text.Assign("more events than tokens");
  return true;
}

}  // namespace depotlink::platform
