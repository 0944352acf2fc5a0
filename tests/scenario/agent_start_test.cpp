// SPDX-License-Identifier: Apache-2.0
// The agent starts whatever is there, says what is not, and heals by itself.
#include <map>
#include <string>

#include "tests/scenario/world.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::kHourMs;
using depotlink::kMinuteMs;
using depotlink::kSecondMs;
using depotlink::LogLevel;
using depotlink::scenario::kApiKey;
using depotlink::scenario::kBrokerPassword;
using depotlink::scenario::World;

TEST_GROUP(AgentStart) {
  World world{40};

  void teardown() override {
    LONGS_EQUAL(0, world.mqtt.violations());
    LONGS_EQUAL(0, world.broker.backwards());
    CHECK(world.spins < 10);
  }
};

TEST(AgentStart, WithAllThereTheFleetIsOnTheBusAtOnce) {
  world.Run(2 * kSecondMs);
  LONGS_EQUAL(0, world.Stale());
  STRCMP_EQUAL("online", world.Status().c_str());
  STRCMP_EQUAL("NVX 0123456789abcdef0123456789abcdef", world.http.last().authorization.c_str());
  STRCMP_EQUAL("40", world.Health("trackers").c_str());
}

TEST(AgentStart, AKeyThatTravelsInTheClearIsToldAtEachStart) {
  world.Run(kSecondMs);
  LONGS_EQUAL(0, world.logs.Count(LogLevel::kWarn, "without TLS"));
  world.settings.api.url = "http://10.0.0.1/v2";
  world.Kill();
  LONGS_EQUAL(1, world.logs.Count(LogLevel::kWarn, "without TLS"));
}

// A box without a battery: until somebody sets its clock, the API's keeps the books.
TEST(AgentStart, IntoTheYear1970) {
  const std::int64_t right_ms = world.api.Now().ms;
  world.clock.SetWall({5 * kSecondMs});
  world.api.ahead_ms = right_ms - 5 * kSecondMs;
  const auto tell_time = [&] { world.http.server_time_ms = world.api.Now().ms; };
  tell_time();
  world.Run(kMinuteMs, tell_time);
  LONGS_EQUAL(0, world.Stale());
  LONGS_EQUAL(1, world.logs.Count(LogLevel::kWarn, "clock is wrong"));
  STRCMP_EQUAL("false", world.Health("time_trusted").c_str());
  STRCMP_EQUAL("", world.Health("time").c_str());
  const std::string topic = World::Topic(1, "state");
  CHECK(world.mqtt.Retained(topic).find("poll_time") == std::string::npos);
  CHECK(world.mqtt.Retained(topic).find("fix_time") != std::string::npos);

  const std::uint64_t polls = world.agent->poller().polls();
  world.clock.SetWall(world.api.Now());
  world.api.ahead_ms = 0;
  world.Run(kMinuteMs, tell_time);
  STRCMP_EQUAL("true", world.Health("time_trusted").c_str());
  CHECK(world.mqtt.Retained(topic).find("poll_time") != std::string::npos);
  CHECK(world.agent->poller().polls() - polls < 10);
  LONGS_EQUAL(1, world.logs.Count(LogLevel::kInfo, "right again"));
  LONGS_EQUAL(0, world.agent->dropped());
}

TEST(AgentStart, TwoHundredThatGetTheirPowerBackTogetherDoNotArriveTogether) {
  std::map<std::int64_t, int> arrivals;  // by the second
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    World box(1, seed);
    box.clock.SetUptime(20 * kSecondMs);
    while (box.http.requests().empty() && box.clock.Now().ms < kMinuteMs) box.Run(kSecondMs / 5);
    ++arrivals[box.clock.Now().ms / kSecondMs];
  }
  CHECK(arrivals.rbegin()->first <= 36);
  for (const auto& [second, boxes] : arrivals) CHECK(boxes <= 30);
}

TEST(AgentStart, WhoWentWhileNoAgentRanIsCleared) {
  world.Run(kMinuteMs);
  world.api.gone = {3};
  world.api.blocked = {4};
  world.Kill();
  world.Run(kMinuteMs);
  LONGS_EQUAL(0, world.Stale());
}

