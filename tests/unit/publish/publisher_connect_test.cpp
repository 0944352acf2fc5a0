// SPDX-License-Identifier: Apache-2.0
// Connecting, losing and coming back: back-off, versions, what the broker still knows.
#include <algorithm>
#include <string>
#include <vector>

#include "agent/publish/publisher.hpp"
#include "agent/stage_configs.hpp"
#include "tests/unit/publish/publisher_fixture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::kHourMs;
using depotlink::kMinuteMs;
using depotlink::kNever;
using depotlink::kSecondMs;
using depotlink::LogLevel;
using depotlink::MonoTime;
using depotlink::fakes::FakeMqtt;
using depotlink::ports::MqttVersion;
using depotlink::publish::BrokerState;
using depotlink::publish::PublisherFixture;
using Texts = std::vector<std::string>;

namespace {

depotlink::publish::PublisherConfig MakeConfig(const std::string& host) {
  depotlink::settings::Settings settings;
  settings.mqtt.host = host;
  return depotlink::MakePublisherConfig(settings, depotlink::encode::TopicBuilder("d", "yard"), {});
}

}  // namespace

TEST_GROUP(PublisherConnect) {
  PublisherFixture fixture;
  FakeMqtt& mqtt = fixture.mqtt;

  void teardown() override {
    LONGS_EQUAL(0, mqtt.violations());
  }
  void FailToConnect(int reason_code = 0) {
    mqtt.RefuseConnect(reason_code, "refused");
    fixture.Step();
  }
  void Reconnect(bool session_present) {
    fixture.StepToNextAttempt();
    FakeMqtt::Acceptance acceptance;
    acceptance.session_present = session_present;
    mqtt.Accept(acceptance);
    fixture.Step();
  }
};

TEST(PublisherConnect, SaysWhoItIsAndLeavesAWill) {
  fixture.Step();
  LONGS_EQUAL(1, mqtt.attempts().size());
  const FakeMqtt::Attempt& attempt = mqtt.attempts()[0];
  STRCMP_EQUAL("broker", attempt.host.c_str());
  LONGS_EQUAL(1884, attempt.port);
  STRCMP_EQUAL("depotlink-yard", attempt.client_id.c_str());
  STRCMP_EQUAL("agent", attempt.username.c_str());
  STRCMP_EQUAL("pass", attempt.password.c_str());
  STRCMP_EQUAL("d/status", attempt.will_topic.c_str());
  STRCMP_EQUAL("offline", attempt.will_payload.c_str());
  CHECK(attempt.version == MqttVersion::k5);
  LONGS_EQUAL(24 * 3600, attempt.session_expiry_s);
}

TEST(PublisherConnect, OneAttemptAtATime) {
  fixture.Step();
  for (int i = 0; i < 10; ++i) fixture.Step(kSecondMs);
  LONGS_EQUAL(1, mqtt.attempts().size());
}

TEST(PublisherConnect, BackOffGrowsToTenSeconds) {
  fixture.random.Set(UINT64_MAX);
  fixture.Step();
  std::vector<depotlink::DurationMs> most;
  for (int tries = 0; tries < 10; ++tries) {
    FailToConnect();
    const depotlink::DurationMs wait = fixture.next - fixture.clock.Now();
    CHECK(wait >= 50);
    CHECK(wait <= std::min<depotlink::DurationMs>(10 * kSecondMs, 500LL << tries));
    if (tries >= 7) CHECK(wait >= kSecondMs);
    fixture.Step(wait - 1);
    LONGS_EQUAL(tries + 1, mqtt.attempts().size());
    fixture.Step(1);
    LONGS_EQUAL(tries + 2, mqtt.attempts().size());
  }
}

TEST(PublisherConnect, ABrokerOnThisMachineIsTriedEachSecondUnlessItSaysNo) {
  PublisherFixture near(true, true, MakeConfig("127.0.0.1").unanswered_wait_most_ms);
  LONGS_EQUAL(10 * kSecondMs, MakeConfig("bus.example").unanswered_wait_most_ms);
  near.random.Set(9000);  // the longest wait of all
  near.Step();
  for (int tries = 0; tries < 12; ++tries) {
    near.mqtt.RefuseConnect(0, "connection refused");
    near.Step();
    CHECK(near.next - near.clock.Now() <= kSecondMs);
    near.StepToNextAttempt();
  }
  near.mqtt.RefuseConnect(0x87, "not authorized");
  near.Step();
  CHECK(near.next - near.clock.Now() > kSecondMs);
}

