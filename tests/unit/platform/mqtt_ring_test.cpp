// SPDX-License-Identifier: Apache-2.0
#include "platform/mqtt_ring.hpp"

#include <cstdint>

#include "CppUTest/TestHarness.h"

using depotlink::platform::kMostTokens;
using depotlink::platform::MqttRing;
using depotlink::ports::MqttEvent;
using depotlink::ports::MqttEventKind;

TEST_GROUP(MqttRing) {
  int wakes = 0;
  MqttRing ring{[this] { ++wakes; }};

  static MqttEvent Event(MqttEventKind kind, std::uint32_t token = 0) {
    MqttEvent event;
    event.kind = kind;
    event.token = token;
    return event;
  }
  void Next(MqttEventKind kind, std::uint32_t token = 0) {
    MqttEvent event;
    CHECK(ring.Pop(event));
    CHECK(event.kind == kind);
    LONGS_EQUAL(token, event.token);
  }
  void Nothing() {
    MqttEvent event;
    CHECK_FALSE(ring.Pop(event));
  }
};

TEST(MqttRing, KeepsTheOrderAndWakesOnceForAllThatIsThere) {
  const std::uint32_t generation = ring.Open();
  for (std::uint32_t round = 0; round < 100; ++round) {
    ring.Push(generation, Event(MqttEventKind::kAcked, round));
    ring.Push(generation, Event(MqttEventKind::kRefused, round));
    Next(MqttEventKind::kAcked, round);
    Next(MqttEventKind::kRefused, round);
  }
  Nothing();
  LONGS_EQUAL(1, wakes);  // it was never found empty in between
  ring.Push(generation, Event(MqttEventKind::kAcked));
  LONGS_EQUAL(2, wakes);
}

TEST(MqttRing, AcknowledgementsGatherAndAllElseWakesAtOnce) {
  const std::uint32_t generation = ring.Open();
  ring.GatherUpTo(3);
  ring.Push(generation, Event(MqttEventKind::kAcked, 1));
  ring.Push(generation, Event(MqttEventKind::kAcked, 2));
  LONGS_EQUAL(0, wakes);
  ring.Push(generation, Event(MqttEventKind::kAcked, 3));
  LONGS_EQUAL(1, wakes);
  for (std::uint32_t i = 1; i <= 3; ++i) Next(MqttEventKind::kAcked, i);
  Nothing();
  ring.Push(generation, Event(MqttEventKind::kRefused, 4));
  LONGS_EQUAL(2, wakes);
  Next(MqttEventKind::kRefused, 4);
  Nothing();
  ring.Push(generation, Event(MqttEventKind::kAcked, 5));
  LONGS_EQUAL(2, wakes);
  ring.GatherUpTo(1);  // what is there already wakes now
  LONGS_EQUAL(3, wakes);
  Next(MqttEventKind::kAcked, 5);
}

TEST(MqttRing, AnOldGenerationIsNotLetIn) {
  const std::uint32_t old = ring.Open();
  ring.Push(old, Event(MqttEventKind::kConnected));
  const std::uint32_t fresh = ring.Open();
  Nothing();
  ring.Push(old, Event(MqttEventKind::kAcked));
  Nothing();
  ring.Push(fresh, Event(MqttEventKind::kConnected));
  Next(MqttEventKind::kConnected);
  ring.Close();
  ring.Push(fresh, Event(MqttEventKind::kLost));
  Nothing();
}

TEST(MqttRing, NothingComesAfterTheLastWord) {
  for (const auto last : {MqttEventKind::kLost, MqttEventKind::kConnectFailed}) {
    const std::uint32_t generation = ring.Open();
    ring.Push(generation, Event(MqttEventKind::kAcked, 1));
    ring.Push(generation, Event(last));
    ring.Push(generation, Event(MqttEventKind::kAcked, 2));
    ring.Push(generation, Event(MqttEventKind::kLost));
    Next(MqttEventKind::kAcked, 1);
    Next(last);
    Nothing();
  }
}

TEST(MqttRing, AllTokensFitAndAFloodIsALoss) {
  const std::uint32_t generation = ring.Open();
  ring.Push(generation, Event(MqttEventKind::kConnected));
  for (std::uint32_t i = 0; i < kMostTokens; ++i) {
    ring.Push(generation, Event(MqttEventKind::kAcked, i));
  }
  ring.Push(generation, Event(MqttEventKind::kLost));
  Next(MqttEventKind::kConnected);
  for (std::uint32_t i = 0; i < kMostTokens; ++i) Next(MqttEventKind::kAcked, i);
  Next(MqttEventKind::kLost);
  Nothing();

  const std::uint32_t flooded = ring.Open();
  for (std::uint32_t i = 0; i < 1000; ++i) ring.Push(flooded, Event(MqttEventKind::kAcked, i));
  MqttEvent event;
  std::uint32_t taken = 0;
  while (ring.Pop(event) && event.kind == MqttEventKind::kAcked) {
    LONGS_EQUAL(taken, event.token);
    ++taken;
  }
  CHECK(taken >= kMostTokens);
  CHECK(event.kind == MqttEventKind::kLost);
  Nothing();
}
