// SPDX-License-Identifier: Apache-2.0
#include "agent/poll/fleet_job.hpp"

namespace depotlink::poll {

bool FleetJob::Begin(MonoTime /*now*/, std::string& body) {
  if (groups_read_) ask_again_ = false;
  body = "{}";
  return true;
}

void FleetJob::OnElement(std::size_t /*container*/, std::string_view /*key*/,
                         std::string_view text) {
  if (groups_read_) {
    work_->OnTracker(text);
  } else {
    work_->OnGroup(text);
  }
}

void FleetJob::OnGood(bool whole, MonoTime now) {
  if (!groups_read_) {
    groups_read_ = true;
    groups_failed_ = 0;
    groups_error_.clear();
    return work_->OnGroupListEnd(whole);
  }
  groups_read_ = false;
  listed_ = true;
  listed_whole_ = listed_whole_ || whole;
  due_ = now + SpreadSooner(fleet_ms_, random_->Next());
  if (ask_again_) due_ = now;
  backoff_.Reset();
  work_->OnTrackerListEnd(whole);
}

bool FleetJob::OnBad(const navixy::Judgement& judgement, MonoTime now) {
  if (!groups_read_) return OnBadGroups(judgement);
  if (groups_failed_ > 0) {  // not the groups alone: they come first again
    groups_read_ = false;
    groups_failed_ = 0;
  }
  // A fleet that is known goes on being asked for while its list cannot be had.
  if (listed_) due_ = now + backoff_.Next(random_->Next());
  work_->OnTrackerListEnd(false);
  return false;
}

bool FleetJob::OnBadGroups(const navixy::Judgement& judgement) {
  switch (judgement.verdict) {
    case navixy::Verdict::kForbidden:
    case navixy::Verdict::kRejected:
    case navixy::Verdict::kSplit:
      GoWithoutGroups(judgement);
      return true;
    case navixy::Verdict::kCredential:
      break;
    default:
      if (++groups_failed_ >= kGroupTries) groups_read_ = true;
  }
  work_->OnGroupListEnd(false);
  return false;
}

// Not a failure of polling: the next call is the fleet's list.
void FleetJob::GoWithoutGroups(const navixy::Judgement& judgement) {
  const bool news = groups_error_ != judgement.reason;
  groups_error_ = judgement.reason;
  groups_read_ = true;
  log_->Write(news ? LogLevel::kWarn : LogLevel::kDebug,
              "the API will not name the groups; going on without their titles",
              {{"why", judgement.reason}});
  work_->OnGroupListEnd(false);
}

}  // namespace depotlink::poll
