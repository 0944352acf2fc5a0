// SPDX-License-Identifier: Apache-2.0
// A clean end: what waits goes out, `offline` is said, and it takes no longer than it may.
#include <string>
#include <vector>

#include "agent/publish/publisher.hpp"
#include "tests/unit/publish/publisher_fixture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::kSecondMs;
using depotlink::MonoTime;
using depotlink::fakes::FakeMqtt;
using depotlink::publish::PublisherFixture;
using Texts = std::vector<std::string>;

TEST_GROUP(PublisherStop) {
  PublisherFixture fixture;
  FakeMqtt& mqtt = fixture.mqtt;

  void BeginStop() {
    fixture.publisher.BeginStop(fixture.clock.Now() + kSecondMs);
  }
  // Steps at the times that the publisher asks for; returns how long it took.
  depotlink::DurationMs RunToEnd() {
    const MonoTime start = fixture.clock.Now();
    for (int steps = 0; !fixture.publisher.stopped(); ++steps) {
      if (steps > 100) FAIL("it does not end");
      fixture.Step();
      if (!fixture.publisher.stopped()) fixture.clock.AdvanceTo(fixture.next);
    }
    return fixture.clock.Now() - start;
  }
};

TEST(PublisherStop, IdleItSaysOfflineAndDisconnects) {
  fixture.Connect();
  BeginStop();
  fixture.Step();
  CHECK(fixture.TakeSent() == (Texts{"d/status=offline"}));
  CHECK_FALSE(fixture.publisher.stopped());
  mqtt.AckAll();
  fixture.Step();
  CHECK(fixture.publisher.stopped());
  LONGS_EQUAL(1, mqtt.disconnects());
  STRCMP_EQUAL("offline", mqtt.Retained("d/status").c_str());
}

TEST(PublisherStop, DrainsFirst) {
  fixture.Connect();
  fixture.PushMany(80);
  BeginStop();
  fixture.Step();
  while (!fixture.publisher.stopped()) {
    CHECK_FALSE(mqtt.outstanding().empty());
    mqtt.Ack(mqtt.outstanding()[0].token);
    fixture.Step(1);
  }
  LONGS_EQUAL(80, fixture.publisher.counters().acknowledged);
  STRCMP_EQUAL("d/status", mqtt.sent().back().topic.c_str());
  STRCMP_EQUAL("offline", mqtt.Retained("d/status").c_str());
}

TEST(PublisherStop, ABrokerThatDoesNotAnswerHoldsItUpNoLongerThanItMay) {
  fixture.Connect();
  fixture.PushMany(80);
  fixture.Step();
  BeginStop();
  CHECK(RunToEnd() <= 1500);
  STRCMP_EQUAL("offline", mqtt.sent().back().payload.c_str());
  LONGS_EQUAL(1, mqtt.disconnects());
}

TEST(PublisherStop, ALibraryThatTakesNothingHoldsItUpNoLonger) {
  fixture.Connect();
  mqtt.FillLibrary(true);
  BeginStop();
  CHECK(RunToEnd() <= 1550);
}

TEST(PublisherStop, OfflineIsTriedAgainWhereTheLibraryIsFull) {
  fixture.Connect();
  mqtt.FillLibrary(true);
  BeginStop();
  CHECK(fixture.Step() == fixture.clock.Now() + 50);
  mqtt.FillLibrary(false);
  fixture.Step(50);
  CHECK(fixture.TakeSent() == (Texts{"d/status=offline"}));
}

TEST(PublisherStop, WithoutABrokerItEndsAtOnce) {
  fixture.Step();
  mqtt.RefuseConnect(0, "refused");
  fixture.Step();
  BeginStop();
  LONGS_EQUAL(0, RunToEnd());
}

TEST(PublisherStop, WhileConnectingItEndsAtOnce) {
  fixture.Step();
  BeginStop();
  LONGS_EQUAL(0, RunToEnd());
  LONGS_EQUAL(1, mqtt.attempts().size());
  CHECK_FALSE(mqtt.connecting());
}

TEST(PublisherStop, LostWhileStoppingItDoesNotComeBack) {
  fixture.Connect();
  fixture.PushMany(5);
  BeginStop();
  fixture.Step();
  mqtt.Lose();
  RunToEnd();
  LONGS_EQUAL(1, mqtt.attempts().size());
}

TEST(PublisherStop, OnlineIsNotSaidBehindOffline) {
  fixture.Step();
  mqtt.Accept();
  mqtt.FillLibrary(true);
  fixture.Step();
  BeginStop();
  mqtt.FillLibrary(false);
  fixture.Step();
  CHECK(fixture.TakeSent() == (Texts{"d/status=offline"}));
  mqtt.AckAll();
  RunToEnd();
  STRCMP_EQUAL("offline", mqtt.Retained("d/status").c_str());
}
