// SPDX-License-Identifier: Apache-2.0
#include "agent/base/backoff.hpp"

#include <algorithm>

#include "tests/fakes/fake_random.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Backoff;
using depotlink::DurationMs;

TEST_GROUP(Backoff){
    // The smallest and the largest draw at each try.
    static void HoldsBounds(DurationMs first_ms, DurationMs most_ms){DurationMs ceiling = first_ms;
for (int tries = 0; tries < 100; ++tries) {
  const DurationMs floor = std::max<DurationMs>(1, ceiling / 10);
  Backoff low = After(first_ms, most_ms, tries);
  LONGLONGS_EQUAL(floor, low.Next(0));
  Backoff high = After(first_ms, most_ms, tries);
  LONGLONGS_EQUAL(ceiling, high.Next(static_cast<std::uint64_t>(ceiling - floor)));
  ceiling = std::min(ceiling * 2, most_ms);
}
}
static Backoff After(DurationMs first_ms, DurationMs most_ms, int tries) {
  Backoff backoff(first_ms, most_ms);
  for (int i = 0; i < tries; ++i) backoff.Next(0);
  return backoff;
}
}
;

TEST(Backoff, DoublesUpToItsMost) {
  HoldsBounds(500, 60000);
  HoldsBounds(1000, 300000);
}

TEST(Backoff, ExtremesDoNotOverflow) {
  HoldsBounds(1, 1);
  HoldsBounds(depotlink::kHourMs, 24 * depotlink::kHourMs);
  HoldsBounds(7, 24 * depotlink::kHourMs);
}

TEST(Backoff, EveryDrawIsWithinBounds) {
  depotlink::fakes::SeededRandom random(2);
  for (int tries = 0; tries < 12; ++tries) {
    const DurationMs ceiling = std::min<DurationMs>(60000, 500LL << tries);
    DurationMs least = INT64_MAX;
    DurationMs most = 0;
    for (int i = 0; i < 2000; ++i) {
      Backoff backoff = After(500, 60000, tries);
      const DurationMs wait = backoff.Next(random.Next());
      CHECK(wait >= ceiling / 10);
      CHECK(wait <= ceiling);
      least = std::min(least, wait);
      most = std::max(most, wait);
    }
    // Full jitter: the draws fill the range.
    CHECK(least < ceiling / 5);
    CHECK(most > ceiling * 9 / 10);
  }
}

TEST(Backoff, ResetBeginsAnew) {
  Backoff backoff = After(500, 60000, 9);
  LONGS_EQUAL(9, backoff.tries());
  backoff.Reset();
  LONGS_EQUAL(0, backoff.tries());
  LONGLONGS_EQUAL(50, backoff.Next(0));
}
