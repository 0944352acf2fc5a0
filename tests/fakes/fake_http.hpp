// SPDX-License-Identifier: Apache-2.0
#pragma once

// A server of the test's making behind ports::Http. The test says what the answer is (Body, End),
// and Deliver() is the loop's wait in which the sink hears of it: as far as it takes it, a piece
// that it paused at again after Resume, and the end with kAborted where it or Cancel asked for
// that.

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/ports/http.hpp"

namespace depotlink::fakes {

class FakeHttp : public ports::Http {
 public:
  struct Request {
    std::string url;
    std::string authorization;
    std::string body;
    bool iso_datetime = false;
    DurationMs timeout_ms = 0;
    std::uint64_t max_body_bytes = 0;
  };

  // --- ports::Http
  Status Start(const ports::HttpRequest& request, ports::HttpSink& sink) override {
    if (sink_ != nullptr) return {Code::kReject, "another exchange is under way"};
    if (!refusal_.empty()) return {Code::kReject, refusal_};
    requests_.push_back({std::string(request.url), std::string(request.authorization),
                         std::string(request.body), request.iso_datetime, request.timeout_ms,
                         request.max_body_bytes});
    sink_ = &sink;
    pieces_.clear();
    ended_ = paused_ = cancelled_ = false;
    return Status::Ok();
  }
  void Resume() override { paused_ = false; }
  void Cancel() override { cancelled_ = sink_ != nullptr; }

  // --- the test's side
  const std::vector<Request>& requests() const { return requests_; }
  const Request& last() const { return requests_.back(); }
  bool busy() const { return sink_ != nullptr; }
  bool paused() const { return paused_; }
  // Start is refused with these words from now on; empty: no more.
  void Refuse(std::string why) { refusal_ = std::move(why); }

  // More of the answer's body, in pieces of at most `piece_bytes` (0: whole).
  void Body(int status, std::string_view text, std::size_t piece_bytes = 0) {
    status_ = status;
    const std::size_t step = piece_bytes == 0 ? text.size() : piece_bytes;
    for (std::size_t at = 0; at < text.size(); at += step) {
      pieces_.emplace_back(text.substr(at, step));
    }
  }
  // What each answer says the time is; 0: nothing.
  std::int64_t server_time_ms = 0;
  // What comes behind the body. `status` 0 stays 0 where no body was given either.
  void End(ports::HttpEnd end, std::int64_t retry_after_ms = -1, std::string detail = {}) {
    result_ = ports::HttpResult{};
    result_.end = end;
    result_.retry_after_ms = retry_after_ms;
    result_.server_time_ms = server_time_ms;
    detail_ = std::move(detail);
    ended_ = true;
  }
  // A whole answer, delivered.
  void Answer(int status, std::string_view text, std::size_t piece_bytes = 0,
              std::int64_t retry_after_ms = -1) {
    Body(status, text, piece_bytes);
    End(ports::HttpEnd::kComplete, retry_after_ms);
    Deliver();
  }
  // No answer at all, delivered.
  void Fail(ports::HttpEnd end, std::string detail = {}) {
    status_ = 0;
    End(end, -1, std::move(detail));
    Deliver();
  }
  // Who asked is gone, and its connection with it: not a word to the sink.
  void Forget() {
    sink_ = nullptr;
    pieces_.clear();
    ended_ = paused_ = cancelled_ = false;
  }
  // The loop's wait.
  void Deliver() {
    if (sink_ == nullptr) return;
    if (cancelled_) return Finish(ports::HttpEnd::kAborted);
    while (!paused_ && !pieces_.empty()) {
      const ports::BodyFlow flow = sink_->OnBody(status_, pieces_.front());
      if (flow == ports::BodyFlow::kAbort) return Finish(ports::HttpEnd::kAborted);
      if (flow == ports::BodyFlow::kPause) {
        paused_ = true;
        return;
      }
      wire_bytes_ += pieces_.front().size();
      pieces_.pop_front();
    }
    if (!paused_ && ended_) Finish(result_.end);
  }

 private:
  void Finish(ports::HttpEnd end) {
    ports::HttpSink* sink = sink_;
    sink_ = nullptr;
    pieces_.clear();
    result_.end = end;
    result_.status = status_;
    result_.wire_bytes_in = wire_bytes_;
    result_.wire_bytes_out = requests_.back().body.size();
    result_.detail = detail_;
    wire_bytes_ = 0;
    status_ = 0;
    sink->OnEnd(result_);
    result_ = ports::HttpResult{};
    detail_.clear();
  }

  std::vector<Request> requests_;
  ports::HttpSink* sink_ = nullptr;
  std::string refusal_;
  std::deque<std::string> pieces_;
  int status_ = 0;
  bool ended_ = false;
  bool paused_ = false;
  bool cancelled_ = false;
  ports::HttpResult result_;
  std::string detail_;
  std::uint64_t wire_bytes_ = 0;
};

}  // namespace depotlink::fakes
