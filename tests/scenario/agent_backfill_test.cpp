// SPDX-License-Identifier: Apache-2.0
// No gaps: what was missed while the API or the agent was away is read back, once and in order.
#include <map>
#include <string>

#include "tests/scenario/world.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::DurationMs;
using depotlink::kHourMs;
using depotlink::kMinuteMs;
using depotlink::kSecondMs;
using depotlink::LogLevel;
using depotlink::model::TrackerId;
using depotlink::scenario::SimulatedApi;
using depotlink::scenario::World;

namespace {

constexpr TrackerId kTrackers = 5;

// A world that reads back; everything in it changes every ten seconds.
struct Yard : World {
  explicit Yard(TrackerId trackers = kTrackers) : World(trackers) {
    settings.poll.backfill_ms = 24 * kHourMs;
    settings.poll.fleet_ms = kHourMs;
    // More often than the states change, so that live polls miss none.
    settings.poll.moving_ms = 5 * kSecondMs;
  }

  std::int64_t Newest(TrackerId id) const { return api.StateNumber(id, api.Now()); }
  // Of all states between two numbers, both included, how many came never, and how often one came
  // once too often to `history`.
  std::size_t Lost(TrackerId id, std::int64_t begin, std::int64_t last) const {
    std::size_t lost = 0;
    for (std::int64_t number = begin; number <= last; ++number) {
      lost += broker.HasSeen(id, SimulatedApi::Altitude(number)) ? 0U : 1U;
    }
    return lost;
  }
  std::size_t Repeated(TrackerId id, std::int64_t begin, std::int64_t last) const {
    std::size_t repeated = 0;
    for (std::int64_t number = begin; number <= last; ++number) {
      const std::string altitude = SimulatedApi::Altitude(number);
      const std::size_t late = broker.Times(Topic(id, "history"), altitude);
      const std::size_t live = broker.Times(Topic(id, "state"), altitude);
      repeated += late + live > 1 ? late + live - 1 : 0;
    }
    return repeated;
  }
  std::size_t LostOfAll() const {
    std::size_t lost = 0;
    for (TrackerId id = 1; id <= api.trackers; ++id) lost += Lost(id, first.at(id), Newest(id) - 1);
    return lost;
  }
  std::size_t RepeatedOfAll() const {
    std::size_t repeated = 0;
    for (TrackerId id = 1; id <= api.trackers; ++id) {
      repeated += Repeated(id, first.at(id), Newest(id));
    }
    return repeated;
  }
  // Runs for a while, and begins to count from there.
  void Begin() {
    Run(kMinuteMs);
    for (TrackerId id = 1; id <= api.trackers; ++id) first[id] = Newest(id);
  }
  void Outage(DurationMs ms) {
    api.away = true;
    Run(ms);
    api.away = false;
  }

  std::map<TrackerId, std::int64_t> first;
};

}  // namespace

TEST_GROUP(AgentBackfill){};

TEST(AgentBackfill, AnHourWithoutTheApiLeavesNoGap) {
  Yard yard;
  yard.Begin();
  yard.Outage(kHourMs);
  yard.Run(6 * kMinuteMs);
  LONGS_EQUAL(0, yard.LostOfAll());
  LONGS_EQUAL(0, yard.RepeatedOfAll());
  LONGS_EQUAL(0, yard.broker.backwards());
  LONGS_EQUAL(kTrackers, yard.api.tracks_asked.size());
  LONGS_EQUAL(0, yard.Stale());
  CHECK(yard.spins < 10);
}

TEST(AgentBackfill, AShortBreathIsNoGap) {
  Yard yard;
  yard.Begin();
  yard.Outage(20 * kSecondMs);
  yard.Run(10 * kMinuteMs);
  LONGS_EQUAL(0, yard.api.tracks_asked.size());
  LONGS_EQUAL(0, yard.logs.Count(LogLevel::kInfo, "missed"));
}

