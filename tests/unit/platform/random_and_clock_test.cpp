// SPDX-License-Identifier: Apache-2.0
#include <bitset>
#include <cstdint>
#include <set>

#include "platform/linux_clock.hpp"
#include "platform/linux_random.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::platform::LinuxClock;
using depotlink::platform::LinuxRandom;

TEST_GROUP(RandomAndClock){};

TEST(RandomAndClock, TwoGeneratorsDiffer) {
  LinuxRandom one;
  LinuxRandom two;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    seen.insert(one.Next());
    seen.insert(two.Next());
  }
  LONGS_EQUAL(2000, seen.size());
}

TEST(RandomAndClock, EveryBitIsUsedAboutHalfTheTime) {
  LinuxRandom random;
  int counts[64] = {};
  for (int i = 0; i < 4000; ++i) {
    const std::bitset<64> bits(random.Next());
    for (std::size_t bit = 0; bit < 64; ++bit) counts[bit] += bits[bit] ? 1 : 0;
  }
  for (const int count : counts) CHECK(count > 1700 && count < 2300);  // nine sigma
}

TEST(RandomAndClock, TheClocksTellATimeAndGoForward) {
  const LinuxClock clock;
  const auto first = clock.Now();
  CHECK(first.ms > 0);
  CHECK(first <= clock.Now());
  CHECK(clock.WallNow().ms > 0);
}
