// SPDX-License-Identifier: Apache-2.0
#pragma once

// What travels through the queue, and who wants to know what became of it.

#include <cstdint>
#include <string_view>

#include "agent/base/time.hpp"
#include "agent/model/tracker_state.hpp"

namespace depotlink::queue {

// The values stand in files: never change one. A history record is a state that could not be
// delivered when it was new; its payload says `late` already.
enum class RecordKind : std::uint8_t {
  kState = 0,
  kInfo = 1,
  kClearState = 2,
  kClearInfo = 3,
  kHistory = 4,
  kLink = 5,
  kClearLink = 6,
  kExtra = 16,    // never in a file
  kSnapshot = 17  // likewise
};
inline constexpr RecordKind kLastRecordKind = RecordKind::kClearLink;

// A record's place in the order of all records that this queue has ever taken, rising over
// restarts; 0: none yet.
using Order = std::uint64_t;

// The `until` of a record that may not be seen at all.
inline constexpr MonoTime kNeverShown{};

// The views hold as long as the owner says.
struct Record {
  RecordKind kind = RecordKind::kState;
  bool retain = true;
  model::TrackerId tracker = 0;  // of kLink and kClearLink, the link's id; of kSnapshot, the page
  Order order = 0;
  MonoTime until = kNever;   // it may not be seen beyond; kept in memory only
  std::int64_t time_ms = 0;  // when it was decoded, by the queue's clock (Unix epoch)
  std::string_view topic;
  std::string_view payload;
};

// Positions are events, each of which counts; all else says how things stand, and is said anew when
// the bus is there again.
inline bool IsPosition(RecordKind kind) {
  return kind == RecordKind::kState || kind == RecordKind::kHistory;
}

// What says how things stand, and is read again anyway.
inline bool IsReadAgain(RecordKind kind) {
  return kind == RecordKind::kInfo || kind == RecordKind::kLink;
}

inline bool IsNeverInAFile(RecordKind kind) {
  return kind == RecordKind::kExtra || kind == RecordKind::kSnapshot;
}

inline bool IsLink(RecordKind kind) {
  return kind == RecordKind::kLink || kind == RecordKind::kClearLink;
}

// Where records go. Implemented by the window, and by whatever only looks at them.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  // Takes a copy. Never fails: what does not fit makes room by dropping the oldest, or is dropped
  // itself where it is larger than any room.
  virtual void Push(const Record& record) = 0;
  // True where the next record of any size would cost no other its place, or where waiting for room
  // would be in vain; false: stop reading until it is true again.
  virtual bool Ready() const = 0;
};

// Is told of each record that had to go unacknowledged. The views hold only during the call.
class DropObserver {
 public:
  virtual ~DropObserver() = default;
  virtual void OnDropped(const Record& record) = 0;
};

}  // namespace depotlink::queue