TEST(AgentBackfill, NothingIsAskedInAGoodDay) {
  Yard yard;
  yard.Begin();
  const std::size_t disk_writes = yard.disk.Names().size();
  yard.Run(3 * kHourMs);
  LONGS_EQUAL(0, yard.api.tracks_asked.size());
  LONGS_EQUAL(0, yard.LostOfAll());
  LONGS_EQUAL(disk_writes, yard.disk.Names().size());
}

TEST(AgentBackfill, SwitchedOffItAsksNothing) {
  Yard yard;
  yard.settings.poll.backfill_ms = 0;
  yard.Begin();
  yard.Outage(kHourMs);
  yard.Run(6 * kMinuteMs);
  LONGS_EQUAL(0, yard.api.tracks_asked.size());
  CHECK(yard.LostOfAll() > 1000);
  CHECK(!yard.ram.Has("gaps"));
}

TEST(AgentBackfill, NoFartherBackThanTheConfigSays) {
  Yard yard;
  yard.settings.poll.backfill_ms = 10 * kMinuteMs;
  yard.Begin();
  yard.Outage(kHourMs);
  yard.Run(6 * kMinuteMs);
  // The state of the hour's end is not the first of these ten minutes.
  const std::size_t hour = 6 * 60 * kTrackers;
  const std::size_t minutes = 6 * 10 * kTrackers;
  CHECK(yard.LostOfAll() > hour - minutes - 50);
  CHECK(yard.LostOfAll() < hour - minutes + 200);
}

TEST(AgentBackfill, WhatStoodStillCostsNoCall) {
  Yard yard;
  yard.api.still = {2, 4};
  yard.Run(kSecondMs);
  yard.api.still_since = yard.api.Now();
  yard.Begin();
  yard.Outage(kHourMs);
  yard.Run(6 * kMinuteMs);
  CHECK(yard.api.tracks_asked == std::vector<TrackerId>({1, 3, 5}));
  LONGS_EQUAL(0, yard.LostOfAll());
}

TEST(AgentBackfill, OneCallASecondAndLivePollsGoOn) {
  Yard yard(40);
  yard.Begin();
  yard.Outage(2 * kMinuteMs);
  yard.Run(3 * kMinuteMs);
  LONGS_EQUAL(40, yard.api.tracks_asked.size());
  for (std::size_t i = 1; i < 40; ++i) {
    CHECK(yard.api.tracks_asked_at[i] - yard.api.tracks_asked_at[i - 1] >= kSecondMs);
  }
  LONGS_EQUAL(0, yard.LostOfAll());
  LONGS_EQUAL(0, yard.RepeatedOfAll());
}

TEST(AgentBackfill, SpansAreHalvedAndLimitsGoneRound) {
  Yard yard;
  yard.api.span_most_ms = 20 * kMinuteMs;
  yard.api.points_most = 50;
  yard.Begin();
  yard.Outage(3 * kHourMs);
  yard.Run(12 * kMinuteMs);
  LONGS_EQUAL(0, yard.LostOfAll());
  LONGS_EQUAL(0, yard.RepeatedOfAll());
  LONGS_EQUAL(0, yard.broker.backwards());
  // Halving is learnt once: 4 h, 2 h, 1 h, 30 m are refused at most; 15 m then hold 90 points.
  CHECK(yard.api.tracks_asked.size() < 4 + 3 * 13 * kTrackers);
}

TEST(AgentBackfill, ATrackerThatIsRefusedIsPassedOver) {
  Yard yard;
  yard.api.no_track = {3};
  yard.Begin();
  yard.Outage(kHourMs);
  yard.Run(6 * kMinuteMs);
  for (const TrackerId id : {1U, 2U, 4U, 5U}) {
    LONGS_EQUAL(0, yard.Lost(id, yard.first[id], yard.Newest(id) - 1));
  }
  LONGS_EQUAL(kTrackers, yard.api.tracks_asked.size());
  LONGS_EQUAL(1, yard.logs.Count(LogLevel::kWarn, "does not give"));
  STRCMP_EQUAL("0", yard.Health("trackers_left").c_str());
  CHECK(yard.mqtt.Retained("depotlink/yard/health").find("\"refused\":1}") != std::string::npos);
}

