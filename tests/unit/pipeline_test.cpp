// SPDX-License-Identifier: Apache-2.0
// Compare, decode, encode, push: what is news, and what is not.
#include "agent/pipeline.hpp"

#include <json/json.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/unit/pipeline_fixture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::kMinuteMs;
using depotlink::kSecondMs;
using depotlink::LogLevel;
using depotlink::Pipeline;
using depotlink::PipelineFixture;
using depotlink::StateText;
using depotlink::queue::RecordKind;
using Texts = std::vector<std::string>;

namespace {

constexpr const char* kOne = "2024-08-01T13:45:01+00:00";
constexpr const char* kTwo = "2024-08-01T13:45:02+00:00";

Json::Value Read(const std::string& payload) {
  Json::Value root;
  const std::unique_ptr<Json::CharReader> reader(Json::CharReaderBuilder().newCharReader());
  reader->parse(payload.data(), payload.data() + payload.size(), &root, nullptr);
  return root;
}

}  // namespace

TEST_GROUP(Pipeline) {
  PipelineFixture fixture;

  // Tracker 7 is known, and its info is out.
  void setup() override {
    fixture.ListGroups({{5, "Main office"}});
    fixture.List({{7, "Truck 7", 5}});
    CHECK(fixture.TakeNames() == (Texts{"info d/yard/tracker/7/info"}));
  }
  // The payload of the one record that was pushed.
  Json::Value Only() {
    LONGS_EQUAL(1, fixture.pushed.size());
    const Json::Value root = Read(fixture.pushed[0].payload);
    CHECK(fixture.pushed[0].retain);
    fixture.pushed.clear();
    return root;
  }
};

TEST(Pipeline, AStateBecomesARecord) {
  fixture.Poll(7, StateText(45.5, kOne));
  LONGS_EQUAL(1, fixture.pushed.size());
  STRCMP_EQUAL("d/yard/tracker/7/state", fixture.pushed[0].topic.c_str());
  CHECK(fixture.pushed[0].kind == RecordKind::kState);
  const Json::Value state = Only();
  LONGS_EQUAL(7, state["id"].asInt());
  STRCMP_EQUAL("Truck 7", state["label"].asCString());
  STRCMP_EQUAL("Main office", state["group"].asCString());
  DOUBLES_EQUAL(45.5, state["lat"].asDouble(), 1e-9);
  STRCMP_EQUAL("2024-08-01T13:45:01Z", state["update_time"].asCString());
  STRCMP_EQUAL("2024-08-01T13:46:40.000Z", state["poll_time"].asCString());
  STRCMP_EQUAL("r1", state["run"].asCString());
  LONGS_EQUAL(2, state["seq"].asInt());  // the info was the first
}

TEST(Pipeline, TheInfoSaysWhatTheListSays) {
  fixture.List({{8, "Van", 5}, {7, "Truck 7", 5}});
  const Json::Value info = Only();
  LONGS_EQUAL(8, info["id"].asInt());
  STRCMP_EQUAL("Van", info["label"].asCString());
  STRCMP_EQUAL("Main office", info["group"].asCString());
  STRCMP_EQUAL("m1", info["model"].asCString());
  LONGS_EQUAL(2, info["seq"].asInt());
}

TEST(Pipeline, WhatIsUnchangedGoesNoFurther) {
  fixture.Poll(7, StateText(45.5, kOne));
  fixture.pushed.clear();
  for (int i = 0; i < 5; ++i) fixture.Poll(7, StateText(45.5, kOne));
  CHECK(fixture.pushed.empty());
  LONGS_EQUAL(5, fixture.pipeline.counters().unchanged);
  LONGS_EQUAL(3, fixture.pipeline.next_seq());
}

TEST(Pipeline, AnyDifferenceIsNews) {
  fixture.Poll(7, StateText(45.5, kOne));
  fixture.Poll(7, StateText(45.5, kTwo));
  fixture.Poll(7, StateText(45.6, kTwo));
  fixture.Poll(7, StateText(45.6, kTwo, "parked"));
  fixture.Poll(7, "{\"last_update\":\"" + std::string(kTwo) + "\",\"field_of_tomorrow\":1}");
  LONGS_EQUAL(5, fixture.pushed.size());
  LONGS_EQUAL(6, Read(fixture.pushed.back().payload)["seq"].asInt());
}

