// SPDX-License-Identifier: Apache-2.0
// Extra polls of the whole agent, through all that a bus can do.
#include <string>

#include "tests/scenario/world.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::DurationMs;
using depotlink::kHourMs;
using depotlink::kMinuteMs;
using depotlink::kSecondMs;
using depotlink::LogLevel;
using depotlink::scenario::World;

TEST_GROUP(AgentExtras) {
  World world{10};

  void setup() override {
    Add("zone/list", "zones", true);
    Add("tag/list", "tags", false);
    Serve(200);
  }
  void teardown() override {
    LONGS_EQUAL(0, world.mqtt.violations());
    LONGS_EQUAL(0, world.broker.backwards());
    CHECK(world.spins < 10);
  }
  void Add(const char* path, const char* topic, bool split) {
    depotlink::settings::Extra extra;
    extra.path = path;
    extra.topic = topic;
    extra.split = split;
    extra.every_ms = 24 * kHourMs;
    world.settings.extra.push_back(extra);
  }
  // So many zones; and each page says all of them, which the server that knows no pages may.
  void Serve(int zones, const char* name = "n") {
    std::string list;
    for (int i = 1; i <= zones; ++i) {
      list += (list.empty() ? "" : ",") + ("{\"id\":" + std::to_string(i)) + ",\"name\":\"" + name +
              "\"}";
    }
    world.api.others["zone/list"] = "{\"success\":true,\"list\":[" + list + "]}";
    world.api.others["tag/list"] =
        R"({"success":true,"list":[{"id":1,"name":")" + std::string(name) + "\"}]}";
  }
  int Zones() {
    int count = 0;
    for (int i = 1; i <= 300; ++i) {
      const std::string topic = "depotlink/yard/extra/zones/" + std::to_string(i);
      count += world.mqtt.Retained(topic).empty() ? 0 : 1;
    }
    return count;
  }
  std::string Tags() {
    return world.mqtt.Retained("depotlink/yard/extra/tags");
  }
  int Asked() {
    return world.api.others_asked["zone/list"] + world.api.others_asked["tag/list"];
  }
};

TEST(AgentExtras, StandOnTheBusBesideTheFleet) {
  world.Run(kMinuteMs);
  LONGS_EQUAL(200, Zones());
  STRCMP_CONTAINS("\"list\":[{\"id\":1,\"name\":\"n\"}],\"count\":1", Tags().c_str());
  LONGS_EQUAL(2, Asked());
  LONGS_EQUAL(0, world.Stale());
  STRCMP_EQUAL("2", world.Health("count").c_str());
  // Their numbers are the run's: no gap.
  LONGS_EQUAL(world.agent->pipeline().next_seq() - 1, world.broker.seqs());
}

TEST(AgentExtras, WithoutABrokerNothingIsAskedForAndAllIsSaidAfter) {
  world.broker.away = true;
  world.Run(kHourMs);
  LONGS_EQUAL(0, Asked());
  CHECK(world.agent->poller().polls() > 100);  // the fleet is
  world.broker.away = false;
  world.Run(kMinuteMs);
  LONGS_EQUAL(200, Zones());
  CHECK(!Tags().empty());
}

TEST(AgentExtras, ABrokerWithoutMemoryIsToldAnew) {
  world.Run(kMinuteMs);
  world.broker.forgets = true;
  world.mqtt.Lose();
  world.Run(kMinuteMs);
  LONGS_EQUAL(200, Zones());
  CHECK(!Tags().empty());
  LONGS_EQUAL(4, Asked());
}

TEST(AgentExtras, ABrokerThatOnlyWentAwayIsNotToldWhatItKnows) {
  world.Run(kMinuteMs);
  world.broker.away = true;
  world.mqtt.Lose();
  world.Run(kHourMs);
  world.broker.away = false;
  world.Run(kMinuteMs);
  LONGS_EQUAL(2, Asked());
  LONGS_EQUAL(200, Zones());
}

TEST(AgentExtras, AConnectionThatBreaksAgainAndAgainCostsNone) {
  depotlink::fakes::SeededRandom chance(7);
  for (int i = 0; i < 30; ++i) {
    Serve(200 + i % 3, std::to_string(i).c_str());
    int steps = 0;
    world.agent.reset();
    if (world.mqtt.connected()) world.mqtt.Lose();
    world.Run(5 * kSecondMs, [&] {
      if (++steps % 7 == 0 && steps < 60) world.broker.Flap(chance);
    });
  }
  Serve(200, "last");
  world.Kill();
  world.Run(2 * kMinuteMs);
  CHECK(world.broker.flaps() > 50);
  for (int i = 1; i <= 200; ++i) {
    STRCMP_CONTAINS("\"name\":\"last\"",
                    world.mqtt.Retained("depotlink/yard/extra/zones/" + std::to_string(i)).c_str());
  }
  STRCMP_CONTAINS("\"name\":\"last\"", Tags().c_str());
}

// Ten seconds into an outage that begins while the list comes in: what the window held goes, and
// comes again.
TEST(AgentExtras, WhatWasOnItsWayWhenTheBusWentIsSaidAnew) {
  world.broker.silent = true;
  world.Run(kSecondMs);
  world.broker.away = true;
  world.mqtt.Lose();
  world.Run(kMinuteMs);
  LONGS_EQUAL(0, Zones());
  world.broker.silent = world.broker.away = false;
  world.Run(kMinuteMs);
  LONGS_EQUAL(200, Zones());
  CHECK(!Tags().empty());
}

TEST(AgentExtras, ARefusedTopicIsToldOnceAndTriedNoMore) {
  world.broker.refuse_topics = "extra/tags";
  world.Run(kHourMs);
  LONGS_EQUAL(1, world.logs.Count(LogLevel::kWarn, "the broker refuses it"));
  LONGS_EQUAL(1, world.api.others_asked["tag/list"]);
  STRCMP_EQUAL("1", world.Health("failing").c_str());
  LONGS_EQUAL(200, Zones());
  LONGS_EQUAL(0, world.Stale());
}

TEST(AgentExtras, TopicsOfElementsThatAreGoneAreCleared) {
  world.settings.extra[0].every_ms = kMinuteMs;
  world.Run(kMinuteMs);
  Serve(150);
  world.Run(3 * kMinuteMs);
  LONGS_EQUAL(150, Zones());
  LONGS_EQUAL(0, world.Stale());
}

// The backlog goes first, and live records wait for it: extras are not asked for until then.
TEST(AgentExtras, WhereTheBacklogGoesFirstTheyWaitForIt) {
  world.settings.queue.replay_to_state = true;
  world.Run(kMinuteMs);
  world.broker.forgets = world.broker.away = true;
  world.mqtt.Lose();
  world.Run(2 * kHourMs);
  LONGS_EQUAL(2, Asked());
  world.broker.away = false;
  world.Run(2 * kMinuteMs);
  LONGS_EQUAL(200, Zones());
  CHECK(Asked() <= 6);
  LONGS_EQUAL(0, world.Stale());
}
