// SPDX-License-Identifier: Apache-2.0
#pragma once

// ports::Clock on CLOCK_BOOTTIME and CLOCK_REALTIME. Any thread.

#include "agent/ports/clock.hpp"

namespace depotlink::platform {

class LinuxClock final : public ports::Clock {
 public:
  MonoTime Now() const override;
  WallTime WallNow() const override;
};

}  // namespace depotlink::platform
