// SPDX-License-Identifier: Apache-2.0
#pragma once

// Calls of the API one after the other, each waited for: what the poller's jobs ask, without its
// patience. Nothing of an answer is held but the element at hand.

#include <string>
#include <string_view>

#include "agent/commands/online_patience.hpp"
#include "agent/poll/caller.hpp"
#include "agent/poll/job.hpp"
#include "agent/poll/server_clock.hpp"

namespace depotlink::commands {

class OnlineTalk : private poll::CallHandler {
 public:
  // References must outlive this. `spacing_ms`: between two calls, at least.
  OnlineTalk(poll::ApiAccess access, DurationMs spacing_ms, ports::Http& http,
             json::ElementReader& reader, Patience& patience);

  // Asks what `job` asks, and waits for the end. The job hears of elements and values, not of the
  // end. `authorization`: the header's value; a call that is open is sent none.
  const navixy::Judgement& Ask(poll::Job& job, std::string_view authorization);
  // How the last call's exchange ended.
  ports::HttpEnd end() const { return caller_.last_end(); }
  // The time that the last answers told, good ones or not.
  const poll::ServerClock& server_clock() const { return server_clock_; }

 private:
  void OnElement(std::size_t container, std::string_view key, std::string_view text) override {
    job_->OnElement(container, key, text);
  }
  void OnValue(std::string_view key, std::string_view text) override { job_->OnValue(key, text); }
  void OnSkipped(std::size_t, std::string_view, json::SkipReason) override {}
  bool Ready() const override { return true; }
  void OnCallEnd(const navixy::Judgement& judgement, std::int64_t retry_after_ms) override;

  DurationMs timeout_ms_;
  DurationMs spacing_ms_;
  Patience* patience_;
  poll::Caller caller_;
  poll::Job* job_ = nullptr;
  MonoTime not_before_{0};
  navixy::Judgement judgement_;
  poll::ServerClock server_clock_;
  std::string body_;
};

}  // namespace depotlink::commands
