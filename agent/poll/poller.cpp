// SPDX-License-Identifier: Apache-2.0
#include "agent/poll/poller.hpp"

#include <algorithm>
#include <utility>

#include "agent/base/limits.hpp"

namespace depotlink::poll {
namespace {

constexpr std::size_t kIdDigits = 17;

}  // namespace

Poller::Poller(const PollerConfig& config, ApiAccess access, ports::Http& http,
               json::ElementReader& reader, const ports::Clock& clock, ports::Random& random,
               Logger& log)
    : caller_(std::move(access), http, reader, *this),
      clock_(&clock),
      random_(&random),
      log_(&log),
      rate_(config.requests_per_second),
      not_before_(config.begin) {
  body_.reserve(limits::kMaxBatch * kIdDigits + 80);
}

void Poller::Add(Session& session) {
  sessions_[static_cast<std::size_t>(session.api())] = &session;
  AddSlot(session, &session);
}

void Poller::Add(Job& job) {
  AddSlot(job, nullptr);
}

void Poller::AddSlot(Job& job, Session* session) {
  Slot& slot = slots_[slot_count_++];
  slot.job = &job;
  slot.session = session;
}

void Poller::Stop() {
  stopping_ = true;
  caller_.Cancel();
  for (Session* session : sessions_) {
    if (session != nullptr) session->BeginStop();
  }
}

bool Poller::stopped() const {
  return stopping_ && !caller_.busy() &&
         std::all_of(sessions_.begin(), sessions_.end(),
                     [](const Session* session) { return session == nullptr || session->ended(); });
}

MonoTime Poller::Step(MonoTime now) {
  if (caller_.busy()) {
    caller_.ResumeIfReady();
    return kNever;
  }
  MonoTime next = kNever;
  for (Session* session : sessions_) {
    if (session != nullptr) next = std::min(next, session->Step(now));
  }
  // On the way out nothing waits for the rate: it is one call.
  if (now < not_before_ && !stopping_) return std::min(next, not_before_);
  Slot* slot = Next(now, next);
  if (slot == nullptr) return next;
  Begin(*slot, now);
  return caller_.busy() ? kNever : not_before_;
}

MonoTime Poller::TurnAt(Slot& slot) const {
  if (stopping_ && slot.session == nullptr) return kNever;
  const navixy::Endpoint& endpoint = slot.job->endpoint();
  const Session* session = SessionOf(navixy::ApiOf(endpoint.path));
  if (session == nullptr || !slot.job->Ready()) return kNever;
  MonoTime at = std::max(slot.job->Due(), slot.not_before);
  if (!endpoint.open) at = std::max(at, session->ReadyAt());
  return at;
}

// The one whose last turn is longest ago; where there is none, `next` says when there will be.
Poller::Slot* Poller::Next(MonoTime now, MonoTime& next) {
  Slot* chosen = nullptr;
  for (std::size_t i = 0; i < slot_count_; ++i) {
    Slot& slot = slots_[i];
    const MonoTime at = TurnAt(slot);
    next = std::min(next, at);
    if (at <= now && (chosen == nullptr || slot.begun < chosen->begun)) chosen = &slot;
  }
  return chosen;
}

void Poller::Begin(Slot& slot, MonoTime now) {
  slot_ = &slot;
  slot.begun = ++turns_;
  skipped_in_call_ = false;
  not_before_ = now + rate_.SpacingMs();
  body_.clear();
  if (!slot.job->Begin(now, body_)) return;
  endpoint_ = &slot.job->endpoint();
  const Status status = caller_.Start(
      *endpoint_, endpoint_->open ? std::string_view() : session()->authorization(), body_);
  if (endpoint_->open) Secret::WipeString(body_);
  if (!status.ok()) OnBad({navixy::Verdict::kRejected, 0, true, status.message()}, -1, now);
}

void Poller::OnSkipped(std::size_t, std::string_view key, json::SkipReason reason) {
  skipped_in_call_ = true;
  // The same element comes with each poll; health counts them all.
  const MonoTime now = clock_->Now();
  const bool tell = slot_->tell_skipped_at <= now || slot_->skipped_why != reason ||
                    slot_->skipped_call != endpoint_;
  if (tell) slot_->tell_skipped_at = now + kSkippedTellMs;
  slot_->skipped_why = reason;
  slot_->skipped_call = endpoint_;
  log_->Write(tell ? LogLevel::kWarn : LogLevel::kDebug,
              "an element of the API's answer was left out",
              {{"call", endpoint_->path}, {"name", key}, {"why", json::SkipReasonName(reason)}});
}

void Poller::OnCallEnd(const navixy::Judgement& judgement, std::int64_t retry_after_ms) {
  if (stopping_ && slot_->session == nullptr) return;
  const MonoTime now = clock_->Now();
  if (judgement.verdict == navixy::Verdict::kGood) {
    if (caller_.server_time_ms() > 0) {
      server_clock_.Note({caller_.server_time_ms()}, now - caller_.server_age_ms());
    }
    OnGood(now);
  } else {
    OnBad(judgement, retry_after_ms, now);
  }
}

void Poller::OnGood(MonoTime now) {
  Job& job = *slot_->job;
  if (slot_->session == nullptr) session()->OnAccepted();
  slot_->backoff.Reset();
  slot_->last_error.clear();
  rate_.OnGood(now);
  last_success_ = now;
  ++polls_;
  if (job.core() && slot_->session == nullptr) {
    if (state_ == ApiState::kStarting) log_->Info("the API answers");
    if (state_ == ApiState::kFailing || state_ == ApiState::kCredential) {
      log_->Info("the API answers again", {{"after_ms", now - failing_since_}});
    }
    state_ = ApiState::kOk;
    last_error_.clear();
    // Another job's trouble is told from the server's by this one's success.
    if (failed_slot_ != slot_ || now - failed_at_ >= kCalmMs) backoff_.Reset();
  }
  job.OnGood(!skipped_in_call_, now);
  // The login as such succeeded, but is good for nothing: a second factor is asked for.
  if (slot_->session != nullptr && !session()->trouble().empty()) {
    const navixy::Judgement refusal{navixy::Verdict::kCredential, 0, true, session()->trouble()};
    TellFailure(*slot_, refusal, session()->NextTry() - now);
    if (job.core()) Fail(refusal, now);
  }
}

void Poller::OnBad(navixy::Judgement judgement, std::int64_t retry_after_ms, MonoTime now) {
  Slot& slot = *slot_;
  // What one action is refused says nothing of the session, unless the API knows that no more.
  if (!slot.job->core() && slot.session == nullptr &&
      judgement.verdict == navixy::Verdict::kCredential && !IsGone(judgement.code)) {
    judgement.verdict = navixy::Verdict::kForbidden;
  }
  retry_after_ms = std::min<DurationMs>(retry_after_ms, kRetryAfterMostMs);
  if (judgement.verdict == navixy::Verdict::kSlowDown) rate_.OnTooMany(now);
  const bool credential = judgement.verdict == navixy::Verdict::kCredential;
  const bool begun_anew =
      credential && slot.session == nullptr && session()->OnRefused(judgement, now);
  if (slot.job->OnBad(judgement, now) || begun_anew) {
    Hold(slot, slot.job->core(), retry_after_ms, now);
    return;
  }
  // A session that was refused waits by itself.
  const bool session_waits =
      credential || (slot.session != nullptr && navixy::NeedsPerson(judgement.verdict));
  const DurationMs wait_ms = std::max(
      session_waits ? session()->NextTry() - now : WaitMs(slot, judgement), retry_after_ms);
  Hold(slot, slot.job->core() || !judgement.answered, session_waits ? retry_after_ms : wait_ms,
       now);
  TellFailure(slot, judgement, wait_ms);
  if (slot.job->core()) Fail(judgement, now);
}

// One job's trouble must not hold up all; but where the server is short of breath, all are slower.
void Poller::Hold(Slot& slot, bool all, DurationMs wait_ms, MonoTime now) {
  const DurationMs all_ms = all ? wait_ms : std::min<DurationMs>(wait_ms, kBesideMostMs);
  not_before_ = std::max(not_before_, now + all_ms);
  if (!all) slot.not_before = std::max(slot.not_before, now + wait_ms);
}

DurationMs Poller::WaitMs(Slot& slot, const navixy::Judgement& judgement) {
  const bool global = slot.job->core() || !judgement.answered;
  Backoff& backoff = global ? backoff_ : slot.backoff;
  const DurationMs wait_ms = backoff.Next(random_->Next());
  if (!navixy::NeedsPerson(judgement.verdict)) return wait_ms;
  // Once more soon, in case the server only stumbled; then seldom.
  const DurationMs base_ms = backoff.tries() == 1 ? kPersonFirstWaitMs : kPersonWaitMs;
  return base_ms +
         static_cast<DurationMs>(random_->Next() % static_cast<std::uint64_t>(base_ms / 10));
}

void Poller::Fail(const navixy::Judgement& judgement, MonoTime now) {
  if (state_ == ApiState::kOk || state_ == ApiState::kStarting) failing_since_ = now;
  failed_at_ = now;
  failed_slot_ = slot_;
  const bool refused = judgement.verdict == navixy::Verdict::kCredential ||
                       judgement.verdict == navixy::Verdict::kForbidden ||
                       (slot_->session != nullptr && navixy::NeedsPerson(judgement.verdict));
  state_ = refused ? ApiState::kCredential : ApiState::kFailing;
  last_error_ = slot_->last_error;
}

// Once for each new reason; what goes on failing in the same way is told at DEBUG.
void Poller::TellFailure(Slot& slot, const navixy::Judgement& judgement, DurationMs wait_ms) {
  const bool credential = judgement.verdict == navixy::Verdict::kCredential;
  const std::string& reason = credential ? session()->trouble() : judgement.reason;
  std::string& told = slot.job->core() ? last_error_ : slot.last_error;
  const bool news = told != reason;
  slot.last_error = reason;
  const LogLevel grave =
      navixy::NeedsPerson(judgement.verdict) ? LogLevel::kError : LogLevel::kWarn;
  log_->Write(news ? grave : LogLevel::kDebug, "polling failed, trying again",
              {{"call", endpoint_->path}, {"why", reason}, {"retry_ms", wait_ms}});
}

}  // namespace depotlink::poll
