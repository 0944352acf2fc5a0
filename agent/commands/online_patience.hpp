// SPDX-License-Identifier: Apache-2.0
#pragma once

// How long `check --online` waits: each probe has a deadline of its own, and all of them one.

#include <algorithm>
#include <functional>
#include <utility>

#include "agent/ports/clock.hpp"

namespace depotlink::commands {

class Patience {
 public:
  static constexpr DurationMs kTotalMs = 2 * kMinuteMs;

  // `wait_until` waits for events or that time, and is false where the user wants to stop.
  Patience(const ports::Clock& clock, std::function<bool(MonoTime)> wait_until)
      : clock_(&clock), wait_until_(std::move(wait_until)), end_(clock.Now() + kTotalMs) {}

  MonoTime Now() const { return clock_->Now(); }
  WallTime WallNow() const { return clock_->WallNow(); }
  // Nothing more may be begun.
  bool over() const { return stopped_ || end_ <= Now(); }
  bool stopped() const { return stopped_; }
  // Waits for events, until `until` at most. False where that has come, or all is over.
  bool Wait(MonoTime until) {
    const MonoTime end = std::min(until, end_);
    if (stopped_ || end <= Now()) return false;
    if (!wait_until_(end)) stopped_ = true;
    return !stopped_ && Now() < end;
  }
  // For what must be tidied up whatever was said: waits at most `ms`.
  void WaitTidying(DurationMs ms) { static_cast<void>(wait_until_(Now() + ms)); }

 private:
  const ports::Clock* clock_;
  std::function<bool(MonoTime)> wait_until_;
  MonoTime end_;
  bool stopped_ = false;
};

}  // namespace depotlink::commands
