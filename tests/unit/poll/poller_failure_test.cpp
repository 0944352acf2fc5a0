// SPDX-License-Identifier: Apache-2.0
// What polling does where an answer is not what it should be.
#include <algorithm>
#include <string>
#include <vector>

#include "agent/poll/poller.hpp"
#include "tests/fakes/fake_random.hpp"
#include "tests/unit/poll/poll_fixture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::DurationMs;
using depotlink::kHourMs;
using depotlink::kMinuteMs;
using depotlink::kSecondMs;
using depotlink::LogLevel;
using depotlink::MonoTime;
using depotlink::poll::ApiState;
using depotlink::poll::ErrorBody;
using depotlink::poll::kEmptyList;
using depotlink::poll::kGood;
using depotlink::poll::PollFixture;
using depotlink::ports::HttpEnd;
using Texts = std::vector<std::string>;

TEST_GROUP(PollerFailure) {
  PollFixture fixture;

  // The next request fails like this; returns how long the one after it waits.
  DurationMs FailAndWait(int status, const std::string& body, std::int64_t retry_after_ms = -1) {
    fixture.Answer(status, body, retry_after_ms);
    const MonoTime failed = fixture.clock.Now();
    fixture.StepToRequest();
    return fixture.clock.Now() - failed;
  }
  // Requests within an hour, where each is answered like this at once.
  std::vector<MonoTime> HourOf(int status, const std::string& body) {
    std::vector<MonoTime> at;
    const MonoTime end = fixture.clock.Now() + kHourMs;
    while (true) {
      fixture.StepToRequest();
      if (end <= fixture.clock.Now()) return at;
      at.push_back(fixture.clock.Now());
      fixture.http.Answer(status, body);
    }
  }
};

TEST(PollerFailure, BackOffGrowsAndResets) {
  fixture.List();
  fixture.work.due = {1};
  DurationMs most = kSecondMs;
  for (int tries = 0; tries < 12; ++tries) {
    fixture.random.Set(tries % 2 == 0 ? 0 : UINT64_MAX);
    const DurationMs wait = FailAndWait(500, ErrorBody(6));
    CHECK(wait >= most / 10);
    CHECK(wait <= std::max<DurationMs>(most, 200));
    most = std::min<DurationMs>(most * 2, 5 * kMinuteMs);
    if (fixture.http.last().url.find("get_states") == std::string::npos)
      fixture.http.Answer(200, kEmptyList);
  }
  fixture.http.Answer(200, kGood);
  fixture.clock.Advance(kMinuteMs);
  fixture.work.due = {1};
  fixture.Answer(200, kGood);
  fixture.work.due = {1};
  CHECK(FailAndWait(500, ErrorBody(6)) <= kSecondMs);
}

TEST(PollerFailure, AServerThatFlapsIsNotAskedAtFullPaceInBetween) {
  depotlink::poll::PollSetup setup;
  setup.fleet_ms = 24 * kHourMs;
  PollFixture other(setup);
  other.List();
  DurationMs longest_ms = 0;
  for (int i = 0; i < 16; ++i) {
    other.random.Set(UINT64_MAX / 3 * static_cast<std::uint64_t>(i));
    other.work.due = {1};
    other.Answer(500, ErrorBody(6));
    const MonoTime failed = other.clock.Now();
    other.StepToRequest();
    longest_ms = std::max(longest_ms, other.clock.Now() - failed);
    other.http.Answer(200, kGood);
  }
  CHECK(longest_ms > kMinuteMs);
}

TEST(PollerFailure, A429ShrinksTheShareAndItGrowsBack) {
  fixture.List();
  fixture.Answer(200, kEmptyList);  // moves past the first listing
  const auto spacing = [this] {
    fixture.work.due = {1, 1};
    fixture.Answer(200, kGood);
    const MonoTime begun = fixture.clock.Now();
    fixture.work.due = {1};
    fixture.StepToRequest();
    fixture.http.Answer(200, kGood);
    return fixture.clock.Now() - begun;
  };
  LONGLONGS_EQUAL(200, spacing());
  fixture.work.due = {1};
  fixture.Answer(429, ErrorBody(15));
  LONGLONGS_EQUAL(400, spacing());
  fixture.work.due = {1};
  fixture.Answer(429, ErrorBody(15));
  LONGLONGS_EQUAL(800, spacing());
  for (int minutes = 0; minutes < 12; ++minutes) {
    fixture.clock.Advance(kMinuteMs);
    spacing();
  }
  LONGLONGS_EQUAL(200, spacing());
}

