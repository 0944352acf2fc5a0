// SPDX-License-Identifier: Apache-2.0
// Missed positions are asked for seldom, whole, and in trouble of their own.
#include "agent/poll/backfill_job.hpp"

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/poll/poll_fixture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::kHourMs;
using depotlink::kMinuteMs;
using depotlink::kNever;
using depotlink::kSecondMs;
using depotlink::MonoTime;
using depotlink::poll::BackfillJob;
using depotlink::poll::BackfillWork;
using depotlink::poll::ErrorBody;
using depotlink::poll::PollFixture;
using depotlink::poll::TrackSpan;

namespace {

class RecordedBackfill : public BackfillWork {
 public:
  bool HasWork() const override { return work; }
  bool MayAsk() const override { return may_ask; }
  bool HasRoom() const override { return room > 0; }
  bool NextSpan(TrackSpan& span) override {
    span = {7, {1722500000000}, {1722503600000}};
    return work;
  }
  void OnPoint(std::string_view element) override {
    --room;
    calls.push_back("point " + std::string(element));
  }
  void OnSpanRead(bool limit) override { calls.emplace_back(limit ? "limit" : "read"); }
  void OnSpanFailed() override { calls.emplace_back("failed"); }
  void OnSpanTooBig() override { calls.emplace_back("too big"); }
  void OnTrackRefused(std::string_view) override { calls.emplace_back("refused"); }
  std::string Calls() {
    std::string all;
    for (const std::string& call : std::exchange(calls, {})) all += call + ';';
    return all;
  }

  bool work = true;
  bool may_ask = true;
  int room = 1000;
  std::vector<std::string> calls;
};

constexpr const char* kTrackCall = "track/read";
constexpr const char* kEmptyTrack = R"({"success":true,"limit_exceeded":false,"list":[]})";

}  // namespace

TEST_GROUP(BackfillJob) {
  RecordedBackfill work;
  PollFixture poll;
  BackfillJob job{5, work, poll.random};

  void setup() override {
    poll.List();
    poll.poller.Add(job);
  }
};

TEST(BackfillJob, AsksForEveryPointOfTheSpan) {
  STRCMP_EQUAL(kTrackCall, poll.Answer(200, R"({"success":true,"limit_exceeded":true,)"
                                            R"("list":[{"lat":1},{"lat":2}]})")
                               .c_str());
  STRCMP_EQUAL(R"({"tracker_id":7,"from":"2024-08-01T08:13:20+00:00",)"
               R"("to":"2024-08-01T09:13:20+00:00",)"
               R"("filter":false,"simplify":false,"include_gsm_lbs":true})",
               poll.http.last().body.c_str());
  CHECK(poll.http.last().iso_datetime);
  STRCMP_EQUAL("point {\"lat\":1};point {\"lat\":2};limit;", work.Calls().c_str());
  poll.Answer(200, kEmptyTrack);
  STRCMP_EQUAL("read;", work.Calls().c_str());
}

TEST(BackfillJob, CallsAreASecondApart) {
  MonoTime last{};
  for (int i = 0; i < 5; ++i) {
    poll.StepToRequest();
    CHECK(last.ms == 0 || poll.clock.Now() - last >= kSecondMs);
    last = poll.clock.Now();
    poll.http.Answer(200, kEmptyTrack);
  }
  BackfillJob slow(0.5, work, poll.random);
  std::string body;
  CHECK(slow.Begin(last, body));
  CHECK(slow.Due() == last + 10 * kSecondMs);
}

TEST(BackfillJob, AsksOnlyWhereItMay) {
  work.may_ask = false;
  poll.Step(kMinuteMs);
  CHECK_FALSE(poll.http.busy());
  work.may_ask = true;
  work.work = false;
  poll.Step(kMinuteMs);
  CHECK_FALSE(poll.http.busy());
  CHECK(job.Due() == kNever);
  work.work = true;
  poll.Step(kSecondMs);
  CHECK(poll.http.busy());
}

TEST(BackfillJob, ReadingPausesWhereThereIsNoRoom) {
  work.room = 1;
  poll.StepToRequest();
  poll.http.Answer(200, R"({"success":true,"list":[{"lat":1},{"lat":2}]})");
  STRCMP_EQUAL("point {\"lat\":1};", work.Calls().c_str());
  work.may_ask = false;  // does not hold up what is under way
  work.room = 5;
  poll.Step();
  poll.http.Deliver();
  STRCMP_EQUAL("point {\"lat\":2};read;", work.Calls().c_str());
}

TEST(BackfillJob, TroubleByItsKind) {
  poll.Answer(400, ErrorBody(211));
  STRCMP_EQUAL("too big;", work.Calls().c_str());
  for (const int code : {201, 208, 13, 7}) {
    poll.Answer(400, ErrorBody(code));
    STRCMP_EQUAL("refused;", work.Calls().c_str());
  }
  LONGS_EQUAL(0, poll.logs.Count(depotlink::LogLevel::kWarn, "polling failed"));
  poll.Answer(503, ErrorBody(14));
  STRCMP_EQUAL("failed;", work.Calls().c_str());
  CHECK(poll.poller.state() != depotlink::poll::ApiState::kFailing);
}

TEST(BackfillJob, WhereAllAreRefusedItAsksSeldom) {
  for (int i = 0; i < 60; ++i) poll.Answer(403, ErrorBody(13));
  CHECK(poll.clock.Now() - MonoTime{} > kHourMs);
  const MonoTime before = poll.clock.Now();
  poll.Answer(200, kEmptyTrack);
  poll.Answer(200, kEmptyTrack);
  poll.Answer(403, ErrorBody(201));
  const MonoTime after = poll.clock.Now();
  poll.Answer(200, kEmptyTrack);
  CHECK(poll.clock.Now() - after <= 2 * kSecondMs);
  CHECK(before < after);
}
