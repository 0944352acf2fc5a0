// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether this machine's clock is to be believed. A box without a battery believes in 1970 after a
// power cut, or in the day it was switched off; the API's own clock, which comes with each answer,
// knows better. Until there was an answer, a clock that lags behind a time known to be past is
// wrong for sure.

#include "agent/base/log.hpp"
#include "agent/base/time.hpp"
#include "agent/poll/server_clock.hpp"
#include "agent/ports/storage.hpp"

namespace depotlink {

struct ClockFinding {
  bool trusted = true;           // what the machine's clock says may stand in a payload
  DurationMs correction_ms = 0;  // the API's time less the machine's; 0 while there was no answer
};

class ClockWatch {
 public:
  // `log` must outlive this.
  explicit ClockWatch(Logger& log) : log_(&log) {}

  // Takes up the last good time that an earlier run left in `disk`, if it did. Once, at the start.
  void Recall(ports::Storage& disk);
  // Compares; `system` is the machine's clock at `now`. A change of mind is logged.
  const ClockFinding& Look(MonoTime now, WallTime system, const poll::ServerClock& server);
  const ClockFinding& finding() const { return finding_; }
  // Leaves the API's time in `disk` for the next start: an hour after this one, and then daily, so
  // that flash is spared. A failure costs nothing but that.
  void Remember(MonoTime now, const poll::ServerClock& server, ports::Storage& disk);

 private:
  void Tell(WallTime system, WallTime reference) const;

  // Before this program was written. 2024-01-01T00:00:00Z.
  static constexpr WallTime kEarliest{1704067200000};
  // Answers take a while, and say their time in whole seconds. Two limits, so that a clock between
  // them does not change our mind at each look.
  static constexpr DurationMs kWrongMs = 60 * kSecondMs;
  static constexpr DurationMs kRightMs = 30 * kSecondMs;
  static constexpr DurationMs kRememberFirstMs = kHourMs;
  static constexpr DurationMs kRememberMs = 24 * kHourMs;

  Logger* log_;
  WallTime floor_ = kEarliest;
  MonoTime remember_at_{};  // 0: not looked yet
  ClockFinding finding_;
};

}  // namespace depotlink