TEST(Pipeline, ANewLabelIsNewsInInfoAndState) {
  fixture.Poll(7, StateText(45.5, kOne));
  fixture.clock.Advance(kSecondMs);
  LONGS_EQUAL(0, fixture.Due());
  fixture.TakeNames();
  fixture.List({{7, "Truck seven", 5}});
  STRCMP_EQUAL("Truck seven", Only()["label"].asCString());
  LONGS_EQUAL(1, fixture.Due());
  fixture.Poll(7, StateText(45.5, kOne));
  STRCMP_EQUAL("Truck seven", Only()["label"].asCString());
}

TEST(Pipeline, ANewGroupTitleIsNewsInInfoAndState) {
  fixture.Poll(7, StateText(45.5, kOne));
  fixture.TakeNames();
  fixture.ListGroups({{5, "Branch"}});
  fixture.List({{7, "Truck 7", 5}});
  STRCMP_EQUAL("Branch", Only()["group"].asCString());
  fixture.Poll(7, StateText(45.5, kOne));
  STRCMP_EQUAL("Branch", Only()["group"].asCString());
}

TEST(Pipeline, AnotherGroupIsNewsAsWell) {
  fixture.ListGroups({{5, "Main office"}, {6, "Branch"}});
  fixture.List({{7, "Truck 7", 6}});
  STRCMP_EQUAL("Branch", Only()["group"].asCString());
  fixture.List({{7, "Truck 7", 0}});
  CHECK_FALSE(Only().isMember("group"));
}

TEST(Pipeline, AListThatSaysTheSameIsNoNews) {
  for (int i = 0; i < 3; ++i) {
    fixture.ListGroups({{5, "Main office"}});
    fixture.List({{7, "Truck 7", 5}});
  }
  CHECK(fixture.pushed.empty());
}

TEST(Pipeline, WithoutGroupsTheOldTitlesHold) {
  fixture.pipeline.OnGroupListEnd(false);
  fixture.List({{7, "Truck 7", 5}});
  CHECK(fixture.pushed.empty());
}

TEST(Pipeline, AnOlderStateIsDropped) {
  fixture.Poll(7, StateText(45.6, kTwo));
  fixture.pushed.clear();
  fixture.Poll(7, StateText(45.5, kOne));
  CHECK(fixture.pushed.empty());
  LONGS_EQUAL(1, fixture.pipeline.counters().older);
  fixture.Poll(7, StateText(45.7, kTwo));  // another one of the same time is not older
  DOUBLES_EQUAL(45.7, Only()["lat"].asDouble(), 1e-9);
}

TEST(Pipeline, TheNewestTimeOfAStateCounts) {
  const std::string late_fix = "{\"gps\":{\"updated\":\"" + std::string(kTwo) +
                               "\"},\"last_update\":\"" + std::string(kOne) + "\"}";
  fixture.Poll(7, late_fix);
  fixture.pushed.clear();
  fixture.Poll(7, StateText(45.5, "2024-08-01T13:45:01.500+00:00"));
  LONGS_EQUAL(1, fixture.pipeline.counters().older);
}

TEST(Pipeline, AStateWithoutATimeIsTakenAndMovesNoTime) {
  fixture.Poll(7, StateText(45.6, kTwo));
  fixture.Poll(7, StateText(45.7, ""));
  LONGS_EQUAL(2, fixture.pushed.size());
  fixture.Poll(7, StateText(45.5, kOne));
  LONGS_EQUAL(1, fixture.pipeline.counters().older);
}

TEST(Pipeline, OlderHoldsForEachTrackerAlone) {
  fixture.List({{7, "Truck 7", 5}, {8, "Van", 5}});
  fixture.Poll(7, StateText(45.6, kTwo));
  fixture.pushed.clear();
  fixture.Poll(8, StateText(45.5, kOne));
  LONGS_EQUAL(1, fixture.pushed.size());
}