TEST(AgentStart, WhoseEntryIsLeftOutIsNotTakenForGone) {
  world.Run(kMinuteMs);
  world.api.overlong = {7};
  world.Kill();
  world.Run(kHourMs);
  CHECK_FALSE(world.mqtt.Retained(World::Topic(7, "state")).empty());
  world.api.overlong.clear();
  world.api.gone = {7};
  world.Run(kHourMs);
  LONGS_EQUAL(0, world.Stale());
}

// Nothing is known of what stands there until it was looked at to the end.
TEST(AgentStart, WhoWentIsClearedThoughTheBrokerIsLostInTheMidst) {
  world.Run(kMinuteMs);
  world.api.gone = {3};
  world.Kill();
  world.Run(kMinuteMs, [&] {
    if (!world.mqtt.filter().empty()) world.broker.away = true;
  });
  CHECK(world.broker.away);
  world.broker.away = false;
  world.Run(kMinuteMs);
  LONGS_EQUAL(0, world.Stale());
}

TEST(AgentStart, FollowsTheFleetForAnHour) {
  world.Run(kHourMs);
  LONGS_EQUAL(0, world.Stale());
  LONGS_EQUAL(0, world.agent->dropped());
  LONGS_EQUAL(world.agent->pipeline().next_seq() - 1, world.broker.seqs());
  // Each state once: 40 trackers, a change each 10 seconds, and 40 infos.
  CHECK(world.broker.seqs() > 14000 && world.broker.seqs() < 14500);
  LONGS_EQUAL(0, world.broker.repeats());
}

TEST(AgentStart, WithoutABrokerItPollsAndWaits) {
  world.broker.away = true;
  world.Run(kMinuteMs);
  CHECK(world.agent->poller().polls() > 5);
  LONGS_EQUAL(40, world.agent->table().size());
  world.broker.away = false;
  world.Run(kMinuteMs + 15 * kSecondMs);
  LONGS_EQUAL(0, world.Stale());
}

TEST(AgentStart, InfosThatWereSetBackDoNotWaitForTheNextReadingOfTheFleet) {
  world.broker.away = true;
  world.Run(7 * kMinuteMs);
  LONGS_EQUAL(0, world.agent->dropped());
  CHECK(world.agent->unpublished() > 500);
  world.broker.away = false;
  world.Run(75 * kSecondMs);  // the fleet is read each 9 to 10 minutes
  LONGS_EQUAL(0, world.Stale());
  LONGS_EQUAL(0, world.Missing());
}

TEST(AgentStart, PollingWaitsAMomentForTheFirstConnect) {
  world.Start();
  world.agent->Step();
  world.clock.Advance(1999);
  world.agent->Step();
  CHECK_FALSE(world.http.busy());
  world.clock.Advance(1);
  world.agent->Step();
  CHECK(world.http.busy());
}

TEST(AgentStart, PollingDoesNotWaitForABrokerThatIsAway) {
  world.Start();
  world.agent->Step();
  world.mqtt.RefuseConnect(0, "connection refused");
  world.agent->Step();
  CHECK(world.http.busy());
}

TEST(AgentStart, WithoutTheApiItIsOnlineAndSaysWhatIsWrong) {
  world.api.away = true;
  world.Run(2 * kMinuteMs);
  STRCMP_EQUAL("online", world.Status().c_str());
  STRCMP_CONTAINS("no connection to the API", world.mqtt.Retained("depotlink/yard/health").c_str());
  LONGS_EQUAL(1, world.logs.Count(LogLevel::kWarn, "polling failed"));
  world.api.away = false;
  world.Run(10 * kMinuteMs);
  LONGS_EQUAL(0, world.Stale());
}

TEST(AgentStart, WithNeitherItComesUpAsTheyDo) {
  world.api.away = world.broker.away = true;
  world.Run(kHourMs);
  LONGS_EQUAL(0, world.agent->table().size());
  world.api.away = false;
  world.Run(10 * kMinuteMs);
  LONGS_EQUAL(40, world.agent->table().size());
  world.broker.away = false;
  world.Run(2 * kMinuteMs);
  LONGS_EQUAL(0, world.Stale());
  STRCMP_EQUAL("online", world.Status().c_str());
}

TEST(AgentStart, ARunThatFollowsAnotherIsARunOfItsOwn) {
  world.Run(kMinuteMs);
  const std::string first =
      depotlink::scenario::Member(world.mqtt.Retained(World::Topic(1, "state")), "run");
  world.mqtt.Lose();
  STRCMP_EQUAL("offline", world.Status().c_str());
  World second(40, 2);
  second.Run(kMinuteMs);
  const std::string other =
      depotlink::scenario::Member(second.mqtt.Retained(World::Topic(1, "state")), "run");
  LONGS_EQUAL(6, first.size());  // four letters in quotes
  CHECK(first != other);
}

