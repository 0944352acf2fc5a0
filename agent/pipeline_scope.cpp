// SPDX-License-Identifier: Apache-2.0
// What a scope lets through: see fleet/scope.hpp.
#include "agent/base/fingerprint.hpp"
#include "agent/pipeline.hpp"

namespace depotlink {

using fleet::Tracker;

// What is outside of the scope may stand on the bus all the same, from a run with another scope or
// from before a link ended: the first list of each run clears it. To clear what is not there costs
// the bus little, and the API nothing.
void Pipeline::NoteOutside(model::TrackerId id) {
  if (outside_cleared_ || table_->Find(id) != nullptr) return;
  if (!bus_up_ || !scope_->ready()) {
    outside_missed_ = true;
    return;
  }
  Push(queue::RecordKind::kClearState, id, {});
  if (sink_->Ready()) return Push(queue::RecordKind::kClearInfo, id, {});
  Tracker* tracker = table_->Add(id);
  if (tracker == nullptr) return;
  tracker->Set(Tracker::kInfoRetained);
  WantClear(*tracker, Tracker::kGone);
}

// What is known, and answers, is published anew or stands there rightly; that it stands there is
// noted for the day that it goes.
void Pipeline::ClearStray(queue::RecordKind kind, model::TrackerId id) {
  Tracker* tracker = table_->Find(id);
  if (tracker == nullptr) return Push(kind, id, {});
  const bool answers = !tracker->Has(Tracker::kBlocked) && !tracker->Has(Tracker::kGone);
  const bool state = kind == queue::RecordKind::kClearState;
  const auto retained = state ? Tracker::kStateRetained : Tracker::kInfoRetained;
  if (tracker->Has(retained)) return;
  tracker->Set(retained);
  if (answers) return;
  if (!tracker->Has(Tracker::kGone)) WantClear(*tracker, Tracker::kClear);
}

// Leaves in info_ what is shown of the tracker, and returns the fingerprint of that.
std::uint32_t Pipeline::NarrowInfo(Tracker& tracker, fleet::Share& share) {
  KeepLabel(tracker);
  share = scope_->Find(tracker.id);
  if (!share.shows_label()) info_.label.Clear();
  info_.model.Clear();
  info_.clone = false;
  std::uint64_t fingerprint = Fingerprint(share.alias) * 31 + share.grants;
  fingerprint = fingerprint * 31 + Fingerprint(info_.label.view());
  return FoldFingerprint(fingerprint * 31 + static_cast<std::uint64_t>(share.to_ms));
}

void Pipeline::DropUnshared() {
  std::uint32_t gone = 0;
  for (std::uint32_t i = 0; i < table_->size(); ++i) {
    Tracker& tracker = table_->At(i);
    if (tracker.Has(Tracker::kGone) || scope_->Find(tracker.id).shared) continue;
    WantClear(tracker, Tracker::kGone);
    ++gone;
  }
  if (gone > 0) log_->Info("trackers left the scope", {{"count", gone}});
}

// The list of trackers need not have named it: the next get_states says whether it is there.
// What stands on the bus shows more than it should where a grant is gone, and only the API can tell
// a new state: it is cleared until then. False where there was no room for all.
bool Pipeline::TakeShared(model::TrackerId id) {
  if (!shard_.Holds(id)) return true;
  Tracker* tracker = table_->Add(id);
  if (tracker == nullptr) {
    log_->Write(TellNow(scope_told_at_), "a geo link shares more than memory.max_trackers",
                {{"max_trackers", table_->capacity()}});
    return true;
  }
  tracker->Set(Tracker::kSeen);
  if (tracker->Has(Tracker::kGone)) {
    DropClear(*tracker, Tracker::kGone);
    tracker->state_fingerprint = 0;
    fleet::Schedule::MakeDue(*tracker);
  }
  if (tracker->Has(Tracker::kBlocked)) return true;
  info_ = model::TrackerInfo();
  info_.id = id;
  info_.label.Assign(table_->Label(*tracker));
  const fleet::Share share = scope_->Find(id);
  // Groups are not shown: the place for one holds a mark of what the tracker is shown with.
  const auto mark =
      static_cast<std::uint16_t>(FoldFingerprint(Fingerprint(share.alias) * 31 + share.grants));
  if (tracker->group != mark && tracker->Has(Tracker::kStateRetained)) {
    PublishClear(*tracker, queue::RecordKind::kClearState);
    fleet::Schedule::MakeDue(*tracker);
  }
  tracker->group = mark;
  if (!sink_->Ready()) return false;
  UpdateInfo(*tracker, 0);
  list_wanted_ = list_wanted_ || (tracker->label_at == 0 && share.shows_label());
  return true;
}

bool Pipeline::TakeListWanted() {
  if (outside_open_ && bus_up_ && scope_->ready()) {
    outside_open_ = false;
    list_wanted_ = true;
  }
  return std::exchange(list_wanted_, false);
}

bool Pipeline::FollowScope() {
  if (!scope_->by_links() || scope_version_ == scope_->version()) return true;
  DropUnshared();
  for (std::size_t link = 0; link < scope_->link_count(); ++link) {
    if (!scope_->active(link)) continue;
    for (std::size_t i = 0; i < scope_->tracker_count(link); ++i) {
      // Begins again where there is room; what is out is no news then.
      if (!sink_->Ready() || !TakeShared(scope_->tracker(link, i))) return false;
    }
  }
  scope_version_ = scope_->version();
  return true;
}

void Pipeline::TellMissing() {
  std::uint64_t missing = 0;
  model::TrackerId first = 0;
  for (const model::TrackerId id : scope_->trackers()) {
    const Tracker* tracker = table_->Find(id);
    if (!shard_.Holds(id) || (tracker != nullptr && tracker->Has(Tracker::kSeen))) continue;
    if (missing++ == 0) first = id;
  }
  if (missing > 0 && missing != missing_told_) {
    log_->Warn("the account does not have all that scope.trackers names",
               {{"missing", missing}, {"first", first}});
  }
  missing_told_ = missing;
}

}  // namespace depotlink
