// SPDX-License-Identifier: Apache-2.0
#include "agent/poll/extra_job.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "agent/json/element_reader.hpp"

namespace depotlink::poll {
namespace {

constexpr std::int32_t kNotPermitted = 13;  // vendor documents, errors, Error Codes

// A config that names a page wants that page.
bool NamesPage(std::string_view params) {
  json::ElementReader reader;
  bool names = false;
  if (params.empty() || !reader.Parse(params).ok()) return false;
  reader.root().ForEachName(
      [&names](std::string_view name) { names = names || name == "offset" || name == "limit"; });
  return names;
}

}  // namespace

ExtraJob::ExtraJob(ExtraPlan plan, ExtraWork& work, Session& session, ports::Random& random,
                   Logger& log)
    : plan_(std::move(plan)),
      work_(&work),
      session_(&session),
      random_(&random),
      log_(&log),
      pages_(plan_.row->paged && !NamesPage(plan_.params)) {
  endpoint_.path = plan_.row->path;
  if (plan_.row->answers == navixy::Answers::kList) {
    endpoint_.containers[0] = "list";
    endpoint_.container_count = 1;
  }
}

bool ExtraJob::Lacks() const {
  return !plan_.row->category.empty() && session_->permissions_told() &&
         !session_->permissions().Grants(plan_.row->category, plan_.row->operation);
}

std::string ExtraJob::Permission() const {
  return std::string(plan_.row->category) + ": " + std::string(plan_.row->operation);
}

MonoTime ExtraJob::Due() {
  // Without a session the next page may never come, and others wait for this one's end.
  if (reading_ && !under_way_ && session_->ReadyAt() == kNever) {
    reading_ = false;
    work_->Abandon();
    due_ = not_before_ = MonoTime{0};
  }
  if (reading_) return MonoTime{0};
  if (work_->TakeAskAgain(plan_.number)) due_ = std::min(due_, not_before_);
  if (refused_grant_ != 0 && refused_grant_ != session_->grants()) {
    refused_grant_ = 0;
    due_ = not_before_ = MonoTime{0};
  }
  if (!Lacks()) return due_;
  if (std::exchange(lack_told_, session_->grants()) == session_->grants()) return kNever;
  Tell("the panel session lacks the permission " + Permission() +
           "; give it to the login, or remove this extra",
       LogLevel::kError, kNever.ms);
  done_ = true;
  return kNever;
}

bool ExtraJob::Ready() const {
  return under_way_ ? work_->HasRoom() : work_->MayAsk(plan_.number);
}

bool ExtraJob::Begin(MonoTime /*now*/, std::string& body) {
  if (!std::exchange(reading_, true)) {
    whole_ = true;
    page_ = offset_ = 0;
    work_->Begin(plan_.number);
  }
  under_way_ = true;
  value_seen_ = counted_ = false;
  elements_ = 0;
  body = plan_.params.empty() ? "{}" : plan_.params;
  if (!pages_) return true;
  body.pop_back();
  if (body.size() > 1) body += ',';
  body += "\"offset\":" + std::to_string(offset_) +
          ",\"limit\":" + std::to_string(limits::kExtraPage) + '}';
  return true;
}

void ExtraJob::OnElement(std::size_t /*container*/, std::string_view /*key*/,
                         std::string_view text) {
  ++elements_;
  work_->Take(text);
}

void ExtraJob::OnValue(std::string_view key, std::string_view text) {
  if (key == "count") {
    const std::uint64_t before = count_;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), count_);
    counted_ = read.ec == std::errc() && read.ptr == text.data() + text.size();
    // The list has changed between its pages: what was not seen may be there all the same.
    if (page_ > 0 && counted_ && count_ != before) whole_ = false;
  }
  if (key != plan_.row->member || plan_.row->answers != navixy::Answers::kValue) return;
  value_seen_ = true;
  work_->Take(text);
}

// `whole`: of the page.
bool ExtraJob::MorePages(bool whole) {
  if (!pages_) return false;
  const std::uint32_t step = whole ? elements_ : std::max(elements_, limits::kExtraPage);
  offset_ += step;
  // More than was asked for: it does not know pages.
  const bool more = step > 0 && elements_ <= limits::kExtraPage &&
                    (counted_ ? offset_ < count_ : step == limits::kExtraPage);
  if (more && ++page_ < limits::kExtraPages) return true;
  whole_ = whole_ && !more;
  return false;
}

void ExtraJob::OnGood(bool whole, MonoTime now) {
  under_way_ = false;
  whole_ = whole_ && whole;
  if (MorePages(whole)) return;
  reading_ = false;
  if (plan_.row->answers == navixy::Answers::kValue && !value_seen_) {
    work_->Abandon();
    due_ = not_before_ = now + kRejectedMs;
    done_ = true;
    return Tell(whole ? "the API's answer has no \"" + std::string(plan_.row->member) + '"'
                      : "the API's answer is too long",
                LogLevel::kWarn, kRejectedMs);
  }
  EndPoll(now);
}

void ExtraJob::EndPoll(MonoTime now) {
  if (!work_->End(whole_)) {
    due_ = not_before_ = now + kAgainMs;
    return;
  }
  due_ = now + SpreadSooner(plan_.every_ms, random_->Next());
  not_before_ = MonoTime{0};
  done_ = true;
  backoff_.Reset();
  if (!trouble_.empty()) log_->Info("an extra poll is answered again", {{"path", path()}});
  trouble_.clear();
}

bool ExtraJob::OnBad(const navixy::Judgement& judgement, MonoTime now) {
  under_way_ = false;
  if (std::exchange(reading_, false)) work_->Abandon();
  const bool forbidden = judgement.verdict == navixy::Verdict::kForbidden;
  if (judgement.verdict == navixy::Verdict::kCredential) return false;  // the session's trouble
  if (!navixy::IsRefusal(judgement.verdict)) {
    due_ = not_before_ = now + backoff_.Next(random_->Next());
    trouble_ = judgement.reason;  // the poller tells it
    return false;
  }
  done_ = true;
  const DurationMs wait_ms = forbidden ? kForbiddenMs : kRejectedMs;
  due_ = not_before_ = now + wait_ms;
  std::string why = judgement.reason;
  if (judgement.code == kNotPermitted && !plan_.row->category.empty()) {
    why = "the panel session lacks the permission " + Permission() + ": " + why;
  }
  if (forbidden && session_->api() == navixy::Api::kPanel) {
    refused_grant_ = session_->grants();
    session_->AskPermissions(now);
  }
  Tell(std::move(why), LogLevel::kError, wait_ms);
  return true;
}

// Once for each new reason; what goes on in the same way is told at DEBUG. `retry_ms` kNever: it is
// not asked again.
void ExtraJob::Tell(std::string trouble, LogLevel level, DurationMs retry_ms) {
  const bool news = trouble_ != trouble;
  trouble_ = std::move(trouble);
  if (retry_ms == kNever.ms) {
    if (news)
      log_->Write(level, "an extra poll is not asked", {{"path", path()}, {"why", trouble_}});
    return;
  }
  log_->Write(news ? level : LogLevel::kDebug, "an extra poll is not answered",
              {{"path", path()}, {"why", trouble_}, {"retry_ms", retry_ms}});
}

}  // namespace depotlink::poll
