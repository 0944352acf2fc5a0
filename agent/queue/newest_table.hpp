// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which record of each tracker is the newest, among those that are noted from the oldest to the
// newest: one table of a fixed size, and a coarse map of the orders in which something is to be
// kept, so that a second look can pass by the rest unread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "agent/base/limits.hpp"
#include "agent/queue/record.hpp"

namespace depotlink::queue {

class NewestTable {
 public:
  // `trackers`: for how many there is room at least. Takes limits::NewestTableBytes(trackers) once.
  explicit NewestTable(std::uint32_t trackers);

  // Forgets all. Orders from `first` to `last` are to come.
  void Clear(Order first, Order last);
  // This record is the newest of its tracker now. False where the table is full or the order is
  // beyond it: then nothing is known of the tracker.
  bool Note(model::TrackerId tracker, Order order);
  // Something of this order is to be kept for another reason.
  void MarkKept(Order order);
  // All was noted: the map is right from now on.
  void Close();

  // Whether a record goes: a newer one of its tracker was noted.
  bool IsSuperseded(model::TrackerId tracker, Order order) const;
  // No record with an order from `order` up to the one before the answer is kept; above last():
  // none any more.
  Order NextKept(Order order) const;
  Order last() const { return last_; }
  std::uint32_t size() const { return size_; }

 private:
  // Halves, so that a place has no padding. An order of 0: nobody's.
  struct Place {
    std::uint32_t id_low = 0;
    std::uint32_t id_high = 0;
    std::uint32_t order = 0;  // less first_, plus one
  };
  static_assert(sizeof(Place) == limits::kNewestPlaceBytes, "the memory plan counts on it");
  static constexpr std::size_t kParts = limits::kNewestParts;

  Place* PlaceOf(model::TrackerId tracker) const;
  std::size_t PartOf(Order order) const;

  std::size_t places_count_;
  std::unique_ptr<Place[]> places_;
  std::uint32_t room_;
  std::uint32_t size_ = 0;
  Order first_ = 1;
  Order last_ = 0;
  std::uint64_t part_ = 1;  // orders in a part
  std::array<bool, kParts> kept_{};
};

}  // namespace depotlink::queue
