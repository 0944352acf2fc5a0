// SPDX-License-Identifier: Apache-2.0
#include "agent/link_stage.hpp"

#include <algorithm>

#include "agent/base/fingerprint.hpp"
#include "agent/encode/native_link.hpp"
#include "agent/navixy/decode_link.hpp"

namespace depotlink {

using fleet::KnownLink;
using model::LinkStatus;

LinkStage::LinkStage(fleet::Scope& scope, Pipeline& pipeline, json::ElementReader& reader,
                     const encode::TopicBuilder& topics, std::string_view run,
                     queue::RecordSink& sink, LinkReader& link_reader,
                     const poll::ServerClock& server, const ports::Clock& clock, Logger& log)
    : scope_(&scope),
      pipeline_(&pipeline),
      reader_(&reader),
      topics_(&topics),
      run_(run),
      sink_(&sink),
      link_reader_(&link_reader),
      server_(&server),
      clock_(&clock),
      log_(&log) {}

std::size_t LinkStage::active() const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < table_.size(); ++i) {
    if (table_.At(i).status == LinkStatus::kEnabled && !table_.At(i).gone) ++count;
  }
  return count;
}

model::TimeRange LinkStage::RangeAt(MonoTime now) const {
  model::TimeRange range;
  range.known = server_->known();
  const std::int64_t ms = server_->Now(now).ms;
  const DurationMs drift_ms = (now - server_->noted()) / kDriftShare;
  range.earliest = {ms - drift_ms};
  range.latest = {ms + kDateMs + drift_ms};
  return range;
}

// --- what is read

model::LinkId LinkStage::OnLink(std::string_view element) {
  const Status status = navixy::DecodeLink(*reader_, element, link_, notes_);
  if (!status.ok()) {
    ++unreadable_;
    log_->Warn("a geo link cannot be read", {{"why", status.message()}});
    return 0;
  }
  look_at_ = {};
  if (scope_->by_links() && !TakeForScope()) return link_.id;
  KnownLink* known = Place();
  if (known == nullptr) return link_.id;
  known->seen = true;
  known->gone = false;
  known->terms = link_.terms;
  std::uint64_t fingerprint = Fingerprint(element);
  if (fingerprint == 0) fingerprint = 1;
  const LinkStatus now = model::StatusAt(link_.terms, RangeAt(clock_->Now()));
  if (known->fingerprint == fingerprint && known->status == now) return link_.id;
  known->fingerprint = fingerprint;
  const bool shown = !scope_->by_links() || now == LinkStatus::kEnabled;
  Publish(*known, now, shown ? &link_ : nullptr);
  return link_.id;
}

bool LinkStage::TakeForScope() {
  const std::size_t link = scope_->IndexOf(link_.id);
  if (link == scope_->link_count()) return false;
  if (link_.bounded_by_zones || link_.terms.bad_lifetime) {
    Refuse(link, link_.bounded_by_zones ? Refusal::kZones : Refusal::kLifetime);
    MarkGone(link_.id);
    return false;
  }
  Refuse(link, Refusal::kNone);
  read_at_[link] = clock_->Now();
  scope_->SetLink(link, link_);
  return true;
}

// Full: one that this reading has not named makes room, for the next reading to find: what comes
// later in this one comes behind all that have a place.
KnownLink* LinkStage::Place() {
  KnownLink* known = left_out_now_ == 0 ? table_.Add(link_.id) : table_.Find(link_.id);
  if (known != nullptr && !known->evicted) return known;
  ++left_out_now_;
  for (std::size_t i = table_.size(); known == nullptr && i-- > 0;) {
    KnownLink& other = table_.At(i);
    if (other.seen || other.gone) continue;
    other.gone = other.evicted = to_say_ = true;
    break;
  }
  return nullptr;
}

void LinkStage::OnLinkMissing(model::LinkId id) {
  const std::size_t link = scope_->IndexOf(id);
  if (link < scope_->link_count()) Refuse(link, Refusal::kMissing);
  MarkGone(id);
}

// It is not known to share anything.
void LinkStage::OnLinkUnreadable(model::LinkId id) {
  const std::size_t link = scope_->IndexOf(id);
  if (link == scope_->link_count()) return;
  Refuse(link, Refusal::kUnreadable);
  MarkGone(id);
}

// Also one that this run has said nothing of: an earlier one may have.
void LinkStage::MarkGone(model::LinkId id) {
  KnownLink* known = table_.Add(id);
  if (known == nullptr) return;
  known->gone = true;
  to_say_ = true;
}

void LinkStage::Refuse(std::size_t link, Refusal why) {
  if (why != Refusal::kNone) {
    look_at_ = {};
    scope_->DropLink(link);
  }
  if (refusals_[link] == why) return;
  refusals_[link] = why;
  TellRefusals();
}

std::size_t LinkStage::refused() const {
  return static_cast<std::size_t>(
      std::count_if(refusals_.begin(), refusals_.end(),
                    [](Refusal refusal) { return refusal != Refusal::kNone; }));
}

void LinkStage::TellRefusals() {
  constexpr std::string_view kWhy[] = {
      "", "is not there (any more)", "cannot be read",
      "is bounded by zones, which this version cannot keep to; nothing of it is published",
      "has a lifetime that cannot be read; nothing of it is published"};
  refusal_.clear();
  for (std::size_t link = 0; link < scope_->link_count(); ++link) {
    if (refusals_[link] == Refusal::kNone) continue;
    refusal_ += (refusal_.empty() ? "geo link " : "; geo link ") +
                std::to_string(scope_->link_id(link)) + ' ';
    refusal_ += kWhy[static_cast<std::size_t>(refusals_[link])];
  }
  if (!refusal_.empty()) log_->Error("scope.links cannot be kept as given", {{"why", refusal_}});
}

