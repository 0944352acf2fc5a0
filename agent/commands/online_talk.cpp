// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/online_talk.hpp"

#include <utility>

#include "agent/base/secret.hpp"

namespace depotlink::commands {
namespace {

// What a call that is cancelled takes to end.
constexpr DurationMs kCancelMs = kSecondMs;

}  // namespace

OnlineTalk::OnlineTalk(poll::ApiAccess access, DurationMs spacing_ms, ports::Http& http,
                       json::ElementReader& reader, Patience& patience)
    : timeout_ms_(access.timeout_ms),
      spacing_ms_(spacing_ms),
      patience_(&patience),
      caller_(std::move(access), http, reader, *this) {}

const navixy::Judgement& OnlineTalk::Ask(poll::Job& job, std::string_view authorization) {
  while (patience_->Wait(not_before_)) {
  }
  judgement_ = {navixy::Verdict::kRetry, 0, false, "there was no time left to ask"};
  if (patience_->over()) return judgement_;
  const MonoTime now = patience_->Now();
  not_before_ = now + spacing_ms_;
  job_ = &job;
  body_.clear();
  if (!job.Begin(now, body_)) return judgement_;
  const navixy::Endpoint& endpoint = job.endpoint();
  const Status status =
      caller_.Start(endpoint, endpoint.open ? std::string_view() : authorization, body_);
  Secret::WipeString(body_);
  if (!status.ok()) {
    judgement_ = {navixy::Verdict::kRejected, 0, true, status.message()};
    return judgement_;
  }
  // The port's own time-out comes first; this one is for a port that says nothing at all.
  const MonoTime deadline = now + timeout_ms_ + kSecondMs;
  while (caller_.busy() && patience_->Wait(deadline)) {
  }
  if (caller_.busy()) {
    caller_.Cancel();
    const MonoTime end = patience_->Now() + kCancelMs;
    while (caller_.busy() && patience_->Now() < end) patience_->WaitTidying(kCancelMs);
    judgement_ = {navixy::Verdict::kRetry, 0, false, "the API did not answer in time"};
  }
  return judgement_;
}

void OnlineTalk::OnCallEnd(const navixy::Judgement& judgement, std::int64_t /*retry_after_ms*/) {
  judgement_ = judgement;
  if (caller_.server_time_ms() <= 0) return;
  server_clock_.Note({caller_.server_time_ms()}, patience_->Now() - caller_.server_age_ms());
}

}  // namespace depotlink::commands
