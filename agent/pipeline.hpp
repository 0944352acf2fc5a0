// SPDX-License-Identifier: Apache-2.0
#pragma once

// The stages between the poll and the queue, in their order: compare, decode, encode, push. A state
// whose text is the same as last time goes no further than the comparison: it is not even parsed.
//
// A state that is older than what was published of its tracker is dropped and counted: a retained
// state never goes back in time. What the bus did not get (dropped, given up, forgotten by the
// broker) is forgotten in the table, so that the next poll publishes it anew.

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "agent/base/log.hpp"
#include "agent/clock_watch.hpp"
#include "agent/encode/native_state.hpp"
#include "agent/encode/topics.hpp"
#include "agent/fleet/groups.hpp"
#include "agent/fleet/schedule.hpp"
#include "agent/fleet/scope.hpp"
#include "agent/fleet/shard.hpp"
#include "agent/fleet/table.hpp"
#include "agent/json/element_reader.hpp"
#include "agent/model/tracker_state.hpp"
#include "agent/navixy/decode_notes.hpp"
#include "agent/poll/poll_work.hpp"
#include "agent/ports/clock.hpp"
#include "agent/queue/window.hpp"

namespace depotlink {

class Snapshots;

struct PipelineCounters {
  std::uint64_t unchanged = 0;
  std::uint64_t older = 0;       // states that would have gone back in time
  std::uint64_t unreadable = 0;  // elements that could not be decoded
  std::uint64_t overflow = 0;    // trackers beyond memory.max_trackers, at the last listing
  std::uint64_t not_encoded = 0;
  std::uint64_t refused = 0;  // times that the API would not answer for one tracker alone
};

class Pipeline : public poll::PollWork {
 public:
  // References must outlive this. `run`: names this start of the agent.
  Pipeline(fleet::Table& table, fleet::Groups& groups, fleet::Schedule& schedule,
           const fleet::Scope& scope, json::ElementReader& reader,
           const encode::TopicBuilder& topics, std::string_view run, queue::RecordSink& sink,
           const ports::Clock& clock, Logger& log);

  // Clears retained topics of trackers that have gone, as far as there is room. Returns true where
  // some are left.
  bool ClearGone();
  // Of a tracker that may stand on the bus from an earlier run (kClearState or kClearInfo): clears
  // it where nobody will publish it again.
  void ClearStray(queue::RecordKind kind, model::TrackerId id);
  // A record did not reach the bus: the next poll publishes that tracker anew.
  void Forget(const queue::Record& record);
  // A state went to the disk, not to the bus: see RepublishBehind().
  void NoteSpooled(const queue::Record& record);
  // The bus is there again: the next poll publishes anew what went to the disk meanwhile.
  void RepublishBehind();
  // While it is down, what is outside of the scope is not cleared.
  void NoteBus(bool up) { bus_up_ = up; }
  // Takes in what geo links share now, and lets go of what they do not any more. False where there
  // is no room for all of it yet: to be called again.
  bool FollowScope();
  // Once for each time that there is a reason to read the list of trackers before its time.
  bool TakeListWanted();
  // The broker has none of it any more.
  void ForgetAll() { table_->ForgetPublished(); }
  // What is known of the machine's clock from now on.
  void NoteClock(const ClockFinding& finding) { clock_finding_ = finding; }

  // Of the account only this part is anything to it: what is another gateway's is not published,
  // and cleared below the own site alone. To be called before anything is listed.
  void KeepTo(const fleet::Shard& shard) { shard_ = shard; }

  // From now on each state is offered to them as well (pipeline_snapshot.cpp). They must outlive
  // this.
  void ShowTo(Snapshots& snapshots) { snapshots_ = &snapshots; }

  // --- positions that were missed (pipeline_missed.cpp)
  // A gap has begun at `from_ms`, by the API's clock: what is missed of each tracker is noted in
  // the table as its next state comes, and all are asked for as soon as may be.
  void BeginMissed(std::int64_t from_ms);
  // Trackers that come later have missed nothing.
  void EndMissed() { marking_ = false; }
  // When the API last answered for states; 0: not yet.
  MonoTime answered_at() const { return answered_at_; }
  // Publishes a point of track/read where its time is above `above_ms` and below `below_ms`.
  // Returns its time, or 0 where it cannot be read or was not published.
  std::int64_t PublishPoint(const fleet::Tracker& tracker, std::string_view element,
                            std::int64_t above_ms, std::int64_t below_ms);

  const PipelineCounters& counters() const { return counters_; }
  const navixy::DecodeNotes& notes() const { return notes_; }
  std::uint64_t next_seq() const { return next_seq_; }
  // The number of the next record of this run.
  std::uint64_t TakeSeq() { return next_seq_++; }

