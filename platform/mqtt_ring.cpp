// SPDX-License-Identifier: Apache-2.0
#include "platform/mqtt_ring.hpp"

#include <utility>

namespace depotlink::platform {

MqttRing::MqttRing(std::function<void()> wake) : wake_(std::move(wake)) {}

void MqttRing::Reset(std::uint32_t open) {
  const std::lock_guard<std::mutex> lock(mutex_);
  first_ = count_ = 0;
  gather_ = 1;
  woken_ = overrun_ = false;
  open_ = open;
}

std::uint32_t MqttRing::Open() {
  if (++last_ == 0) last_ = 1;
  Reset(last_);
  return last_;
}

void MqttRing::Close() {
  Reset(0);
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
    const bool gathering = event.kind == ports::MqttEventKind::kAcked && count_ < gather_;
    if (woken_ || gathering) return;
    woken_ = true;
  }
  wake_();
}

void MqttRing::GatherUpTo(std::size_t acks) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    gather_ = acks;
    if (woken_ || count_ < gather_) return;
    woken_ = true;
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
  woken_ = false;
  if (!overrun_) return false;
  overrun_ = false;
  out = {};
  out.text.Assign("more events than tokens");
  return true;
}

}  // namespace depotlink::platform
