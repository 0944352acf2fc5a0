// SPDX-License-Identifier: Apache-2.0
// No ghosts: what vanished or was blocked leaves nothing on the bus, whatever is dropped on the
// way.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "agent/pipeline.hpp"
#include "tests/fakes/fake_random.hpp"
#include "tests/unit/pipeline_fixture.hpp"
#include "tests/unit/stride.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::FleetEntry;
using depotlink::PipelineFixture;
using depotlink::StateText;
using depotlink::Stride;
using depotlink::fakes::SeededRandom;
using depotlink::fleet::Tracker;
using depotlink::model::TrackerId;
using depotlink::queue::RecordKind;
using Texts = std::vector<std::string>;

namespace {

constexpr const char* kFirst = "2024-08-01T13:45:01+00:00";

const std::string kState7 = "d/yard/tracker/7/state";
const std::string kInfo7 = "d/yard/tracker/7/info";

}  // namespace

TEST_GROUP(PipelineClear) {
  PipelineFixture fixture;

  // Trackers 7 and 8 are on the bus.
  void setup() override {
    fixture.List({{7, "seven"}, {8, "eight"}});
    fixture.Poll(7, StateText(45.7, kFirst));
    fixture.Poll(8, StateText(45.8, kFirst));
    fixture.TakeNames();
    LONGS_EQUAL(4, fixture.bus.size());
  }
};

TEST(PipelineClear, WhoLeftTheFleetIsClearedAndRemoved) {
  fixture.List({{8, "eight"}});
  CHECK(fixture.TakeNames().empty());  // not before there is a broker that takes it
  CHECK_FALSE(fixture.pipeline.ClearGone());
  CHECK(fixture.TakeNames() == (Texts{"clear-state " + kState7, "clear-info " + kInfo7}));
  POINTERS_EQUAL(nullptr, fixture.table.Find(7));
  LONGS_EQUAL(2, fixture.bus.size());
  CHECK_FALSE(fixture.pipeline.ClearGone());
  CHECK(fixture.TakeNames().empty());
}

TEST(PipelineClear, ClearingIsRetainedAndEmpty) {
  fixture.List({{8, "eight"}});
  fixture.pipeline.ClearGone();
  LONGS_EQUAL(2, fixture.pushed.size());
  for (const PipelineFixture::Pushed& record : fixture.pushed) {
    CHECK(record.retain);
    CHECK(record.payload.empty());
  }
}

TEST(PipelineClear, AListThatIsNotWholeRemovesNobody) {
  fixture.List({{8, "eight"}}, false);
  fixture.pipeline.ClearGone();
  LONGS_EQUAL(2, fixture.table.size());
  CHECK(fixture.TakeNames().empty());
}

TEST(PipelineClear, AnEmptyFleetClearsAll) {
  fixture.List({});
  fixture.pipeline.ClearGone();
  LONGS_EQUAL(0, fixture.table.size());
  CHECK(fixture.bus.empty());
}

TEST(PipelineClear, WhatWasNeverPublishedIsNotCleared) {
  fixture.List({{7, "seven"}, {8, "eight"}, {9, "nine"}});
  fixture.TakeNames();
  fixture.List({{7, "seven"}, {8, "eight"}});
  fixture.pipeline.ClearGone();
  CHECK(fixture.TakeNames() == (Texts{"clear-info d/yard/tracker/9/info"}));
}

TEST(PipelineClear, TheGoneAreNotAskedFor) {
  fixture.clock.Advance(depotlink::kHourMs);
  fixture.List({{8, "eight"}});
  LONGS_EQUAL(1, fixture.Due());
}

TEST(PipelineClear, WhoComesBackBeforeItWasClearedStays) {
  fixture.List({{8, "eight"}});
  fixture.List({{7, "seven"}, {8, "eight"}});
  CHECK_FALSE(fixture.pipeline.ClearGone());
  CHECK(fixture.TakeNames().empty());
  fixture.Poll(7, StateText(45.7, kFirst));
  CHECK(fixture.TakeNames().empty());  // all of it still stands there
  LONGS_EQUAL(4, fixture.bus.size());
}

