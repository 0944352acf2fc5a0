// SPDX-License-Identifier: Apache-2.0
// Records on a connection that stands: order, window, acknowledgements, refusals.
#include "agent/publish/publisher.hpp"

#include <initializer_list>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/publish/publisher_fixture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::kSecondMs;
using depotlink::LogLevel;
using depotlink::fakes::FakeMqtt;
using depotlink::publish::PublisherFixture;
namespace limits = depotlink::limits;
using Texts = std::vector<std::string>;

TEST_GROUP(Publisher) {
  PublisherFixture fixture;
  FakeMqtt& mqtt = fixture.mqtt;

  void teardown() override {
    LONGS_EQUAL(0, mqtt.violations());
  }
};

TEST(Publisher, OnlineGoesAheadOfAllElse) {
  fixture.Push("t/1", "one");
  fixture.Step();
  LONGS_EQUAL(0, mqtt.sent().size());
  mqtt.Accept();
  fixture.Step();
  CHECK(fixture.TakeSent() == (Texts{"d/status=online", "t/1=one"}));
  mqtt.AckAll();
  STRCMP_EQUAL("online", mqtt.Retained("d/status").c_str());
}

TEST(Publisher, OnlineIsSaidAgainAfterEachConnect) {
  fixture.Connect();
  mqtt.Lose();
  fixture.Step();
  STRCMP_EQUAL("offline", mqtt.Retained("d/status").c_str());
  fixture.StepToNextAttempt();
  mqtt.Accept();
  fixture.Step();
  CHECK(fixture.TakeSent() == (Texts{"d/status=online"}));
}

TEST(Publisher, OnlineWaitsForALibraryThatTakesNothingYet) {
  fixture.Push("t/1", "one");
  fixture.Step();
  mqtt.Accept();
  mqtt.FillLibrary(true);
  CHECK(fixture.Step() == fixture.clock.Now() + 50);
  LONGS_EQUAL(0, mqtt.sent().size());
  mqtt.FillLibrary(false);
  fixture.Step(50);
  CHECK(fixture.TakeSent() == (Texts{"d/status=online", "t/1=one"}));
}

TEST(Publisher, AnAcknowledgementFreesTheRecord) {
  fixture.Connect();
  fixture.PushMany(3);
  fixture.Step();
  CHECK(fixture.TakeSent() == (Texts{"t/0=0", "t/1=1", "t/2=2"}));
  mqtt.Ack(mqtt.outstanding()[1].token);
  fixture.Step();
  LONGS_EQUAL(2, fixture.window.sent());
  LONGS_EQUAL(1, fixture.publisher.counters().acknowledged);
  mqtt.AckAll();
  fixture.Step();
  LONGS_EQUAL(0, fixture.window.sent());
  LONGS_EQUAL(3, fixture.publisher.counters().acknowledged);
  LONGS_EQUAL(3, fixture.publisher.counters().sent);
  CHECK(fixture.TakeSent().empty());
}

TEST(Publisher, TheFlagOfARecordGoesAlong) {
  fixture.Connect();
  depotlink::queue::Record record;
  record.topic = "t/1";
  record.payload = "x";
  record.retain = false;
  struct NoDrops : depotlink::queue::DropObserver {
    void OnDropped(const depotlink::queue::Record&) override {}
  } drops;
  fixture.window.Push(record, drops);
  record.retain = true;
  record.topic = "t/2";
  fixture.window.Push(record, drops);
  fixture.Step();
  CHECK_FALSE(mqtt.sent()[0].retain);
  CHECK(mqtt.sent()[1].retain);
}

TEST(Publisher, NoMoreInFlightThanItsBound) {
  fixture.Connect();
  fixture.PushMany(100);
  fixture.Step();
  CHECK(mqtt.outstanding().size() <= limits::kInFlight);
  CHECK(mqtt.outstanding().size() >= limits::kInFlight - 1);
  std::size_t sent = mqtt.outstanding().size();
  while (!mqtt.outstanding().empty()) {
    mqtt.Ack(mqtt.outstanding().front().token);
    fixture.Step();
    CHECK(mqtt.outstanding().size() <= limits::kInFlight);
  }
  CHECK(sent < 100);
  LONGS_EQUAL(100, fixture.publisher.counters().acknowledged);
}

