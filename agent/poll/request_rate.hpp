// SPDX-License-Identifier: Apache-2.0
#pragma once

// How far apart requests are begun. Where the API says that they are too many though the share was
// kept (others use the same account or address), the share shrinks, and grows back with time.

#include <algorithm>
#include <cmath>

#include "agent/base/time.hpp"

namespace depotlink::poll {

class RequestRate {
 public:
  // `per_second` > 0.
  explicit RequestRate(double per_second) : most_(per_second), now_(per_second) {}

  DurationMs SpacingMs() const { return static_cast<DurationMs>(std::ceil(1000.0 / now_)); }
  // The API answered 429: half from now on, but never less than a request in ten seconds, or what
  // the config says where that is less.
  void OnTooMany(MonoTime now) {
    now_ = std::max(now_ / 2, std::min(most_, kLeast));
    grows_at_ = now + kGrowsEachMs;
  }
  // A request went well: a tenth more for each minute since the last 429.
  void OnGood(MonoTime now) {
    if (now_ >= most_ || now < grows_at_) return;
    now_ = std::min(most_, now_ + most_ / 10);
    grows_at_ = now + kGrowsEachMs;
  }

 private:
  static constexpr double kLeast = 0.1;
  static constexpr DurationMs kGrowsEachMs = kMinuteMs;

  double most_;
  double now_;
  MonoTime grows_at_{};
};

}  // namespace depotlink::poll