void LinkStage::OnLinkListBegin() {
  left_out_now_ = 0;
  for (std::size_t i = 0; i < table_.size(); ++i) table_.At(i).seen = false;
}

void LinkStage::OnLinkListEnd(bool whole) {
  if (!whole) return;
  for (std::size_t i = 0; i < table_.size(); ++i) {
    if (table_.At(i).seen) continue;
    table_.At(i).gone = true;
    to_say_ = true;
  }
  left_out_ = left_out_now_;
  if (left_out_ > 0 && !left_out_told_) {
    log_->Warn(
        "more geo links than are published; the active ones come first",
        {{"published", static_cast<std::uint64_t>(limits::kMaxLinks)}, {"left_out", left_out_}});
  }
  left_out_told_ = left_out_ > 0;
}

// --- what time changes

MonoTime LinkStage::Step(MonoTime now, bool bus_up) {
  if (look_at_ <= now || change_at_ <= now) {
    const model::TimeRange range = RangeAt(now);
    LookAt(range, now);
    FollowScope(range, now);
    look_at_ = now + kLookMs;
  }
  if (to_say_) SayChanges(bus_up);
  // Where there is no room, what makes some wakes the loop as well.
  return pipeline_->FollowScope() ? change_at_ : std::min(change_at_, now + kLookMs);
}

void LinkStage::LookAt(const model::TimeRange& range, MonoTime now) {
  change_at_ = kNever;
  for (std::size_t i = 0; i < table_.size(); ++i) {
    KnownLink& known = table_.At(i);
    if (known.gone) continue;
    const DurationMs until = model::UntilChange(known.terms, range);
    if (until != INT64_MAX) change_at_ = std::min(change_at_, now + until);
    const LinkStatus status = model::StatusAt(known.terms, range);
    if (status == known.status) continue;
    known.status = status;
    known.unsaid = true;
    known.fingerprint = 0;
    to_say_ = true;
    log_->Info("a geo link's status has changed",
               {{"link", known.id}, {"status", model::LinkStatusName(status)}});
  }
}

void LinkStage::FollowScope(const model::TimeRange& range, MonoTime now) {
  for (std::size_t link = 0; link < scope_->link_count(); ++link) {
    const model::LinkTerms& terms = scope_->terms(link);
    const DurationMs until = model::UntilChange(terms, range);
    const MonoTime change_at = until == INT64_MAX ? kNever : now + until;
    change_at_ = std::min(change_at_, change_at);
    const bool stale = server_->noted() - read_at_[link] > stale_ms_;
    const bool active = !stale && model::StatusAt(terms, range) == LinkStatus::kEnabled;
    scope_->SetActive(link, active, change_at);
  }
}

// What is pushed may drop what was pushed before, which comes back to be said: then once more.
void LinkStage::SayChanges(bool bus_up) {
  to_say_ = false;
  for (std::size_t i = table_.size(); i-- > 0;) {
    KnownLink& known = table_.At(i);
    if (!known.gone && !known.unsaid) continue;
    if (!bus_up || !sink_->Ready()) {
      to_say_ = true;
      return;
    }
    const model::LinkId id = known.id;
    if (known.gone) {
      table_.RemoveAt(i);
      Push(queue::RecordKind::kClearLink, id, {});
      continue;
    }
    Publish(known, known.status, nullptr);
    link_reader_->ReadLinkSoon(id);
  }
}

// --- the bus

void LinkStage::Publish(KnownLink& known, LinkStatus status, const model::GeoLink* link) {
  known.status = status;
  known.unsaid = false;
  encode::LinkRecord record;
  record.id = known.id;
  record.terms = known.terms;
  record.status = status;
  record.clock_known = server_->known();
  record.link = link;
  record.run = run_;
  record.seq = pipeline_->TakeSeq();
  json::JsonWriter out(payload_.data(), payload_.size());
  if (encode::EncodeLink(record, out)) Push(queue::RecordKind::kLink, known.id, out.view());
}

void LinkStage::Push(queue::RecordKind kind, model::LinkId id, std::string_view payload) {
  queue::Record record;
  record.kind = kind;
  record.tracker = id;
  record.topic = topics_->Link(id, topic_.data(), topic_.size());
  record.payload = payload;
  sink_->Push(record);
}

void LinkStage::ClearStray(model::LinkId id) {
  if (table_.Find(id) == nullptr) Push(queue::RecordKind::kClearLink, id, {});
}

void LinkStage::Forget(const queue::Record& record) {
  if (record.kind == queue::RecordKind::kClearLink) {
    const KnownLink* known = table_.Find(record.tracker);
    // There again, and published since: nothing to clear.
    if (known == nullptr || known->gone) MarkGone(record.tracker);
    return;
  }
  KnownLink* known = table_.Find(record.tracker);
  if (known == nullptr) return;
  known->fingerprint = 0;
}

void LinkStage::ForgetAll() {
  for (std::size_t i = 0; i < table_.size(); ++i) table_.At(i).fingerprint = 0;
  read_again_ = true;
}

}  // namespace depotlink
