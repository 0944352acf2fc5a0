// SPDX-License-Identifier: Apache-2.0
// A batch with something in it that the API will not answer for.
#include "agent/poll/states_job.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "agent/navixy/decode_state.hpp"
#include "tests/unit/poll/poll_fixture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::kHourMs;
using depotlink::kMinuteMs;
using depotlink::model::TrackerId;
using depotlink::poll::ApiState;
using depotlink::poll::ErrorBody;
using depotlink::poll::kGood;
using depotlink::poll::PollFixture;

TEST_GROUP(StatesJob) {
  PollFixture fixture;
  std::set<TrackerId> bad;
  int requests = 0;

  // The ids that the request under way asks for.
  std::vector<TrackerId> Asked() {
    const std::string& body = fixture.http.last().body;
    std::vector<TrackerId> ids;
    for (std::size_t at = body.find('[') + 1; at < body.find(']');) {
      const std::size_t end = body.find_first_of(",]", at);
      TrackerId id = 0;
      CHECK(depotlink::navixy::DecodeTrackerId(body.substr(at, end - at), id));
      ids.push_back(id);
      at = end + 1;
    }
    return ids;
  }
  // The API refuses each batch with a bad one in it.
  void ServeUntilNobodyIsDue(int code, std::size_t most) {
    while (!fixture.work.due.empty() && static_cast<std::size_t>(requests) < most) {
      fixture.StepToRequest();
      ++requests;
      const std::vector<TrackerId> ids = Asked();
      const bool spoilt =
          std::any_of(ids.begin(), ids.end(), [this](TrackerId id) { return bad.count(id) > 0; });
      if (spoilt) {
        fixture.http.Answer(400, ErrorBody(code));
      } else {
        fixture.http.Answer(200, kGood);
      }
    }
  }
};

TEST(StatesJob, OneBadTrackerCostsThatTrackerOnly) {
  for (const int code : {9, 201, 204, 208, 217}) {
    fixture.List();
    fixture.work.Take();
    bad = {77};
    requests = 0;
    for (TrackerId id = 1; id <= 300; ++id) fixture.work.due.push_back(id);
    ServeUntilNobodyIsDue(code, 100);
    CHECK(fixture.work.due.empty());
    CHECK(requests <= 1 + 2 * 9);
    const auto calls = fixture.work.Take();
    LONGS_EQUAL(1, std::count(calls.begin(), calls.end(), "refused 77"));
    CHECK(std::none_of(calls.begin(), calls.end(), [](const std::string& call) {
      return call.find("refused") == 0 && call != "refused 77";
    }));
    CHECK(fixture.poller.state() == ApiState::kOk);
    fixture.fleet.AskSoon();
  }
}

TEST(StatesJob, EachTrackerIsAskedForWhereverTheBadOneStands) {
  fixture.List();
  for (TrackerId one = 1; one <= 33; ++one) {
    bad = {one};
    fixture.work.Take();
    for (TrackerId id = 1; id <= 33; ++id) fixture.work.due.push_back(id);
    requests = 0;
    ServeUntilNobodyIsDue(217, 50);
    CHECK(fixture.work.due.empty());
    const auto calls = fixture.work.Take();
    LONGS_EQUAL(1, std::count(calls.begin(), calls.end(), "refused " + std::to_string(one)));
  }
}

TEST(StatesJob, WhereTheApiRefusesThemAllItIsNotAboutOneTracker) {
  fixture.List();
  for (TrackerId id = 1; id <= 2000; ++id) {
    bad.insert(id);
    fixture.work.due.push_back(id);
  }
  const auto end = fixture.clock.Now() + kHourMs;
  while (fixture.clock.Now() < end) {
    fixture.StepToRequest();
    ++requests;
    const bool list = fixture.http.last().url.find("list") != std::string::npos;
    fixture.http.Answer(list ? 200 : 400,
                        list ? std::string(depotlink::poll::kEmptyList) : ErrorBody(217));
  }
  CHECK(requests < 250);
  CHECK(fixture.logs.Count(depotlink::LogLevel::kError, "polling failed") > 0);
}

TEST(StatesJob, APassingFailureAmidstTheHalvesKeepsTheRestDue) {
  fixture.List();
  fixture.work.Take();
  fixture.work.due = {1, 2, 3, 4};
  fixture.Answer(400, ErrorBody(217));
  fixture.StepToRequest();
  LONGS_EQUAL(2, Asked().size());
  fixture.http.Answer(503, "");
  fixture.StepToRequest();
  LONGS_EQUAL(4, Asked().size());
}
