// SPDX-License-Identifier: Apache-2.0
#include "platform/arrival_ring.hpp"

#include <string>

#include "agent/base/limits.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::platform::ArrivalRing;
using depotlink::ports::MqttArrival;

TEST_GROUP(ArrivalRing) {
  ArrivalRing ring;
  MqttArrival arrival;

  std::string Topic(int number) {
    return "depotlink/yard/tracker/" + std::to_string(number) + "/info";
  }
};

TEST(ArrivalRing, ClosedItKeepsNothing) {
  CHECK_FALSE(ring.Push("a", true));
  ring.Open();
  CHECK(ring.Push("a", true));
  ring.Close();
  CHECK_FALSE(ring.Pop(arrival));
}

TEST(ArrivalRing, InOrderForAsLongAsItIsEmptied) {
  ring.Open();
  int taken = 0;
  for (int i = 0; i < 10000; ++i) {
    CHECK(ring.Push(Topic(i), i % 2 == 0));
    if (i % 700 != 699) continue;
    while (taken + 100 <= i) {  // never empty
      CHECK(ring.Pop(arrival));
      LONGS_EQUAL(0, arrival.lost);
      CHECK(arrival.retained == (taken % 2 == 0));
      CHECK(arrival.topic.view() == Topic(taken++));
    }
  }
}

TEST(ArrivalRing, WhatDoesNotFitIsToldOnce) {
  ring.Open();
  std::size_t pushed = 0;
  for (; pushed < depotlink::limits::kArrivalBytes / 20; ++pushed) ring.Push(Topic(1000), true);
  CHECK(ring.Pop(arrival));
  const std::size_t lost = arrival.lost;
  std::size_t kept = 1;
  while (ring.Pop(arrival)) {
    LONGS_EQUAL(0, arrival.lost);
    ++kept;
  }
  CHECK(lost > 0);
  LONGS_EQUAL(pushed, kept + lost);
  CHECK(ring.Push(Topic(7), false));
  CHECK(ring.Pop(arrival));
  CHECK(arrival.topic.view() == Topic(7));
  // A topic that is longer than any of ours.
  ring.Push(std::string(depotlink::limits::kTopicBytes + 1, 'x'), true);
  CHECK(ring.Pop(arrival));
  LONGS_EQUAL(1, arrival.lost);
  CHECK(arrival.topic.empty());
}