TEST(PublisherConnect, BackOffForgetsOnlyAfterAStableMinute) {
  fixture.Step();
  for (int tries = 0; tries < 8; ++tries) {
    FailToConnect();
    fixture.StepToNextAttempt();
  }
  // Accepted and closed at once, as a broker does that is restarted again and again.
  mqtt.Accept();
  fixture.Step();
  mqtt.Lose();
  fixture.Step(59 * kSecondMs);
  CHECK(fixture.next - fixture.clock.Now() >= kSecondMs);
  fixture.StepToNextAttempt();
  mqtt.Accept();
  fixture.Step();
  mqtt.AckAll();
  fixture.Step();
  mqtt.Lose();
  fixture.Step(kMinuteMs);  // one step only, and it brings the loss
  CHECK(fixture.next - fixture.clock.Now() <= 500);
}

TEST(PublisherConnect, AFailureIsToldOnce) {
  fixture.Step();
  for (int tries = 0; tries < 5; ++tries) {
    FailToConnect();
    fixture.StepToNextAttempt();
  }
  LONGS_EQUAL(1, fixture.logs.Count(LogLevel::kWarn, "broker not reachable"));
  mqtt.RefuseConnect(0x86, "bad user name or password");
  fixture.Step();
  LONGS_EQUAL(2, fixture.logs.Count(LogLevel::kWarn, "broker not reachable"));
  STRCMP_EQUAL("bad user name or password", fixture.publisher.last_error().c_str());
  CHECK_FALSE(fixture.logs.Has("pass "));
}

TEST(PublisherConnect, UnusableParametersAreAFailureLikeAnother) {
  mqtt.CallUnusable("no such port");
  fixture.Step();
  CHECK_FALSE(fixture.publisher.connected());
  CHECK(fixture.clock.Now() < fixture.next);
  CHECK(fixture.logs.Has("no such port"));
}

TEST(PublisherConnect, ALibraryThatSaysNothingIsLeft) {
  fixture.Step();
  CHECK(fixture.next == fixture.clock.Now() + 20 * kSecondMs);
  fixture.Step(20 * kSecondMs);
  LONGS_EQUAL(1, mqtt.disconnects());
  fixture.StepToNextAttempt();
  LONGS_EQUAL(2, mqtt.attempts().size());
}

TEST(PublisherConnect, FallsBackTo311AtOnceAndTries5NextTime) {
  for (const int reason : {0x84, 1}) {
    PublisherFixture other;
    other.Step();
    other.mqtt.RefuseConnect(reason, "unsupported protocol version");
    other.Step();
    LONGS_EQUAL(2, other.mqtt.attempts().size());
    CHECK(other.mqtt.attempts()[1].version == MqttVersion::k311);
    LONGS_EQUAL(0, other.mqtt.attempts()[1].session_expiry_s);
    other.mqtt.Accept();
    other.Step();
    CHECK(other.publisher.version() == MqttVersion::k311);
    other.mqtt.Lose();
    other.Step();
    other.StepToNextAttempt();
    CHECK(other.mqtt.attempts()[2].version == MqttVersion::k5);
    other.mqtt.RefuseConnect(reason, "unsupported protocol version");
    other.Step();
    CHECK(other.mqtt.attempts()[3].version == MqttVersion::k311);
    LONGS_EQUAL(1, other.logs.Count(LogLevel::kWarn, "knows no MQTT 5"));
  }
}

TEST(PublisherConnect, A311ThatFailsTooBacksOffAndBeginsWith5) {
  fixture.Step();
  mqtt.RefuseConnect(0x84, "version");
  fixture.Step();
  mqtt.RefuseConnect(5, "not authorized");
  fixture.Step();
  LONGS_EQUAL(2, mqtt.attempts().size());
  fixture.StepToNextAttempt();
  CHECK(mqtt.attempts()[2].version == MqttVersion::k5);
}

