// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/window.hpp"

#include <algorithm>
#include <cstring>

namespace depotlink::queue {

Window::Window(std::size_t bytes, std::size_t records)
    : capacity_bytes_(bytes),
      capacity_records_(records),
      bytes_(new char[bytes]),
      entries_(new Entry[records]) {}

// Texts follow each other around the ring; what is left at its end when the next one does not fit
// there stays unused. The oldest text's start bounds the free room.
bool Window::FindPlace(std::size_t bytes, std::uint32_t& at) const {
  if (next_ - first_ == capacity_records_ || bytes > capacity_bytes_) return false;
  at = 0;
  if (first_ == next_) return true;
  const std::uint32_t oldest = At(first_).at;
  const std::uint32_t newest_end = At(next_ - 1).end();
  if (newest_end <= oldest) {
    at = newest_end;
    return bytes <= oldest - newest_end;
  }
  if (bytes <= capacity_bytes_ - newest_end) {
    at = newest_end;
    return true;
  }
  return bytes <= oldest;
}

bool Window::HasRoom(std::size_t bytes) const {
  std::uint32_t at = 0;
  return FindPlace(bytes, at);
}

bool Window::Push(const Record& record, DropObserver& drops) {
  const std::size_t bytes = record.topic.size() + record.payload.size();
  std::uint32_t at = 0;
  while (!FindPlace(bytes, at)) {
    if (first_ == next_ || bytes > capacity_bytes_ || At(first_).place != Place::kWaiting) {
      drops.OnDropped(record);
      return false;
    }
    drops.OnDropped(Get(first_));
    At(first_).place = Place::kDone;
    --waiting_;
    PopDone();
  }
  Entry& entry = At(next_++);
  entry.order = record.order;
  entry.time_ms = record.time_ms;
  entry.until = record.until;
  entry.at = at;
  entry.payload_bytes = static_cast<std::uint32_t>(record.payload.size());
  entry.tracker = record.tracker;
  entry.topic_bytes = static_cast<std::uint16_t>(record.topic.size());
  entry.refusals = 0;
  entry.kind = record.kind;
  entry.place = Place::kWaiting;
  entry.retain = record.retain;
  std::copy(record.topic.begin(), record.topic.end(), &bytes_[at]);
  std::copy(record.payload.begin(), record.payload.end(), &bytes_[at + record.topic.size()]);
  ++waiting_;
  last_order_ = record.order;
  return true;
}

std::size_t Window::bytes_held() const {
  std::size_t bytes = 0;
  for (Ref ref = first_; ref < next_; ++ref) {
    const Entry& entry = At(ref);
    if (entry.place != Place::kDone) bytes += entry.topic_bytes + entry.payload_bytes;
  }
  return bytes;
}

void Window::ShiftOrders(Order by) {
  for (Ref ref = first_; ref < next_; ++ref) At(ref).order += by;
  last_order_ += by;
}

Window::Ref Window::NextUnsent() const {
  for (Ref ref = unsent_; ref < next_; ++ref) {
    if (At(ref).place == Place::kWaiting) return ref;
  }
  return kNone;
}

Record Window::Get(Ref ref) const {
  const Entry& entry = At(ref);
  Record record;
  record.kind = entry.kind;
  record.retain = entry.retain;
  record.tracker = entry.tracker;
  record.order = entry.order;
  record.time_ms = entry.time_ms;
  record.until = entry.until;
  record.topic = {&bytes_[entry.at], entry.topic_bytes};
  record.payload = {&bytes_[entry.at + entry.topic_bytes], entry.payload_bytes};
  return record;
}

void Window::MarkSent(Ref ref) {
  At(ref).place = Place::kSent;
  --waiting_;
  ++sent_;
  unsent_ = ref + 1;
}

void Window::Finish(Ref ref) {
  Entry& entry = At(ref);
  if (entry.place == Place::kSent) --sent_;
  if (entry.place == Place::kWaiting) --waiting_;
  entry.place = Place::kDone;
  PopDone();
}

int Window::CountRefusal(Ref ref) {
  return ++At(ref).refusals;
}

void Window::Unsend(Ref ref) {
  if (At(ref).place != Place::kSent) return;
  At(ref).place = Place::kWaiting;
  --sent_;
  ++waiting_;
  unsent_ = std::min(unsent_, ref);
}

void Window::UnsendAll() {
  for (Ref ref = first_; ref < next_; ++ref) Unsend(ref);
}

void Window::PopDone() {
  while (first_ < next_ && At(first_).place == Place::kDone) ++first_;
  unsent_ = std::max(unsent_, first_);
}

}  // namespace depotlink::queue
