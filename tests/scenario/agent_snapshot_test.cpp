// SPDX-License-Identifier: Apache-2.0
// Snapshots of the whole agent: what the pages say beside what stands on the trackers' own topics.
#include <map>
#include <string>

#include "tests/scenario/world.hpp"
#include "tests/unit/encode/round_trip.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::kHourMs;
using depotlink::kMinuteMs;
using depotlink::kSecondMs;
using depotlink::LogLevel;
using depotlink::model::TrackerId;
using depotlink::scenario::SimulatedApi;
using depotlink::scenario::World;

TEST_GROUP(AgentSnapshot) {
  World world{300};

  void setup() override {
    world.settings.publish.snapshots = true;
    world.settings.publish.snapshot_every_ms = 2 * kMinuteMs;
    world.settings.publish.page_bytes = depotlink::limits::kSnapshotLeastBytes;
  }
  void teardown() override {
    LONGS_EQUAL(0, world.mqtt.violations());
    LONGS_EQUAL(0, world.broker.backwards());
    LONGS_EQUAL(0, world.Stale());
    CHECK(world.spins < 10);
  }
  // The states on all pages that are retained; empty where they are not one whole round.
  std::map<TrackerId, Json::Value> Pages() {
    std::map<TrackerId, Json::Value> states;
    std::string round;
    std::uint64_t seen = 0;
    std::uint64_t last = 0;
    for (const auto& [topic, payload] : world.mqtt.retained()) {
      if (topic.find("/snapshot/") == std::string::npos) continue;
      Json::Value page;
      CHECK(depotlink::encode::ReadStrictly(payload, page));
      ++seen;
      const std::string name = page["run"].asString() + '-' + page["round"].asString();
      if (!round.empty() && name != round) return {};
      round = name;
      if (page.isMember("pages")) last = page["pages"].asUInt64();
      for (const Json::Value& state : page["states"]) states[state["id"].asUInt64()] = state;
    }
    if (seen != last) return {};
    return states;
  }
  std::size_t Asked() {
    return world.http.requests().size();
  }
};

TEST(AgentSnapshot, SaysOfEachTrackerWhatTheApiLastSaid) {
  world.api.still_since = world.api.Now();
  for (TrackerId id = 1; id <= 200; ++id) world.api.still.insert(id);
  world.Run(3 * kMinuteMs);
  const auto states = Pages();
  LONGS_EQUAL(300, states.size());
  for (const auto& [id, state] : states) {
    Json::Value own;
    CHECK(depotlink::encode::ReadStrictly(world.mqtt.Retained(World::Topic(id, "state")), own));
    own.removeMember("run");
    own.removeMember("seq");
    Json::Value shown = state;
    const bool later = id <= 200;  // published once, and polled again since
    if (!later) CHECK(shown["update_time"].asString() <= own["update_time"].asString());
    if (!later) continue;
    CHECK(shown["poll_time"].asString() >= own["poll_time"].asString());
    shown.removeMember("poll_time");
    own.removeMember("poll_time");
    CHECK(shown == own);
  }
  LONGS_EQUAL(2, world.agent->snapshots().counters().rounds);
  LONGS_EQUAL(world.agent->pipeline().next_seq() - 1, world.broker.seqs());
}

TEST(AgentSnapshot, CostsNoRequestWhereAllArePolledAnyway) {
  world.settings.publish.snapshots = false;
  world.Run(6 * kMinuteMs);
  const std::size_t without = Asked();
  World other(300);
  other.settings = world.settings;
  other.settings.publish.snapshots = true;
  other.Run(6 * kMinuteMs);
  LONGS_EQUAL(without, other.http.requests().size());
}

TEST(AgentSnapshot, OnRequestWithoutWaitingForThePolls) {
  world.settings.publish.snapshot_every_ms = 24 * kHourMs;
  world.settings.poll.moving_ms = kHourMs;
  world.Run(6 * kMinuteMs);
  const std::size_t before = Asked();
  world.Run(kMinuteMs);
  LONGS_EQUAL(before, Asked());
  world.agent->AskSnapshot();
  world.Run(5 * kSecondMs);
  LONGS_EQUAL(2, world.agent->snapshots().counters().rounds);
  STRCMP_EQUAL("300", std::to_string(Pages().size()).c_str());
  CHECK(Asked() <= before + 2);  // again where the first answer was more than the window takes
}

TEST(AgentSnapshot, NoGhosts) {
  world.Run(kMinuteMs);
  LONGS_EQUAL(300, Pages().size());
  for (TrackerId id = 1; id <= 250; ++id)
    (id % 2 == 0 ? world.api.gone : world.api.blocked).insert(id);
  world.Run(13 * kMinuteMs);
  LONGS_EQUAL(50, Pages().size());
  CHECK(Pages().count(300) == 1);
}

TEST(AgentSnapshot, NoGhostsOfAnEarlierRunEither) {
  world.Run(kMinuteMs);
  world.api.trackers = 20;
  world.Kill();
  world.Run(kMinuteMs);
  LONGS_EQUAL(20, Pages().size());
  world.api.trackers = 0;  // teardown() asks for those of the end
  world.settings.publish.snapshots = false;
  world.Kill();
  world.Run(kMinuteMs);
  for (const auto& [topic, payload] : world.mqtt.retained()) {
    CHECK(topic.find("/snapshot/") == std::string::npos);
  }
}

TEST(AgentSnapshot, ABusThatFlapsGetsItWholeInTheEndAndAllElseInOrder) {
  depotlink::fakes::SeededRandom chance(11);
  int steps = 0;
  world.Run(5 * kMinuteMs, [&] {
    if (++steps % 37 == 0) world.broker.Flap(chance);
  });
  CHECK(world.broker.flaps() > 5);
  world.broker.forgets = true;
  world.mqtt.Lose();
  world.Run(kMinuteMs);
  LONGS_EQUAL(300, Pages().size());
  world.broker.away = true;
  world.mqtt.Lose();
  world.Run(5 * kMinuteMs);
  world.broker.away = false;
  world.Run(2 * kMinuteMs);
  LONGS_EQUAL(300, Pages().size());
  LONGS_EQUAL(0, world.Missing());
  LONGS_EQUAL(0, world.agent->dropped());
}

TEST(AgentSnapshot, ARefusedPageCostsNothingElse) {
  world.broker.refuse_topics = "snapshot/1";
  world.Run(5 * kMinuteMs);
  LONGS_EQUAL(1, world.logs.Count(LogLevel::kWarn, "the broker refuses a page"));
  LONGS_EQUAL(0, world.Missing());
}
