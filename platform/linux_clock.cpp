// SPDX-License-Identifier: Apache-2.0
#include "platform/linux_clock.hpp"

#include <cstdint>
#include <ctime>

namespace depotlink::platform {

namespace {

std::int64_t ReadMs(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);  // fails for unknown clocks only
  return static_cast<std::int64_t>(now.tv_sec) * kSecondMs + now.tv_nsec / 1000000;
}

}  // namespace

MonoTime LinuxClock::Now() const {
  return {ReadMs(CLOCK_BOOTTIME)};
}

WallTime LinuxClock::WallNow() const {
  return {ReadMs(CLOCK_REALTIME)};
}

}  // namespace depotlink::platform