  std::size_t TakeDue(MonoTime now, model::TrackerId* ids, std::size_t most) override;
  MonoTime NextDue() override { return schedule_->NextDue(); }
  bool Ready() const override;
  void OnGroup(std::string_view element) override;
  void OnTracker(std::string_view element) override;
  void OnState(std::string_view key, std::string_view element) override;
  std::size_t TakeKnownState(std::string_view key, std::string_view ahead) override;
  void OnBlocked(std::string_view element) override { Mark(element, fleet::Tracker::kSaidBlocked); }
  void OnNotExisting(std::string_view element) override {
    Mark(element, fleet::Tracker::kSaidMissing);
  }
  void OnGroupListEnd(bool whole) override;
  void OnTrackerListEnd(bool whole) override;
  void OnStatesEnd(bool good, const model::TrackerId* ids, std::size_t count) override;
  void OnStateRefused(model::TrackerId id, std::string_view why) override;

 private:
  void Mark(std::string_view element, fleet::Tracker::Flag flag);
  void TellSilence(std::size_t asked);
  void Block(fleet::Tracker& tracker);
  static bool ToClear(const fleet::Tracker& tracker) {
    return tracker.Has(fleet::Tracker::kGone) || tracker.Has(fleet::Tracker::kClear);
  }
  // Both keep `to_clear_` true; `flag` is kGone or kClear.
  void WantClear(fleet::Tracker& tracker, fleet::Tracker::Flag flag);
  void DropClear(fleet::Tracker& tracker, fleet::Tracker::Flag flag);
  void UpdateInfo(fleet::Tracker& tracker, std::uint32_t fingerprint);
  LogLevel TellNow(MonoTime& told_at) const;
  bool IsOlder(const fleet::Tracker& tracker) const;
  void NoteTime(fleet::Tracker& tracker, WallTime poll_time) const;
  void NoteMissed(fleet::Tracker& tracker) const;
  void PublishState(fleet::Tracker& tracker, WallTime poll_time);
  // Fills in all but `run` and `seq` from state_, which keeps only what may be shown. Returns until
  // when.
  MonoTime FillRecord(const fleet::Tracker& tracker, WallTime poll_time,
                      encode::StateRecord& record);
  void NoteUnchanged(fleet::Tracker& tracker, std::string_view element);
  void ShowUnchanged(fleet::Tracker& tracker, std::string_view element);
  void Show(fleet::Tracker& tracker, const encode::StateRecord& record, MonoTime until);
  void ClearAgain(const queue::Record& record);
  void PublishClear(fleet::Tracker& tracker, queue::RecordKind kind);
  void Push(queue::RecordKind kind, model::TrackerId id, std::string_view payload,
            MonoTime until = kNever);

  void KeepLabel(fleet::Tracker& tracker);
  void NoteOutside(model::TrackerId id);
  std::uint32_t NarrowInfo(fleet::Tracker& tracker, fleet::Share& share);
  void DropUnshared();
  bool TakeShared(model::TrackerId id);
  void TellMissing();
  static std::uint32_t FoldFingerprint(std::uint64_t fingerprint);

  static constexpr DurationMs kTellMs = 10 * kMinuteMs;

  fleet::Table* table_;
  fleet::Groups* groups_;
  fleet::Schedule* schedule_;
  const fleet::Scope* scope_;
  fleet::Shard shard_;
  json::ElementReader* reader_;
  const encode::TopicBuilder* topics_;
  std::string run_;
  queue::RecordSink* sink_;
  const ports::Clock* clock_;
  Logger* log_;
  Snapshots* snapshots_ = nullptr;  // null where there are none

  std::uint64_t next_seq_ = 1;
  bool listing_ = false;  // a reading of tracker/list is under way
  std::uint64_t overflow_ = 0;
  bool overflow_told_ = false;
  std::size_t answered_ = 0;  // trackers that the get_states under way has spoken of
  bool silence_told_ = false;
  MonoTime label_told_at_{};
  MonoTime unreadable_told_at_{};
  MonoTime refused_told_at_{};
  MonoTime scope_told_at_{};
  std::uint64_t scope_version_ = 0;  // of the scope, as taken in
  bool bus_up_ = false;
  bool outside_cleared_ = false;
  bool outside_missed_ = false;  // in the list under way
  bool outside_open_ = false;    // of the last one
  bool list_wanted_ = false;
  std::uint64_t missing_told_ = 0;
  bool any_behind_ = false;
  MonoTime answered_at_{};
  bool marking_ = false;  // of what is missed
  std::int64_t missed_from_ms_ = 0;
  ClockFinding clock_finding_;
  std::uint32_t to_clear_ = 0;  // trackers with kGone or kClear
  PipelineCounters counters_;
  navixy::DecodeNotes notes_;
  model::TrackerState state_;
  model::TrackerInfo info_;
  std::array<char, limits::kPayloadBytes> payload_;
  std::array<char, limits::kTopicBytes> topic_;
};

}  // namespace depotlink
