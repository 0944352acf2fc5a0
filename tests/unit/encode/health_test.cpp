// SPDX-License-Identifier: Apache-2.0
#include "agent/encode/health.hpp"

#include <cstdint>
#include <memory>
#include <string>

#include "tests/unit/encode/round_trip.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::WallTime;
using depotlink::encode::EncodeHealth;
using depotlink::encode::HealthReport;
using depotlink::encode::ReadGolden;
using depotlink::encode::SurvivesRoundTrip;
using depotlink::json::JsonWriter;

namespace encode = depotlink::encode;  // poll and publish have states of the same names

TEST_GROUP(Health) {
  HealthReport report;
  char buffer[encode::kHealthBytes];
  JsonWriter writer{buffer, sizeof buffer};

  void setup() override {
    report.site = "north-depot";
    report.time = WallTime{1722509124107};
    report.run = "k3v9";
    report.version = "0.1.0";
  }
  std::string Encoded() {
    writer.Reset();
    CHECK(EncodeHealth(report, writer));
    const std::string text(writer.view());
    CHECK_TEXT(SurvivesRoundTrip(text), text.c_str());
    return text;
  }
};

TEST(Health, ExtrasStandThereWhereThereAreSome) {
  CHECK(Encoded().find("extras") == std::string::npos);
  report.extras.count = 3;
  STRCMP_CONTAINS(R"("extras":{"count":3,"failing":0})", Encoded().c_str());
  report.extras = {3, 1, "tag/list", "why"};
  STRCMP_CONTAINS(
      R"("extras":{"count":3,"failing":1,"failing_path":"tag/list","last_error":"why"})",
      Encoded().c_str());
}

TEST(Health, TrackersThatDidNotFitAreToldWhereThereAreSome) {
  CHECK(Encoded().find("left_out") == std::string::npos);
  report.trackers = 3;
  report.trackers_left_out = 2;
  STRCMP_CONTAINS(R"("trackers":3,"trackers_left_out":2)", Encoded().c_str());
}

TEST(Health, TheHeapIsToldWhereItIsCounted) {
  CHECK(Encoded().find("heap") == std::string::npos);
  CHECK(Encoded().find("refused\":0,\"memory") == std::string::npos);
  report.memory_heap_kib = 400;
  report.memory_heap_peak_kib = 900;
  report.heap = {{1, 2}, {3, 4}, {0, 6}, {7, 8}};
  report.memory_refused = 3;
  STRCMP_CONTAINS(R"("memory_heap_kib":400,"memory_heap_peak_kib":900,"heap":{"agent_kib":1,)"
                  R"("agent_peak_kib":2,"http_kib":3,"http_peak_kib":4,"tls_kib":0,)"
                  R"("tls_peak_kib":6,"rest_kib":7,"rest_peak_kib":8},"memory_refused":3)",
                  Encoded().c_str());
}

TEST(Health, WhatIsReadBackStandsThereUnlessItIsOff) {
  CHECK(Encoded().find("backfill") == std::string::npos);
  report.backfill = {true, 2, 13, 400, 1};
  STRCMP_CONTAINS(R"("backfill":{"gaps":2,"trackers_left":13,"points":400,"refused":1})",
                  Encoded().c_str());
}

TEST(Health, SnapshotsStandThereUnlessTheyAreOff) {
  CHECK(Encoded().find("snapshot") == std::string::npos);
  report.snapshot = {true, 2, 7, 400, 0, {}};
  STRCMP_CONTAINS(R"("snapshot":{"rounds":2,"pages":7,"states":400})", Encoded().c_str());
  report.snapshot = {true, 2, 7, 400, 1, "not authorized"};
  STRCMP_CONTAINS(R"("states":400,"left_out":1,"last_error":"not authorized"})", Encoded().c_str());
}

TEST(Health, GoldenOfAHealthyAgent) {
  report.uptime_s = 86400;
  report.api = {
      encode::ApiState::kOk, {WallTime{1722509123000}, true}, "", 8641, 2, 10485760, 524288, ""};
  report.broker = {encode::BrokerState::kConnected, "5", 1, ""};
  report.trackers = 1000;
  report.polls = 8640;
  report.lag_s.Set(6);
  report.records = {50000, 49990, 1, 54, 10};
  report.queue.disk = "ok";
  report.queue.on_disk = 8;
  report.queue.bytes = 5120;
  report.queue.oldest_time.Set(WallTime{1722505524107});
  report.queue.locked = 2;
  report.queue.set_aside = 1;
  report.queue.lost_memory = 3;
  report.queue.lost_quota = 40;
  report.queue.lost_age = 5;
  report.queue.lost_damaged = 6;
  report.skipped_elements = 3;
  report.ignored_fields = 4;
  report.memory_rss_kib = 4300;
  report.memory_peak_kib = 4420;
  report.memory_planned_kib = 5400;
  report.memory_budget_kib = 6144;
  CHECK(Encoded() == ReadGolden("health.json"));
}

TEST(Health, GoldenOfAnAgentJustStartedWithAWrongClock) {
  report.time_trusted = false;
  report.api.last_error = "cannot resolve host";
  report.broker.state = encode::BrokerState::kUnreachable;
  report.broker.last_error = "connection refused";
  report.queue.disk = "refused";
  report.queue.last_error = "/var/lib/depotlink: cannot be made: Read-only file system";
  report.queue.journal = false;
  CHECK(Encoded() == ReadGolden("health_starting.json"));
}