TEST(PublisherConnect, TheConfigDecidesWhichVersionsAreTried) {
  PublisherFixture only5(true, false);
  only5.Step();
  only5.mqtt.RefuseConnect(0x84, "version");
  only5.Step();
  only5.StepToNextAttempt();
  CHECK(only5.mqtt.attempts().back().version == MqttVersion::k5);
  PublisherFixture only311(false, true);
  only311.Step();
  CHECK(only311.mqtt.attempts().back().version == MqttVersion::k311);
  only311.mqtt.RefuseConnect(1, "version");
  only311.Step();
  only311.StepToNextAttempt();
  CHECK(only311.mqtt.attempts().back().version == MqttVersion::k311);
}

TEST(PublisherConnect, AfterALossAllThatWasOutIsSentAgainInOrder) {
  fixture.Connect();
  fixture.PushMany(6);
  fixture.Step();
  mqtt.Ack(mqtt.outstanding()[2].token);
  mqtt.Take(mqtt.outstanding()[0].token);  // arrived; nobody knows
  fixture.Step();
  mqtt.Lose();
  fixture.Step();
  CHECK(fixture.publisher.state() == BrokerState::kAway);
  fixture.TakeSent();
  Reconnect(true);
  CHECK(fixture.TakeSent() ==
        (Texts{"d/status=online", "t/0=0", "t/1=1", "t/3=3", "t/4=4", "t/5=5"}));
  mqtt.AckAll();
  fixture.Step();
  LONGS_EQUAL(6, fixture.publisher.counters().acknowledged);
  LONGS_EQUAL(11, fixture.publisher.counters().sent);
}

TEST(PublisherConnect, WhatTheLibraryCannotSendIsALoss) {
  fixture.Connect();
  fixture.PushMany(2);
  fixture.Step();
  mqtt.FailToSend(mqtt.outstanding()[0].token);
  mqtt.Lose();
  fixture.Step();
  CHECK_FALSE(fixture.publisher.connected());
  LONGS_EQUAL(2, fixture.window.waiting());
  LONGS_EQUAL(1, fixture.logs.Count(LogLevel::kWarn, "connection lost"));
}

TEST(PublisherConnect, ABrokerThatTakesAndNeverAnswersIsLeft) {
  fixture.Connect();
  fixture.PushMany(2);
  const MonoTime sent_at = fixture.clock.Now();
  fixture.Step();
  CHECK(fixture.next == sent_at + 20 * kSecondMs);
  fixture.Step(20 * kSecondMs - 1);
  CHECK(fixture.publisher.connected());
  fixture.Step(1);
  CHECK_FALSE(fixture.publisher.connected());
  LONGS_EQUAL(1, mqtt.disconnects());
  LONGS_EQUAL(2, fixture.window.waiting());
  fixture.TakeSent();
  Reconnect(true);
  CHECK(fixture.TakeSent() == (Texts{"d/status=online", "t/0=0", "t/1=1"}));
}

TEST(PublisherConnect, AnUnansweredStatusOrHealthCountsAsWell) {
  fixture.Step();
  mqtt.Accept();
  fixture.Step();
  fixture.Step(20 * kSecondMs);
  CHECK_FALSE(fixture.publisher.connected());
  Reconnect(true);
  mqtt.AckAll();
  fixture.Step();
  fixture.publisher.PublishHealth("h", fixture.clock.Now());
  fixture.Step(20 * kSecondMs);
  CHECK_FALSE(fixture.publisher.connected());
}

TEST(PublisherConnect, AcknowledgementsOfTheOldConnectionMeanNothingInTheNew) {
  fixture.Connect();
  fixture.PushMany(1);
  fixture.Step();
  const depotlink::ports::MqttToken token = mqtt.outstanding()[0].token;
  mqtt.Lose();
  mqtt.Happen(depotlink::ports::MqttEventKind::kAcked, token, 0, {});
  fixture.Step();
  LONGS_EQUAL(0, fixture.publisher.counters().acknowledged);
  LONGS_EQUAL(1, fixture.window.waiting());
}

TEST(PublisherConnect, TheBrokerForgotOnlyWhereALaterConnectSaysSo) {
  fixture.Step();
  mqtt.Accept();  // the first one: nothing that could have been forgotten
  fixture.Step();
  LONGS_EQUAL(0, fixture.forgot);
  mqtt.Lose();
  fixture.Step();
  Reconnect(true);
  LONGS_EQUAL(0, fixture.forgot);
  mqtt.Lose();
  fixture.Step();
  Reconnect(false);
  LONGS_EQUAL(1, fixture.forgot);
}

