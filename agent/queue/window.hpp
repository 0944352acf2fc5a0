// SPDX-License-Identifier: Apache-2.0
#pragma once

// Records on their way to the bus, in memory, in the order in which they came: a ring of entries,
// and a ring of bytes in which each record's text stands whole. A record leaves when it was
// acknowledged, given up, or dropped to make room; the oldest goes first, and each drop is told to
// the caller.
//
//   first_ -> [sent][sent][done][sent][waiting][waiting] <- next_
//                                     ^ unsent_
//
// One thread. Nothing is allocated after construction.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "agent/base/limits.hpp"
#include "agent/queue/record.hpp"

namespace depotlink::queue {

class Window {
 public:
  // A record's number in the window, rising by one a record.
  using Ref = std::uint64_t;
  static constexpr Ref kNone = UINT64_MAX;
  // What a record takes beside its text, at most.
  static constexpr std::size_t kEntryBytes = 64;

  // Room for `bytes` of topics and payloads and for `records` of them.
  Window(std::size_t bytes, std::size_t records);

  // Copies the record in. Where there is no room, the oldest are dropped if none is on its way;
  // else, or where it is larger than all the room, the record itself is. False in the latter case.
  bool Push(const Record& record, DropObserver& drops);
  // True where a record with so much topic and payload can be placed without a drop.
  bool HasRoom(std::size_t bytes) const;

  // The oldest record that waits to be sent, or kNone.
  Ref NextUnsent() const;
  // The views hold until the record is finished or dropped.
  Record Get(Ref ref) const;
  // It is on its way. Only what NextUnsent() gave can be marked.
  void MarkSent(Ref ref);
  // It is done with, by acknowledgement or by being given up.
  void Finish(Ref ref);
  // Counts a refusal; returns how many there were with this one.
  int CountRefusal(Ref ref);
  // It is not on its way any more and must be sent again, before all that waits.
  void Unsend(Ref ref);
  // Nothing is on its way any more: all of it waits again, in the old order.
  void UnsendAll();

  // The records held are those from first() up to end(), without the done ones among them.
  Ref first() const { return first_; }
  Ref end() const { return next_; }
  bool IsDone(Ref ref) const { return At(ref).place == Place::kDone; }
  bool IsWaiting(Ref ref) const { return At(ref).place == Place::kWaiting; }
  // All records up to this order are done with; 0 where none was ever held.
  Order done_up_to() const { return first_ == next_ ? last_order_ : At(first_).order - 1; }
  std::size_t bytes_held() const;
  // Raises the order of every record by `by`.
  void ShiftOrders(Order by);

  std::size_t waiting() const { return waiting_; }
  std::size_t sent() const { return sent_; }

 private:
  enum class Place : std::uint8_t { kWaiting, kSent, kDone };
  struct Entry {
    Order order;
    std::int64_t time_ms;
    MonoTime until;
    std::uint32_t at;
    std::uint32_t payload_bytes;
    model::TrackerId tracker;
    std::uint16_t topic_bytes;
    std::uint8_t refusals;
    RecordKind kind;
    Place place;
    bool retain;

    std::uint32_t end() const { return at + topic_bytes + payload_bytes; }
  };
  static_assert(sizeof(Entry) <= kEntryBytes, "the memory plan counts on it");

  Entry& At(Ref ref) { return entries_[static_cast<std::size_t>(ref % capacity_records_)]; }
  const Entry& At(Ref ref) const {
    return entries_[static_cast<std::size_t>(ref % capacity_records_)];
  }
  // Where a text of `bytes` can stand whole; false where it cannot.
  bool FindPlace(std::size_t bytes, std::uint32_t& at) const;
  // Lets go of done entries at the front.
  void PopDone();

  std::size_t capacity_bytes_;
  std::size_t capacity_records_;
  std::unique_ptr<char[]> bytes_;
  std::unique_ptr<Entry[]> entries_;
  Ref first_ = 0;
  Ref next_ = 0;
  Ref unsent_ = 0;  // nothing before it waits
  std::size_t waiting_ = 0;
  std::size_t sent_ = 0;
  Order last_order_ = 0;
};

}  // namespace depotlink::queue