TEST(PipelineClear, WhoComesBackHalfClearedIsPublishedAnew) {
  fixture.List({{8, "eight"}});
  fixture.room = 1;
  CHECK(fixture.pipeline.ClearGone());
  CHECK(fixture.TakeNames() == (Texts{"clear-state " + kState7}));
  fixture.room = SIZE_MAX;
  fixture.List({{7, "seven"}, {8, "eight"}});
  fixture.pipeline.ClearGone();
  fixture.Poll(7, StateText(45.7, kFirst));
  LONGS_EQUAL(4, fixture.bus.size());
}

TEST(PipelineClear, WhoComesBackAfterItWasClearedIsNew) {
  fixture.List({{8, "eight"}});
  fixture.pipeline.ClearGone();
  fixture.TakeNames();
  fixture.List({{7, "seven"}, {8, "eight"}});
  fixture.Poll(7, StateText(45.7, kFirst));
  CHECK(fixture.TakeNames() == (Texts{"info " + kInfo7, "state " + kState7}));
}

TEST(PipelineClear, ClearingGoesOnWhereThereWasNoRoom) {
  fixture.List({});
  Texts cleared;
  fixture.room = 0;
  CHECK(fixture.pipeline.ClearGone());
  CHECK(fixture.TakeNames().empty());
  for (int i = 0; i < 3; ++i) {
    fixture.room = 1;
    CHECK(fixture.pipeline.ClearGone());
    LONGS_EQUAL(1, fixture.TakeNames().size());
  }
  fixture.room = 1;
  CHECK_FALSE(fixture.pipeline.ClearGone());
  CHECK(fixture.bus.empty());
  LONGS_EQUAL(0, fixture.table.size());
}

TEST(PipelineClear, TheBlockedAreClearedButNotForgotten) {
  fixture.PollBlocked(7);
  fixture.pipeline.ClearGone();
  CHECK(fixture.TakeNames() == (Texts{"clear-state " + kState7, "clear-info " + kInfo7}));
  CHECK(fixture.table.Find(7) != nullptr);
  fixture.PollBlocked(7);
  fixture.pipeline.ClearGone();
  CHECK(fixture.TakeNames().empty());
  // Asked for again, if seldom.
  fixture.clock.Advance(300 * depotlink::kSecondMs);
  LONGS_EQUAL(2, fixture.Due());
}

TEST(PipelineClear, TheMissingAreClearedAsWell) {
  fixture.PollMissing(7);
  fixture.pipeline.ClearGone();
  CHECK(fixture.bus.count(kState7) == 0);
  LONGS_EQUAL(2, fixture.bus.size());
}

TEST(PipelineClear, BlockedByTheListIsBlocked) {
  fixture.List({{7, "seven", 0, true}, {8, "eight"}});
  fixture.pipeline.ClearGone();
  LONGS_EQUAL(2, fixture.bus.size());
  CHECK(fixture.table.Find(7) != nullptr);
  fixture.TakeNames();
  fixture.List({{7, "seven", 0, true}, {8, "eight"}});
  fixture.pipeline.ClearGone();
  CHECK(fixture.TakeNames().empty());
}

TEST(PipelineClear, TheUnblockedArePublishedAnewEvenWithAnOlderTime) {
  fixture.PollBlocked(7);
  fixture.pipeline.ClearGone();
  fixture.TakeNames();
  fixture.List({{7, "seven"}, {8, "eight"}});
  fixture.Poll(7, StateText(45.7, "2024-08-01T13:00:00+00:00"));
  CHECK(fixture.TakeNames() == (Texts{"info " + kInfo7, "state " + kState7}));
}

TEST(PipelineClear, UnblockedBeforeItWasClearedNothingIsCleared) {
  fixture.PollBlocked(7);
  fixture.List({{7, "seven"}, {8, "eight"}});
  fixture.Poll(7, StateText(45.7, kFirst));
  fixture.TakeNames();
  fixture.pipeline.ClearGone();
  CHECK(fixture.TakeNames().empty());
  LONGS_EQUAL(4, fixture.bus.size());
}

TEST(PipelineClear, UnblockedByTheListNothingIsCleared) {
  fixture.PollBlocked(7);
  fixture.List({{7, "seven"}, {8, "eight"}});
  fixture.TakeNames();
  CHECK_FALSE(fixture.pipeline.ClearGone());
  CHECK(fixture.TakeNames().empty());
}

