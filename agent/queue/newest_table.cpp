// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/newest_table.hpp"

#include <algorithm>
#include <limits>

namespace depotlink::queue {

NewestTable::NewestTable(std::uint32_t trackers)
    : places_count_(limits::NewestPlaces(trackers)),
      places_(new Place[places_count_]),
      room_(trackers) {}

void NewestTable::Clear(Order first, Order last) {
  std::fill_n(places_.get(), places_count_, Place());
  kept_.fill(false);
  size_ = 0;
  first_ = first;
  last_ = last;
  part_ = (last - std::min(first, last)) / kParts + 1;
}

// The tracker's own place, or the free one where it would stand: there is always one, since the
// table is never filled up.
NewestTable::Place* NewestTable::PlaceOf(model::TrackerId tracker) const {
  constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15U;  // 2^64 over the golden ratio
  const auto low = static_cast<std::uint32_t>(tracker & 0xFFFFFFFFU);
  const auto high = static_cast<std::uint32_t>(tracker >> 32U);
  auto at = static_cast<std::size_t>((tracker * kSpread >> 32U) % places_count_);
  for (;;) {
    Place& place = places_[at];
    if (place.order == 0 || (place.id_low == low && place.id_high == high)) return &place;
    at = at + 1 == places_count_ ? 0 : at + 1;
  }
}

bool NewestTable::Note(model::TrackerId tracker, Order order) {
  if (order < first_ || order - first_ >= std::numeric_limits<std::uint32_t>::max()) return false;
  Place& place = *PlaceOf(tracker);
  if (place.order == 0) {
    if (size_ == room_) return false;
    ++size_;
    place.id_low = static_cast<std::uint32_t>(tracker & 0xFFFFFFFFU);
    place.id_high = static_cast<std::uint32_t>(tracker >> 32U);
  }
  place.order = static_cast<std::uint32_t>(order - first_ + 1);
  return true;
}

std::size_t NewestTable::PartOf(Order order) const {
  const std::uint64_t part = (order - std::min(order, first_)) / part_;
  return static_cast<std::size_t>(std::min<std::uint64_t>(part, kParts - 1));
}

void NewestTable::MarkKept(Order order) {
  kept_[PartOf(order)] = true;
}

void NewestTable::Close() {
  for (std::size_t i = 0; i < places_count_; ++i) {
    if (places_[i].order != 0) MarkKept(first_ + places_[i].order - 1);
  }
}

bool NewestTable::IsSuperseded(model::TrackerId tracker, Order order) const {
  const Place& place = *PlaceOf(tracker);
  return place.order != 0 && order < first_ + place.order - 1;
}

Order NewestTable::NextKept(Order order) const {
  for (std::size_t part = PartOf(order); part < kParts && order <= last_; ++part) {
    if (kept_[part]) return order;
    order = first_ + (part + 1) * part_;
  }
  return std::max(order, last_ + 1);
}

}  // namespace depotlink::queue
