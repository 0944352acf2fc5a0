// SPDX-License-Identifier: Apache-2.0
#pragma once

// Decides which job's turn it is, one call at a time, under one request rate: who is due, has a
// credential, and was served longest ago. After a failure it waits with full jitter, longer each
// time, obeys Retry-After, and asks seldom where only a person can help. What fails for a job alone
// costs that job alone.

#include <array>
#include <cstdint>
#include <string>

#include "agent/base/backoff.hpp"
#include "agent/base/log.hpp"
#include "agent/base/time.hpp"
#include "agent/poll/caller.hpp"
#include "agent/poll/job.hpp"
#include "agent/poll/request_rate.hpp"
#include "agent/poll/server_clock.hpp"
#include "agent/poll/session.hpp"
#include "agent/ports/clock.hpp"
#include "agent/ports/random.hpp"

namespace depotlink::poll {

enum class ApiState : std::uint8_t { kStarting, kOk, kFailing, kCredential };

struct PollerConfig {
  double requests_per_second = 5;
  MonoTime begin{};  // no call before
};

class Poller : private CallHandler {
 public:
  static constexpr std::size_t kMaxJobs = 24;

  // References must outlive this.
  Poller(const PollerConfig& config, ApiAccess access, ports::Http& http,
         json::ElementReader& reader, const ports::Clock& clock, ports::Random& random,
         Logger& log);
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Both before the first Step, at most one session of each API and kMaxJobs jobs in all; they must
  // outlive this. Jobs of an API without a session never have their turn.
  void Add(Session& session);
  void Add(Job& job);

  // Begins the next call where it is time; returns when to call again at the latest. Call it also
  // after each wait of the loop.
  MonoTime Step(MonoTime now);
  // Ends the call under way; of what follows, only the sessions are ended.
  void Stop();
  bool stopped() const;

  ApiState state() const { return state_; }
  const std::string& last_error() const { return last_error_; }
  const ServerClock& server_clock() const { return server_clock_; }
  MonoTime last_success() const { return last_success_; }
  const CallCounters& calls() const { return caller_.counters(); }
  // Calls that were answered well.
  std::uint64_t polls() const { return polls_; }

 private:
  // A job, and how it fares.
  struct Slot {
    Job* job = nullptr;
    Session* session = nullptr;  // where the job is one
    std::uint64_t begun = 0;     // when it had its turn, by turns
    MonoTime not_before{0};
    Backoff backoff{10 * kSecondMs, 30 * kMinuteMs};
    std::string last_error;
    // What was told last of elements that were left out.
    MonoTime tell_skipped_at{};
    const navixy::Endpoint* skipped_call = nullptr;
    json::SkipReason skipped_why = json::SkipReason::kTooLong;
  };

  void OnElement(std::size_t container, std::string_view key, std::string_view text) override {
    slot_->job->OnElement(container, key, text);
  }
  std::size_t TakeKnown(std::size_t container, std::string_view key,
                        std::string_view ahead) override {
    return slot_->job->TakeKnown(container, key, ahead);
  }
  void OnValue(std::string_view key, std::string_view text) override {
    slot_->job->OnValue(key, text);
  }
  void OnSkipped(std::size_t container, std::string_view key, json::SkipReason reason) override;
  bool Ready() const override { return slot_->job->Ready(); }
  void OnCallEnd(const navixy::Judgement& judgement, std::int64_t retry_after_ms) override;

  void AddSlot(Job& job, Session* session);
  Session* SessionOf(navixy::Api api) const { return sessions_[static_cast<std::size_t>(api)]; }
  // Of the call under way.
  Session* session() const { return SessionOf(navixy::ApiOf(endpoint_->path)); }
  // When the slot's job may have its turn.
  MonoTime TurnAt(Slot& slot) const;
  Slot* Next(MonoTime now, MonoTime& next);
  void Begin(Slot& slot, MonoTime now);
  void OnGood(MonoTime now);
  void OnBad(navixy::Judgement judgement, std::int64_t retry_after_ms, MonoTime now);
  void Hold(Slot& slot, bool all, DurationMs wait_ms, MonoTime now);
  // How long the job, or all of them, are to wait.
  DurationMs WaitMs(Slot& slot, const navixy::Judgement& judgement);
  void TellFailure(Slot& slot, const navixy::Judgement& judgement, DurationMs wait_ms);
  void Fail(const navixy::Judgement& judgement, MonoTime now);

  static constexpr DurationMs kRetryMostMs = 5 * kMinuteMs;
  // Where only a person can help: at most six tries an hour after the first two.
  static constexpr DurationMs kPersonFirstWaitMs = 10 * kSecondMs;
  static constexpr DurationMs kPersonWaitMs = 10 * kMinuteMs;
  static constexpr DurationMs kRetryAfterMostMs = kHourMs;
  // How long all wait where one beside the fleet was told to.
  static constexpr DurationMs kBesideMostMs = 5 * kSecondMs;
  // Success for so long, and the next failure is a first one.
  static constexpr DurationMs kCalmMs = kMinuteMs;
  static constexpr DurationMs kSkippedTellMs = 10 * kMinuteMs;

  Caller caller_;
  const ports::Clock* clock_;
  ports::Random* random_;
  Logger* log_;
  RequestRate rate_;

  std::array<Session*, 2> sessions_{};
  std::array<Slot, kMaxJobs> slots_;
  std::size_t slot_count_ = 0;
  Slot* slot_ = nullptr;  // whose call is under way, or was last
  const navixy::Endpoint* endpoint_ = nullptr;
  std::uint64_t turns_ = 0;

  ApiState state_ = ApiState::kStarting;
  std::string last_error_;
  MonoTime failing_since_{};
  MonoTime failed_at_{};
  const Slot* failed_slot_ = nullptr;
  ServerClock server_clock_;
  MonoTime last_success_{};
  std::uint64_t polls_ = 0;
  bool stopping_ = false;
  bool skipped_in_call_ = false;
  MonoTime not_before_;
  Backoff backoff_{kSecondMs, kRetryMostMs};
  std::string body_;
};

}  // namespace depotlink::poll
