// SPDX-License-Identifier: Apache-2.0
#include "agent/poll/states_job.hpp"

#include <algorithm>

namespace depotlink::poll {

StatesJob::StatesJob(std::size_t batch, PollWork& work)
    : work_(&work), batch_(std::clamp<std::size_t>(batch, 1, limits::kMaxBatch)) {}

bool StatesJob::Begin(MonoTime now, std::string& body) {
  if (part_count_ == 0) {
    const std::size_t count = work_->TakeDue(now, batch_.data(), batch_.size());
    if (count == 0) return false;
    parts_[part_count_++] = {0, count};
    refusals_ = 0;
  }
  const Part& part = parts_[part_count_ - 1];
  body = "{\"trackers\":[";
  for (std::size_t i = 0; i < part.count; ++i) {
    if (i > 0) body += ',';
    body += std::to_string(At(part)[i]);
  }
  body += "],\"list_blocked\":true,\"allow_not_exist\":true}";
  return true;
}

void StatesJob::OnElement(std::size_t container, std::string_view key, std::string_view text) {
  if (container == navixy::kStates) return work_->OnState(key, text);
  if (container == navixy::kBlocked) return work_->OnBlocked(text);
  work_->OnNotExisting(text);
}

void StatesJob::OnGood(bool /*whole*/, MonoTime /*now*/) {
  refusals_ = 0;
  const Part part = TakePart();
  work_->OnStatesEnd(true, At(part), part.count);
}

bool StatesJob::OnBad(const navixy::Judgement& judgement, MonoTime /*now*/) {
  const Part part = TakePart();
  const bool split = judgement.verdict == navixy::Verdict::kSplit && ++refusals_ <= kRefusalsMost;
  if (!split) {
    work_->OnStatesEnd(false, At(part), part.count);
    part_count_ = 0;  // the rest of the batch stays due
    return false;
  }
  if (part.count == 1) {
    work_->OnStateRefused(*At(part), judgement.reason);
    return true;
  }
  const std::size_t half = part.count / 2;
  parts_[part_count_++] = {part.first + half, part.count - half};
  parts_[part_count_++] = {part.first, half};
  return true;
}

}  // namespace depotlink::poll
