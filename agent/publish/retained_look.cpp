// SPDX-License-Identifier: Apache-2.0
#include "agent/publish/retained_look.hpp"

#include <utility>

#include "agent/publish/publisher.hpp"

namespace depotlink::publish {

RetainedLook::RetainedLook(ports::Mqtt& mqtt, RetainedSink& sink, Logger& log)
    : mqtt_(&mqtt), sink_(&sink), log_(&log) {}

void RetainedLook::Add(std::string_view filter) {
  if (filter.empty() || count_ == kFilters) return;
  filters_[count_++].Assign(filter);
}

void RetainedLook::Restart() {
  state_ = State::kIdle;
  held_ = false;
}

MonoTime RetainedLook::Step(MonoTime now, bool may) {
  while (!done() && (may || state_ != State::kIdle)) {
    if (state_ == State::kIdle) {
      news_at_ = now;
      if (!mqtt_->Subscribe(kLookToken, filters_[filter_].view(), {}).ok()) return now + kSecondMs;
      state_ = State::kAsked;
    }
    Take(now);
    if (held_) return now + (may ? kHeldMs : kSecondMs);
    const MonoTime over = news_at_ + (state_ == State::kAsked ? kAnswerMs : kQuietMs);
    if (now < over) return over;
    FinishTurn();
  }
  return kNever;
}

void RetainedLook::Take(MonoTime now) {
  while (held_ || mqtt_->NextArrival(arrival_)) {
    some_lost_ = some_lost_ || arrival_.lost != 0;
    arrival_.lost = 0;
    if (!arrival_.retained && !arrival_.topic.empty()) continue;  // news, of the agent itself
    news_at_ = now;
    held_ = !arrival_.topic.empty() && !sink_->OnRetained(arrival_.topic.view());
    if (held_) return;
    ++seen_;
  }
}

void RetainedLook::FinishTurn() {
  mqtt_->Unsubscribe(filters_[filter_].view());
  state_ = State::kIdle;
  const bool again = some_lost_ && ++turn_ < kTurns;
  some_lost_ = false;
  if (again) return;
  turn_ = 0;
  ++filter_;
}

void RetainedLook::OnAnswer(const ports::MqttEvent& event) {
  if (state_ != State::kAsked) return;
  state_ = State::kListening;
  if (event.kind == ports::MqttEventKind::kAcked || std::exchange(refusal_told_, true)) return;
  log_->Info(
      "the broker does not let the agent read its own topics: what an earlier run left there "
      "of trackers and geo links that are no more stays",
      {{"filter", filters_[filter_].view()}, {"why", event.text.view()}});
}

}  // namespace depotlink::publish