TEST(PublisherConnect, StatesOfTheBroker) {
  CHECK(fixture.publisher.state() == BrokerState::kNeverConnected);
  fixture.Connect();
  CHECK(fixture.publisher.state() == BrokerState::kConnected);
  LONGS_EQUAL(1, fixture.publisher.counters().connects);
  mqtt.Lose();
  fixture.Step();
  CHECK(fixture.publisher.state() == BrokerState::kAway);
  STRCMP_EQUAL("connection reset", fixture.publisher.last_error().c_str());
  Reconnect(true);
  LONGS_EQUAL(2, fixture.publisher.counters().connects);
  CHECK(fixture.publisher.last_error().empty());
}

TEST(PublisherConnect, IdleItWantsNothing) {
  fixture.Connect();
  CHECK(fixture.Step() == kNever);
  CHECK(fixture.Step(kHourMs) == kNever);
  CHECK(fixture.publisher.connected());
}

namespace {

constexpr int kTakenOver = 0x8E;

}  // namespace

TEST(PublisherConnect, ThrownOutByAnotherOfTheSameNameItKeepsAwayEverLonger) {
  fixture.random.Set(UINT64_MAX);
  fixture.Connect();
  depotlink::DurationMs longest = 0;
  for (int i = 1; i <= 6; ++i) {
    fixture.clock.Advance(5 * kMinuteMs);
    mqtt.Disconnect(0);
    mqtt.Happen(depotlink::ports::MqttEventKind::kLost, 0, kTakenOver, "session taken over");
    fixture.Step();
    CHECK(fixture.publisher.contest().on());
    LONGS_EQUAL(i, fixture.publisher.contest().takeovers());
    STRCMP_CONTAINS("depotlink-yard", fixture.publisher.last_error().c_str());
    STRCMP_CONTAINS("two agents", fixture.publisher.last_error().c_str());
    LONGS_EQUAL(i, fixture.logs.Count(LogLevel::kError, "thrown out"));
    const depotlink::DurationMs wait = fixture.next - fixture.clock.Now();
    CHECK(wait >= kMinuteMs && wait <= 11 * kMinuteMs);
    longest = std::max(longest, wait);
    Reconnect(true);
  }
  CHECK(longest > 4 * kMinuteMs);
  // An end of another kind is waited for as ever.
  mqtt.Lose();
  fixture.Step();
  CHECK_FALSE(fixture.publisher.contest().on());
  CHECK(fixture.next - fixture.clock.Now() <= 10 * kSecondMs);
}

TEST(PublisherConnect, ConnectionsThatEndSoonAgainAndAgainWithoutAWordAreSuspected) {
  for (const bool v5 : {false, true}) {
    PublisherFixture one(v5, !v5);
    one.Connect();
    for (int i = 1; i <= 6; ++i) {
      one.clock.Advance(3 * kSecondMs);
      one.mqtt.Lose();
      one.Step();
      CHECK_EQUAL(i >= 5, one.publisher.contest().on());
      CHECK((one.next - one.clock.Now() > 20 * kSecondMs) == (i >= 5));
      one.StepToNextAttempt();
      one.mqtt.Accept();
      one.Step();
    }
    LONGS_EQUAL(0, one.publisher.contest().takeovers());
    LONGS_EQUAL(2, one.logs.Count(LogLevel::kError, "thrown out"));
    one.clock.Advance(2 * kMinuteMs);
    one.mqtt.Lose();
    one.Step();
    CHECK_FALSE(one.publisher.contest().on());
  }
}

TEST(PublisherConnect, ABrokerThatIsAwayInBetweenOrSaysWhyIsNoRival) {
  fixture.Connect();
  for (int i = 1; i <= 16; ++i) {
    fixture.clock.Advance(3 * kSecondMs);
    constexpr int kShuttingDown = 0x8B;
    if (i < 8) {
      mqtt.Lose();
      fixture.Step();
      fixture.StepToNextAttempt();
      FailToConnect();
    } else {
      mqtt.Disconnect(0);
      mqtt.Happen(depotlink::ports::MqttEventKind::kLost, 0, kShuttingDown, "shutting down");
      fixture.Step();
    }
    CHECK_FALSE(fixture.publisher.contest().on());
    Reconnect(true);
  }
}