TEST(Pipeline, ADeviceClockInTheFutureDoesNotShutOutWhatFollows) {
  fixture.Poll(7, StateText(45.5, kOne));
  fixture.Poll(7, StateText(45.6, "2024-08-03T00:00:00Z"));  // beyond a day ahead
  fixture.Poll(7, StateText(45.7, "2037-01-01T00:00:00Z"));
  fixture.pushed.clear();
  fixture.Poll(7, StateText(45.8, kTwo));
  DOUBLES_EQUAL(45.8, Only()["lat"].asDouble(), 1e-9);
  fixture.Poll(7, StateText(45.5, kOne));
  LONGS_EQUAL(1, fixture.pipeline.counters().older);
}

TEST(Pipeline, ADroppedStateIsPublishedAtTheNextPoll) {
  fixture.drops = [] { return true; };
  fixture.Poll(7, StateText(45.5, kOne));
  CHECK(fixture.pushed.empty());
  fixture.drops = [] { return false; };
  fixture.Poll(7, StateText(45.5, kOne));
  LONGS_EQUAL(3, Only()["seq"].asInt());  // number 2 was lost, and the gap says so
  LONGS_EQUAL(0, fixture.pipeline.counters().unchanged);
}

TEST(Pipeline, ADroppedInfoIsPublishedAtTheNextList) {
  fixture.drops = [] { return true; };
  fixture.List({{7, "Truck seven", 5}});
  fixture.drops = [] { return false; };
  fixture.List({{7, "Truck seven", 5}});
  STRCMP_EQUAL("Truck seven", Only()["label"].asCString());
}

TEST(Pipeline, WhereTheBrokerForgotAllIsPublishedAnew) {
  fixture.Poll(7, StateText(45.5, kOne));
  fixture.TakeNames();
  fixture.pipeline.ForgetAll();
  fixture.List({{7, "Truck 7", 5}});
  fixture.Poll(7, StateText(45.5, kOne));
  CHECK(fixture.TakeNames() ==
        (Texts{"info d/yard/tracker/7/info", "state d/yard/tracker/7/state"}));
}

TEST(Pipeline, PacesFollowWhatATrackerDoes) {
  const struct {
    const char* movement;
    const char* connection;
    depotlink::DurationMs period_ms;
  } rows[] = {
      {"moving", "active", 10 * kSecondMs},           {"stopped", "active", 30 * kSecondMs},
      {"parked", "active", 60 * kSecondMs},           {"parked", "idle", 60 * kSecondMs},
      {"parked", "offline", 300 * kSecondMs},         {"moving", "signal_lost", 300 * kSecondMs},
      {"moving", "just_registered", 300 * kSecondMs}, {"levitating", "active", 10 * kSecondMs}};
  for (const auto& row : rows) {
    fixture.Poll(7, StateText(45.5, kOne, row.movement, row.connection));
    CHECK(fixture.pipeline.NextDue() == fixture.clock.Now() + row.period_ms);
    fixture.clock.Advance(kMinuteMs);
  }
}

TEST(Pipeline, AnAnswerThatFailedLeavesItsTrackersDue) {
  const depotlink::model::TrackerId id = 7;
  fixture.pipeline.OnState("7", StateText(45.5, kOne));
  fixture.pipeline.OnStatesEnd(false, &id, 1);
  LONGS_EQUAL(1, fixture.pushed.size());
  LONGS_EQUAL(1, fixture.Due());
  fixture.pipeline.OnStatesEnd(true, &id, 1);  // not even named by an answer that was good
  LONGS_EQUAL(0, fixture.Due());
}

TEST(Pipeline, WhatCannotBeReadIsCountedAndToldNowAndThen) {
  for (int i = 0; i < 100; ++i) {
    fixture.pipeline.OnState("7", "[1]");
    fixture.pipeline.OnState("9", StateText(45.5, kOne));      // not known
    fixture.pipeline.OnState("seven", StateText(45.5, kOne));  // no number
    fixture.pipeline.OnTracker("{\"label\":\"no id\"}");
    fixture.pipeline.OnGroup("null");
  }
  CHECK(fixture.pushed.empty());
  LONGS_EQUAL(500, fixture.pipeline.counters().unreadable);
  LONGS_EQUAL(1, fixture.logs.Count(LogLevel::kWarn));
  fixture.clock.Advance(10 * kMinuteMs);
  fixture.pipeline.OnState("7", "[1]");
  LONGS_EQUAL(2, fixture.logs.Count(LogLevel::kWarn));
}

