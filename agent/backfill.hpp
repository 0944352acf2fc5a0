// SPDX-License-Identifier: Apache-2.0
#pragma once

// No gaps: notices when positions were missed, because the API was away or the agent was, and works
// that off tracker by tracker with track/read.
//
//   live --(due, and unanswered for too long)--> open --(an answer)--> closing
//     ^                                                                   |
//     +------------(all were answered once: the gap goes into the book)---+
//
// - A gap goes from the last good answer for states to the first round of them afterwards. What
//   each tracker missed in it is noted in the table as its first state comes: from its last fix
//   before to its first one after, both of which were published live.
// - The oldest gap first, in it the trackers by their numbers: each tracker's points stay in order.
// - How far it has got stands in the runtime directory after each tracker, and on disk at a clean
//   stop. After a crash the tracker in hand is begun anew.
// - Memory: the book, one tracker in hand; nothing a point or a tracker.

#include <cstdint>
#include <string_view>

#include "agent/base/log.hpp"
#include "agent/fleet/schedule.hpp"
#include "agent/fleet/table.hpp"
#include "agent/gap_book.hpp"
#include "agent/pipeline.hpp"
#include "agent/poll/backfill_work.hpp"
#include "agent/ports/storage.hpp"

namespace depotlink {

// What the backfill asks of the rest of the agent.
class BackfillGate {
 public:
  virtual ~BackfillGate() = default;
  // API, bus and queue are well, nothing waits, and no live poll is due; `urgent`: whatever is due.
  virtual bool MayReadBack(bool urgent) const = 0;
  // One more point would not hold up live records.
  virtual bool HasRoomForPoint() const = 0;
};

struct BackfillConfig {
  DurationMs most_ms = 0;  // how far back; 0: off
  DurationMs late_ms = 0;  // unanswered for longer is a gap
};

struct BackfillCounters {
  std::uint64_t points = 0;   // published
  std::uint64_t refused = 0;  // trackers that the API would not answer for
};

// How things stand at a step.
struct BackfillView {
  MonoTime now;
  std::int64_t api_ms = 0;  // the API's time
  bool listed = false;      // the fleet was, in this run
};

class Backfill : public poll::BackfillWork {
 public:
  // References must outlive this.
  Backfill(const BackfillConfig& config, fleet::Table& table, const fleet::Schedule& schedule,
           Pipeline& pipeline, const BackfillGate& gate, const ports::Clock& clock,
           ports::Storage& ram, ports::Storage& disk, Logger& log);

  bool on() const { return config_.most_ms > 0; }
  // Takes up what an earlier run left. Once, at the start.
  void Recall(MonoTime now);
  // Before the polls of this step.
  void Step(const BackfillView& view);
  // At a clean stop.
  void Close();

  std::size_t gaps() const { return book_.size(); }
  // Of the gap at hand. Looks at the whole table.
  std::uint64_t trackers_left() const;
  const BackfillCounters& counters() const { return counters_; }

  bool HasWork() const override { return phase_ == Phase::kLive && !book_.empty(); }
  bool MayAsk() const override;
  bool HasRoom() const override { return gate_->HasRoomForPoint(); }
  bool NextSpan(poll::TrackSpan& span) override;
  void OnPoint(std::string_view element) override;
  void OnSpanRead(bool limit_exceeded) override;
  void OnSpanFailed() override;
  void OnSpanTooBig() override;
  void OnTrackRefused(std::string_view why) override;

 private:
  enum class Phase : std::uint8_t { kLive, kOpen, kClosing };
  // The tracker that is being read.
  struct Hand {
    model::TrackerId id = 0;      // 0: none
    std::int64_t reached_ms = 0;  // all up to here was had
    std::int64_t to_ms = 0;
    std::int64_t asked_to_ms = 0;
    std::int64_t last_ms = 0;  // of the newest point of the answer under way
  };

  bool Late(MonoTime now) const;
  void Open(MonoTime now);
  void CloseGap(const BackfillView& view);
  // The part of the gap that the tracker missed; false where it missed nothing.
  bool SpanOf(const Gap& gap, const fleet::Tracker& tracker, Hand& hand) const;
  bool TakeNext(Gap& gap);
  void FinishTracker();
  void FinishGap();
  bool Load(ports::Storage& storage);
  void Save();

  static constexpr DurationMs kSaveMs = kMinuteMs;
  // However busy the live polls are: so often at least.
  static constexpr DurationMs kPatienceMs = 10 * kSecondMs;
  // Asked for at a time: what an answer brings holds up live polls while it is published.
  static constexpr DurationMs kSpanMs = 4 * kHourMs;
  static constexpr DurationMs kSpanLeastMs = 10 * kSecondMs;

  BackfillConfig config_;
  fleet::Table* table_;
  const fleet::Schedule* schedule_;
  Pipeline* pipeline_;
  const BackfillGate* gate_;
  const ports::Clock* clock_;
  ports::Storage* ram_;
  ports::Storage* disk_;
  Logger* log_;

  GapBook book_;
  Phase phase_ = Phase::kLive;
  MonoTime opened_at_{};
  MonoTime noted_at_{};            // the answer that last_good_ms_ is of
  std::int64_t last_good_ms_ = 0;  // 0: none yet
  MonoTime saved_at_{};
  bool save_due_ = false;
  MonoTime asked_at_{};
  DurationMs span_ms_ = kSpanMs;  // less where the API wants less
  Hand hand_;
  std::uint64_t gap_points_ = 0;    // of the gap at hand
  std::uint64_t gap_trackers_ = 0;  // likewise
  BackfillCounters counters_;
};

}  // namespace depotlink
