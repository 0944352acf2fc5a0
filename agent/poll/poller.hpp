// SPDX-License-Identifier: Apache-2.0
#pragma once

// Decides which call comes next and when: the fleet's list now and then, the states of who is due
// in batches, all under one request rate; after a failure, a wait with full jitter that grows,
// obeys Retry-After, and is long where only a person can help.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/backoff.hpp"
#include "agent/base/limits.hpp"
#include "agent/base/log.hpp"
#include "agent/base/time.hpp"
#include "agent/model/tracker_state.hpp"
#include "agent/poll/caller.hpp"
#include "agent/poll/server_clock.hpp"
#include "agent/ports/clock.hpp"
#include "agent/ports/random.hpp"

namespace depotlink::poll {

// What polling needs from the stages behind it.
class PollWork {
 public:
  virtual ~PollWork() = default;
  // Up to `most` trackers to ask for now; 0 where nobody is due.
  virtual std::size_t TakeDue(MonoTime now, model::TrackerId* ids, std::size_t most) = 0;
  virtual MonoTime NextDue() = 0;
  virtual bool Ready() const = 0;

  virtual void OnGroup(std::string_view element) = 0;
  virtual void OnTracker(std::string_view element) = 0;
  // `key`: the member's name or, in `blocked` and `not_exist`, the element itself.
  virtual void OnState(std::string_view key, std::string_view element) = 0;
  virtual void OnBlocked(std::string_view element) = 0;
  virtual void OnNotExisting(std::string_view element) = 0;

  // Ends of calls. `whole`: the answer was good and nothing of it was left out, so that what it
  // does not name is not there.
  virtual void OnGroupListEnd(bool whole) = 0;
  virtual void OnTrackerListEnd(bool whole) = 0;
  // `good`: the answer was good; else the trackers asked for stay due.
  virtual void OnStatesEnd(bool good, const model::TrackerId* ids, std::size_t count) = 0;
};

enum class ApiState : std::uint8_t { kStarting, kOk, kFailing, kCredential };

struct PollerConfig {
  DurationMs fleet_ms = 10 * kMinuteMs;
  double requests_per_second = 5;
  std::size_t batch = limits::kDefaultBatch;  // 1 .. limits::kMaxBatch
};

class Poller : private CallHandler {
 public:
  // References must outlive this.
  Poller(const PollerConfig& config, ApiAccess access, ports::Http& http,
         json::ElementReader& reader, PollWork& work, const ports::Clock& clock,
         ports::Random& random, Logger& log);
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Begins the next call where it is time; returns when to call again at the latest. Call it also
  // after each wait of the loop.
  MonoTime Step(MonoTime now);
  // The fleet's list is read anew as soon as may be.
  void AskFleetSoon() {
    fleet_at_ = MonoTime{0};
    ask_again_ = true;
  }
  // Ends the call under way; Step begins no other.
  void Stop();

  ApiState state() const { return state_; }
  const std::string& last_error() const { return last_error_; }
  const ServerClock& server_clock() const { return server_clock_; }
  MonoTime last_success() const { return last_success_; }
  const CallCounters& calls() const { return caller_.counters(); }
  std::uint64_t polls() const { return polls_; }
  // True once the whole fleet was listed and every tracker of it asked for once.
  bool first_round_done() const { return first_round_done_; }

 private:
  void OnElement(navixy::Call call, std::size_t container, std::string_view key,
                 std::string_view text) override;
  void OnSkipped(navixy::Call call, std::size_t container, std::string_view key,
                 json::SkipReason reason) override;
  bool Ready() const override { return work_->Ready(); }
  void OnCallEnd(navixy::Call call, const navixy::Judgement& judgement,
                 std::int64_t retry_after_ms) override;

  void Begin(navixy::Call call, MonoTime now);
  bool BeginStates(MonoTime now);
  void OnGood(navixy::Call call, MonoTime now);
  void OnBad(navixy::Call call, const navixy::Judgement& judgement, std::int64_t retry_after_ms,
             MonoTime now);
  void GoWithoutGroups(const navixy::Judgement& judgement);
  void TellFailure(const navixy::Judgement& judgement, DurationMs wait_ms);

  static constexpr DurationMs kRetryMostMs = 5 * kMinuteMs;
  // Where only a person can help: at most six tries an hour after the first two.
  static constexpr DurationMs kPersonFirstWaitMs = 10 * kSecondMs;
  static constexpr DurationMs kPersonWaitMs = 10 * kMinuteMs;
  static constexpr DurationMs kRetryAfterMostMs = kHourMs;
  // Then the fleet goes without group titles, which are an ornament.
  static constexpr int kGroupTries = 3;
  static constexpr DurationMs kSkippedTellMs = 10 * kMinuteMs;

  PollerConfig config_;
  Caller caller_;
  PollWork* work_;
  const ports::Clock* clock_;
  ports::Random* random_;
  Logger* log_;

  ApiState state_ = ApiState::kStarting;
  std::string last_error_;
  MonoTime failing_since_{};
  ServerClock server_clock_;
  MonoTime last_success_{};
  std::uint64_t polls_ = 0;
  bool first_round_done_ = false;
  bool listed_ = false;
  bool stopped_ = false;

  MonoTime fleet_at_{0};
  bool ask_again_ = false;    // asked for since the last reading of the fleet began
  bool groups_read_ = false;  // of this reading of the fleet
  int groups_failed_ = 0;     // times in a row, by passing trouble
  std::string groups_error_;
  bool skipped_in_call_ = false;
  MonoTime tell_skipped_at_{};
  navixy::Call skipped_call_ = navixy::Call::kGroupList;  // what was told last
  json::SkipReason skipped_why_ = json::SkipReason::kTooLong;
  MonoTime not_before_{0};
  Backoff backoff_{kSecondMs, kRetryMostMs};
  Backoff fleet_backoff_{10 * kSecondMs, kRetryMostMs};
  std::vector<model::TrackerId> batch_;
  std::size_t batch_count_ = 0;
  std::string body_;
};

}  // namespace depotlink::poll
