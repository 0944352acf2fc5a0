// SPDX-License-Identifier: Apache-2.0
#pragma once

// The fleet's list, now and then: the groups first, whose titles the trackers' entries need, then
// the trackers.

#include <string>

#include "agent/base/backoff.hpp"
#include "agent/base/log.hpp"
#include "agent/poll/job.hpp"
#include "agent/poll/poll_work.hpp"
#include "agent/ports/random.hpp"

namespace depotlink::poll {

class FleetJob : public Job {
 public:
  // References must outlive this.
  FleetJob(DurationMs fleet_ms, PollWork& work, ports::Random& random, Logger& log)
      : fleet_ms_(fleet_ms), work_(&work), random_(&random), log_(&log) {}

  // The list is read anew as soon as may be.
  void AskSoon() {
    due_ = MonoTime{0};
    ask_again_ = true;
  }
  // True once the whole fleet was listed.
  bool listed() const { return listed_; }
  // ... and nothing of it was left out.
  bool listed_whole() const { return listed_whole_; }

  const navixy::Endpoint& endpoint() const override {
    return groups_read_ ? navixy::kTrackerList : navixy::kGroupList;
  }
  MonoTime Due() override { return due_; }
  bool Begin(MonoTime now, std::string& body) override;
  bool Ready() const override { return work_->Ready(); }
  bool core() const override { return true; }
  void OnElement(std::size_t container, std::string_view key, std::string_view text) override;
  void OnGood(bool whole, MonoTime now) override;
  bool OnBad(const navixy::Judgement& judgement, MonoTime now) override;

 private:
  void GoWithoutGroups(const navixy::Judgement& judgement);
  bool OnBadGroups(const navixy::Judgement& judgement);

  // Then the fleet goes without group titles, which are an ornament.
  static constexpr int kGroupTries = 3;

  DurationMs fleet_ms_;
  PollWork* work_;
  ports::Random* random_;
  Logger* log_;
  MonoTime due_{0};
  bool listed_ = false;
  bool listed_whole_ = false;
  bool ask_again_ = false;    // asked for since the last reading of the list began
  bool groups_read_ = false;  // of this reading
  int groups_failed_ = 0;     // times in a row, by passing trouble
  std::string groups_error_;
  Backoff backoff_{10 * kSecondMs, 5 * kMinuteMs};
};

}  // namespace depotlink::poll
