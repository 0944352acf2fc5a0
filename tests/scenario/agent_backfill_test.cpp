// SPDX-License-Identifier: Apache-2.0
// No gaps: what was missed while the API or the agent was away is read back, once and in order.
#include <string>

#include "tests/scenario/world.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::DurationMs;
using depotlink::kHourMs;
using depotlink::kMinuteMs;
using depotlink::kSecondMs;
using depotlink::WallTime;
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
