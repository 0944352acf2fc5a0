// SPDX-License-Identifier: Apache-2.0
// Long outages and endless flapping: nothing is lost, nothing goes back in time, and in the end the
// bus says what the platform says.
#include <string>

#include "tests/scenario/world.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::kHourMs;
using depotlink::kMinuteMs;
using depotlink::kSecondMs;
using depotlink::LogLevel;
using depotlink::fakes::SeededRandom;
using depotlink::scenario::World;

namespace {

// What holds at the end of each of these days.
void Holds(const World& world) {
  LONGS_EQUAL(0, world.mqtt.violations());
  LONGS_EQUAL(0, world.broker.backwards());
  CHECK(world.spins < 10);
  LONGS_EQUAL(0, world.Stale());
  STRCMP_EQUAL("online", world.Status().c_str());
  // Each state that was served came, live or late; nothing of it waits any more.
  LONGS_EQUAL(0, world.Missing());
  LONGS_EQUAL(0, world.agent->dropped());
  LONGS_EQUAL(0, world.agent->unpublished());
  LONGS_EQUAL(0, world.disk.violations().size());
  LONGS_EQUAL(0, world.ram.violations().size());
}

}  // namespace

TEST_GROUP(AgentOutage){};

TEST(AgentOutage, ADayWithoutABroker) {
  World world(20);
  world.settings.poll.moving_ms = kMinuteMs;
  world.Run(kMinuteMs);
  world.broker.away = true;
  world.Run(24 * kHourMs);
  CHECK(world.agent->unpublished() > 20000);
  CHECK(world.mqtt.attempts().size() < 24 * 60 * 12);
  LONGS_EQUAL(1, world.logs.Count(LogLevel::kWarn, "broker not reachable"));
  world.broker.away = false;
  world.Run(3 * kMinuteMs);
  Holds(world);
}

// A fleet of which a twelfth fits into memory: what is read goes to the disk at once.
TEST(AgentOutage, ALargeFleetIsReadWithoutABroker) {
  World world(1000);
  world.broker.away = true;
  world.Run(20 * kSecondMs);
  CHECK(world.agent->first_round_done());
  LONGS_EQUAL(0, world.agent->poller().calls().failures);
  CHECK(world.agent->unpublished() >= 1000);
  world.broker.away = false;
  world.Run(kMinuteMs);
  Holds(world);
}

TEST(AgentOutage, ADayWithoutABrokerThatForgetsEverything) {
  World world(20);
  world.settings.poll.moving_ms = kMinuteMs;
  world.Run(kMinuteMs);
  world.broker.away = true;
  world.broker.forgets = true;
  world.Run(24 * kHourMs);
  world.broker.away = false;
  world.Run(3 * kMinuteMs);
  Holds(world);
}

TEST(AgentOutage, ADayWithoutTheApi) {
  World world(20);
  world.Run(kMinuteMs);
  world.api.away = true;
  const std::size_t before = world.http.requests().size();
  world.Run(24 * kHourMs);
  const std::size_t requests = world.http.requests().size() - before;
  CHECK(requests < 24 * 60);
  CHECK(requests > 24 * 10);
  CHECK(world.steps < 10000);
  LONGS_EQUAL(1, world.logs.Count(LogLevel::kWarn, "polling failed"));
  STRCMP_EQUAL("\"failing\"", world.Health("state").c_str());
  world.api.away = false;
  world.Run(6 * kMinuteMs);
  LONGS_EQUAL(1, world.logs.Count(LogLevel::kInfo, "answers again"));
  Holds(world);
}

TEST(AgentOutage, ADayWithNeither) {
  World world(20);
  world.Run(kMinuteMs);
  world.api.away = world.broker.away = true;
  world.Run(24 * kHourMs);
  world.api.away = world.broker.away = false;
  world.Run(6 * kMinuteMs);
  Holds(world);
}

TEST(AgentOutage, ABrokerThatIsSilentForAnHour) {
  World world(20);
  world.Run(kMinuteMs);
  world.broker.silent = true;
  world.Run(kHourMs);
  CHECK(world.mqtt.disconnects() > 10);
  world.broker.silent = false;
  world.Run(3 * kMinuteMs);
  Holds(world);
}

TEST(AgentOutage, AClockThatJumpsBothWays) {
  World world(20);
  world.Run(kMinuteMs);
  const depotlink::WallTime right = world.clock.WallNow();
  const std::uint64_t polls = world.agent->poller().polls();
  for (const std::int64_t wrong_ms :
       {std::int64_t{0}, std::int64_t{2147483648000}, right.ms - 86400000, right.ms + 3600000}) {
    world.clock.SetWall({wrong_ms});
    world.Run(kMinuteMs);
  }
  // Pacing does not follow the wall clock. (The platform's states here do.)
  CHECK(world.agent->poller().polls() - polls < 40);
  CHECK(world.spins < 10);
}

// The API's time is right throughout: by it records grow old, and are noted.
TEST(AgentOutage, AClockThatJumpsByYearsCostsTheQueueNothing) {
  World world(20);
  world.settings.poll.moving_ms = kMinuteMs;
  world.settings.queue.max_age_ms = 2 * kHourMs;
  const std::int64_t right_less_uptime_ms = world.clock.WallNow().ms - world.clock.Now().ms;
  const auto tell_time = [&] { world.http.server_time_ms = world.api.Now().ms; };
  const auto set_clock = [&](std::int64_t wall_ms) {
    world.clock.SetWall({wall_ms});
    world.api.ahead_ms = right_less_uptime_ms + world.clock.Now().ms - wall_ms;
    tell_time();
  };
  tell_time();
  world.Run(kMinuteMs, tell_time);
  world.broker.away = true;
  for (const std::int64_t wrong_ms : {std::int64_t{1000}, std::int64_t{2147483648000},
                                      std::int64_t{4000000000000}, std::int64_t{1577836800000}}) {
    set_clock(wrong_ms);
    world.Run(20 * kMinuteMs, tell_time);
  }
  CHECK(world.agent->unpublished() > 1000);
  set_clock(right_less_uptime_ms + world.clock.Now().ms);
  world.Run(kMinuteMs, tell_time);
  world.broker.away = false;
  world.Run(3 * kMinuteMs, tell_time);
  Holds(world);
}

TEST(AgentOutage, AThousandFlaps) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    World world(12, seed);
    SeededRandom random(seed * 1000);
    world.broker.acceptance.receive_maximum = 20;
    while (world.broker.flaps() < 500) {
      world.broker.away = false;
      const std::size_t at = random.Below(12);
      std::size_t steps = 0;
      world.Run(static_cast<depotlink::DurationMs>(random.Below(15000)), [&] {
        // In the midst of it, just behind a step that may have sent something.
        if (++steps == at) world.broker.Flap(random);
      });
      world.broker.Flap(random);
      world.broker.forgets = random.Chance(10);
      world.broker.away = random.Chance(50);
      world.Run(static_cast<depotlink::DurationMs>(random.Below(3000)));
      if (random.Chance(5)) world.broker.silent = true;
      if (world.broker.silent && random.Chance(50)) world.broker.silent = false;
    }
    world.broker.away = world.broker.silent = false;
    world.Run(3 * kMinuteMs);
    Holds(world);
    CHECK(world.broker.repeats() > 100);
  }
}
