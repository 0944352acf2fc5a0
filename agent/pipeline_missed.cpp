// SPDX-License-Identifier: Apache-2.0
// Positions that were missed: what is noted of them as states come, and how they are published.
#include <algorithm>

#include "agent/encode/native_state.hpp"
#include "agent/navixy/decode_state.hpp"
#include "agent/pipeline.hpp"

namespace depotlink {
namespace {

using fleet::Tracker;

// Of what an earlier run has had last of a tracker, only the time of its last answer is known: the
// position in it was some seconds older.
constexpr std::uint64_t kBeforeAGuessS = 30;

}  // namespace

void Pipeline::BeginMissed(std::int64_t from_ms) {
  marking_ = true;
  missed_from_ms_ = from_ms;
  for (std::uint32_t i = 0; i < table_->size(); ++i) {
    Tracker& tracker = table_->At(i);
    tracker.missed_s = Tracker::kMissedUnknown;
    fleet::Schedule::MakeDue(tracker);
  }
}

// `tracker` is as it was before the state at hand, the first one since the gap began: its fix is
// published live, all between it and the last one before is not.
void Pipeline::NoteMissed(Tracker& tracker) const {
  if (tracker.missed_s != Tracker::kMissedUnknown) return;
  tracker.missed_s = 0;
  if (!state_.fix_time.has) return;
  const std::int64_t had_ms =
      tracker.state_time_ms() - static_cast<std::int64_t>(tracker.fix_age_s) * kSecondMs;
  const bool known = tracker.state_time != 0 && tracker.fix_age_s != Tracker::kFixAgeUnknown;
  std::uint64_t before_s = known ? 0 : kBeforeAGuessS;
  if (known && had_ms < missed_from_ms_) {
    before_s = static_cast<std::uint64_t>(missed_from_ms_ - had_ms) / kSecondMs;
  }
  before_s = std::min(before_s, Tracker::kMissedBeforeMostS);
  const std::int64_t after_ms = state_.fix_time.value.ms - missed_from_ms_ +
                                static_cast<std::int64_t>(Tracker::kMissedBeforeMostS) * kSecondMs;
  if (after_ms <= 0) return;
  const std::uint64_t after_s = static_cast<std::uint64_t>(after_ms) / kSecondMs;
  // The same fix as before, or the very next second.
  if (after_s <= Tracker::kMissedBeforeMostS - before_s + 1) return;
  tracker.missed_before_s = before_s & UINT8_MAX;
  tracker.missed_s = std::min(after_s, Tracker::kMissedMost) & Tracker::kMissedUnknown;
}

std::int64_t Pipeline::PublishPoint(const Tracker& tracker, std::string_view element,
                                    std::int64_t above_ms, std::int64_t below_ms) {
  if (!navixy::DecodePoint(*reader_, element, state_, notes_).ok()) {
    ++counters_.unreadable;
    return 0;
  }
  const std::int64_t time_ms = state_.fix_time.value.ms;
  if (time_ms <= above_ms || below_ms <= time_ms) return 0;
  encode::StateRecord point;
  point.id = tracker.id;
  point.label = table_->Label(tracker);
  point.group = groups_->Title(tracker.group);
  point.state = &state_;
  point.poll_time_trusted = false;  // of no use to anybody: it is late
  point.run = run_;
  point.seq = TakeSeq();
  point.late = true;
  json::JsonWriter out(payload_.data(), payload_.size());
  if (!encode::EncodeState(point, out)) {
    ++counters_.not_encoded;
    return 0;
  }
  queue::Record record;
  record.kind = queue::RecordKind::kHistory;
  record.retain = false;
  record.tracker = tracker.id;
  record.topic =
      topics_->Tracker(tracker.id, encode::TrackerTopic::kHistory, topic_.data(), topic_.size());
  record.payload = out.view();
  sink_->Push(record);
  return time_ms;
}

}  // namespace depotlink
