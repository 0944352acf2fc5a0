// SPDX-License-Identifier: Apache-2.0
// What is noted of missed positions as states come, and how a point is published.
#include <string>

#include "tests/unit/pipeline_fixture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::FleetEntry;
using depotlink::ParseIsoTime;
using depotlink::PipelineFixture;
using depotlink::WallTime;
using depotlink::fleet::Tracker;

namespace {

std::int64_t Ms(const char* text) {
  WallTime time;
  CHECK(ParseIsoTime(text, time));
  return time.ms;
}

// A report whose fix is older.
std::string Report(const char* fix, const char* update) {
  return std::string(R"({"gps":{"updated":")") + fix +
         R"(","location":{"lat":1.5,"lng":2.5}},"last_update":")" + update + "\"}";
}

}  // namespace

TEST_GROUP(PipelineMissed) {
  PipelineFixture yard;

  void setup() override {
    yard.List({{7, "Truck 7"}});
  }
  Tracker& tracker() {
    return *yard.table.Find(7);
  }
  // Seconds from the gap's begin on.
  std::int64_t From() {
    return -static_cast<std::int64_t>(tracker().missed_before_s);
  }
  std::int64_t To() {
    return static_cast<std::int64_t>(tracker().missed_s) -
           static_cast<std::int64_t>(Tracker::kMissedBeforeMostS);
  }
};

TEST(PipelineMissed, FromTheLastFixBeforeToTheFirstAfter) {
  yard.Poll(7, Report("2024-08-01T12:00:00Z", "2024-08-01T12:00:05Z"));
  yard.pipeline.BeginMissed(Ms("2024-08-01T12:00:20Z"));
  CHECK(tracker().missed_s == Tracker::kMissedUnknown);
  LONGS_EQUAL(1, yard.Due());
  yard.Poll(7, Report("2024-08-01T12:10:00Z", "2024-08-01T12:10:01Z"));
  LONGS_EQUAL(-20, From());
  LONGS_EQUAL(580, To());
  // Only the first one counts.
  yard.Poll(7, Report("2024-08-01T12:20:00Z", "2024-08-01T12:20:01Z"));
  LONGS_EQUAL(580, To());
}

TEST(PipelineMissed, AFixThatArrivesLateIsMissedToo) {
  yard.Poll(7, Report("2024-08-01T12:00:00Z", "2024-08-01T12:00:05Z"));
  yard.pipeline.BeginMissed(Ms("2024-08-01T12:01:00Z"));
  yard.Poll(7, Report("2024-08-01T12:00:40Z", "2024-08-01T12:05:00Z"));
  LONGS_EQUAL(-60, From());
  LONGS_EQUAL(-20, To());
}

TEST(PipelineMissed, NothingWhereTheFixIsTheSame) {
  const std::string state = Report("2024-08-01T12:00:00Z", "2024-08-01T12:00:05Z");
  yard.Poll(7, state);
  yard.pipeline.BeginMissed(Ms("2024-08-01T12:01:00Z"));
  yard.Poll(7, state);  // not a byte of it
  LONGS_EQUAL(0, tracker().missed_s);
  yard.pipeline.BeginMissed(Ms("2024-08-01T12:01:00Z"));
  yard.Poll(7, Report("2024-08-01T12:00:00Z", "2024-08-01T12:10:00Z"));
  LONGS_EQUAL(0, tracker().missed_s);
  yard.pipeline.BeginMissed(Ms("2024-08-01T12:01:00Z"));
  yard.Poll(7, R"({"gps":{},"last_update":"2024-08-01T12:20:00Z"})");
  LONGS_EQUAL(0, tracker().missed_s);
}

TEST(PipelineMissed, WhereNothingIsKnownAHalfMinuteIsTakenAlong) {
  yard.pipeline.BeginMissed(Ms("2024-08-01T12:00:00Z"));
  yard.List({{7, "Truck 7"}, {8, "Truck 8"}});
  yard.Poll(8, Report("2024-08-01T12:10:00Z", "2024-08-01T12:10:00Z"));
  Tracker& other = *yard.table.Find(8);
  LONGS_EQUAL(30, other.missed_before_s);
  LONGS_EQUAL(600 + 254, other.missed_s);
  yard.pipeline.EndMissed();
  yard.List({{7, "Truck 7"}, {8, "Truck 8"}, {9, "Truck 9"}});
  LONGS_EQUAL(0, yard.table.Find(9)->missed_s);
}

TEST(PipelineMissed, LongAgoIsBounded) {
  yard.Poll(7, Report("2024-08-01T00:00:00Z", "2024-08-01T00:00:05Z"));
  yard.pipeline.BeginMissed(Ms("2024-08-01T12:00:00Z"));
  yard.Poll(7, Report("2025-08-01T12:10:00Z", "2025-08-01T12:10:01Z"));
  LONGS_EQUAL(-254, From());
  CHECK(tracker().missed_s == Tracker::kMissedMost);
}

TEST(PipelineMissed, APointIsALateRecordOfItsOwnTopic) {
  yard.pushed.clear();
  const char* point =
      R"({"lat":43.0375133,"lng":-79.226505,"alt":12,"satellites":10,"mileage":43.93,)"
      R"("get_time":"2023-11-01T04:38:39+02:00","address":"Kottmeier Road","heading":280,)"
      R"("speed":53,"precision":100,"gsm_lbs":false,"parking":false,"buffered":true})";
  const std::int64_t time = Ms("2023-11-01T02:38:39Z");
  CHECK(yard.pipeline.PublishPoint(tracker(), point, time, time + 1) == 0);
  CHECK(yard.pipeline.PublishPoint(tracker(), point, time - 1, time) == 0);
  CHECK(yard.pipeline.PublishPoint(tracker(), R"({"lat":43.0,"lng":1.0})", 0, INT64_MAX) == 0);
  CHECK(yard.pipeline.PublishPoint(tracker(), "[1]", 0, INT64_MAX) == 0);
  LONGS_EQUAL(0, yard.pushed.size());
  CHECK(yard.pipeline.PublishPoint(tracker(), point, time - 1, time + 1) == time);
  LONGS_EQUAL(1, yard.pushed.size());
  CHECK_FALSE(yard.pushed[0].retain);
  STRCMP_EQUAL("d/yard/tracker/7/history", yard.pushed[0].topic.c_str());
  STRCMP_EQUAL(R"({"id":7,"label":"Truck 7","lat":43.0375133,"lng":-79.226505,"speed_kmh":53,)"
               R"("heading_deg":280,"altitude_m":12,"precision_m":100,"lbs":false,)"
               R"("fix_time":"2023-11-01T02:38:39Z","run":"r1","seq":2,"late":true})",
               yard.pushed[0].payload.c_str());
}