TEST(Publisher, NoMoreInFlightThanTheBrokerTakes) {
  for (const std::uint16_t most : std::initializer_list<std::uint16_t>{1, 2, 5, 20}) {
    PublisherFixture other;
    FakeMqtt::Acceptance acceptance;
    acceptance.receive_maximum = most;
    other.PushMany(50);
    other.Step();
    other.mqtt.Accept(acceptance);
    other.Step();
    while (!other.mqtt.outstanding().empty()) {
      CHECK(other.mqtt.outstanding().size() <= most);
      other.mqtt.Ack(other.mqtt.outstanding().front().token);
      other.Step();
    }
    LONGS_EQUAL(50, other.publisher.counters().acknowledged);
    LONGS_EQUAL(0, other.mqtt.violations());
  }
}

TEST(Publisher, OneOfATopicInFlight) {
  fixture.Connect();
  fixture.Push("t/1", "a");
  fixture.Push("t/1", "b");
  fixture.Push("t/1", "c");
  fixture.Step();
  CHECK(fixture.TakeSent() == (Texts{"t/1=a"}));
  fixture.Step(kSecondMs);
  CHECK(fixture.TakeSent().empty());
  mqtt.AckAll();
  fixture.Step();
  CHECK(fixture.TakeSent() == (Texts{"t/1=b"}));
  mqtt.AckAll();
  fixture.Step();
  CHECK(fixture.TakeSent() == (Texts{"t/1=c"}));
}

TEST(Publisher, EachTokenInFlightIsAnother) {
  fixture.Connect();
  fixture.PushMany(100);
  fixture.Step();
  for (int round = 0; round < 50; ++round) {
    std::set<depotlink::ports::MqttToken> tokens;
    for (const FakeMqtt::Message& message : mqtt.outstanding()) tokens.insert(message.token);
    LONGS_EQUAL(mqtt.outstanding().size(), tokens.size());
    if (mqtt.outstanding().empty()) break;
    mqtt.Ack(mqtt.outstanding()[mqtt.outstanding().size() / 2].token);
    fixture.Step();
  }
}

TEST(Publisher, ARefusalIsTriedThreeTimesThenGivenUp) {
  fixture.Connect();
  fixture.Push("t/bad", "x");
  for (int tries = 1; tries <= 3; ++tries) {
    fixture.Step();
    CHECK(fixture.TakeSent() == (Texts{"t/bad=x"}));
    CHECK(fixture.given_up.empty());
    mqtt.Refuse(mqtt.outstanding()[0].token, 0x87, "not authorized");
  }
  fixture.Step();
  CHECK(fixture.TakeSent().empty());
  CHECK(fixture.given_up == (Texts{"t/bad"}));
  LONGS_EQUAL(3, fixture.publisher.counters().refused);
  LONGS_EQUAL(1, fixture.publisher.counters().given_up);
  LONGS_EQUAL(0, fixture.publisher.counters().acknowledged);
  LONGS_EQUAL(0, fixture.window.waiting() + fixture.window.sent());
  CHECK(fixture.publisher.connected());
}

TEST(Publisher, ARefusalIsToldOnceAReason) {
  fixture.Connect();
  for (int i = 0; i < 5; ++i) fixture.Push("t/" + std::to_string(i), "x");
  for (int round = 0; round < 3; ++round) {
    fixture.Step();
    while (!mqtt.outstanding().empty()) mqtt.Refuse(mqtt.outstanding()[0].token, 0x87);
  }
  fixture.Step();
  LONGS_EQUAL(5, fixture.given_up.size());
  LONGS_EQUAL(1, fixture.logs.Count(LogLevel::kWarn, "reason_code=135"));
}

TEST(Publisher, ARefusalBlocksNoOtherAndKeepsTheOrderOfItsTopic) {
  fixture.Connect();
  fixture.Push("t/1", "old");
  fixture.Push("t/2", "x");
  fixture.Push("t/1", "new");
  fixture.Step();
  CHECK(fixture.TakeSent() == (Texts{"t/1=old", "t/2=x"}));
  mqtt.Refuse(mqtt.outstanding()[0].token, 0x97);
  fixture.Step();
  CHECK(fixture.TakeSent() == (Texts{"t/1=old"}));  // again, and not behind the newer one
  mqtt.AckAll();
  fixture.Step();
  CHECK(fixture.TakeSent() == (Texts{"t/1=new"}));
}

