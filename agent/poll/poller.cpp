// SPDX-License-Identifier: Apache-2.0
#include "agent/poll/poller.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace depotlink::poll {
namespace {

constexpr std::size_t kIdDigits = 17;

// Only a person can help: waiting will not.
bool NeedsPerson(navixy::Verdict verdict) {
  return verdict == navixy::Verdict::kCredential || verdict == navixy::Verdict::kForbidden ||
         verdict == navixy::Verdict::kRejected;
}

}  // namespace

Poller::Poller(const PollerConfig& config, ApiAccess access, ports::Http& http,
               json::ElementReader& reader, PollWork& work, const ports::Clock& clock,
               ports::Random& random, Logger& log)
    : config_(config),
      caller_(std::move(access), http, reader, *this),
      work_(&work),
      clock_(&clock),
      random_(&random),
      log_(&log),
      batch_(std::clamp<std::size_t>(config.batch, 1, limits::kMaxBatch)) {
  body_.reserve(batch_.size() * kIdDigits + 80);
}

void Poller::Stop() {
  stopped_ = true;
  caller_.Cancel();
}

MonoTime Poller::Step(MonoTime now) {
  if (stopped_) return kNever;
  if (caller_.busy()) {
    caller_.ResumeIfReady();
    return kNever;
  }
  if (now < not_before_) return not_before_;
  if (!work_->Ready()) return kNever;
  if (fleet_at_ <= now) {
    Begin(groups_read_ ? navixy::Call::kTrackerList : navixy::Call::kGroupList, now);
    return caller_.busy() ? kNever : not_before_;
  }
  if (BeginStates(now)) return caller_.busy() ? kNever : not_before_;
  return std::min(fleet_at_, work_->NextDue());
}

bool Poller::BeginStates(MonoTime now) {
  batch_count_ = work_->TakeDue(now, batch_.data(), batch_.size());
  if (batch_count_ == 0) {
    first_round_done_ = first_round_done_ || listed_;
    return false;
  }
  Begin(navixy::Call::kGetStates, now);
  return true;
}

void Poller::Begin(navixy::Call call, MonoTime now) {
  skipped_in_call_ = false;
  body_ = "{}";
  if (call == navixy::Call::kGetStates) {
    body_ = "{\"trackers\":[";
    for (std::size_t i = 0; i < batch_count_; ++i) {
      if (i > 0) body_ += ',';
      body_ += std::to_string(batch_[i]);
    }
    body_ += "],\"list_blocked\":true,\"allow_not_exist\":true}";
  }
  if (call == navixy::Call::kTrackerList) ask_again_ = false;
  not_before_ = now + static_cast<DurationMs>(std::ceil(1000.0 / config_.requests_per_second));
  const Status status = caller_.Start(call, body_);
  if (!status.ok()) OnBad(call, {navixy::Verdict::kRejected, status.message()}, -1, now);
}

void Poller::OnElement(navixy::Call call, std::size_t container, std::string_view key,
                       std::string_view text) {
  switch (call) {
    case navixy::Call::kGroupList:
      return work_->OnGroup(text);
    case navixy::Call::kTrackerList:
      return work_->OnTracker(text);
    case navixy::Call::kGetStates:
      if (container == navixy::kStates) return work_->OnState(key, text);
      if (container == navixy::kBlocked) return work_->OnBlocked(text);
      return work_->OnNotExisting(text);
  }
}

void Poller::OnSkipped(navixy::Call call, std::size_t, std::string_view key,
                       json::SkipReason reason) {
  skipped_in_call_ = true;
  // The same element comes with each poll; health counts them all.
  const MonoTime now = clock_->Now();
  const bool tell = tell_skipped_at_ <= now || skipped_call_ != call || skipped_why_ != reason;
  if (tell) tell_skipped_at_ = now + kSkippedTellMs;
  skipped_call_ = call;
  skipped_why_ = reason;
  log_->Write(tell ? LogLevel::kWarn : LogLevel::kDebug,
              "an element of the API's answer was left out",
              {{"call", navixy::EndpointOf(call).path},
               {"name", key},
               {"why", json::SkipReasonName(reason)}});
}

void Poller::OnCallEnd(navixy::Call call, const navixy::Judgement& judgement,
                       std::int64_t retry_after_ms) {
  if (stopped_) return;
  const MonoTime now = clock_->Now();
  if (judgement.verdict == navixy::Verdict::kGood) {
    if (caller_.server_time_ms() > 0) server_clock_.Note({caller_.server_time_ms()}, now);
    OnGood(call, now);
  } else {
    OnBad(call, judgement, retry_after_ms, now);
  }
}

