// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline.hpp"

#include <algorithm>

#include "agent/base/fingerprint.hpp"
#include "agent/encode/native_info.hpp"
#include "agent/encode/native_state.hpp"
#include "agent/navixy/decode_list.hpp"
#include "agent/navixy/decode_state.hpp"
#include "agent/snapshots.hpp"

namespace depotlink {
namespace {

using fleet::Tracker;

// A device whose clock runs ahead must not shut out its own later states for ever.
constexpr DurationMs kAheadMostMs = 24 * kHourMs;

// 0 means "nothing published" in the table.
std::uint64_t NonZero(std::uint64_t fingerprint) {
  return fingerprint == 0 ? 1 : fingerprint;
}

// As the table keeps it.
std::uint64_t StateFingerprint(std::string_view element) {
  const std::uint64_t whole = FingerprintHere(element);
  return NonZero((whole ^ (whole >> 16U)) & Tracker::kFingerprintMask);
}

std::int64_t StateTimeMs(const model::TrackerState& state) {
  std::int64_t ms = 0;
  if (state.update_time.has) ms = state.update_time.value.ms;
  if (state.fix_time.has) ms = std::max(ms, state.fix_time.value.ms);
  return ms;
}

fleet::Pace PaceOf(const model::TrackerState& state) {
  const bool live = state.connection == model::Connection::kActive ||
                    state.connection == model::Connection::kIdle ||
                    state.connection == model::Connection::kUnknown;
  if (!live) return fleet::Pace::kOffline;
  if (state.movement == model::Movement::kParked) return fleet::Pace::kParked;
  if (state.movement == model::Movement::kStopped) return fleet::Pace::kStopped;
  return fleet::Pace::kMoving;
}

}  // namespace

std::uint32_t Pipeline::FoldFingerprint(std::uint64_t fingerprint) {
  return static_cast<std::uint32_t>(NonZero((fingerprint ^ (fingerprint >> 32U)) & UINT32_MAX));
}

Pipeline::Pipeline(fleet::Table& table, fleet::Groups& groups, fleet::Schedule& schedule,
                   const fleet::Scope& scope, json::ElementReader& reader,
                   const encode::TopicBuilder& topics, std::string_view run,
                   queue::RecordSink& sink, const ports::Clock& clock, Logger& log)
    : table_(&table),
      groups_(&groups),
      schedule_(&schedule),
      scope_(&scope),
      reader_(&reader),
      topics_(&topics),
      run_(run),
      sink_(&sink),
      clock_(&clock),
      log_(&log) {}

std::size_t Pipeline::TakeDue(MonoTime now, model::TrackerId* ids, std::size_t most) {
  answered_ = 0;
  return schedule_->TakeDue(now, ids, most);
}

void Pipeline::OnGroup(std::string_view element) {
  model::TrackerGroup group;
  if (!navixy::DecodeGroup(*reader_, element, group, notes_).ok()) {
    ++counters_.unreadable;
    return;
  }
  if (!groups_->listing()) groups_->BeginList();
  groups_->Note(group);
}

void Pipeline::OnGroupListEnd(bool whole) {
  if (!groups_->listing()) groups_->BeginList();  // the answer named none
  groups_->EndList(whole);
}

void Pipeline::OnTracker(std::string_view element) {
  if (!listing_) {
    listing_ = true;
    overflow_ = 0;
    for (std::uint32_t i = 0; i < table_->size(); ++i) table_->At(i).Unset(Tracker::kSeen);
  }
  const Status status = navixy::DecodeTracker(*reader_, element, info_, notes_);
  if (!status.ok()) {
    ++counters_.unreadable;
    log_->Write(TellNow(unreadable_told_at_), "an entry of tracker/list cannot be read",
                {{"why", status.message()}});
    return;
  }
  if (!shard_.Holds(info_.id)) return;
  if (!scope_->Holds(info_.id, info_.group_id)) return NoteOutside(info_.id);
  Tracker* tracker = table_->Add(info_.id);
  if (tracker == nullptr) {
    ++overflow_;
    return;
  }
  tracker->Set(Tracker::kSeen);
  if (marking_ && tracker->state_time == 0) tracker->missed_s = Tracker::kMissedUnknown;
  DropClear(*tracker, Tracker::kGone);
  if (!scope_->by_links()) tracker->group = groups_->Number(info_.group_id);
  const std::uint64_t title = Fingerprint(groups_->Title(tracker->group));
  UpdateInfo(*tracker, FoldFingerprint(Fingerprint(element) * 31 + title));
}

void Pipeline::UpdateInfo(Tracker& tracker, std::uint32_t fingerprint) {
  if (info_.blocked) return Block(tracker);
  if (tracker.Has(Tracker::kBlocked)) {
    tracker.Unset(Tracker::kBlocked);
    DropClear(tracker, Tracker::kClear);
    fleet::Schedule::MakeDue(tracker);
  }
  fleet::Share share;
  if (scope_->by_links()) fingerprint = NarrowInfo(tracker, share);
  if (tracker.info_fingerprint == fingerprint) return;
  // Label and group stand in the state as well: what they change is news there, too.
  tracker.state_fingerprint = 0;
  fleet::Schedule::MakeDue(tracker);
  if (!scope_->by_links()) KeepLabel(tracker);
  json::JsonWriter out(payload_.data(), payload_.size());
  encode::InfoRecord record;
  record.info = &info_;
  record.alias = share.alias;
  if (!scope_->by_links()) record.group = groups_->Title(tracker.group);
  record.run = run_;
  record.seq = TakeSeq();
  if (!encode::EncodeInfo(record, out)) {
    ++counters_.not_encoded;
    return;
  }
  tracker.info_fingerprint = fingerprint;
  tracker.Set(Tracker::kInfoRetained);
  Push(queue::RecordKind::kInfo, tracker.id, out.view(), share.until);
}

void Pipeline::KeepLabel(Tracker& tracker) {
  if (table_->SetLabel(tracker, info_.label.view())) return;
  log_->Write(TellNow(label_told_at_), "no room for a label; raise memory.max_trackers",
              {{"tracker", info_.id}});
}

void Pipeline::OnTrackerListEnd(bool whole) {
  const bool named_any = listing_;
  listing_ = false;
  if (!whole) return;
  outside_cleared_ = outside_cleared_ || (named_any && !outside_missed_);
  outside_open_ = std::exchange(outside_missed_, false);
  TellMissing();
  std::uint32_t gone = 0;
  for (std::uint32_t i = 0; i < table_->size(); ++i) {
    Tracker& tracker = table_->At(i);
    if ((named_any && tracker.Has(Tracker::kSeen)) || tracker.Has(Tracker::kGone)) continue;
    WantClear(tracker, Tracker::kGone);
    ++gone;
  }
  if (gone > 0) log_->Info("trackers left the fleet", {{"count", gone}});
  counters_.overflow = named_any ? overflow_ : 0;
  if (counters_.overflow > 0 && !overflow_told_) {
    log_->Error("the fleet is larger than memory.max_trackers; raise it to see the rest",
                {{"max_trackers", table_->capacity()}, {"left_out", counters_.overflow}});
  }
  overflow_told_ = counters_.overflow > 0;
}

void Pipeline::OnState(std::string_view key, std::string_view element) {
  model::TrackerId id = 0;
  Tracker* tracker = navixy::DecodeTrackerId(key, id) ? table_->Find(id) : nullptr;
  // It was shared when it was asked for, and is not any more.
  if (id != 0 && scope_->by_links() && !scope_->Find(id).shared) {
    ++answered_;
    return;
  }
  if (tracker == nullptr) {
    ++counters_.unreadable;
    log_->Write(TellNow(unreadable_told_at_), "a state of a tracker that was not asked for",
                {{"tracker", key}});
    return;
  }
  ++answered_;
  const std::uint64_t fingerprint = StateFingerprint(element);
  if (tracker->state_fingerprint == fingerprint) return NoteUnchanged(*tracker, element);
  const Status status = navixy::DecodeState(*reader_, element, state_, notes_);
  if (!status.ok()) {
    ++counters_.unreadable;
    log_->Write(TellNow(unreadable_told_at_), "a state cannot be read",
                {{"tracker", id}, {"why", status.message()}});
    return;
  }
  if (IsOlder(*tracker)) {
    ++counters_.older;
    return;
  }
  const WallTime poll_time = clock_->WallNow();
  NoteMissed(*tracker);
  tracker->state_fingerprint = fingerprint & Tracker::kFingerprintMask;
  tracker->set_state_bytes(element.size());
  tracker->pace = PaceOf(state_);
  NoteTime(*tracker, poll_time);
  PublishState(*tracker, poll_time);
}

// Told by the length of what was taken last: where a state ends need not be looked for.
std::size_t Pipeline::TakeKnownState(std::string_view key, std::string_view ahead) {
  model::TrackerId id = 0;
  if (!navixy::DecodeTrackerId(key, id)) return 0;
  Tracker* tracker = table_->Find(id);
  if (tracker == nullptr || tracker->state_fingerprint == 0) return 0;
  const std::size_t bytes = tracker->state_bytes();
  if (bytes == 0 || bytes > ahead.size()) return 0;
  const std::string_view element = ahead.substr(0, bytes);
  if (StateFingerprint(element) != tracker->state_fingerprint) return 0;
  if (scope_->by_links() && !scope_->Find(id).shared) return 0;
  ++answered_;
  NoteUnchanged(*tracker, element);
  return bytes;
}

void Pipeline::NoteUnchanged(Tracker& tracker, std::string_view element) {
  if (tracker.missed_s == Tracker::kMissedUnknown) tracker.missed_s = 0;
  ++counters_.unchanged;
  ShowUnchanged(tracker, element);
}

// What an answer can bring a thousand times is a warning now and then; the counters know them all.
LogLevel Pipeline::TellNow(MonoTime& told_at) const {
  const MonoTime now = clock_->Now();
  if (now < told_at) return LogLevel::kDebug;
  told_at = now + kTellMs;
  return LogLevel::kWarn;
}

bool Pipeline::IsOlder(const Tracker& tracker) const {
  const std::int64_t ms = StateTimeMs(state_);
  return ms != 0 && ms < tracker.state_time_ms();
}

void Pipeline::NoteTime(Tracker& tracker, WallTime poll_time) const {
  const std::int64_t ms = StateTimeMs(state_);
  const std::int64_t true_ms = poll_time.ms + clock_finding_.correction_ms;
  if (ms == 0 || true_ms + kAheadMostMs < ms) return;
  tracker.set_state_time_ms(ms);
  tracker.fix_age_s = Tracker::kFixAgeUnknown;
  if (!state_.fix_time.has) return;
  const auto age_s = static_cast<std::uint64_t>(ms - state_.fix_time.value.ms) / kSecondMs;
  tracker.fix_age_s = std::min(age_s, Tracker::kFixAgeUnknown) & UINT8_MAX;
}

void Pipeline::PublishState(Tracker& tracker, WallTime poll_time) {
  json::JsonWriter out(payload_.data(), payload_.size());
  encode::StateRecord record;
  const MonoTime until = FillRecord(tracker, poll_time, record);
  record.run = run_;
  record.seq = TakeSeq();
  if (!encode::EncodeState(record, out)) {
    ++counters_.not_encoded;
    return;
  }
  tracker.Set(Tracker::kStateRetained);
  tracker.behind = false;
  DropClear(tracker, Tracker::kClear);
  Push(queue::RecordKind::kState, tracker.id, out.view(), until);
  Show(tracker, record, until);
}

MonoTime Pipeline::FillRecord(const Tracker& tracker, WallTime poll_time,
                              encode::StateRecord& record) {
  record.id = tracker.id;
  record.label = table_->Label(tracker);
  record.group = groups_->Title(tracker.group);
  record.state = &state_;
  record.poll_time = poll_time;
  record.poll_time_trusted = clock_finding_.trusted;
  if (!scope_->by_links()) return kNever;
  const fleet::Share share = scope_->Find(tracker.id);
  record.group = {};
  if (!share.shows_label()) record.label = {};
  record.alias = share.alias;
  model::KeepGranted(state_, share.grants);
  return share.until;
}

void Pipeline::Mark(std::string_view element, Tracker::Flag flag) {
  model::TrackerId id = 0;
  Tracker* tracker = navixy::DecodeTrackerId(element, id) ? table_->Find(id) : nullptr;
  if (tracker == nullptr) return;
  tracker->Set(flag);
  ++answered_;
}

void Pipeline::OnStatesEnd(bool good, const model::TrackerId* ids, std::size_t count) {
  const MonoTime now = clock_->Now();
  if (good) answered_at_ = now;
  for (std::size_t i = 0; i < count; ++i) {
    Tracker* tracker = table_->Find(ids[i]);
    if (tracker == nullptr) continue;
    const bool blocked = tracker->Has(Tracker::kSaidBlocked);
    const bool missing = tracker->Has(Tracker::kSaidMissing);
    tracker->Unset(Tracker::kSaidBlocked);
    tracker->Unset(Tracker::kSaidMissing);
    if (!good) continue;
    if (blocked || missing) Block(*tracker);
    schedule_->Asked(*tracker, now);
  }
  if (!good) return;
  TellSilence(count);
  if (snapshots_ != nullptr) snapshots_->OnAsked(ids, count);
}

// What it has on the bus stays: it is not said to be blocked or gone.
void Pipeline::OnStateRefused(model::TrackerId id, std::string_view why) {
  ++counters_.refused;
  log_->Write(TellNow(refused_told_at_), "the API answers for others, but not for this tracker",
              {{"tracker", id}, {"why", why}});
  Tracker* tracker = table_->Find(id);
  if (tracker == nullptr) return;
  tracker->Unset(Tracker::kSaidBlocked);
  tracker->Unset(Tracker::kSaidMissing);
  tracker->pace = fleet::Pace::kOffline;
  schedule_->Asked(*tracker, clock_->Now());
  if (snapshots_ != nullptr) snapshots_->OnRefused(*tracker);
}

void Pipeline::TellSilence(std::size_t asked) {
  const bool silent = answered_ < asked;
  if (silent && !silence_told_) {
    log_->Warn("the API's answer leaves out trackers that were asked for",
               {{"asked", static_cast<std::uint64_t>(asked)},
                {"answered", static_cast<std::uint64_t>(answered_)}});
  }
  silence_told_ = silent;
}

// The API gives nothing of it (blocked, or no longer there): it stays in the table, asked for
// seldom, and nothing of it stays on the bus.
void Pipeline::Block(Tracker& tracker) {
  tracker.Set(Tracker::kBlocked);
  tracker.pace = fleet::Pace::kOffline;
  tracker.state_fingerprint = 0;
  tracker.info_fingerprint = 0;
  tracker.set_state_time_ms(0);
  const bool retained = tracker.Has(Tracker::kStateRetained) || tracker.Has(Tracker::kInfoRetained);
  if (retained && !tracker.Has(Tracker::kGone)) WantClear(tracker, Tracker::kClear);
}

void Pipeline::WantClear(Tracker& tracker, Tracker::Flag flag) {
  if (!ToClear(tracker)) ++to_clear_;
  tracker.Set(flag);
  if (snapshots_ != nullptr) snapshots_->NoteGone();
}

void Pipeline::DropClear(Tracker& tracker, Tracker::Flag flag) {
  const bool counted = ToClear(tracker);
  tracker.Unset(flag);
  if (counted && !ToClear(tracker)) --to_clear_;
}

bool Pipeline::ClearGone() {
  if (to_clear_ == 0) return false;
  for (std::uint32_t i = table_->size(); i-- > 0 && to_clear_ > 0;) {
    Tracker& tracker = table_->At(i);
    if (!ToClear(tracker)) continue;
    if (tracker.Has(Tracker::kStateRetained)) {
      if (!sink_->Ready()) return true;
      PublishClear(tracker, queue::RecordKind::kClearState);
    }
    if (tracker.Has(Tracker::kInfoRetained)) {
      if (!sink_->Ready()) return true;
      PublishClear(tracker, queue::RecordKind::kClearInfo);
    }
    // Dropped on the spot: it stays to be cleared.
    if (tracker.Has(Tracker::kStateRetained) || tracker.Has(Tracker::kInfoRetained)) continue;
    const bool gone = tracker.Has(Tracker::kGone);
    DropClear(tracker, Tracker::kClear);
    DropClear(tracker, Tracker::kGone);
    if (gone) table_->Remove(tracker.id);
  }
  return to_clear_ > 0;
}

void Pipeline::PublishClear(Tracker& tracker, queue::RecordKind kind) {
  // Should the tracker be there again tomorrow, all of it is news.
  if (kind == queue::RecordKind::kClearState) {
    tracker.Unset(Tracker::kStateRetained);
    tracker.state_fingerprint = 0;
  } else {
    tracker.Unset(Tracker::kInfoRetained);
    tracker.info_fingerprint = 0;
  }
  Push(kind, tracker.id, {});
}

void Pipeline::Push(queue::RecordKind kind, model::TrackerId id, std::string_view payload,
                    MonoTime until) {
  const bool info = kind == queue::RecordKind::kInfo || kind == queue::RecordKind::kClearInfo;
  queue::Record record;
  record.kind = kind;
  record.tracker = id;
  record.until = until;
  record.topic =
      topics_->Tracker(id, info ? encode::TrackerTopic::kInfo : encode::TrackerTopic::kState,
                       topic_.data(), topic_.size());
  record.payload = payload;
  sink_->Push(record);
}

void Pipeline::Forget(const queue::Record& record) {
  Tracker* tracker = queue::IsLink(record.kind) ? nullptr : table_->Find(record.tracker);
  switch (record.kind) {
    case queue::RecordKind::kState:
      if (tracker != nullptr) tracker->state_fingerprint = 0;
      return;
    case queue::RecordKind::kInfo:
      if (tracker != nullptr) tracker->info_fingerprint = 0;
      return;
    case queue::RecordKind::kClearState:
    case queue::RecordKind::kClearInfo:
      return ClearAgain(record);
    case queue::RecordKind::kHistory:
    case queue::RecordKind::kLink:
    case queue::RecordKind::kClearLink:
    case queue::RecordKind::kExtra:
    case queue::RecordKind::kSnapshot:
      return;
  }
}

void Pipeline::NoteSpooled(const queue::Record& record) {
  Tracker* tracker = table_->Find(record.tracker);
  if (tracker == nullptr || record.kind != queue::RecordKind::kState) return;
  tracker->behind = true;
  any_behind_ = true;
}

void Pipeline::RepublishBehind() {
  if (!any_behind_) return;
  any_behind_ = false;
  for (std::uint32_t i = 0; i < table_->size(); ++i) {
    Tracker& tracker = table_->At(i);
    if (!tracker.behind) continue;
    tracker.behind = false;
    tracker.state_fingerprint = 0;
    fleet::Schedule::MakeDue(tracker);
  }
}

// A topic that could not be cleared must not be left behind as a ghost: the tracker comes back into
// the table, as gone, until it is.
void Pipeline::ClearAgain(const queue::Record& record) {
  const bool known = table_->Find(record.tracker) != nullptr;
  Tracker* tracker = table_->Add(record.tracker);
  if (tracker == nullptr) {
    outside_cleared_ = false;  // the next list names those outside of the scope again
    outside_open_ = true;
    return;
  }
  const bool state = record.kind == queue::RecordKind::kClearState;
  // Alive again, and published since: nothing to clear.
  if (known && tracker->Has(state ? Tracker::kStateRetained : Tracker::kInfoRetained)) return;
  tracker->Set(state ? Tracker::kStateRetained : Tracker::kInfoRetained);
  const bool stays = known && !tracker->Has(Tracker::kGone);
  WantClear(*tracker, stays ? Tracker::kClear : Tracker::kGone);
}

}  // namespace depotlink
