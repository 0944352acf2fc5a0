// SPDX-License-Identifier: Apache-2.0
#include "agent/poll/caller.hpp"

#include <utility>

namespace depotlink::poll {

Caller::Caller(ApiAccess access, ports::Http& http, json::ElementReader& reader,
               CallHandler& handler)
    : access_(std::move(access)), http_(&http), reader_(&reader), handler_(&handler) {}

// Where the panel stands is not the same on every server; its paths are told by their folder.
std::string Caller::UrlOf(std::string_view path) const {
  if (access_.panel_url.empty() || navixy::ApiOf(path) != navixy::Api::kPanel) {
    return access_.base_url + '/' + std::string(path);
  }
  return access_.panel_url + '/' + std::string(path.substr(navixy::kPanelFolder.size()));
}

Status Caller::Start(const navixy::Endpoint& endpoint, std::string_view authorization,
                     std::string_view body) {
  endpoint_ = &endpoint;
  paused_ = false;
  taken_of_piece_ = 0;
  body_began_ = false;
  answer_ = navixy::Answer{};
  splitter_.Begin(endpoint.containers.data(), endpoint.container_count, *this);
  const std::string url = UrlOf(endpoint.path);
  ports::HttpRequest request;
  request.url = url;
  request.authorization = authorization;
  request.body = body;
  request.timeout_ms = access_.timeout_ms;
  request.max_body_bytes = limits::kResponseBytes;
  Status status = http_->Start(request, *this);
  busy_ = status.ok();
  if (busy_) ++counters_.requests;
  return status;
}

void Caller::ResumeIfReady() {
  if (!busy_ || !paused_ || !handler_->Ready()) return;
  paused_ = false;
  http_->Resume();
}

void Caller::Cancel() {
  if (busy_) http_->Cancel();
}

ports::BodyFlow Caller::OnBody(int status, std::string_view piece) {
  http_status_ = status;
  if (!body_began_) {
    body_began_ = true;
    answer_.looks_like_html = piece.front() == '<';
  }
  piece.remove_prefix(taken_of_piece_);
  while (!piece.empty()) {
    if (!handler_->Ready()) {
      paused_ = true;
      return ports::BodyFlow::kPause;
    }
    const std::size_t taken = splitter_.Feed(piece);
    if (splitter_.failed()) return ports::BodyFlow::kAbort;
    piece.remove_prefix(taken);
    taken_of_piece_ += taken;
  }
  taken_of_piece_ = 0;
  return ports::BodyFlow::kContinue;
}

void Caller::OnEnd(const ports::HttpResult& result) {
  busy_ = false;
  paused_ = false;
  server_time_ms_ = result.server_time_ms;
  server_age_ms_ = result.server_age_ms;
  answer_.end = result.end;
  answer_.http_status = result.status;
  answer_.transport_detail = result.detail;
  answer_.body = splitter_.End();
  answer_.body_fault = splitter_.fault();
  answer_.body_fault_offset = splitter_.fault_offset();
  // The first container is what the call is about; without it nothing may be concluded.
  if (endpoint_->container_count > 0 && !splitter_.has_container(0)) {
    answer_.lacks = endpoint_->containers[0];
  }
  counters_.bytes_in += result.wire_bytes_in;
  counters_.bytes_out += result.wire_bytes_out;
  const navixy::Judgement judgement = navixy::Judge(answer_);
  if (judgement.verdict != navixy::Verdict::kGood) ++counters_.failures;
  handler_->OnCallEnd(judgement, result.retry_after_ms);
}

json::SplitFlow Caller::OnElement(std::size_t container, std::string_view key,
                                  std::string_view text) {
  if (http_status_ != 200) return json::SplitFlow::kContinue;
  ++counters_.elements;
  handler_->OnElement(container, key, text);
  return handler_->Ready() ? json::SplitFlow::kContinue : json::SplitFlow::kStop;
}

json::SplitKnown Caller::TakeKnown(std::size_t container, std::string_view key,
                                   std::string_view ahead) {
  if (http_status_ != 200) return {};
  const std::size_t bytes = handler_->TakeKnown(container, key, ahead);
  if (bytes == 0) return {};
  ++counters_.elements;
  return {bytes, handler_->Ready() ? json::SplitFlow::kContinue : json::SplitFlow::kStop};
}

void Caller::OnValue(std::string_view key, std::string_view text) {
  if (key == "success") {
    answer_.success_seen = navixy::DecodeSuccess(text, answer_.success);
  } else if (key == "status") {
    // What cannot be read leaves code 0; the verdict then goes by the HTTP status.
    static_cast<void>(navixy::DecodeApiStatus(*reader_, text, answer_.status));
  } else if (http_status_ == 200) {
    handler_->OnValue(key, text);
  }
}

void Caller::OnSkipped(std::size_t container, std::string_view key, json::SkipReason reason) {
  ++counters_.skipped;
  handler_->OnSkipped(container, key, reason);
}

}  // namespace depotlink::poll
