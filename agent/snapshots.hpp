// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pages of many trackers' states, `snapshot/<page>`, each so often or on request: brokers drop part
// of a burst of thousands of retained messages, and these are some hundred.
//
// No payload is kept anywhere. A round takes each tracker's state as its next poll brings it,
// changed or not, and appends it to the one page in memory, which is published when it is full. Who
// has not been polled by half of the round's time is asked for at once.
//
//   round 2:  snapshot/1 {"page":1,"round":2,...}  snapshot/2 {...}  snapshot/3 {...,"pages":3}
//
// - Live records come first: a page is published only where the window has ample room. Until then
//   reading waits a second at most; then the trackers at hand wait for their next poll.
// - A round that the bus did not get whole is given up, and a new one begins.
// - Pages beyond the last one of a round are cleared, those of earlier runs, too. So is everything
//   where the scope has changed: pages may say more than it shows.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "agent/base/limits.hpp"
#include "agent/base/log.hpp"
#include "agent/base/time.hpp"
#include "agent/encode/native_state.hpp"
#include "agent/encode/topics.hpp"
#include "agent/extras.hpp"
#include "agent/fleet/table.hpp"
#include "agent/ports/storage.hpp"
#include "agent/queue/record.hpp"

namespace depotlink {

struct SnapshotConfig {
  bool on = false;
  DurationMs every_ms = kHourMs;
  std::size_t page_bytes = limits::kSnapshotBytes;
  bool retain = true;
  std::uint64_t scope = 0;  // a fingerprint of what is published; 0: the whole fleet
  bool by_links = false;
};

struct SnapshotCounters {
  std::uint64_t rounds = 0;    // that were published whole
  std::uint64_t pages = 0;     // of the last one of these
  std::uint64_t states = 0;    // likewise
  std::uint64_t left_out = 0;  // states that are larger than a page
};

class Snapshots {
 public:
  // References must outlive this. The page's memory is taken where snapshots are on.
  Snapshots(const SnapshotConfig& config, fleet::Table& table, const encode::TopicBuilder& topics,
            std::string_view run, queue::RecordSink& sink, ExtraBus& bus, ports::Storage& disk,
            Logger& log);

  // Reads what earlier runs have left on the broker.
  void Recall();
  bool on() const { return config_.on; }
  // Does what there is to do; returns when to call again at the latest. `known`: the fleet was
  // listed, and what links share is known.
  MonoTime Step(MonoTime now, bool known);
  // A round that asks for every tracker at once.
  void AskNow();

  // --- for the pipeline
  // The state of this tracker is to be taken.
  bool Wants(const fleet::Tracker& tracker) const { return collecting_ && !tracker.shown; }
  void Take(fleet::Tracker& tracker, const encode::StateRecord& record, MonoTime until);
  // False: the page is full and will be gone in a moment; reading is to wait for that.
  bool Ready() const { return impatient_ || !Stuck(); }
  // These were asked for, and all that the answer has of them was taken.
  void OnAsked(const model::TrackerId* ids, std::size_t count);
  // The API will not answer for it.
  void OnRefused(fleet::Tracker& tracker);
  // Something of it is to be taken from the bus: what stands there names it.
  void NoteGone() { again_ = check_ = true; }

  // --- for the agent
  // What is shared has changed: nothing of before may stand on the bus.
  void Retract();
  // A record did not reach the bus.
  void Forget(const queue::Record& record);
  // The broker would not have it: not tried again before the next round.
  void OnGivenUp(const queue::Record& record, std::string_view why);
  // The broker has none of it any more.
  void ForgetAll();

  const SnapshotCounters& counters() const { return counters_; }
  // Why the last round was not published; empty where all is well.
  const std::string& trouble() const { return trouble_; }

 private:
  void Begin(MonoTime now);
  bool Complete() const;
  void End();
  void Abandon();
  void Hurry(MonoTime now);
  bool MaySend() const;
  bool Stuck() const;
  MonoTime Collect(MonoTime now);
  void NoteStuck(MonoTime now);
  void BeginPage();
  bool Add(const encode::StateRecord& record);
  // `pages`: of the round, where this is the last one. False where there is no room for it.
  bool SendPage(std::uint64_t pages);
  void Clear(std::uint64_t from, std::uint64_t to);
  bool clearing() const { return clear_from_ <= clear_to_; }
  void ClearSome();
  void Push(std::uint64_t page, std::string_view payload, MonoTime until);
  void KeepMark(std::uint64_t pages);

  static constexpr DurationMs kPatienceMs = 5 * kMinuteMs;
  static constexpr DurationMs kHurryAgainMs = 30 * kSecondMs;
  static constexpr DurationMs kRoomAgainMs = 3 * kSecondMs;
  static constexpr DurationMs kSoonMs = kMinuteMs;
  static constexpr DurationMs kStuckMs = kSecondMs;
  // Most states have room in it.
  static constexpr std::size_t kStateBytes = 2 * 1024;
  // What a page leaves of the window to live records.
  static constexpr std::size_t kLiveBytes = limits::kWindowBytes / 4;

  SnapshotConfig config_;
  fleet::Table* table_;
  const encode::TopicBuilder* topics_;
  std::string run_;
  queue::RecordSink* sink_;
  ExtraBus* bus_;
  ports::Storage* disk_;
  Logger* log_;
  std::unique_ptr<char[]> buffer_;
  SnapshotCounters counters_;
  std::string trouble_;

  // Between rounds.
  MonoTime due_at_{};
  bool again_ = false;    // something is gone that may stand on a page
  bool at_once_ = false;  // the next round asks for all trackers at once
  MonoTime begun_at_{};   // the last one
  std::uint64_t round_ = 0;
  std::uint64_t on_bus_ = 0;      // pages that may stand there, at most
  std::uint64_t mark_ = 0;        // likewise, as the disk has it for the next run
  bool mark_good_ = true;         // and for this scope
  std::uint64_t clear_from_ = 1;  // pages to clear
  std::uint64_t clear_to_ = 0;

  // Of the round under way.
  bool collecting_ = false;
  bool check_ = false;      // it may be complete
  bool skipped_ = false;    // a state of the answer at hand found no room
  bool waits_ = false;      // for room: some that were asked for found none
  bool impatient_ = false;  // the page has waited for long: reading goes on
  MonoTime stuck_since_ = kNever;
  bool hurried_ = false;    // those that were missing were asked for
  MonoTime hurry_at_{};     // when to ask for those that are missing
  std::uint64_t page_ = 0;  // the one in the buffer
  std::size_t size_ = 0;
  std::uint64_t count_ = 0;   // states on it
  std::uint64_t states_ = 0;  // on all of them
  MonoTime until_ = kNever;   // it may not be seen beyond
  std::array<char, limits::kTopicBytes> topic_;
};

}  // namespace depotlink
