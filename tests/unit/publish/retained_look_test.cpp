// SPDX-License-Identifier: Apache-2.0
#include "agent/publish/retained_look.hpp"

#include <set>
#include <string>

#include "agent/publish/publisher.hpp"
#include "tests/fakes/fake_mqtt.hpp"
#include "tests/fakes/log_capture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::kNever;
using depotlink::kSecondMs;
using depotlink::Logger;
using depotlink::LogLevel;
using depotlink::MonoTime;
using depotlink::fakes::FakeMqtt;
using depotlink::fakes::LogCapture;
using depotlink::ports::MqttEvent;
using depotlink::publish::RetainedLook;
using depotlink::publish::RetainedSink;

namespace {

class Finder : public RetainedSink {
 public:
  bool OnRetained(std::string_view topic) override {
    if (room == 0) return false;
    --room;
    found.emplace(topic);
    return true;
  }
  std::size_t room = 1000;
  std::multiset<std::string> found;
};

}  // namespace

TEST_GROUP(RetainedLook) {
  FakeMqtt mqtt;
  LogCapture logs;
  Logger log{logs, LogLevel::kDebug};
  Finder finder;
  RetainedLook look{mqtt, finder, log};
  MonoTime now{};

  void setup() override {
    for (int i = 0; i < 20; ++i) mqtt.PutRetained("d/tracker/" + std::to_string(i) + "/info", "{}");
    mqtt.PutRetained("d/link/7", "{}");
    mqtt.PutRetained("d/health", "{}");
    look.Add("d/tracker/+/info");
    look.Add("d/link/+");
    mqtt.Accept();
    Answer();
  }
  void Answer() {
    MqttEvent event;
    while (mqtt.NextEvent(event)) {
      if (event.token == depotlink::publish::kLookToken) look.OnAnswer(event);
    }
  }
  void Run(int seconds, bool may = true) {
    const MonoTime end = now + seconds * kSecondMs;
    while (now < end && !look.done()) {
      const MonoTime next = look.Step(now, may);
      CHECK(now < next || look.done());
      Answer();
      now = std::min(std::min(next, now + kSecondMs), end);
    }
  }
};

TEST(RetainedLook, EachFilterIsLookedAtOnceAndThenLeft) {
  Run(60);
  CHECK(look.done());
  LONGS_EQUAL(21, finder.found.size());
  LONGS_EQUAL(2, mqtt.filters().size());
  STRCMP_EQUAL("", mqtt.filter().c_str());
  CHECK(look.Step(now, true) == kNever);
}

TEST(RetainedLook, NotBeforeItMay) {
  Run(60, false);
  CHECK(mqtt.filters().empty());
  Run(60);
  CHECK(look.done());
}

TEST(RetainedLook, WhatHasNoRoomIsToldAgain) {
  finder.room = 5;
  Run(60);
  CHECK_FALSE(look.done());
  LONGS_EQUAL(5, finder.found.size());
  finder.room = 100;
  Run(60);
  CHECK(look.done());
  LONGS_EQUAL(21, finder.found.size());
}

TEST(RetainedLook, WhereSomeAreLostItLooksAgainButNotForEver) {
  mqtt.KeepArrivals(8);
  Run(600);
  CHECK(look.done());
  LONGS_EQUAL(9, mqtt.filters().size());
}

TEST(RetainedLook, ANewConnectionIsAskedAgain) {
  look.Step(now, true);
  Answer();
  mqtt.Lose();
  look.Restart();
  Answer();
  finder.found.clear();
  Run(60, false);
  LONGS_EQUAL(1, mqtt.filters().size());
  mqtt.Accept();
  Run(60);
  CHECK(look.done());
  LONGS_EQUAL(21, finder.found.size());
  look.Restart();
  CHECK(look.Step(now, true) == kNever);
}

TEST(RetainedLook, ABrokerThatRefusesIsToldOnceAndLeftAlone) {
  mqtt.RefuseSubscribe(0x87);
  Run(60);
  CHECK(look.done());
  CHECK(finder.found.empty());
  LONGS_EQUAL(1, logs.Count(LogLevel::kInfo, "does not let the agent read"));
}
