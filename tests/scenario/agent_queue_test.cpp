// SPDX-License-Identifier: Apache-2.0
// The whole agent through kills, power cuts and sick disks, in virtual time: what it promises of
// its queue.
#include <map>
#include <set>
#include <string>

#include "tests/scenario/world.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::DurationMs;
using depotlink::kHourMs;
using depotlink::kMinuteMs;
using depotlink::kSecondMs;
using depotlink::LogLevel;
using depotlink::fakes::SeededRandom;
using depotlink::scenario::SimulatedApi;
using depotlink::scenario::World;

namespace {

using Served = std::map<depotlink::model::TrackerId, std::set<std::int64_t>>;

std::size_t MissingOf(const World& world, const Served& served) {
  std::size_t missing = 0;
  for (const auto& [id, numbers] : served) {
    for (const std::int64_t number : numbers) {
      if (!world.broker.HasSeen(id, SimulatedApi::Altitude(number))) ++missing;
    }
  }
  return missing;
}

// Some steps that the broker does not answer, so that records are on their way; then no answer is
// half read.
void StopInTheMidst(World& world, SeededRandom& random) {
  for (std::uint64_t i = random.Below(4); i > 0; --i) world.agent->Step();
  while (world.http.busy()) {
    world.api.Serve();
    world.agent->Step();
  }
}

void HoldsInTheEnd(World& world) {
  world.broker.away = world.broker.silent = false;
  world.Run(3 * kMinuteMs);
  LONGS_EQUAL(0, world.broker.backwards());
  LONGS_EQUAL(0, world.Stale());
  LONGS_EQUAL(0, world.agent->unpublished());
  LONGS_EQUAL(0, world.disk.violations().size());
  LONGS_EQUAL(0, world.cipher.nonce_repeats());
  LONGS_EQUAL(0, world.mqtt.violations());
}

}  // namespace

TEST_GROUP(AgentQueue){};

TEST(AgentQueue, NothingIsWrittenToTheDiskWhileTheBusIsThere) {
  World world(50);
  world.Run(kMinuteMs);
  const std::uint64_t written = world.disk.bytes_written();
  const std::size_t syncs = world.disk.syncs() + world.disk.directory_syncs();
  world.Run(kHourMs);
  LONGS_EQUAL(written, world.disk.bytes_written());
  LONGS_EQUAL(syncs, world.disk.syncs() + world.disk.directory_syncs());
  LONGS_EQUAL(0, world.Missing());
}

TEST(AgentQueue, AnOutageLeavesNothingBehindOnTheDisk) {
  World world(50);
  world.Run(kMinuteMs);
  world.broker.away = true;
  world.Run(10 * kMinuteMs);
  CHECK(world.agent->queue().spool().totals().records > 2000);
  world.broker.away = false;
  world.Run(kMinuteMs);
  LONGS_EQUAL(0, world.agent->queue().spool().totals().segments);
  LONGS_EQUAL(0, world.Missing());
  HoldsInTheEnd(world);
}