TEST(AgentBackfill, NothingIsAskedWhileTheBusIsAway) {
  Yard yard(12);
  yard.Begin();
  yard.Outage(kHourMs);
  while (yard.api.tracks_asked.size() < 4) yard.Run(kSecondMs);
  const std::size_t asked = yard.api.tracks_asked.size();
  CHECK(asked < 10);
  yard.broker.away = true;
  yard.Run(10 * kMinuteMs);
  LONGS_EQUAL(asked, yard.api.tracks_asked.size());
  yard.broker.away = false;
  yard.Run(5 * kMinuteMs);
  // What waited in the queue has come in between: it goes first.
  LONGS_EQUAL(0, yard.LostOfAll());
  LONGS_EQUAL(0, yard.agent->unpublished());
}

TEST(AgentBackfill, AGapBehindAGap) {
  Yard yard(12);
  yard.Begin();
  yard.Outage(kHourMs);
  while (yard.api.tracks_asked.size() < 5) yard.Run(kSecondMs);
  for (int i = 0; i < 3; ++i) {
    yard.Outage(5 * kMinuteMs);
    yard.Run(20 * kSecondMs);
  }
  yard.Run(10 * kMinuteMs);
  LONGS_EQUAL(0, yard.LostOfAll());
  LONGS_EQUAL(0, yard.broker.backwards());
  STRCMP_EQUAL("0", yard.Health("gaps").c_str());
}

TEST(AgentBackfill, KilledAndStartedLater) {
  Yard yard;
  yard.Begin();
  yard.clock.Advance(30 * kMinuteMs);
  yard.Kill();
  yard.Run(6 * kMinuteMs);
  LONGS_EQUAL(0, yard.LostOfAll());
  // Of the last minute before the kill, and what is taken along for good measure.
  CHECK(yard.RepeatedOfAll() <= 10 * kTrackers);
  LONGS_EQUAL(0, yard.broker.backwards());
}

TEST(AgentBackfill, KilledInTheMidstOfIt) {
  for (std::size_t at = 1; at < 10; at += 2) {
    Yard yard(10);
    yard.Begin();
    yard.Outage(kHourMs);
    while (yard.api.tracks_asked.size() < at) yard.Run(kSecondMs / 4);
    const TrackerId hand = yard.api.tracks_asked.back();
    yard.Kill();
    yard.Run(6 * kMinuteMs);
    for (TrackerId id = 1; id <= 10; ++id) {
      const std::int64_t last = yard.first[id] + 360;
      LONGS_EQUAL(0, yard.Lost(id, yard.first[id] + 1, last));
      if (id != hand) CHECK(yard.Repeated(id, yard.first[id], last) <= 8);
      // Those before were not asked for again.
      std::size_t asked = 0;
      for (const TrackerId tracker : yard.api.tracks_asked) asked += tracker == id ? 1U : 0U;
      if (id < hand) LONGS_EQUAL(1, asked);
    }
  }
}

TEST(AgentBackfill, StoppedAndStartedAfterAReboot) {
  Yard yard(10);
  yard.Begin();
  yard.Outage(kHourMs);
  while (yard.api.tracks_asked.size() < 3) yard.Run(kSecondMs / 4);
  CHECK(!yard.disk.Has("gaps"));
  yard.agent->BeginStop();
  yard.Run(10 * kSecondMs);
  CHECK(yard.disk.Has("gaps"));
  for (const std::string& name : yard.ram.Names()) yard.ram.Erase(name);
  yard.clock.Advance(30 * kMinuteMs);
  yard.Kill();
  yard.Run(6 * kMinuteMs);
  CHECK(!yard.disk.Has("gaps"));
  LONGS_EQUAL(0, yard.LostOfAll());
  CHECK(yard.broker.backwards() <= 1);  // the tracker that was in hand
}
