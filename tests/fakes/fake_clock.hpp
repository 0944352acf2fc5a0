// SPDX-License-Identifier: Apache-2.0
#pragma once

// Time that stands still until the test moves it. Both clocks start at a date that every date of
// the fixtures lies before.

#include "agent/ports/clock.hpp"

namespace depotlink::fakes {

class FakeClock : public ports::Clock {
 public:
  MonoTime Now() const override { return mono_; }
  WallTime WallNow() const override { return wall_; }

  // Both clocks go on by `ms`.
  void Advance(DurationMs ms) {
    mono_ = mono_ + ms;
    wall_.ms += ms;
  }
  // Both clocks go on until the monotonic one shows `time`; no effect where it does already.
  void AdvanceTo(MonoTime time) {
    if (mono_ < time) Advance(time - mono_);
  }
  // The machine was started that long ago.
  void SetUptime(DurationMs ms) { mono_ = {ms}; }
  // Somebody sets the system's clock.
  void SetWall(WallTime wall) { wall_ = wall; }

 private:
  MonoTime mono_{3 * kHourMs};
  WallTime wall_{1722520000000};  // 2024-08-01T13:46:40Z
};

}  // namespace depotlink::fakes