TEST(AgentStart, GroupsThatAreRefusedCostTheirTitlesOnly) {
  world.api.refuse_groups_code = 13;
  world.Run(kMinuteMs);
  LONGS_EQUAL(0, world.Stale());
  STRCMP_EQUAL("\"ok\"", world.Health("state").c_str());
}

TEST(AgentStart, ARefusedKeyIsTriedSeldomAndShownNowhere) {
  world.api.refuse_all_code = 4;
  world.Run(kHourMs);
  CHECK(world.http.requests().size() <= 9);
  const std::size_t before = world.http.requests().size();
  world.Run(kHourMs);
  CHECK(world.http.requests().size() - before <= 6);
  LONGS_EQUAL(1, world.logs.Count(LogLevel::kError));
  for (const auto& line : world.logs.lines()) {
    CHECK(line.text.find(kApiKey) == std::string::npos);
    CHECK(line.text.find(kBrokerPassword) == std::string::npos);
  }
  for (const auto& message : world.mqtt.sent()) {
    CHECK(message.payload.find(kApiKey) == std::string::npos);
    CHECK(message.payload.find(kBrokerPassword) == std::string::npos);
  }
}

TEST(AgentStart, WhoLeavesTheFleetOrIsBlockedLeavesNoGhost) {
  world.Run(kMinuteMs);
  world.api.gone = {1, 2, 40};
  world.api.blocked = {3, 4};
  world.Run(11 * kMinuteMs);
  LONGS_EQUAL(0, world.Stale());
  CHECK(world.mqtt.Retained(World::Topic(1, "info")).empty());
  CHECK(world.mqtt.Retained(World::Topic(3, "state")).empty());
  LONGS_EQUAL(37, world.agent->table().size());
  world.api.gone.clear();
  world.api.blocked.clear();
  world.Run(11 * kMinuteMs);
  LONGS_EQUAL(0, world.Stale());
}

TEST(AgentStart, WhoLeavesWhileTheBrokerIsAwayLeavesNoGhostEither) {
  world.Run(kMinuteMs);
  world.broker.away = true;
  world.api.gone = {1, 2, 40};
  world.Run(30 * kMinuteMs);
  world.broker.away = false;
  world.Run(2 * kMinuteMs);
  LONGS_EQUAL(0, world.Stale());
}

TEST(AgentStart, AClearThatTheBrokerRefusesIsNoBusyLoop) {
  world.Run(kMinuteMs);
  world.api.gone = {1, 2};
  world.broker.refuse_topics = "tracker/1/info";
  const std::uint64_t refused = world.agent->publisher().counters().refused;
  world.Run(kHourMs);
  CHECK(world.agent->publisher().counters().refused - refused < 40);
  world.broker.refuse_topics.clear();
  world.Run(11 * kMinuteMs);
  LONGS_EQUAL(0, world.Stale());
}

TEST(AgentStart, ATopicThatTheBrokerRefusesBlocksNoOther) {
  world.broker.refuse_topics = "tracker/7/state";
  world.Run(10 * kMinuteMs);
  LONGS_EQUAL(1, world.Stale());
  CHECK(world.agent->publisher().counters().given_up > 10);
  world.broker.refuse_topics.clear();
  world.Run(kMinuteMs);
  LONGS_EQUAL(0, world.Stale());
}

TEST(AgentStart, StopsCleanlyWithinASecondAndAHalf) {
  world.Run(kMinuteMs);
  world.agent->BeginStop();
  const depotlink::MonoTime begun = world.clock.Now();
  world.Run(kMinuteMs);
  CHECK(world.agent->stopped());
  CHECK(world.clock.Now() - begun <= 1500);
  STRCMP_EQUAL("offline", world.Status().c_str());
}

TEST(AgentStart, StopsInTimeWhereTheBrokerIsSilent) {
  world.Run(kMinuteMs);
  world.broker.silent = true;
  world.Run(12 * kSecondMs);  // something is on its way
  world.agent->BeginStop();
  const depotlink::MonoTime begun = world.clock.Now();
  world.Run(kMinuteMs);
  CHECK(world.agent->stopped());
  CHECK(world.clock.Now() - begun <= 1600);
}
