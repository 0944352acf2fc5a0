// SPDX-License-Identifier: Apache-2.0
#include "agent/backfill.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "agent/queue/small_file.hpp"

namespace depotlink {
namespace {

using fleet::Tracker;

constexpr std::string_view kGapsFile = "gaps";
constexpr std::string_view kNewGapsFile = "gaps.new";
constexpr std::int64_t kBeforeMostMs =
    static_cast<std::int64_t>(Tracker::kMissedBeforeMostS) * kSecondMs;
// Where the table does not know: the last fix before a gap is older than the answer that had it.
constexpr std::int64_t kBeforeMs = 30 * kSecondMs;

constexpr std::int64_t WholeSecond(std::int64_t ms) {
  return ms - ms % kSecondMs;
}

struct TimeText {
  explicit TimeText(std::int64_t ms)
      : length(FormatIsoTime({ms}, /*with_ms=*/false, text.data())) {}
  std::string_view view() const { return {text.data(), length}; }

  std::array<char, kIsoTimeMaxBytes> text{};
  std::size_t length;
};

}  // namespace

Backfill::Backfill(const BackfillConfig& config, fleet::Table& table,
                   const fleet::Schedule& schedule, Pipeline& pipeline, const BackfillGate& gate,
                   const ports::Clock& clock, ports::Storage& ram, ports::Storage& disk,
                   Logger& log)
    : config_(config),
      table_(&table),
      schedule_(&schedule),
      pipeline_(&pipeline),
      gate_(&gate),
      clock_(&clock),
      ram_(&ram),
      disk_(&disk),
      log_(&log) {}

// --- what is missed

bool Backfill::Late(MonoTime now) const {
  const MonoTime answered = pipeline_->answered_at();
  if (now - answered <= config_.late_ms) return false;
  const MonoTime due = schedule_->NextDue();
  return due < now && now - std::max(answered, due) > config_.late_ms;
}

void Backfill::Open(MonoTime now) {
  phase_ = Phase::kOpen;
  opened_at_ = now;
  book_.Unmark();
  pipeline_->BeginMissed(WholeSecond(last_good_ms_));
}

void Backfill::Step(const BackfillView& view) {
  if (!on()) return;
  // Not before the journal has the points, which it has by now.
  if (std::exchange(save_due_, false)) Save();
  const MonoTime answered = pipeline_->answered_at();
  const bool ever = answered.ms != 0;
  switch (phase_) {
    case Phase::kLive:
      if (last_good_ms_ != 0 && ever && Late(view.now)) {
        log_->Info("no answer for states for too long: what is missed will be read back",
                   {{"from", TimeText(last_good_ms_).view()}});
        return Open(view.now);
      }
      if (!ever || answered == noted_at_) break;
      noted_at_ = answered;
      last_good_ms_ = view.api_ms - (view.now - answered);
      break;
    case Phase::kOpen:
      if (opened_at_ < answered) phase_ = Phase::kClosing;
      return;
    case Phase::kClosing:
      if (Late(view.now)) return Open(view.now);
      if (view.listed && opened_at_ < schedule_->NextDue()) CloseGap(view);
      return;
  }
  if (noted_at_.ms != 0 && (saved_at_.ms == 0 || saved_at_ + kSaveMs <= view.now)) Save();
}

void Backfill::CloseGap(const BackfillView& view) {
  phase_ = Phase::kLive;
  pipeline_->EndMissed();
  Gap gap;
  gap.from_ms = WholeSecond(last_good_ms_);
  gap.to_ms = WholeSecond(view.api_ms) + kSecondMs;
  gap.marked = true;
  gap.least_ms = book_.empty() ? 0 : book_.back().to_ms;
  noted_at_ = pipeline_->answered_at();
  last_good_ms_ = view.api_ms;
  if (gap.to_ms - gap.from_ms > config_.late_ms) {
    book_.Add(gap);
    const TimeText from(std::max(gap.from_ms, gap.to_ms - config_.most_ms));
    const TimeText to(gap.to_ms);
    log_->Info("positions were missed, and are read back",
               {{"from", from.view()}, {"to", to.view()}});
  }
  Save();
}

// --- what is read back

bool Backfill::SpanOf(const Gap& gap, const Tracker& tracker, Hand& hand) const {
  if (tracker.Has(Tracker::kBlocked) || tracker.Has(Tracker::kGone)) return false;
  hand.id = tracker.id;
  hand.reached_ms = gap.from_ms - kBeforeMs;
  hand.to_ms = gap.to_ms;
  if (gap.marked && tracker.missed_s != Tracker::kMissedUnknown) {
    const auto missed_ms = static_cast<std::int64_t>(tracker.missed_s) * kSecondMs;
    const auto before_ms = static_cast<std::int64_t>(tracker.missed_before_s) * kSecondMs;
    if (missed_ms == 0) return false;
    hand.reached_ms = gap.from_ms - before_ms;
    if (tracker.missed_s < Tracker::kMissedMost) {
      hand.to_ms = std::min(hand.to_ms, gap.from_ms - kBeforeMostMs + missed_ms);
    }
  } else if (tracker.state_time_ms() <= gap.from_ms) {
    return false;
  }
  hand.reached_ms = std::max({hand.reached_ms, gap.to_ms - config_.most_ms, gap.least_ms - 1});
  hand.last_ms = hand.reached_ms;
  return hand.reached_ms + kSecondMs < hand.to_ms;
}

std::uint64_t Backfill::trackers_left() const {
  if (!HasWork()) return 0;
  Hand hand;
  std::uint64_t left = 0;
  for (std::uint32_t i = 0; i < table_->size(); ++i) {
    const Tracker& tracker = table_->At(i);
    if (book_.front().done < tracker.id && SpanOf(book_.front(), tracker, hand)) ++left;
  }
  return left;
}

bool Backfill::MayAsk() const {
  return HasWork() && gate_->MayReadBack(asked_at_ + kPatienceMs <= clock_->Now());
}

bool Backfill::TakeNext(Gap& gap) {
  for (const Tracker* next = table_->After(gap.done); next != nullptr;
       next = table_->After(gap.done)) {
    if (SpanOf(gap, *next, hand_)) return true;
    gap.done = next->id;
  }
  hand_.id = 0;
  return false;
}

bool Backfill::NextSpan(poll::TrackSpan& span) {
  asked_at_ = clock_->Now();
  while (hand_.id == 0) {
    if (book_.empty()) return false;
    if (!TakeNext(book_.front())) FinishGap();
  }
  const std::int64_t from_ms = WholeSecond(hand_.reached_ms);
  hand_.asked_to_ms = std::min(hand_.to_ms, from_ms + span_ms_);
  span = {hand_.id, {from_ms}, {hand_.asked_to_ms}};
  return true;
}

void Backfill::OnPoint(std::string_view element) {
  const Tracker* tracker = table_->Find(hand_.id);
  if (tracker == nullptr || tracker->Has(Tracker::kGone)) return;
  const std::int64_t time_ms =
      pipeline_->PublishPoint(*tracker, element, hand_.reached_ms, hand_.to_ms);
  if (time_ms == 0) return;
  ++counters_.points;
  ++gap_points_;
  hand_.last_ms = std::max(hand_.last_ms, time_ms);
}

// Where the API had more than it gave, on from the last point; where that brings nothing new, it
// has no more.
void Backfill::OnSpanRead(bool limit_exceeded) {
  const bool more = limit_exceeded && hand_.reached_ms < hand_.last_ms;
  hand_.reached_ms = more ? hand_.last_ms : hand_.asked_to_ms - 1;
  hand_.last_ms = hand_.reached_ms;
  if (hand_.to_ms <= hand_.reached_ms + kSecondMs) FinishTracker();
}

void Backfill::OnSpanFailed() {
  hand_.reached_ms = hand_.last_ms;
}

void Backfill::OnSpanTooBig() {
  const DurationMs asked_ms = hand_.asked_to_ms - WholeSecond(hand_.reached_ms);
  if (asked_ms <= kSpanLeastMs) return OnTrackRefused("no span is short enough");
  span_ms_ = std::max(kSpanLeastMs, WholeSecond(asked_ms / 2));
}

void Backfill::OnTrackRefused(std::string_view why) {
  ++counters_.refused;
  log_->Write(counters_.refused == 1 ? LogLevel::kWarn : LogLevel::kDebug,
              "the API does not give a tracker's missed positions",
              {{"tracker", hand_.id}, {"why", why}});
  FinishTracker();
}

void Backfill::FinishTracker() {
  book_.front().done = hand_.id;
  hand_.id = 0;
  ++gap_trackers_;
  save_due_ = true;
}

void Backfill::FinishGap() {
  const TimeText to(book_.front().to_ms);
  log_->Info("what was missed has been read back",
             {{"to", to.view()}, {"trackers", gap_trackers_}, {"points", gap_points_}});
  gap_points_ = gap_trackers_ = 0;
  book_.PopFront();
  save_due_ = true;
}

// --- over a restart

bool Backfill::Load(ports::Storage& storage) {
  std::array<char, limits::kGapsFileBytes> text;
  const Result<std::size_t> bytes =
      queue::ReadSmallFile(storage, kGapsFile, text.data(), text.size());
  return bytes.ok() && book_.Read({text.data(), bytes.value()}, last_good_ms_);
}

// What stands on disk is of the last clean stop, and would be wrong after a crash of this run.
void Backfill::Recall(MonoTime now) {
  if (!on()) return;
  const bool from_ram = Load(*ram_);
  if ((from_ram || Load(*disk_)) && last_good_ms_ > 0) {
    Save();
    Open(now);
  }
  const Status removed = disk_->Remove(kGapsFile);
  static_cast<void>(removed);  // seldom there
}

void Backfill::Save() {
  saved_at_ = clock_->Now();
  const Status kept = queue::ReplaceFile(*ram_, kGapsFile, kNewGapsFile, book_.Write(last_good_ms_),
                                         queue::Durable::kNo);
  if (!kept.ok()) {
    log_->Debug("how far missed positions are read back could not be noted",
                {{"why", kept.message()}});
  }
}

void Backfill::Close() {
  if (!on() || last_good_ms_ == 0) return;
  Save();
  const Status kept = queue::ReplaceFile(*disk_, kGapsFile, kNewGapsFile,
                                         book_.Write(last_good_ms_), queue::Durable::kYes);
  if (!kept.ok()) {
    log_->Warn("how far missed positions are read back could not be kept for the next start",
               {{"why", kept.message()}});
  }
}

}  // namespace depotlink
