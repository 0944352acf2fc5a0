// SPDX-License-Identifier: Apache-2.0
// Which call comes when, and what it asks for, while all goes well.
#include "agent/poll/poller.hpp"

#include <string>
#include <vector>

#include "tests/unit/poll/poll_fixture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::kMinuteMs;
using depotlink::kNever;
using depotlink::kSecondMs;
using depotlink::LogLevel;
using depotlink::MonoTime;
using depotlink::poll::ApiState;
using depotlink::poll::kEmptyList;
using depotlink::poll::kGood;
using depotlink::poll::PollFixture;
using depotlink::poll::PollSetup;
using Texts = std::vector<std::string>;

TEST_GROUP(Poller) {
  PollFixture fixture;
};

TEST(Poller, BeginsWithGroupsThenTheFleet) {
  STRCMP_EQUAL("tracker/group/list", fixture.Answer(200, kEmptyList).c_str());
  STRCMP_EQUAL("{}", fixture.http.last().body.c_str());
  STRCMP_EQUAL("tracker/list", fixture.Answer(200, kEmptyList).c_str());
  STRCMP_EQUAL("{}", fixture.http.last().body.c_str());
  CHECK(fixture.work.Take() == (Texts{"groups end", "list end"}));
  CHECK(fixture.poller.state() == ApiState::kOk);
  LONGS_EQUAL(2, fixture.poller.polls());
}

TEST(Poller, HandsEachElementToItsStage) {
  fixture.Answer(200, R"({"success":true,"list":[{"id":5}]})");
  fixture.Answer(200, R"({"success":true,"list":[{"id":7},{"id":8}]})");
  fixture.work.due = {7, 8, 9};
  fixture.Answer(200, R"({"states":{"7":{"a":1}},"blocked":[8],"not_exist":[9],"success":true})");
  CHECK(fixture.work.Take() ==
        (Texts{"group {\"id\":5}", "groups end", "tracker {\"id\":7}", "tracker {\"id\":8}",
               "list end", "state 7 {\"a\":1}", "blocked 8", "missing 9", "states end 3"}));
}

TEST(Poller, AsksForTheStatesInWordsThatTheApiKnows) {
  fixture.List();
  fixture.work.due = {1234567, 9007199254740992, 1};
  fixture.StepToRequest();
  STRCMP_EQUAL("https://api.example/v2/tracker/get_states", fixture.http.last().url.c_str());
  STRCMP_EQUAL(
      "{\"trackers\":[1234567,9007199254740992,1],\"list_blocked\":true,\"allow_not_exist\":true}",
      fixture.http.last().body.c_str());
}

TEST(Poller, BatchesAreNoLargerThanConfigured) {
  for (const std::size_t batch : {std::size_t{1}, std::size_t{3}, std::size_t{500}}) {
    PollSetup config;
    config.batch = batch;
    PollFixture other(config);
    other.List();
    other.work.due.assign(7, 1);
    other.StepToRequest();
    LONGS_EQUAL(batch, other.work.asked_most);
  }
  PollSetup config;
  config.batch = 100000;
  PollFixture other(config);
  other.List();
  other.work.due.assign(5000, 9007199254740992);
  other.StepToRequest();
  LONGS_EQUAL(2000, other.work.asked_most);
  CHECK(other.http.last().body.size() < 40000);
}

TEST(Poller, BatchFollowsBatchUntilNobodyIsDue) {
  PollSetup config;
  config.batch = 3;
  PollFixture other(config);
  other.List();
  other.work.due = {1, 2, 3, 4, 5, 6, 7};
  CHECK_FALSE((other.fleet.listed() && other.states.Idle(other.clock.Now())));
  for (const char* end : {"states end 3", "states end 3", "states end 1"}) {
    STRCMP_EQUAL("tracker/get_states", other.Answer(200, kGood).c_str());
    CHECK(other.work.Take() == (Texts{end}));
  }
  other.Step(kSecondMs);
  CHECK_FALSE(other.http.busy());
  CHECK((other.fleet.listed() && other.states.Idle(other.clock.Now())));
}

TEST(Poller, WhereNobodyIsDueItSaysWhenToComeAgain) {
  fixture.List();
  fixture.work.next_due = fixture.clock.Now() + 7 * kSecondMs;
  CHECK(fixture.Step(kSecondMs) == fixture.work.next_due);
  fixture.work.next_due = kNever;
  const MonoTime fleet = fixture.Step();
  CHECK(fixture.clock.Now() < fleet);
  CHECK(fleet <= fixture.clock.Now() + 10 * kMinuteMs);
}

TEST(Poller, TheFleetIsReadAnewNowAndThen) {
  fixture.List();
  const MonoTime listed = fixture.clock.Now();
  fixture.StepToRequest();
  CHECK(fixture.clock.Now() == listed + 10 * kMinuteMs);
  STRCMP_EQUAL("tracker/group/list", fixture.Answer(200, kEmptyList).c_str());
  STRCMP_EQUAL("tracker/list", fixture.Answer(200, kEmptyList).c_str());
}