TEST(PollerFailure, AServerThatIsDownIsAskedSeldom) {
  depotlink::fakes::SeededRandom seeded(8);
  fixture.random.Set(seeded.Next());
  HourOf(503, "");  // to the top of the back-off
  fixture.random.Set(UINT64_MAX / 2);
  CHECK(HourOf(503, "").size() <= 60);
}

TEST(PollerFailure, RetryAfterIsObeyed) {
  CHECK(FailAndWait(429, ErrorBody(15), 90 * kSecondMs) >= 90 * kSecondMs);
  CHECK(FailAndWait(503, "", 30 * kMinuteMs) >= 30 * kMinuteMs);
  // But not for ever.
  CHECK(FailAndWait(503, "", 365 * 24 * kHourMs) <= kHourMs);
  CHECK(FailAndWait(503, "", INT64_MAX) <= kHourMs);
  CHECK(FailAndWait(503, "", 0) <= 5 * kMinuteMs);
}

TEST(PollerFailure, ARefusedCredentialIsTriedAtMostSixTimesAnHour) {
  for (const int code : {2, 3, 4, 11, 12, 275}) {
    fixture.random.Set(static_cast<std::uint64_t>(code) * 1000);
    HourOf(400, ErrorBody(code));  // the first tries come sooner
    CHECK(HourOf(400, ErrorBody(code)).size() <= 6);
    CHECK(fixture.poller.state() == ApiState::kCredential);
  }
}

TEST(PollerFailure, ARefusedCredentialIsTriedAgainSoonOnceOnly) {
  const std::vector<MonoTime> at = HourOf(403, ErrorBody(4));
  CHECK(at.size() <= 8);
  CHECK(at[2] - at[1] >= 10 * kMinuteMs);
}

TEST(PollerFailure, ACallThatIsNotAllowedIsAskedForSeldom) {
  fixture.Answer(200, kEmptyList);
  for (const int code : {13, 236, 276}) {
    HourOf(403, ErrorBody(code));
    CHECK(HourOf(403, ErrorBody(code)).size() <= 7);
    CHECK(fixture.poller.state() == ApiState::kCredential);
  }
}

TEST(PollerFailure, ARequestThatIsRejectedIsTriedSeldom) {
  fixture.Answer(200, kEmptyList);
  HourOf(400, ErrorBody(7));
  CHECK(HourOf(400, ErrorBody(7)).size() <= 6);
  CHECK(fixture.poller.state() == ApiState::kFailing);
}

TEST(PollerFailure, GroupTitlesAreAnOrnament) {
  for (const int code : {5, 7, 13, 236, 276}) {
    PollFixture other;
    STRCMP_EQUAL("tracker/group/list", other.Answer(403, ErrorBody(code)).c_str());
    const MonoTime refused = other.clock.Now();
    STRCMP_EQUAL("tracker/list", other.Answer(200, kEmptyList).c_str());
    LONGLONGS_EQUAL(200, (other.clock.Now() - refused));  // the rate, no more and no less
    CHECK(other.work.Take() == (Texts{"groups cut", "list end"}));
    CHECK(other.poller.state() == ApiState::kOk);
    LONGS_EQUAL(1, other.logs.Count(LogLevel::kWarn, "without their titles"));
    // The next reading asks for them again, and does not tell it again.
    STRCMP_EQUAL("tracker/group/list", other.Answer(403, ErrorBody(code)).c_str());
    STRCMP_EQUAL("tracker/list", other.Answer(200, kEmptyList).c_str());
    LONGS_EQUAL(1, other.logs.Count(LogLevel::kWarn));
    LONGS_EQUAL(0, other.logs.Count(LogLevel::kError));
  }
}

TEST(PollerFailure, ARefusedKeyIsNoMatterOfGroups) {
  STRCMP_EQUAL("tracker/group/list", fixture.Answer(400, ErrorBody(3)).c_str());
  CHECK(fixture.poller.state() == ApiState::kCredential);
  STRCMP_EQUAL("tracker/group/list", fixture.Answer(400, ErrorBody(3)).c_str());
}

TEST(PollerFailure, GroupsThatKeepFailingDoNotHoldUpTheFleet) {
  for (int tries = 0; tries < 3; ++tries) {
    STRCMP_EQUAL("tracker/group/list", fixture.Answer(500, ErrorBody(6)).c_str());
  }
  STRCMP_EQUAL("tracker/list", fixture.Answer(200, kEmptyList).c_str());
  STRCMP_EQUAL("tracker/group/list", fixture.Answer(500, ErrorBody(6)).c_str());
  STRCMP_EQUAL("tracker/list", fixture.Answer(200, kEmptyList).c_str());
}

