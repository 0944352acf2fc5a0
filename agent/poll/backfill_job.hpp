// SPDX-License-Identifier: Apache-2.0
#pragma once

// The reading back of missed positions: track/read, one tracker and one span of time a call, at a
// small share of the request rate. Its trouble is its own: it never counts as a failure of polling.

#include <string>

#include "agent/base/backoff.hpp"
#include "agent/poll/backfill_work.hpp"
#include "agent/poll/job.hpp"
#include "agent/ports/random.hpp"

namespace depotlink::poll {

class BackfillJob : public Job {
 public:
  // Calls begin a second apart at least, and take a fifth of `requests_per_second` at most.
  // References must outlive this.
  BackfillJob(double requests_per_second, BackfillWork& work, ports::Random& random);

  const navixy::Endpoint& endpoint() const override { return navixy::kTrackRead; }
  MonoTime Due() override { return work_->HasWork() ? due_ : kNever; }
  bool Begin(MonoTime now, std::string& body) override;
  bool Ready() const override { return under_way_ ? work_->HasRoom() : work_->MayAsk(); }
  void OnElement(std::size_t container, std::string_view key, std::string_view text) override;
  void OnValue(std::string_view key, std::string_view text) override;
  void OnGood(bool whole, MonoTime now) override;
  bool OnBad(const navixy::Judgement& judgement, MonoTime now) override;

 private:
  // So many trackers refused one after the other, and it is not about one of them.
  static constexpr int kRefusalsMost = 8;

  DurationMs spacing_ms_;
  BackfillWork* work_;
  ports::Random* random_;
  MonoTime due_{0};
  bool under_way_ = false;
  bool limit_exceeded_ = false;
  int refusals_ = 0;  // in a row
  Backoff backoff_{kMinuteMs, kHourMs};
};

}  // namespace depotlink::poll
