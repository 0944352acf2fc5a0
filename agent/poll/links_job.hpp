// SPDX-License-Identifier: Apache-2.0
#pragma once

// The geo links, now and then: all of them by pages of the list, or just those that a scope names,
// one by one. A page begins with the last link of the one before: where that is another one, the
// list has moved meanwhile, and nothing is concluded from what it left out.

#include <string>
#include <vector>

#include "agent/poll/job.hpp"
#include "agent/poll/link_work.hpp"
#include "agent/ports/random.hpp"

namespace depotlink::poll {

class LinksJob : public Job {
 public:
  // `ids`: the links to read, at most limits::kScopeLinks; none: the list. References must outlive
  // this.
  LinksJob(DurationMs period_ms, std::vector<model::LinkId> ids, LinkWork& work,
           ports::Random& random);

  // All is read anew as soon as may be.
  void AskSoon() {
    due_ = MonoTime{0};
    ask_again_ = true;
  }
  // Just this one is.
  void ReadSoon(model::LinkId id);
  // True once all of them were read, or said not to be there.
  bool read_once() const { return read_once_; }
  // ... and nothing that the list names was left out.
  bool listed_whole() const { return read_once_ && !list_left_out_; }
  // The last call failed.
  bool troubled() const { return troubled_; }

  const navixy::Endpoint& endpoint() const override {
    return under_way_ != nullptr ? *under_way_ : NextCall();
  }
  MonoTime Due() override { return to_read_.empty() && page_ == 0 ? due_ : MonoTime{0}; }
  bool Begin(MonoTime now, std::string& body) override;
  bool Ready() const override { return work_->LinksReady(); }
  void OnElement(std::size_t container, std::string_view key, std::string_view text) override;
  void OnValue(std::string_view key, std::string_view text) override;
  void OnGood(bool whole, MonoTime now) override;
  bool OnBad(const navixy::Judgement& judgement, MonoTime now) override;

 private:
  bool reads() const { return !to_read_.empty() || !ids_.empty(); }
  const navixy::Endpoint& NextCall() const {
    return reads() ? navixy::kLinkRead : navixy::kLinkList;
  }
  void OnGoodPage(bool whole, MonoTime now);
  void OnGoodRead(MonoTime now);
  void BeginRound();
  // Where all that is to be read was.
  void EndRound(MonoTime now);

  static constexpr std::size_t kSoonMost = 32;

  DurationMs period_ms_;
  std::vector<model::LinkId> ids_;
  LinkWork* work_;
  ports::Random* random_;
  MonoTime due_{0};
  bool read_once_ = false;
  bool list_left_out_ = false;  // by the last list that was read
  bool in_round_ = false;
  bool ask_again_ = false;  // asked for since the round began
  const navixy::Endpoint* under_way_ = nullptr;
  bool troubled_ = false;

  std::vector<model::LinkId> to_read_;  // the next one first; the room is reserved
  bool value_came_ = false;

  std::size_t page_ = 0;     // pages read of the list under way
  std::size_t on_page_ = 0;  // links on the page under way
  bool list_whole_ = true;
  model::LinkId last_ = 0;  // link of the page before
  model::LinkId newest_ = 0;
};

}  // namespace depotlink::poll
