// SPDX-License-Identifier: Apache-2.0
#include "platform/arrival_ring.hpp"

#include <cstring>
#include <utility>

#include "agent/base/limits.hpp"

namespace depotlink::platform {
namespace {

constexpr std::size_t kHeadBytes = 3;

}  // namespace

void ArrivalRing::Open() {
  auto fresh = std::make_unique<char[]>(limits::kArrivalBytes);
  const std::lock_guard<std::mutex> lock(mutex_);
  bytes_ = std::move(fresh);
  first_ = end_ = 0;
  lost_ = 0;
}

void ArrivalRing::Close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  bytes_.reset();
  first_ = end_ = 0;
  lost_ = 0;
}

bool ArrivalRing::Push(std::string_view topic, bool retained) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (bytes_ == nullptr) return false;
  const std::size_t bytes = kHeadBytes + topic.size();
  // Whoever takes them has taken half: worth moving the rest.
  if (end_ + bytes > limits::kArrivalBytes && first_ >= limits::kArrivalBytes / 2) {
    std::memmove(bytes_.get(), bytes_.get() + first_, end_ - first_);
    end_ -= first_;
    first_ = 0;
  }
  if (topic.size() > limits::kTopicBytes || end_ + bytes > limits::kArrivalBytes) {
    ++lost_;
    return true;
  }
  char* const at = bytes_.get() + end_;
  at[0] = static_cast<char>(topic.size() & 0xFFU);
  at[1] = static_cast<char>(topic.size() >> 8U);
  at[2] = retained ? 1 : 0;
  std::memcpy(at + kHeadBytes, topic.data(), topic.size());
  end_ += bytes;
  return true;
}

bool ArrivalRing::Pop(ports::MqttArrival& out) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (first_ == end_ && lost_ == 0) return false;
  out.lost = lost_;
  lost_ = 0;
  out.topic.Clear();
  out.retained = false;
  if (first_ == end_) return true;
  const char* const at = bytes_.get() + first_;
  const auto low = static_cast<unsigned char>(at[0]);
  const auto high = static_cast<unsigned char>(at[1]);
  const std::size_t size = low + (std::size_t{high} << 8U);
  out.retained = at[2] != 0;
  out.topic.Assign({at + kHeadBytes, size});
  first_ += kHeadBytes + size;
  if (first_ == end_) first_ = end_ = 0;
  return true;
}

}  // namespace depotlink::platform
