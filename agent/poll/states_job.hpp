// SPDX-License-Identifier: Apache-2.0
#pragma once

// The states of the trackers that are due, a batch at a time. A batch that the API refuses for what
// is in it is halved until the one tracker is found that spoils it: the others are not to suffer.

#include <array>
#include <string>
#include <vector>

#include "agent/base/limits.hpp"
#include "agent/poll/job.hpp"
#include "agent/poll/poll_work.hpp"

namespace depotlink::poll {

class StatesJob : public Job {
 public:
  // `batch`: 1 .. limits::kMaxBatch; what is outside is brought to the nearest. `work` must outlive
  // this.
  StatesJob(std::size_t batch, PollWork& work);

  // Nothing is under way, and nobody is due at `now`.
  bool Idle(MonoTime now) { return now < Due(); }

  const navixy::Endpoint& endpoint() const override { return navixy::kGetStates; }
  MonoTime Due() override { return part_count_ > 0 ? MonoTime{0} : work_->NextDue(); }
  bool Begin(MonoTime now, std::string& body) override;
  bool Ready() const override { return work_->Ready(); }
  bool core() const override { return true; }
  void OnElement(std::size_t container, std::string_view key, std::string_view text) override;
  std::size_t TakeKnown(std::size_t container, std::string_view key,
                        std::string_view ahead) override {
    return container == navixy::kStates ? work_->TakeKnownState(key, ahead) : 0;
  }
  void OnGood(bool whole, MonoTime now) override;
  bool OnBad(const navixy::Judgement& judgement, MonoTime now) override;

 private:
  // Of batch_, `count` from `first` on.
  struct Part {
    std::size_t first = 0;
    std::size_t count = 0;
  };
  Part TakePart() { return parts_[--part_count_]; }
  const model::TrackerId* At(const Part& part) const { return batch_.data() + part.first; }

  // More refusals in a row than it takes to find one bad tracker: then it is not about one.
  static constexpr int kRefusalsMost = 12;

  PollWork* work_;
  std::vector<model::TrackerId> batch_;
  std::array<Part, 13> parts_;  // what is to be asked of the batch, the next one last
  std::size_t part_count_ = 0;
  int refusals_ = 0;  // of this batch, without any good answer between
};
static_assert(limits::kMaxBatch <= (std::size_t{1} << 11U), "halving takes at most 12 refusals");

}  // namespace depotlink::poll
