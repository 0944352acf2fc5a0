// SPDX-License-Identifier: Apache-2.0
#pragma once

// Exponential back-off with full jitter, and the spread of what is periodic, as arithmetic: it
// never sleeps and knows no clock. Full jitter (a uniform draw below the ceiling) spreads a fleet
// of agents best after a common outage (AWS Architecture Blog, "Exponential Backoff And Jitter").

#include <algorithm>
#include <cstdint>

#include "agent/base/time.hpp"

namespace depotlink {

class Backoff {
 public:
  // `first_ms` > 0, `most_ms` >= `first_ms`.
  constexpr Backoff(DurationMs first_ms, DurationMs most_ms)
      : first_ms_(first_ms), most_ms_(most_ms) {}

  // The next wait, at least a tenth of the ceiling, so that a draw of 0 is no busy loop. `random`:
  // uniform over 64 bits.
  DurationMs Next(std::uint64_t random) {
    const DurationMs ceiling = std::min(most_ms_, first_ms_ << std::min(tries_, 30));
    tries_ = std::min(tries_ + 1, 30);
    const DurationMs floor = std::max<DurationMs>(1, ceiling / 10);
    const auto span = static_cast<std::uint64_t>(ceiling - floor + 1);
    return floor + static_cast<DurationMs>(random % span);
  }
  void Reset() { tries_ = 0; }
  int tries() const { return tries_; }

 private:
  DurationMs first_ms_;
  DurationMs most_ms_;
  int tries_ = 0;
};

// `period_ms` less a random part of its tenth, so that agents that started together drift apart.
// `random`: uniform over 64 bits.
constexpr DurationMs SpreadSooner(DurationMs period_ms, std::uint64_t random) {
  return period_ms -
         static_cast<DurationMs>(random % static_cast<std::uint64_t>(period_ms / 10 + 1));
}

}  // namespace depotlink