TEST(Publisher, WhatIsLargerThanTheBrokerTakesIsGivenUp) {
  FakeMqtt::Acceptance acceptance;
  acceptance.maximum_packet_bytes = 100;
  fixture.Connect(acceptance);
  fixture.Push("t/1", std::string(200, 'x'));
  fixture.Push("t/2", std::string(81, 'y'));  // 84 with the topic, 100 with the rest
  fixture.Push("t/3", std::string(82, 'z'));
  fixture.Step();
  CHECK(fixture.TakeSent() == (Texts{"t/2=" + std::string(81, 'y')}));
  CHECK(fixture.given_up == (Texts{"t/1", "t/3"}));
}

TEST(Publisher, WhatTheLibraryCallsMalformedIsGivenUp) {
  fixture.Connect();
  mqtt.RejectPublishes("malformed topic");
  fixture.Push("t/1", "x");
  fixture.Step();
  CHECK(fixture.given_up == (Texts{"t/1"}));
  mqtt.RejectPublishes({});
  fixture.Push("t/2", "y");
  fixture.Step();
  CHECK(fixture.TakeSent() == (Texts{"t/2=y"}));
}

TEST(Publisher, AFullLibraryIsTriedALittleLater) {
  fixture.Connect();
  mqtt.FillLibrary(true);
  fixture.Push("t/1", "x");
  CHECK(fixture.Step() == fixture.clock.Now() + 50);
  LONGS_EQUAL(1, fixture.window.waiting());
  mqtt.FillLibrary(false);
  fixture.Step(50);
  CHECK(fixture.TakeSent() == (Texts{"t/1=x"}));
  CHECK(fixture.given_up.empty());
}

TEST(Publisher, HealthIsNotQueued) {
  fixture.publisher.PublishHealth("h0", fixture.clock.Now());  // not connected
  fixture.Connect();
  CHECK(fixture.TakeSent().empty());
  fixture.publisher.PublishHealth("h1", fixture.clock.Now());
  fixture.publisher.PublishHealth("h2", fixture.clock.Now());  // while the first is on its way
  CHECK(fixture.TakeSent() == (Texts{"d/health=h1"}));
  mqtt.AckAll();
  fixture.Step();
  CHECK(fixture.TakeSent().empty());
  STRCMP_EQUAL("h1", mqtt.Retained("d/health").c_str());
  LONGS_EQUAL(0, fixture.publisher.counters().acknowledged);  // which counts records only
}

TEST(Publisher, ABacklogDoesNotShutHealthOut) {
  for (const std::uint16_t most : std::initializer_list<std::uint16_t>{2, 20, 65535}) {
    PublisherFixture other;
    FakeMqtt::Acceptance acceptance;
    acceptance.receive_maximum = most;
    other.Connect(acceptance);
    other.PushMany(150);
    other.Step();
    other.publisher.PublishHealth("h", other.clock.Now());
    STRCMP_EQUAL("d/health", other.mqtt.sent().back().topic.c_str());
    LONGS_EQUAL(0, other.mqtt.violations());
  }
}

TEST(Publisher, OutcomesOfTokensThatAreNotOutMeanNothing) {
  fixture.Connect();
  fixture.Push("t/1", "x");
  fixture.Step();
  const depotlink::ports::MqttToken token = mqtt.outstanding()[0].token;
  using Kind = depotlink::ports::MqttEventKind;
  for (const depotlink::ports::MqttToken stray : {token + 1, 33U, 34U, 1000U, UINT32_MAX}) {
    mqtt.Happen(Kind::kAcked, stray, 0, {});
    mqtt.Happen(Kind::kRefused, stray, 0x80, {});
  }
  fixture.Step();
  LONGS_EQUAL(1, fixture.window.sent());
  LONGS_EQUAL(0, fixture.publisher.counters().acknowledged + fixture.publisher.counters().refused);
  mqtt.Ack(token);
  mqtt.Happen(Kind::kAcked, token, 0, {});
  fixture.Step();
  LONGS_EQUAL(1, fixture.publisher.counters().acknowledged);
}