TEST(PipelineClear, BlockedMeansNothingInAnAnswerThatFailed) {
  const TrackerId id = 7;
  fixture.pipeline.OnBlocked("7");
  fixture.pipeline.OnStatesEnd(false, &id, 1);
  fixture.pipeline.OnStatesEnd(true, &id, 1);  // the next one does not say so
  fixture.pipeline.ClearGone();
  LONGS_EQUAL(4, fixture.bus.size());
}

TEST(PipelineClear, BlockedOfStrangersMeansNothing) {
  for (const char* element : {"9", "\"x\"", "null", "-7", "7.0", "{\"id\":7}"}) {
    fixture.pipeline.OnBlocked(element);
    fixture.pipeline.OnNotExisting(element);
  }
  const TrackerId ids[] = {7, 8, 9};
  fixture.pipeline.OnStatesEnd(true, ids, 3);
  fixture.pipeline.ClearGone();
  LONGS_EQUAL(4, fixture.bus.size());
}

TEST(PipelineClear, AClearThatWasDroppedIsTriedAgain) {
  fixture.List({{8, "eight"}});
  int left = 2;
  fixture.drops = [&left] { return left-- > 0; };
  fixture.pipeline.ClearGone();
  LONGS_EQUAL(4, fixture.bus.size());
  for (int i = 0; i < 3; ++i) fixture.pipeline.ClearGone();
  LONGS_EQUAL(2, fixture.bus.size());
  POINTERS_EQUAL(nullptr, fixture.table.Find(7));
}

TEST(PipelineClear, ADroppedClearDoesNotHitWhoCameBack) {
  fixture.List({{8, "eight"}});
  depotlink::queue::Record record;
  record.kind = depotlink::queue::RecordKind::kClearState;
  record.tracker = 7;
  fixture.pipeline.ClearGone();
  fixture.List({{7, "seven"}, {8, "eight"}});
  fixture.Poll(7, StateText(45.7, kFirst));
  fixture.pipeline.Forget(record);  // it waited, and was dropped only now
  record.kind = depotlink::queue::RecordKind::kClearInfo;
  fixture.pipeline.Forget(record);
  fixture.pipeline.ClearGone();
  LONGS_EQUAL(4, fixture.bus.size());
}

// What an earlier run left of it, found on the bus.
TEST(PipelineClear, AStrayIsClearedWhereNobodyPublishesIt) {
  fixture.pipeline.ClearStray(RecordKind::kClearState, 99);
  fixture.pipeline.ClearStray(RecordKind::kClearInfo, 99);
  CHECK(fixture.TakeNames() ==
        (Texts{"clear-state d/yard/tracker/99/state", "clear-info d/yard/tracker/99/info"}));
  fixture.pipeline.ClearStray(RecordKind::kClearState, 7);
  fixture.pipeline.ClearStray(RecordKind::kClearInfo, 8);
  CHECK_FALSE(fixture.pipeline.ClearGone());
  CHECK(fixture.TakeNames().empty());
}

TEST(PipelineClear, AStrayOfOneThatWasBlockedMeanwhileIsCleared) {
  fixture.List({{7, "seven"}, {8, "eight"}, {9, "nine"}});
  fixture.PollBlocked(9);
  fixture.pipeline.ClearGone();
  fixture.TakeNames();
  fixture.pipeline.ClearStray(RecordKind::kClearState, 9);
  CHECK_FALSE(fixture.pipeline.ClearGone());
  CHECK(fixture.TakeNames() == (Texts{"clear-state d/yard/tracker/9/state"}));
}

TEST(PipelineClear, AComingAndGoingTrackerIsCountedRightly) {
  fixture.PollBlocked(7);                               // to be cleared
  fixture.List({{8, "eight"}});                         // and gone
  fixture.List({{7, "seven", 0, true}, {8, "eight"}});  // back, still blocked
  CHECK_FALSE(fixture.pipeline.ClearGone());
  LONGS_EQUAL(2, fixture.bus.size());
  CHECK(fixture.table.Find(7) != nullptr);
  fixture.TakeNames();
  CHECK_FALSE(fixture.pipeline.ClearGone());
  CHECK(fixture.TakeNames().empty());
}