TEST(AgentQueue, KillsAtAnyTimeLoseNothing) {
  for (const bool to_state : {false, true}) {
    World world(12);
    world.settings.queue.replay_to_state = to_state;
    SeededRandom random(7);
    const std::size_t kills = 150;
    for (std::size_t i = 0; i < kills; ++i) {
      world.broker.away = random.Chance(50);
      world.Run(static_cast<DurationMs>(random.Below(20'000)));
      StopInTheMidst(world, random);
      world.Kill();
    }
    HoldsInTheEnd(world);
    LONGS_EQUAL(0, world.Missing());
    CHECK(world.broker.repeats() <= kills * depotlink::limits::kInFlight);
  }
}

TEST(AgentQueue, PowerCutsLoseNoMoreThanTheFlushIntervalAllows) {
  World world(12);
  SeededRandom random(11);
  Served promised;  // served long enough before a cut
  Served lost;      // by right: served just before one
  for (int i = 0; i < 60; ++i) {
    world.broker.away = true;
    world.Run(static_cast<DurationMs>(random.Below(40'000)));
    const Served before = world.api.all_served();
    world.Run(world.settings.queue.flush_interval_ms + kSecondMs);
    for (const auto& [id, numbers] : before) {
      for (const std::int64_t number : numbers) {
        if (lost[id].count(number) == 0) promised[id].insert(number);
      }
    }
    StopInTheMidst(world, random);
    world.PowerCut(random);
    for (const auto& [id, numbers] : world.api.all_served()) {
      for (const std::int64_t number : numbers) {
        if (promised[id].count(number) == 0) lost[id].insert(number);
      }
    }
    if (random.Chance(40)) {
      world.broker.away = false;
      world.Run(static_cast<DurationMs>(random.Below(5'000)));
    }
  }
  HoldsInTheEnd(world);
  LONGS_EQUAL(0, MissingOf(world, promised));
  CHECK(promised[1].size() > 50);
}

TEST(AgentQueue, ADiskThatTakesNothingStopsNothingAndHeals) {
  World world(20);
  world.Run(kMinuteMs);
  world.disk.set_read_only(true);
  world.Run(kMinuteMs);
  LONGS_EQUAL(0, world.Missing());
  world.broker.away = true;
  world.Run(20 * kSecondMs);
  CHECK(world.agent->queue().disk_state() == depotlink::queue::DiskState::kAskPerson);
  LONGS_EQUAL(1, world.logs.Count(LogLevel::kError, "the queue on disk cannot be used"));
  // The window still holds it all when the disk takes something again.
  world.disk.set_read_only(false);
  world.Run(kMinuteMs);
  CHECK(world.agent->queue().disk_state() == depotlink::queue::DiskState::kOk);
  LONGS_EQUAL(1, world.logs.Count(LogLevel::kInfo, "the queue on disk can be used again"));
  HoldsInTheEnd(world);
  LONGS_EQUAL(0, world.Missing());
  LONGS_EQUAL(0, world.agent->dropped());
}

TEST(AgentQueue, WithoutDiskAndBusTheOldestAreLostAndCounted) {
  World world(100);
  world.Run(kMinuteMs);
  world.disk.set_read_only(true);
  world.broker.away = true;
  world.Run(10 * kMinuteMs);
  const std::uint64_t dropped = world.agent->dropped();
  CHECK(dropped > 5000);
  world.disk.set_read_only(false);
  HoldsInTheEnd(world);
  LONGS_EQUAL(dropped, world.Missing());
}

TEST(AgentQueue, NoPlaceForTheJournalIsToldOnceAndStopsNothing) {
  World world(5);
  world.ram.set_open_status({depotlink::Code::kAskPerson, "run: Permission denied"});
  world.Run(kMinuteMs);
  LONGS_EQUAL(1, world.logs.Count(LogLevel::kWarn, "no journal can be kept"));
  STRCMP_EQUAL("false", world.Health("journal").c_str());
  LONGS_EQUAL(0, world.Missing());
  world.ram.set_open_status({});
  world.Run(kMinuteMs + kSecondMs);
  STRCMP_EQUAL("true", world.Health("journal").c_str());
  HoldsInTheEnd(world);
}

TEST(AgentQueue, AnEndWithRecordsWaitingKeepsThemOverAPowerCut) {
  World world(20);
  world.Run(kMinuteMs);
  world.broker.away = true;
  world.Run(kSecondMs / 2);
  world.Run(30 * kSecondMs);
  world.agent->BeginStop();
  world.Run(10 * kSecondMs);
  CHECK(world.agent->stopped());
  SeededRandom random(3);
  world.PowerCut(random);
  HoldsInTheEnd(world);
  LONGS_EQUAL(0, world.Missing());
}

// By the config: the broker is away until the queue is full.
TEST(AgentQueue, AFullQueueKeepsTheNewestOfEachTracker) {
  World world(150);
  world.settings.queue.keep_newest = true;
  world.settings.queue.max_bytes = 1024ULL * 1024;
  world.settings.queue.min_free_bytes = 0;
  world.Run(kMinuteMs);
  world.broker.away = true;
  const auto& spool = world.agent->queue().spool();
  std::size_t minutes = 0;
  for (; spool.losses().quota == 0 && minutes < 600; ++minutes) {
    world.Run(kMinuteMs);
    CHECK(spool.totals().bytes <= world.settings.queue.max_bytes);
  }
  CHECK(minutes < 600);
  CHECK(world.logs.Has("all but the newest record of each tracker were dropped"));
  CHECK_FALSE(world.logs.Has("the oldest records of the queue were dropped"));
  const std::uint64_t lost = spool.losses().quota;
  world.broker.away = false;
  world.Run(3 * kMinuteMs);
  STRCMP_EQUAL(std::to_string(lost).c_str(), world.Health("lost_quota").c_str());
  STRCMP_EQUAL(std::to_string(lost).c_str(), world.Health("dropped").c_str());
  LONGS_EQUAL(lost, world.Missing());
  HoldsInTheEnd(world);
}
