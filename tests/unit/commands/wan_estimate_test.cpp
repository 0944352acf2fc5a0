// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/wan_estimate.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::kHourMs;
using depotlink::commands::StatesBytesADay;
using depotlink::commands::WanText;
using depotlink::settings::Poll;

TEST_GROUP(WanEstimate){};

// tests/bench: 10.4 KiB for a round of 100, 96.8 KiB for one of 1,000.
TEST(WanEstimate, AgreesWithWhatWasMeasured) {
  DOUBLES_EQUAL(10.4 * 1024, StatesBytesADay(100, 24 * kHourMs), 300);
  DOUBLES_EQUAL(96.8 * 1024, StatesBytesADay(1000, 24 * kHourMs), 3000);
}

TEST(WanEstimate, SaysItForEachPace) {
  STRCMP_EQUAL(
      "92 MB a day for 100 trackers that all move, 31 MB stopped, 15 MB parked, 3.1 MB "
      "offline; 1.3 MB for their list",
      WanText(Poll()).c_str());
}

TEST(WanEstimate, SmallAmountsAreNotNought) {
  Poll poll;
  poll.fleet_ms = poll.moving_ms = 24 * kHourMs;
  STRCMP_CONTAINS("under 0.1 MB a day", WanText(poll).c_str());
}