// Whatever happens to a fleet, and whichever records are dropped: once it is quiet, the bus holds
// what the API says, no more and no less.
TEST(PipelineClear, InTheEndTheBusSaysWhatTheApiSays) {
  for (std::uint64_t seed = 1; seed <= 60; seed += Stride()) {
    SeededRandom random(seed);
    PipelineFixture world(12);
    std::map<TrackerId, FleetEntry> fleet;
    std::map<TrackerId, double> lat;
    unsigned drop_percent = 40;
    world.drops = [&] { return random.Chance(drop_percent); };
    const auto list = [&] {
      std::vector<FleetEntry> entries;
      for (const auto& [id, entry] : fleet) entries.push_back(entry);
      world.List(entries);
    };
    const auto poll = [&](TrackerId id) {
      if (fleet.count(id) == 0) return world.PollMissing(id);
      if (fleet[id].blocked) return world.PollBlocked(id);
      world.Poll(id, StateText(lat[id], kFirst));
    };
    const auto step = [&](TrackerId id) {
      switch (random.Below(7)) {
        case 0:
          fleet.erase(id);
          return;
        case 1:
          if (fleet.size() < 10) fleet[id] = {id, "l" + std::to_string(random.Below(3))};
          return;
        case 2:
          if (fleet.count(id) != 0) fleet[id].blocked = random.Chance(50);
          return;
        case 3:
          lat[id] = static_cast<double>(1 + random.Below(80));
          return;
        case 4:
          return list();
        case 5:
          world.room = random.Chance(30) ? random.Below(3) : SIZE_MAX;
          world.pipeline.ClearGone();
          world.room = SIZE_MAX;
          return;
        default:
          for (TrackerId other = 1; other <= 12; ++other) {
            if (world.table.Find(other) != nullptr) poll(other);
          }
      }
    };
    for (TrackerId id = 1; id <= 12; ++id) lat[id] = 1;
    for (int i = 0; i < 400; ++i) step(1 + random.Below(12));
    drop_percent = 0;
    for (int round = 0; round < 3; ++round) {
      list();
      world.pipeline.ClearGone();
      for (const auto& [id, entry] : fleet) poll(id);
      world.pipeline.ClearGone();
    }
    std::size_t wanted = 0;
    for (const auto& [id, entry] : fleet) {
      const std::string base = "d/yard/tracker/" + std::to_string(id);
      CHECK_EQUAL(entry.blocked ? 0 : 1, world.bus.count(base + "/info"));
      CHECK_EQUAL(entry.blocked ? 0 : 1, world.bus.count(base + "/state"));
      if (entry.blocked) continue;
      wanted += 2;
      STRCMP_CONTAINS(("\"label\":\"" + entry.label + "\"").c_str(),
                      world.bus[base + "/state"].c_str());
      const std::string lat_text = "\"lat\":" + std::to_string(static_cast<int>(lat[id])) + ",";
      STRCMP_CONTAINS(lat_text.c_str(), world.bus[base + "/state"].c_str());
    }
    LONGS_EQUAL(wanted, world.bus.size());
    LONGS_EQUAL(fleet.size(), world.table.size());
    CHECK_FALSE(world.pipeline.ClearGone());
  }
}

TEST(PipelineClear, WhatAnotherGatewayPublishesIsNeitherPublishedNorCleared) {
  using depotlink::fleet::Shard;
  std::vector<std::string> topics;
  std::vector<FleetEntry> fleet;
  for (TrackerId id = 1; id <= 15; ++id) fleet.push_back({id, "t"});
  for (const std::uint32_t index : {1U, 2U, 3U}) {
    PipelineFixture gateway(20, depotlink::fleet::Scope({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, {}, {}));
    gateway.pipeline.NoteBus(true);
    gateway.pipeline.KeepTo(Shard(index, 3));
    gateway.List(fleet);
    for (const std::string& name : gateway.TakeNames()) topics.push_back(name);
    LONGS_EQUAL(0, gateway.logs.Count(depotlink::LogLevel::kWarn, "scope.trackers names"));
  }
  // Of the account's trackers each has one that publishes it, or that clears it as out of scope.
  std::sort(topics.begin(), topics.end());
  std::vector<std::string> wanted;
  for (TrackerId id = 1; id <= 15; ++id) {
    const std::string topic = "d/yard/tracker/" + std::to_string(id);
    if (id <= 10) wanted.push_back("info " + topic + "/info");
    if (id > 10) wanted.push_back("clear-state " + topic + "/state");
    if (id > 10) wanted.push_back("clear-info " + topic + "/info");
  }
  std::sort(wanted.begin(), wanted.end());
  CHECK(topics == wanted);
}
