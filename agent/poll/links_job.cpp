// SPDX-License-Identifier: Apache-2.0
#include "agent/poll/links_job.hpp"

#include <algorithm>
#include <utility>

#include "agent/base/backoff.hpp"
#include "agent/base/limits.hpp"

namespace depotlink::poll {
namespace {

// Not found: by the documents of `read`, and of whatever else is not there.
constexpr std::int32_t kNotFound = 201;
constexpr std::int32_t kEntityNotFound = 204;

constexpr std::size_t kPageStep = limits::kLinkPage - 1;
constexpr std::size_t kPagesMost = limits::kAccountLinks / kPageStep + 2;

}  // namespace

LinksJob::LinksJob(DurationMs period_ms, std::vector<model::LinkId> ids, LinkWork& work,
                   ports::Random& random)
    : period_ms_(period_ms), ids_(std::move(ids)), work_(&work), random_(&random) {
  if (ids_.size() > limits::kScopeLinks) ids_.resize(limits::kScopeLinks);
  to_read_.reserve(limits::kScopeLinks + kSoonMost);
}

void LinksJob::ReadSoon(model::LinkId id) {
  if (std::find(to_read_.begin(), to_read_.end(), id) != to_read_.end()) return;
  if (to_read_.size() >= kSoonMost) return AskSoon();
  to_read_.push_back(id);
}

bool LinksJob::Begin(MonoTime now, std::string& body) {
  if (to_read_.empty() && page_ == 0 && now < due_) return false;
  if (to_read_.empty() && !ids_.empty()) {
    to_read_.assign(ids_.begin(), ids_.end());
    BeginRound();
  }
  under_way_ = &NextCall();
  value_came_ = false;
  if (under_way_ == &navixy::kLinkRead) {
    body = "{\"id\":" + std::to_string(to_read_.front()) + "}";
    return true;
  }
  if (page_ == 0) {
    list_whole_ = true;
    last_ = 0;
    BeginRound();
    work_->OnLinkListBegin();
  }
  on_page_ = 0;
  // Those that show something come first, should there be more than are kept.
  body = "{\"offset\":" + std::to_string(page_ * kPageStep) +
         ",\"limit\":" + std::to_string(limits::kLinkPage) +
         ",\"sort\":[\"status=asc\",\"id=asc\"]}";
  return true;
}

void LinksJob::OnElement(std::size_t /*container*/, std::string_view /*key*/,
                         std::string_view text) {
  const model::LinkId id = work_->OnLink(text);
  if (on_page_ == 0 && page_ > 0 && id != last_) list_whole_ = false;
  ++on_page_;
  newest_ = id;
}

void LinksJob::OnValue(std::string_view key, std::string_view text) {
  if (key != "value" || under_way_ != &navixy::kLinkRead) return;
  value_came_ = work_->OnLink(text) == to_read_.front();
}

void LinksJob::OnGood(bool whole, MonoTime now) {
  const navixy::Endpoint* const done = std::exchange(under_way_, nullptr);
  if (std::exchange(troubled_, false)) work_->OnLinkTrouble({});
  if (done == &navixy::kLinkRead) return OnGoodRead(now);
  OnGoodPage(whole, now);
}

void LinksJob::OnGoodRead(MonoTime now) {
  const model::LinkId id = to_read_.front();
  to_read_.erase(to_read_.begin());
  if (!value_came_) work_->OnLinkUnreadable(id);
  EndRound(now);
}

void LinksJob::BeginRound() {
  in_round_ = true;
  ask_again_ = false;
}

void LinksJob::EndRound(MonoTime now) {
  if (!in_round_ || !to_read_.empty() || page_ > 0) return;
  in_round_ = false;
  read_once_ = true;
  due_ = now + SpreadSooner(period_ms_, random_->Next());
  if (ask_again_) due_ = now;
}

void LinksJob::OnGoodPage(bool whole, MonoTime now) {
  list_whole_ = list_whole_ && whole;
  // Where something was left out, a page may look shorter than it was.
  const bool last_page = whole ? on_page_ < limits::kLinkPage : on_page_ == 0;
  last_ = newest_;
  if (!last_page && ++page_ < kPagesMost) return;
  list_left_out_ = !list_whole_ || !last_page;
  work_->OnLinkListEnd(!list_left_out_);
  page_ = 0;
  EndRound(now);
}

bool LinksJob::OnBad(const navixy::Judgement& judgement, MonoTime now) {
  const navixy::Endpoint* const failed = std::exchange(under_way_, nullptr);
  const bool missing = judgement.code == kNotFound || judgement.code == kEntityNotFound;
  if (failed == &navixy::kLinkRead && missing) {
    const model::LinkId id = to_read_.front();
    to_read_.erase(to_read_.begin());
    work_->OnLinkMissing(id);
    EndRound(now);
    return true;
  }
  troubled_ = true;
  work_->OnLinkTrouble(judgement.reason);
  if (failed == &navixy::kLinkRead) {
    // It is not passing trouble: what the link says now is not known.
    const bool refused = navixy::IsRefusal(judgement.verdict);
    if (refused) work_->OnLinkUnreadable(to_read_.front());
    // The one that fails must not stand before the others.
    std::rotate(to_read_.begin(), to_read_.begin() + 1, to_read_.end());
  } else {
    page_ = 0;
    work_->OnLinkListEnd(false);
  }
  return false;
}

}  // namespace depotlink::poll