void Poller::OnGood(navixy::Call call, MonoTime now) {
  if (state_ != ApiState::kOk) {
    if (state_ == ApiState::kStarting) {
      log_->Info("the API answers");
    } else {
      log_->Info("the API answers again", {{"after_ms", now - failing_since_}});
    }
  }
  state_ = ApiState::kOk;
  last_error_.clear();
  last_success_ = now;
  backoff_.Reset();
  ++polls_;
  switch (call) {
    case navixy::Call::kGroupList:
      groups_read_ = true;
      groups_failed_ = 0;
      groups_error_.clear();
      return work_->OnGroupListEnd(!skipped_in_call_);
    case navixy::Call::kTrackerList: {
      groups_read_ = false;
      listed_ = true;
      // A tenth of spread, so that agents that started together drift apart.
      const auto spread = static_cast<std::uint64_t>(config_.fleet_ms / 10 + 1);
      fleet_at_ = now + config_.fleet_ms - static_cast<DurationMs>(random_->Next() % spread);
      if (ask_again_) fleet_at_ = now;
      fleet_backoff_.Reset();
      return work_->OnTrackerListEnd(!skipped_in_call_);
    }
    case navixy::Call::kGetStates:
      return work_->OnStatesEnd(true, batch_.data(), batch_count_);
  }
}

void Poller::OnBad(navixy::Call call, const navixy::Judgement& judgement,
                   std::int64_t retry_after_ms, MonoTime now) {
  const bool person = NeedsPerson(judgement.verdict);
  retry_after_ms = std::min<DurationMs>(retry_after_ms, kRetryAfterMostMs);
  if (call == navixy::Call::kGroupList && person &&
      judgement.verdict != navixy::Verdict::kCredential) {
    not_before_ = std::max(not_before_, now + retry_after_ms);
    return GoWithoutGroups(judgement);
  }
  DurationMs wait_ms = backoff_.Next(random_->Next());
  if (person) {
    // Once more soon, in case the server only stumbled; then seldom.
    const DurationMs base_ms = backoff_.tries() == 1 ? kPersonFirstWaitMs : kPersonWaitMs;
    wait_ms = base_ms +
              static_cast<DurationMs>(random_->Next() % static_cast<std::uint64_t>(base_ms / 10));
  }
  wait_ms = std::max(wait_ms, retry_after_ms);
  TellFailure(judgement, wait_ms);
  if (state_ == ApiState::kOk || state_ == ApiState::kStarting) failing_since_ = now;
  const bool refused = person && judgement.verdict != navixy::Verdict::kRejected;
  state_ = refused ? ApiState::kCredential : ApiState::kFailing;
  not_before_ = std::max(not_before_, now + wait_ms);
  switch (call) {
    case navixy::Call::kGroupList:
      if (!person && ++groups_failed_ >= kGroupTries) groups_read_ = true;
      return work_->OnGroupListEnd(false);
    case navixy::Call::kTrackerList:
      if (groups_failed_ > 0) {  // not the groups alone: they come first again
        groups_read_ = false;
        groups_failed_ = 0;
      }
      // A fleet that is known goes on being asked for while its list cannot be had.
      if (listed_) fleet_at_ = not_before_ + fleet_backoff_.Next(random_->Next());
      return work_->OnTrackerListEnd(false);
    case navixy::Call::kGetStates:
      return work_->OnStatesEnd(false, batch_.data(), batch_count_);
  }
}

// Not a failure of polling: the next call is the fleet's list.
void Poller::GoWithoutGroups(const navixy::Judgement& judgement) {
  const bool news = groups_error_ != judgement.reason;
  groups_error_ = judgement.reason;
  groups_read_ = true;
  log_->Write(news ? LogLevel::kWarn : LogLevel::kDebug,
              "the API will not name the groups; going on without their titles",
              {{"why", judgement.reason}});
  work_->OnGroupListEnd(false);
}

// Once for each new reason; what goes on failing in the same way is told at DEBUG.
void Poller::TellFailure(const navixy::Judgement& judgement, DurationMs wait_ms) {
  const bool person = NeedsPerson(judgement.verdict);
  const bool news = last_error_ != judgement.reason;
  last_error_ = judgement.reason;
  const LogLevel level = !news ? LogLevel::kDebug : person ? LogLevel::kError : LogLevel::kWarn;
  log_->Write(level, "polling failed, trying again",
              {{"why", judgement.reason}, {"retry_ms", wait_ms}});
}

}  // namespace depotlink::poll