TEST(Poller, TheFleetsReadingsDriftApartByATenth) {
  for (const std::uint64_t draw : {1ULL, 59999ULL, 60000ULL, 60001ULL, ~0ULL}) {
    PollFixture other;
    other.random.Set(draw);
    other.List();
    const MonoTime listed = other.clock.Now();
    other.StepToRequest();
    CHECK(other.clock.Now() - listed >= 9 * kMinuteMs);
    CHECK(other.clock.Now() - listed <= 10 * kMinuteMs);
  }
}

TEST(Poller, AskFleetSoonDoesNotWait) {
  fixture.List();
  const MonoTime asked = fixture.clock.Now();
  fixture.fleet.AskSoon();
  STRCMP_EQUAL("tracker/group/list", fixture.Answer(200, kEmptyList).c_str());
  STRCMP_EQUAL("tracker/list", fixture.Answer(200, kEmptyList).c_str());
  CHECK(fixture.clock.Now() - asked < kSecondMs);
  fixture.Step(kSecondMs);
  CHECK_FALSE(fixture.http.busy());
}

TEST(Poller, AskedWhileItIsBeingReadTheFleetIsReadOnceMore) {
  fixture.Answer(200, kEmptyList);
  fixture.StepToRequest();
  STRCMP_CONTAINS("tracker/list", fixture.http.last().url.c_str());
  const MonoTime asked = fixture.clock.Now();
  fixture.fleet.AskSoon();
  fixture.http.Answer(200, kEmptyList);
  STRCMP_EQUAL("tracker/group/list", fixture.Answer(200, kEmptyList).c_str());
  STRCMP_EQUAL("tracker/list", fixture.Answer(200, kEmptyList).c_str());
  CHECK(fixture.clock.Now() - asked < kSecondMs);
  fixture.Step(kSecondMs);
  CHECK_FALSE(fixture.http.busy());
}

TEST(Poller, TheRateIsNeverExceeded) {
  for (const double rate : {0.5, 1.0, 3.0, 5.0, 7.0, 50.0}) {
    PollSetup config;
    config.requests_per_second = rate;
    config.batch = 1;
    PollFixture other(config);
    other.work.due.assign(400, 1);
    std::vector<MonoTime> at;
    for (int i = 0; i < 200; ++i) {
      other.StepToRequest();
      at.push_back(other.clock.Now());
      other.http.Answer(200, R"({"list":[],"states":{},"success":true})");
      if (i % 5 == 0) other.fleet.AskSoon();
      if (i % 3 == 0) other.clock.Advance(1);
    }
    for (std::size_t i = 1; i < at.size(); ++i) {
      CHECK(static_cast<double>(at[i] - at[i - 1]) * rate >= 1000.0);
    }
  }
}

TEST(Poller, AFullWindowStartsNothing) {
  fixture.work.room = 0;
  CHECK(fixture.Step() == kNever);
  CHECK_FALSE(fixture.http.busy());
  fixture.work.room = SIZE_MAX;
  fixture.Step();
  CHECK(fixture.http.busy());
}

TEST(Poller, AFullWindowPausesTheReading) {
  fixture.List();
  fixture.work.due = {1, 2, 3};
  fixture.StepToRequest();
  fixture.work.room = 1;
  fixture.http.Answer(200, R"({"states":{"1":1,"2":2,"3":3},"success":true})");
  CHECK(fixture.work.Take() == (Texts{"state 1 1"}));
  CHECK(fixture.Step(kSecondMs) == kNever);
  fixture.http.Deliver();
  CHECK(fixture.work.Take().empty());
  fixture.work.room = SIZE_MAX;
  fixture.Step();
  fixture.http.Deliver();
  CHECK(fixture.work.Take() == (Texts{"state 2 2", "state 3 3", "states end 3"}));
}

TEST(Poller, AnElementThatIsLeftOutForbidsConclusions) {
  fixture.Answer(200, "{\"list\":[{\"id\":5},\"\xFF\"],\"success\":true}");
  fixture.Answer(200, "{\"list\":[{\"id\":7},\"\xFF\",\"\xFE\"],\"success\":true}");
  CHECK(fixture.work.Take() ==
        (Texts{"group {\"id\":5}", "groups cut", "tracker {\"id\":7}", "list cut"}));
  LONGS_EQUAL(3, fixture.poller.calls().skipped);
  // Once for each call, and the rest quietly.
  LONGS_EQUAL(2, fixture.logs.Count(LogLevel::kWarn, "left out"));
  CHECK(fixture.poller.state() == ApiState::kOk);
}

TEST(Poller, StopEndsTheCallAndBeginsNoOther) {
  fixture.StepToRequest();
  fixture.poller.Stop();
  fixture.http.Deliver();
  CHECK_FALSE(fixture.http.busy());
  CHECK(fixture.work.Take().empty());
  CHECK(fixture.Step(depotlink::kHourMs) == kNever);
  LONGS_EQUAL(1, fixture.http.requests().size());
}

TEST(Poller, TellsThatTheApiAnswersOnce) {
  fixture.List();
  fixture.work.due = {1};
  fixture.Answer(200, kGood);
  LONGS_EQUAL(1, fixture.logs.Count(LogLevel::kInfo, "the API answers"));
  CHECK(fixture.poller.last_success() == fixture.clock.Now());
}
