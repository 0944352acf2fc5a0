// SPDX-License-Identifier: Apache-2.0
#include "agent/poll/backfill_job.hpp"

#include <algorithm>

namespace depotlink::poll {
namespace {

// Vendor documents, track/read, Errors.
constexpr std::int32_t kSpanTooBig = 211;

// With an offset in figures, as the documents' format has it (Date/Time Formats).
void AppendTime(std::string& body, WallTime time) {
  char text[kIsoTimeMaxBytes];
  const std::size_t bytes = FormatIsoTime(time, /*with_ms=*/false, text);
  body.append(text, bytes - 1);  // without the Z
  body += "+00:00";
}

}  // namespace

BackfillJob::BackfillJob(double requests_per_second, BackfillWork& work, ports::Random& random)
    : spacing_ms_(
          std::max(kSecondMs, static_cast<DurationMs>(5 * kSecondMs / requests_per_second))),
      work_(&work),
      random_(&random) {}

bool BackfillJob::Begin(MonoTime now, std::string& body) {
  TrackSpan span;
  if (!work_->NextSpan(span)) return false;
  under_way_ = true;
  limit_exceeded_ = false;
  due_ = now + spacing_ms_;
  body = "{\"tracker_id\":" + std::to_string(span.tracker) + ",\"from\":\"";
  AppendTime(body, span.from);
  body += "\",\"to\":\"";
  AppendTime(body, span.to);
  // What is not said is true, and takes points away.
  body += "\",\"filter\":false,\"simplify\":false,\"include_gsm_lbs\":true}";
  return true;
}

void BackfillJob::OnElement(std::size_t /*container*/, std::string_view /*key*/,
                            std::string_view text) {
  work_->OnPoint(text);
}

void BackfillJob::OnValue(std::string_view key, std::string_view text) {
  if (key == "limit_exceeded") limit_exceeded_ = text == "true";
}

void BackfillJob::OnGood(bool /*whole*/, MonoTime /*now*/) {
  under_way_ = false;
  refusals_ = 0;
  backoff_.Reset();
  work_->OnSpanRead(limit_exceeded_);
}

bool BackfillJob::OnBad(const navixy::Judgement& judgement, MonoTime now) {
  under_way_ = false;
  if (judgement.code == kSpanTooBig) {
    work_->OnSpanTooBig();
    return true;
  }
  if (!navixy::IsRefusal(judgement.verdict)) {
    work_->OnSpanFailed();
    return false;
  }
  work_->OnTrackRefused(judgement.reason);
  if (++refusals_ >= kRefusalsMost) due_ = std::max(due_, now + backoff_.Next(random_->Next()));
  return true;
}

}  // namespace depotlink::poll
