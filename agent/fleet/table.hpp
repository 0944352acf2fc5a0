// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the agent remembers of each tracker: 40 bytes and its label. Enough to tell whether a state
// is news, whether it is newer, when to ask again, and what stands retained on the bus; nothing
// more, so that 25,000 trackers cost about 1.5 MB. All room is reserved at the start and touched as
// it is used; nothing is allocated afterwards.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "agent/base/limits.hpp"
#include "agent/model/tracker_state.hpp"

namespace depotlink::fleet {

// How often a tracker is asked for, by what it does.
enum class Pace : std::uint8_t { kMoving, kStopped, kParked, kOffline };
inline constexpr std::size_t kPaceCount = 4;

struct Tracker {
  model::TrackerId id;
  std::uint64_t state_fingerprint : 48;  // of the last state published; 0: none
  std::uint64_t fix_age_s : 8;           // its fix was so much older than state_time_ms says
  std::uint64_t missed_before_s : 8;     // see missed_s
  std::uint64_t state_time : 42;         // in ms, the newest time it spoke of; 0: none
  // What was missed of it in the gap at hand: from so long before the gap on, and up to so long
  // after kMissedBeforeMostS before the gap. 0: nothing.
  std::uint64_t missed_s : 22;
  std::uint64_t due_s : 32;     // when to ask for it next, in seconds of the schedule's clock
  std::uint64_t label_at : 21;  // where its label stands, plus 1; 0: none
  std::uint64_t state_bytes_low : 11;  // see state_bytes()
  std::uint32_t info_fingerprint;      // of the last info published; 0: none
  std::uint16_t group;  // number in Groups; 0: none. In a scope by links, a mark of what is shown
  Pace pace : 2;
  bool behind : 1;  // its current state went to the disk: the bus has an older one
  bool shown : 1;   // it needs no place any more in the snapshot under way
  std::uint8_t state_bytes_high : 4;
  std::uint8_t flags;

  enum Flag : std::uint8_t {
    kSeen = 1,           // named by the tracker/list under way
    kBlocked = 2,        // the API does not give its state
    kStateRetained = 4,  // a state of it may stand retained on the bus
    kInfoRetained = 8,   // likewise its info
    kGone = 16,          // vanished; its retained topics are to be cleared, then it goes
    kSaidBlocked = 32,   // named `blocked` by the get_states under way
    kSaidMissing = 64,   // named `not_exist` by the get_states under way
    kClear = 128         // its retained state is to be cleared; it stays
  };
  static constexpr std::uint64_t kFingerprintMask = (std::uint64_t{1} << 48U) - 1;
  static constexpr std::uint64_t kLabelAtMost = (1U << 21U) - 1;
  static constexpr std::size_t kStateBytesMost = (1U << 15U) - 1;
  static constexpr std::uint64_t kFixAgeUnknown = 255;  // or longer, or no fix
  static constexpr std::uint64_t kMissedBeforeMostS = 254;
  static constexpr std::uint64_t kMissedUnknown = (1U << 22U) - 1;  // until the next state
  static constexpr std::uint64_t kMissedMost = kMissedUnknown - 1;  // up to the gap's end

  std::int64_t state_time_ms() const { return static_cast<std::int64_t>(state_time); }
  // 0 .. 2100-01-01.
  void set_state_time_ms(std::int64_t ms) {
    state_time = static_cast<std::uint64_t>(ms) & ((std::uint64_t{1} << 42U) - 1);
  }
  // The length of the last state published; 0 where that is longer than kStateBytesMost.
  std::size_t state_bytes() const { return state_bytes_high * std::size_t{2048} + state_bytes_low; }
  void set_state_bytes(std::size_t bytes) {
    if (bytes > kStateBytesMost) bytes = 0;
    state_bytes_low = bytes & 0x7FFU;
    state_bytes_high = (bytes >> 11U) & 0xFU;
  }
  bool Has(Flag flag) const { return (flags & flag) != 0; }
  void Set(Flag flag) { flags = static_cast<std::uint8_t>(flags | flag); }
  void Unset(Flag flag) { flags = static_cast<std::uint8_t>(flags & ~flag); }
};
static_assert(limits::kMaxTrackers * limits::kLabelRoomPerTracker + 256 < Tracker::kLabelAtMost,
              "where a label stands is kept in 21 bits");
static_assert(sizeof(Tracker) == 40, "the memory plan counts on 40 bytes a tracker");

class Table {
 public:
  // `max_trackers`: 1 .. limits::kMaxTrackers. Reserves BytesFor(max_trackers).
  explicit Table(std::uint32_t max_trackers);

  // Memory for so many trackers, labels included; it becomes resident as it is used.
  static constexpr std::size_t BytesFor(std::uint32_t trackers) {
    return trackers * (sizeof(Tracker) + sizeof(std::uint16_t)) + LabelBytesFor(trackers);
  }

  std::uint32_t size() const { return size_; }
  std::uint32_t capacity() const { return capacity_; }
  // Trackers in no particular order, `i` below size(). References hold until Add or Remove.
  Tracker& At(std::uint32_t i) { return trackers_[i]; }
  const Tracker& At(std::uint32_t i) const { return trackers_[i]; }

  // Null where it is not known.
  Tracker* Find(model::TrackerId id);
  // The one with the next larger id; null where there is none.
  Tracker* After(model::TrackerId id);
  // Finds or adds; null where the table is full.
  Tracker* Add(model::TrackerId id);
  // Removes; the last tracker takes its place.
  void Remove(model::TrackerId id);
  // After this, whatever the API says of any tracker is news.
  void ForgetPublished();

  std::string_view Label(const Tracker& tracker) const;
  // Keeps a copy. False where there is no room: then the tracker has no label.
  bool SetLabel(Tracker& tracker, std::string_view label);
  std::size_t label_bytes_used() const { return labels_used_; }

 private:
  // Ahead of each label: the tracker's place (2 bytes, low first) and the length (1 byte).
  static constexpr std::size_t kLabelHeadBytes = 3;
  static constexpr std::size_t LabelBytesFor(std::uint32_t trackers) {
    return trackers * limits::kLabelRoomPerTracker + limits::kLabelBytes + kLabelHeadBytes;
  }

  std::uint32_t LowerBound(model::TrackerId id) const;
  void WriteLabelHead(std::size_t at, std::uint32_t place, std::size_t length);
  void CompactLabels();

  std::uint32_t capacity_;
  std::uint32_t size_ = 0;
  std::unique_ptr<Tracker[]> trackers_;
  std::unique_ptr<std::uint16_t[]> by_id_;  // places, sorted by id
  std::size_t labels_capacity_;
  std::size_t labels_used_ = 0;
  std::unique_ptr<unsigned char[]> labels_;
};

}  // namespace depotlink::fleet