TEST(PollerFailure, AfterAnOutageTheGroupsComeFirstAgain) {
  for (int tries = 0; tries < 3; ++tries) {
    STRCMP_EQUAL("tracker/group/list", fixture.Answer(500, "").c_str());
  }
  STRCMP_EQUAL("tracker/list", fixture.Answer(500, "").c_str());
  STRCMP_EQUAL("tracker/group/list", fixture.Answer(200, kEmptyList).c_str());
  STRCMP_EQUAL("tracker/list", fixture.Answer(200, kEmptyList).c_str());
}

TEST(PollerFailure, AListThatKeepsFailingDoesNotHoldUpTheStates) {
  fixture.List();
  fixture.fleet.AskSoon();
  int states = 0;
  int lists = 0;
  const MonoTime end = fixture.clock.Now() + kHourMs;
  while (fixture.clock.Now() < end) {
    fixture.work.due = {1};
    fixture.StepToRequest();
    const bool state = fixture.http.last().url.find("get_states") != std::string::npos;
    const bool list = fixture.http.last().url.find("tracker/list") != std::string::npos;
    states += state ? 1 : 0;
    lists += list ? 1 : 0;
    fixture.http.Answer(list ? 500 : 200, state ? kGood : kEmptyList);
    fixture.clock.Advance(10 * kSecondMs);
  }
  CHECK(states > 200);
  CHECK(lists >= 10 && lists <= 130);
}

TEST(PollerFailure, StatesThatFailedStayDue) {
  fixture.List();
  fixture.work.due = {1, 2};
  fixture.Answer(200, R"({"states":{"1":1,"2")");  // cut short
  CHECK(fixture.work.Take() == (Texts{"state 1 1", "states cut 2"}));
  fixture.Answer(200, R"({"states":{"1":1,"2":2},"success":true})");
  CHECK(fixture.work.Take() == (Texts{"state 1 1", "state 2 2", "states end 2"}));
}

TEST(PollerFailure, NothingIsConcludedFromAListThatIsNotGood) {
  fixture.Answer(200, kEmptyList);
  fixture.work.Take();
  const char* const bodies[] = {
      R"({"list":[{"id":7}],"success":false,"status":{"code":1}})",
      R"({"list":[{"id":7})",
      R"({"list":[{"id":7}]})",
      R"({"list":[{"id":7}],"success":true}x)",
  };
  for (const char* body : bodies) {
    STRCMP_EQUAL("tracker/list", fixture.Answer(200, body).c_str());
    CHECK(fixture.work.Take() == (Texts{"tracker {\"id\":7}", "list cut"}));
  }
  fixture.Answer(500, R"({"list":[],"success":true})");
  CHECK(fixture.work.Take() == (Texts{"list cut"}));
}

TEST(PollerFailure, TransportFailuresBackOffAndHeal) {
  for (const HttpEnd end :
       {HttpEnd::kNameFailed, HttpEnd::kConnectFailed, HttpEnd::kTlsFailed, HttpEnd::kTimeout,
        HttpEnd::kCutShort, HttpEnd::kTooLarge, HttpEnd::kFailed}) {
    fixture.StepToRequest();
    fixture.http.Fail(end, "why");
    CHECK(fixture.poller.state() == ApiState::kFailing);
    CHECK(fixture.clock.Now() < fixture.Step());
  }
  fixture.Answer(200, kEmptyList);
  CHECK(fixture.poller.state() == ApiState::kOk);
  CHECK(fixture.poller.last_error().empty());
  CHECK(fixture.logs.Has("the API answers again"));
}

TEST(PollerFailure, TheSameFailureIsToldOnce) {
  for (int i = 0; i < 5; ++i) fixture.Answer(503, "");
  LONGS_EQUAL(1, fixture.logs.Count(LogLevel::kWarn, "polling failed"));
  fixture.Answer(500, ErrorBody(1));
  LONGS_EQUAL(2, fixture.logs.Count(LogLevel::kWarn, "polling failed"));
  fixture.Answer(400, ErrorBody(3));
  LONGS_EQUAL(1, fixture.logs.Count(LogLevel::kError, "polling failed"));
}

TEST(PollerFailure, ARequestThatCannotBeMadeIsNoBusyLoop) {
  fixture.http.Refuse("malformed url");
  int steps = 0;
  const MonoTime end = fixture.clock.Now() + kHourMs;
  while (fixture.clock.Now() < end) {
    const MonoTime next = fixture.Step();
    CHECK(fixture.clock.Now() < next);
    fixture.clock.AdvanceTo(next);
    ++steps;
  }
  CHECK(steps < 20);
  CHECK(fixture.poller.state() == ApiState::kFailing);
}
