// SPDX-License-Identifier: Apache-2.0
#include "agent/clock_watch.hpp"

#include <string>

#include "tests/fakes/fake_storage.hpp"
#include "tests/fakes/log_capture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::ClockWatch;
using depotlink::DurationMs;
using depotlink::kHourMs;
using depotlink::kSecondMs;
using depotlink::Logger;
using depotlink::LogLevel;
using depotlink::MonoTime;
using depotlink::WallTime;
using depotlink::fakes::FakeStorage;
using depotlink::fakes::LogCapture;
using depotlink::poll::ServerClock;

namespace {

constexpr std::int64_t kTodayMs = 1795350000000;  // 2026-11-22
constexpr MonoTime kBoot{5 * kSecondMs};

}  // namespace

TEST_GROUP(ClockWatch) {
  LogCapture logs;
  FakeStorage disk;
  ServerClock server;
  Logger log{logs, LogLevel::kDebug};
  ClockWatch watch{log};

  void setup() override {
    CHECK(disk.Open().ok());
  }
  bool Trusts(std::int64_t system_ms, MonoTime now = kBoot) {
    return watch.Look(now, {system_ms}, server).trusted;
  }
};

TEST(ClockWatch, WithoutAnAnswerOnlyWhatCannotBeIsWrong) {
  CHECK(Trusts(kTodayMs));
  CHECK(Trusts(kTodayMs + 365 * 24 * kHourMs));
  LONGS_EQUAL(0, watch.finding().correction_ms);
  CHECK_FALSE(Trusts(0));
  CHECK_FALSE(Trusts(1704067199999));
  LONGS_EQUAL(0, watch.finding().correction_ms);
  LONGS_EQUAL(1, logs.Count(LogLevel::kWarn, "clock is wrong"));
  CHECK(Trusts(1704067200000));
  LONGS_EQUAL(1, logs.Count(LogLevel::kInfo, "right again"));
}

TEST(ClockWatch, TheApiKnowsBetterEitherWay) {
  server.Note({kTodayMs}, kBoot);
  CHECK(Trusts(kTodayMs - 60 * kSecondMs));
  CHECK(Trusts(kTodayMs + 60 * kSecondMs));
  CHECK_FALSE(Trusts(kTodayMs + 60 * kSecondMs + 1));
  LONGLONGS_EQUAL(-60 * kSecondMs - 1, watch.finding().correction_ms);
  // Once in doubt it has to come closer.
  CHECK_FALSE(Trusts(kTodayMs + 31 * kSecondMs));
  CHECK(Trusts(kTodayMs + 30 * kSecondMs));
  CHECK_FALSE(Trusts(0));
  LONGLONGS_EQUAL(kTodayMs, watch.finding().correction_ms);
}

TEST(ClockWatch, TheApisTimeGoesOnWithoutAnswers) {
  server.Note({kTodayMs}, kBoot);
  CHECK(Trusts(kTodayMs + 240 * kHourMs, kBoot + 240 * kHourMs));
  CHECK_FALSE(Trusts(kTodayMs, kBoot + 240 * kHourMs));
}

TEST(ClockWatch, TheLastGoodTimeOutlivesARestartAndFlashIsSpared) {
  server.Note({kTodayMs}, kBoot);
  for (DurationMs at = 0; at <= 72 * kHourMs; at += 60 * kSecondMs) {
    watch.Remember(kBoot + at, server, disk);
  }
  // After an hour, 25 and 49 hours.
  LONGS_EQUAL(3, disk.Count(depotlink::fakes::StorageOp::kCreate));
  ClockWatch next(log);
  next.Recall(disk);
  const std::int64_t left_ms = kTodayMs + 49 * kHourMs;
  CHECK_FALSE(next.Look(kBoot, {left_ms - 1}, ServerClock()).trusted);
  CHECK(next.Look(kBoot, {left_ms}, ServerClock()).trusted);
}

TEST(ClockWatch, WithoutAnAnswerNothingIsKept) {
  for (DurationMs at = 0; at <= 72 * kHourMs; at += kHourMs)
    watch.Remember(kBoot + at, server, disk);
  LONGS_EQUAL(0, disk.Count(depotlink::fakes::StorageOp::kCreate));
}

TEST(ClockWatch, WhatIsLeftInTheFileCannotHarm) {
  for (const char* text : {"", "tomorrow", "2026-11-22", "2001-01-01T00:00:00Z", "\xff\xff"}) {
    disk.Erase("clock");
    disk.Put("clock", text);
    ClockWatch next(log);
    next.Recall(disk);
    CHECK(next.Look(kBoot, {kTodayMs}, ServerClock()).trusted);
    CHECK_FALSE(next.Look(kBoot, {0}, ServerClock()).trusted);
  }
}

TEST(ClockWatch, ADiskThatTakesNothingIsNoTrouble) {
  server.Note({kTodayMs}, kBoot);
  disk.set_capacity(0);
  watch.Remember(kBoot, server, disk);
  watch.Remember(kBoot + kHourMs, server, disk);
  LONGS_EQUAL(0, logs.Count(LogLevel::kWarn, ""));
}