// A state that has not changed is neither looked for its end nor parsed.
TEST(Pipeline, AStateThatIsKnownIsRecognizedInTheAnswer) {
  const std::string state = StateText(45.5, kOne);
  const std::string answer = state + ",\"8\":" + state;
  Pipeline& pipeline = fixture.pipeline;
  LONGS_EQUAL(0, pipeline.TakeKnownState("7", answer));  // not yet
  fixture.Poll(7, state);
  LONGS_EQUAL(state.size(), pipeline.TakeKnownState("7", answer));
  LONGS_EQUAL(state.size(), pipeline.TakeKnownState("7", state));
  LONGS_EQUAL(2, pipeline.counters().unchanged);
  LONGS_EQUAL(0, pipeline.TakeKnownState("7", state.substr(0, state.size() - 1)));
  LONGS_EQUAL(0, pipeline.TakeKnownState("7", ' ' + answer));
  LONGS_EQUAL(0, pipeline.TakeKnownState("9", answer));      // not known
  LONGS_EQUAL(0, pipeline.TakeKnownState("seven", answer));  // no number
  for (std::size_t at = 0; at < state.size(); ++at) {
    std::string other = answer;
    other[at] = static_cast<char>(other[at] ^ 1);
    LONGS_EQUAL(0, pipeline.TakeKnownState("7", other));
  }
  LONGS_EQUAL(2, pipeline.counters().unchanged);
  pipeline.ForgetAll();
  LONGS_EQUAL(0, pipeline.TakeKnownState("7", answer));
}

TEST(Pipeline, AStateTooLongForItsLengthToBeKeptIsComparedAllTheSame) {
  const std::size_t most = depotlink::fleet::Tracker::kStateBytesMost;
  for (const std::size_t bytes : {most, most + 1}) {
    std::string state = StateText(45.5, kOne);
    state.insert(state.size() - 1, std::string(bytes - state.size(), ' '));
    fixture.Poll(7, state);
    LONGS_EQUAL(bytes == most ? bytes : 0, fixture.pipeline.TakeKnownState("7", state));
    const std::uint64_t before = fixture.pipeline.counters().unchanged;
    fixture.Poll(7, state);
    LONGS_EQUAL(before + 1, fixture.pipeline.counters().unchanged);
  }
}

TEST(Pipeline, AnUnreadableStateDoesNotTouchTheLastOne) {
  fixture.Poll(7, StateText(45.5, kOne));
  fixture.Poll(7, "{\"a\":1,\"a\":2}");
  fixture.Poll(7, StateText(45.5, kOne));
  LONGS_EQUAL(1, fixture.pushed.size());
  LONGS_EQUAL(1, fixture.pipeline.counters().unchanged);
}

TEST(Pipeline, TheFleetBeyondItsBoundIsToldOnce) {
  PipelineFixture small(2);
  for (int round = 0; round < 3; ++round) small.List({{1, "a"}, {2, "b"}, {3, "c"}, {4, "d"}});
  LONGS_EQUAL(2, small.pipeline.counters().overflow);
  LONGS_EQUAL(1, small.logs.Count(LogLevel::kError, "left_out=2"));
  LONGS_EQUAL(2, small.table.size());
  const std::size_t infos = small.pushed.size();
  small.Poll(2, StateText(45.5, kOne));  // those that are known go on
  LONGS_EQUAL(infos + 1, small.pushed.size());
  small.Poll(3, StateText(45.5, kOne));
  LONGS_EQUAL(infos + 1, small.pushed.size());
  small.List({{1, "a"}, {2, "b"}});
  LONGS_EQUAL(0, small.pipeline.counters().overflow);
  small.List({{1, "a"}, {2, "b"}, {3, "c"}});
  LONGS_EQUAL(2, small.logs.Count(LogLevel::kError));
}

TEST(Pipeline, LabelsWithoutRoomAreToldNowAndThen) {
  PipelineFixture small(10);
  std::vector<depotlink::FleetEntry> fleet;
  for (depotlink::model::TrackerId id = 1; id <= 10; ++id) {
    fleet.push_back({id, std::string(150, static_cast<char>('a' + id))});
  }
  small.List(fleet);
  LONGS_EQUAL(10, small.pushed.size());
  LONGS_EQUAL(1, small.logs.Count(LogLevel::kWarn, "no room for a label"));
}