TEST(Health, SaysHowTheCredentialsFare) {
  CHECK(Encoded().find("\"panel\"") == std::string::npos);
  CHECK(Encoded().find("\"credential\"") == std::string::npos);
  report.api.credential = "second_factor";
  report.panel.credential = "refused";
  report.panel.last_error = "wrong password";
  STRCMP_CONTAINS(R"("credential":"second_factor")", Encoded().c_str());
  STRCMP_CONTAINS(R"("panel":{"credential":"refused","last_error":"wrong password"})",
                  Encoded().c_str());
}

TEST(Health, NumbersAtTheirEdgeSurvive) {
  report.api.bytes_in = UINT64_MAX;
  report.records.published = (std::uint64_t{1} << 53U) + 1;
  report.polls = std::uint64_t{1} << 53U;
  const std::string text = Encoded();
  CHECK(text.find(R"("bytes_in":"18446744073709551615")") != std::string::npos);
  CHECK(text.find(R"("published":"9007199254740993")") != std::string::npos);
  CHECK(text.find(R"("polls":9007199254740992)") != std::string::npos);
}

TEST(Health, ErrorsAreCutBetweenCharacters) {
  const std::string error = std::string(depotlink::encode::kMaxErrorBytes - 1, 'x') + "\xD0\x93";
  report.api.last_error = error;
  const std::string text = Encoded();
  const std::string kept(depotlink::encode::kMaxErrorBytes - 1, 'x');
  CHECK(text.find("\"last_error\":\"" + kept + "\"") != std::string::npos);
}

TEST(Health, TheLargestFits) {
  const std::string error(encode::kMaxErrorBytes, '"');
  const std::string controls(encode::kMaxErrorBytes, '\x1F');
  const std::string name(128, '"');
  report.site = report.version = report.run = name;
  report.uptime_s = report.trackers = report.trackers_left_out = report.polls = UINT64_MAX;
  report.api = {encode::ApiState::kCredential,
                {WallTime{1722509123000}, true},
                error,
                UINT64_MAX,
                UINT64_MAX,
                UINT64_MAX,
                UINT64_MAX,
                "second_factor"};
  report.panel = {"second_factor", error};
  report.broker = {encode::BrokerState::kUnreachable, "3.1.1", UINT64_MAX, error};
  report.links = {true, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, controls};
  report.lag_s.Set(UINT64_MAX);
  report.records = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
  encode::QueueHealth& queue = report.queue;
  queue.disk = "refused";
  queue.last_error = error;
  queue.on_disk = queue.bytes = queue.locked = queue.set_aside = queue.lost_memory = UINT64_MAX;
  queue.lost_quota = queue.lost_age = queue.lost_damaged = queue.out_of_scope = UINT64_MAX;
  report.extras = {UINT64_MAX, UINT64_MAX, name, error};
  report.backfill = {true, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
  report.snapshot = {true, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, error};
  report.trackers_left_out = report.memory_refused = UINT64_MAX;
  report.memory_heap_kib = report.memory_heap_peak_kib = report.memory_planned_kib = UINT64_MAX;
  report.skipped_elements = report.ignored_fields = UINT64_MAX;
  report.memory_rss_kib = report.memory_peak_kib = UINT64_MAX;
  report.memory_heap_kib = report.memory_heap_peak_kib = report.memory_refused = UINT64_MAX;
  report.memory_planned_kib = report.memory_budget_kib = UINT64_MAX;
  constexpr encode::HeapPartHealth kPart = {UINT64_MAX, UINT64_MAX};
  report.heap = {kPart, kPart, kPart, kPart};
  const std::string text = Encoded();
  CHECK(text.find("\\u001") == std::string::npos);
}

TEST(Health, EachStateHasItsName) {
  CHECK(ApiStateName(encode::ApiState::kStarting) == "starting");
  CHECK(ApiStateName(encode::ApiState::kOk) == "ok");
  CHECK(ApiStateName(encode::ApiState::kFailing) == "failing");
  CHECK(ApiStateName(encode::ApiState::kCredential) == "credential");
  CHECK(BrokerStateName(encode::BrokerState::kStarting) == "starting");
  CHECK(BrokerStateName(encode::BrokerState::kConnected) == "connected");
  CHECK(BrokerStateName(encode::BrokerState::kUnreachable) == "unreachable");
  CHECK(BrokerStateName(encode::BrokerState::kRefused) == "refused");
}

TEST(Health, WhatDoesNotFitFails) {
  const std::size_t whole = Encoded().size();
  JsonWriter small(buffer, whole - 1);
  CHECK_FALSE(EncodeHealth(report, small));
  CHECK(small.view().empty());
}

TEST(Health, LinksAreToldWhereTheyArePolled) {
  CHECK(Encoded().find("links") == std::string::npos);
  report.links = {true, 12, 5, 3, 1, 7, "geo link 104 is bounded by zones"};
  CHECK(Encoded().find(R"("links":{"known":12,"active":5,"left_out":3,"refused":1,"withheld":7,)"
                       R"("last_error":"geo link 104 is bounded by zones"})") != std::string::npos);
}
