// SPDX-License-Identifier: Apache-2.0
// Credentials: keys that are replaced, sessions that are begun, prolonged, begun anew and ended.
#include "agent/poll/session.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/poll/poll_fixture.hpp"
#include "tests/unit/stride.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::kHourMs;
using depotlink::kMinuteMs;
using depotlink::kSecondMs;
using depotlink::LogLevel;
using depotlink::MonoTime;
using depotlink::Secret;
using depotlink::Stride;
using depotlink::poll::ApiState;
using depotlink::poll::CredentialKind;
using depotlink::poll::ErrorBody;
using depotlink::poll::kEmptyList;
using depotlink::poll::PollFixture;
using depotlink::poll::PollSetup;
using depotlink::poll::Session;
using depotlink::poll::SessionState;

namespace {

constexpr const char* kHash = "22eac1c27af4be7b9d04da2ce1af111b";
constexpr const char* kOtherHash = "33eac1c27af4be7b9d04da2ce1af111b";

PollSetup WithUser() {
  PollSetup setup;
  setup.session = {CredentialKind::kUserLogin, "depot@example.com", "/password"};
  return setup;
}

std::string LoggedIn(const std::string& hash) {
  return R"({"success":true,"type":"authenticated","hash":")" + hash + "\"}";
}

}  // namespace

TEST_GROUP(UserSession) {
  PollFixture fixture{WithUser()};

  void setup() override {
    fixture.files.Put("/password", "key");
  }
  std::string LogIn(const std::string& hash = kHash) {
    return fixture.Answer(200, LoggedIn(hash));
  }
  // Logins within the time, where each request is answered like this.
  int LoginsIn(depotlink::DurationMs ms, int status, const std::string& body) {
    int logins = 0;
    const MonoTime end = fixture.clock.Now() + ms;
    for (;;) {
      fixture.StepToRequest();
      if (end <= fixture.clock.Now() || !fixture.http.busy()) return logins;
      logins += fixture.http.last().url.find("user/auth") != std::string::npos ? 1 : 0;
      fixture.http.Answer(status, body);
    }
  }
};

TEST(UserSession, LogsInBeforeAnythingElse) {
  STRCMP_EQUAL("user/auth", LogIn().c_str());
  STRCMP_EQUAL(R"({"login":"depot@example.com","password":"key"})",
               fixture.http.last().body.c_str());
  STRCMP_EQUAL("", fixture.http.last().authorization.c_str());
  STRCMP_EQUAL("tracker/group/list", fixture.Answer(200, kEmptyList).c_str());
  STRCMP_EQUAL((std::string("NVX ") + kHash).c_str(), fixture.http.last().authorization.c_str());
  CHECK(fixture.session.state() == SessionState::kGood);
}

TEST(UserSession, AFailedLoginSaysWhatToDo) {
  const struct {
    int code;
    SessionState state;
    const char* remedy;
  } cases[] = {{102, SessionState::kRefused, "api.user.login"},
               {103, SessionState::kBlocked, "support"},
               {104, SessionState::kLimited, "API key"},
               {105, SessionState::kLimited, "waits"},
               {11, SessionState::kBlocked, "dealer"}};
  for (const auto& one : cases) {
    PollFixture other(WithUser());
    other.files.Put("/password", "key");
    STRCMP_EQUAL("user/auth", other.Answer(400, ErrorBody(one.code)).c_str());
    CHECK(other.session.state() == one.state);
    CHECK(other.poller.state() == ApiState::kCredential);
    STRCMP_CONTAINS(one.remedy, other.poller.last_error().c_str());
    LONGS_EQUAL(1, other.logs.Count(LogLevel::kError));
  }
}

TEST(UserSession, LoginsAreNotHammered) {
  const std::vector<int> codes{102, 103, 104, 105, 11, 2, 275, 7, 3, 4};
  for (std::size_t i = 0; i < codes.size(); i += Stride()) {
    PollFixture other(WithUser());
    other.files.Put("/password", "key");
    int logins = 0;
    const MonoTime end = other.clock.Now() + 24 * kHourMs;
    while (other.clock.Now() < end) {
      other.StepToRequest();
      if (!other.http.busy()) break;
      ++logins;
      other.http.Answer(400, ErrorBody(codes[i]));
    }
    CHECK(logins <= 2 + 24 * 3);
    CHECK(logins >= 20);
  }
}

// The logins of runs before, one after a crash each.
class FullBook : public depotlink::poll::LoginLimit {
 public:
  MonoTime FreeAt(depotlink::navixy::Api) const override { return free_at; }
  void OnLogin(depotlink::navixy::Api, MonoTime) override { ++logins; }
  void OnNoLogin(depotlink::navixy::Api) override { --logins; }
  MonoTime free_at{};
  int logins = 0;
};

TEST(UserSession, WhereRunsBeforeHaveUsedUpTheHoursLoginsItWaits) {
  FullBook book;
  book.free_at = fixture.clock.Now() + 40 * kMinuteMs;
  fixture.session.SetLimit(book);
  fixture.Step();
  CHECK_FALSE(fixture.http.busy());
  CHECK(fixture.session.state() == SessionState::kLimited);
  STRCMP_CONTAINS("too many logins", fixture.session.trouble().c_str());
  LONGS_EQUAL(0, book.logins);
  fixture.StepToRequest();
  CHECK(fixture.clock.Now() == book.free_at);
  LONGS_EQUAL(1, book.logins);
  fixture.http.Answer(200, LoggedIn(kHash));
  CHECK(fixture.session.state() == SessionState::kGood);
}

TEST(UserSession, OnlyALoginThatWasJudgedCounts) {
  using depotlink::ports::HttpEnd;
  FullBook book;
  fixture.session.SetLimit(book);
  for (const HttpEnd end : {HttpEnd::kNameFailed, HttpEnd::kConnectFailed, HttpEnd::kTlsFailed}) {
    fixture.StepToRequest();
    fixture.http.Fail(end, "");
  }
  fixture.Answer(503, "");
  fixture.Answer(500, ErrorBody(1));
  fixture.Answer(429, ErrorBody(15));
  fixture.Answer(200, "<html>");
  LONGS_EQUAL(0, book.logins);
  // It may have been heard.
  fixture.StepToRequest();
  fixture.http.Fail(HttpEnd::kTimeout, "");
  LONGS_EQUAL(1, book.logins);
  fixture.Answer(400, ErrorBody(102));
  LONGS_EQUAL(2, book.logins);
  LogIn();
  LONGS_EQUAL(3, book.logins);
}

TEST(UserSession, ASecondFactorIsSaidAndEachTrySendsAMailSoThereAreFew) {
  const std::string body =
      R"({"success":true,"type":"second_factor_required","factor_type":"email","hash":")" +
      std::string(kHash) + "\"}";
  CHECK(LoginsIn(24 * kHourMs, 200, body) <= 5);
  CHECK(fixture.session.state() == SessionState::kSecondFactor);
  CHECK(fixture.poller.state() == ApiState::kCredential);
  STRCMP_CONTAINS("second factor", fixture.poller.last_error().c_str());
  CHECK(fixture.session.authorization().empty());
}

TEST(UserSession, AnAnswerWithoutASessionIsARefusal) {
  for (const char* body :
       {R"({"success":true})", R"({"success":true,"hash":null})", R"({"success":true,"hash":"x"})",
        R"({"success":true,"hash":"22eac1c27af4be7b9d04da2ce1af111"})",
        R"({"success":true,"hash":"22eac1c27af4be7b9d04da2ce1af111\n"})"}) {
    PollFixture other(WithUser());
    other.Answer(200, body);
    CHECK(other.session.authorization().empty());
    CHECK(other.session.state() == SessionState::kRefused);
  }
}

TEST(UserSession, ANewPasswordIsTriedAtOnce) {
  fixture.Answer(400, ErrorBody(102));
  fixture.Answer(400, ErrorBody(102));
  const MonoTime refused = fixture.clock.Now();
  fixture.Step(kMinuteMs);
  CHECK_FALSE(fixture.http.busy());
  fixture.files.Put("/password", "better");
  STRCMP_EQUAL("user/auth", LogIn().c_str());
  STRCMP_CONTAINS("better", fixture.http.last().body.c_str());
  CHECK(fixture.clock.Now() - refused <= kMinuteMs + 20 * kSecondMs);
  CHECK(fixture.logs.Has("the password's file has changed"));
}

TEST(UserSession, APasswordThatCannotBeReadIsLookedAtAgain) {
  fixture.Answer(400, ErrorBody(102));
  fixture.files.Refuse("/password", "gone");
  fixture.Step(15 * kSecondMs);
  fixture.Answer(400, ErrorBody(102));
  CHECK(fixture.session.state() == SessionState::kRefused);
}

TEST(UserSession, IsProlongedAheadOfTime) {
  LogIn();
  fixture.List();
  const MonoTime in = fixture.clock.Now();
  for (int calls = 0; calls < 10000; ++calls) {
    fixture.StepToRequest();
    if (fixture.http.last().url.find("session/renew") != std::string::npos) break;
    fixture.http.Answer(200, kEmptyList);
  }
  STRCMP_CONTAINS("user/session/renew", fixture.http.last().url.c_str());
  STRCMP_CONTAINS(kHash, fixture.http.last().authorization.c_str());
  CHECK(fixture.clock.Now() - in >= 7 * kHourMs);
  CHECK(fixture.clock.Now() - in <= 8 * kHourMs + kMinuteMs);
  fixture.http.Answer(200, R"({"success":true})");
  CHECK(fixture.session.state() == SessionState::kGood);
}

TEST(UserSession, OneThatHasEndedIsBegunAnewAtOnceAndQuietly) {
  for (const int code : {3, 4}) {
    PollFixture other(WithUser());
    other.Answer(200, LoggedIn(kHash));
    other.Answer(200, kEmptyList);
    other.Answer(200, kEmptyList);
    other.clock.Advance(kHourMs);
    other.fleet.AskSoon();
    other.Answer(400, ErrorBody(code));
    STRCMP_EQUAL("user/auth", other.Answer(200, LoggedIn(kOtherHash)).c_str());
    STRCMP_EQUAL("tracker/group/list", other.Answer(200, kEmptyList).c_str());
    STRCMP_CONTAINS(kOtherHash, other.http.last().authorization.c_str());
    LONGS_EQUAL(0, other.logs.Count(LogLevel::kError));
    LONGS_EQUAL(0, other.logs.Count(LogLevel::kWarn));
  }
}

TEST(UserSession, SessionsThatNeverWorkAreNotBegunAgainAndAgain) {
  int logins = 0;
  const MonoTime end = fixture.clock.Now() + 6 * kHourMs;
  for (;;) {
    fixture.StepToRequest();
    if (end <= fixture.clock.Now()) break;
    const bool login = fixture.http.last().url.find("user/auth") != std::string::npos;
    logins += login ? 1 : 0;
    fixture.http.Answer(login ? 200 : 400, login ? LoggedIn(kHash) : ErrorBody(4));
  }
  CHECK(logins >= 10);
  CHECK(logins <= 2 + 6 * 3);
}

TEST(UserSession, TroubleOnTheLineIsNoMatterOfTheLogin) {
  fixture.StepToRequest();
  fixture.http.Fail(depotlink::ports::HttpEnd::kConnectFailed, "refused");
  CHECK(fixture.poller.state() == ApiState::kFailing);
  CHECK(fixture.session.state() == SessionState::kStarting);
  STRCMP_EQUAL("user/auth", LogIn().c_str());
}

TEST(UserSession, EndsOnACleanStop) {
  LogIn();
  fixture.List();
  fixture.poller.Stop();
  CHECK_FALSE(fixture.poller.stopped());
  fixture.Step();
  STRCMP_CONTAINS("user/logout", fixture.http.last().url.c_str());
  STRCMP_CONTAINS(kHash, fixture.http.last().authorization.c_str());
  fixture.http.Answer(200, R"({"success":true})");
  CHECK(fixture.poller.stopped());
  const std::size_t requests = fixture.http.requests().size();
  fixture.Step(kHourMs);
  LONGS_EQUAL(requests, fixture.http.requests().size());
}

TEST(UserSession, ALogoutThatFailsIsNotTriedAgain) {
  LogIn();
  fixture.poller.Stop();
  fixture.http.Deliver();
  fixture.Step();
  fixture.http.Answer(500, ErrorBody(6));
  CHECK(fixture.poller.stopped());
}

TEST(UserSession, WithoutASessionAStopNeedsNoCall) {
  fixture.Answer(400, ErrorBody(102));
  fixture.poller.Stop();
  CHECK(fixture.poller.stopped());
}

TEST(UserSession, APasswordTooLongToBeOneIsSaid) {
  depotlink::fakes::FakeFiles files;
  depotlink::fakes::FixedRandom random{0};
  depotlink::fakes::LogCapture logs;
  depotlink::Logger log{logs, LogLevel::kDebug};
  depotlink::json::ElementReader reader;
  Session session({CredentialKind::kUserLogin, "a", "/password"},
                  Secret(std::string(depotlink::limits::kLoginBytes + 1, 'x')), files, reader,
                  random, log);
  std::string body;
  CHECK_FALSE(session.Begin(MonoTime{5}, body));
  CHECK(MonoTime{5} < session.Due());
  STRCMP_CONTAINS("too long", session.trouble().c_str());
}

// --- the key ---

TEST_GROUP(KeySession) {
  PollFixture fixture;
};

TEST(KeySession, ARotatedKeyIsPickedUpWithoutARestart) {
  fixture.List();
  fixture.fleet.AskSoon();
  fixture.Answer(400, ErrorBody(4));
  fixture.Answer(400, ErrorBody(4));
  CHECK(fixture.poller.state() == ApiState::kCredential);
  STRCMP_CONTAINS("api.key_file", fixture.poller.last_error().c_str());
  const MonoTime refused = fixture.clock.Now();
  fixture.files.Put("/key", "new");
  STRCMP_EQUAL("tracker/group/list", fixture.Answer(200, kEmptyList).c_str());
  STRCMP_EQUAL("NVX new", fixture.http.last().authorization.c_str());
  CHECK(fixture.clock.Now() - refused <= 20 * kSecondMs);
  CHECK(fixture.poller.state() == ApiState::kOk);
}

TEST(KeySession, AKeyThatWorksIsNotLookedAtAgain) {
  fixture.List();
  fixture.files.Put("/key", "new");
  fixture.fleet.AskSoon();
  fixture.Answer(200, kEmptyList);
  STRCMP_EQUAL("NVX key", fixture.http.last().authorization.c_str());
}

TEST(KeySession, HasNothingToEnd) {
  fixture.List();
  fixture.poller.Stop();
  CHECK(fixture.poller.stopped());
}

// --- the panel ---

namespace {

// Asks for the panel's users each minute.
class PanelJob : public depotlink::poll::Job {
 public:
  const depotlink::navixy::Endpoint& endpoint() const override { return endpoint_; }
  MonoTime Due() override { return due; }
  bool Begin(MonoTime now, std::string& body) override {
    body = "{}";
    due = now + kMinuteMs;
    return true;
  }
  void OnGood(bool, MonoTime) override { ++good; }
  bool OnBad(const depotlink::navixy::Judgement&, MonoTime) override {
    ++bad;
    return false;
  }
  MonoTime due{0};
  int good = 0;
  int bad = 0;

 private:
  depotlink::navixy::Endpoint endpoint_{"panel/user/list", {"list"}, 1};
};

}  // namespace

TEST_GROUP(PanelSession) {
  PollFixture fixture;
  Session panel{{CredentialKind::kPanelLogin, "20410", "/panel"},
                Secret(std::string("pw")),
                fixture.files,
                fixture.reader,
                fixture.random,
                fixture.log};
  PanelJob users;

  void setup() override {
    fixture.files.Put("/panel", "pw");
    fixture.poller.Add(panel);
    fixture.poller.Add(users);
  }
  // Each request is answered well, until one goes to a path that ends like this.
  bool GoOnUntil(const std::string& path, int calls = 10000) {
    for (int i = 0; i < calls; ++i) {
      fixture.StepToRequest();
      CheckCredential();
      const std::string& url = fixture.http.last().url;
      if (url.size() >= path.size() && url.substr(url.size() - path.size()) == path) return true;
      Serve();
    }
    return false;
  }
  void Serve() {
    const bool login = fixture.http.last().url.find("account/auth") != std::string::npos;
    fixture.http.Answer(200, login ? R"({"success":true,"hash":")" + std::string(kHash) +
                                         R"(","permissions":{"users":["read"],"base":[]}})"
                                   : std::string(kEmptyList));
  }
  // A hash of one API never reaches the other.
  void CheckCredential() {
    const auto& request = fixture.http.last();
    const bool panel_path = request.url.find("/v2/panel/") != std::string::npos;
    const bool panel_hash = request.authorization.find(kHash) != std::string::npos;
    const bool key = request.authorization == "NVX key";
    CHECK(panel_path ? !key : !panel_hash);
  }
};

TEST(PanelSession, HasACredentialOfItsOwn) {
  CHECK(GoOnUntil("panel/user/list"));
  STRCMP_EQUAL((std::string("NVX ") + kHash).c_str(), fixture.http.last().authorization.c_str());
  CHECK(panel.permissions().Grants("users", "read"));
  CHECK_FALSE(panel.permissions().Grants("users", "create"));
  CHECK_FALSE(panel.permissions().Grants("trackers", "read"));
}

TEST(PanelSession, IsBegunAnewBeforeItsDayIsOver) {
  CHECK(GoOnUntil("panel/user/list"));
  const MonoTime in = fixture.clock.Now();
  Serve();
  CHECK(GoOnUntil("panel/account/auth"));
  CHECK(fixture.clock.Now() - in >= 20 * kHourMs);
  CHECK(fixture.clock.Now() - in <= 23 * kHourMs + kMinuteMs);
}

TEST(PanelSession, ItsRefusalLeavesTheFleetAlone) {
  CHECK(GoOnUntil("panel/account/auth"));
  fixture.http.Answer(403, ErrorBody(11));
  CHECK(panel.state() == SessionState::kBlocked);
  STRCMP_EQUAL("tracker/list", fixture.Answer(200, kEmptyList).c_str());
  CHECK(fixture.poller.state() == ApiState::kOk);
  LONGS_EQUAL(0, users.good);
}

TEST(PanelSession, AnEndedOneIsBegunAnew) {
  CHECK(GoOnUntil("panel/user/list"));
  Serve();
  fixture.clock.Advance(kHourMs);
  CHECK(GoOnUntil("panel/user/list"));
  fixture.http.Answer(400, ErrorBody(4));
  CHECK(GoOnUntil("panel/account/auth", 3));
  CHECK(fixture.poller.state() == ApiState::kOk);
}

TEST(PanelSession, WhatOneJobMayNotCostsThatJobOnly) {
  CHECK(GoOnUntil("panel/user/list"));
  fixture.http.Answer(403, ErrorBody(13));
  CHECK(fixture.poller.state() != ApiState::kCredential);
  int asked = 0;
  const MonoTime end = fixture.clock.Now() + kHourMs;
  while (fixture.clock.Now() < end) {
    fixture.work.due = {1};
    fixture.StepToRequest();
    const bool users_call = fixture.http.last().url.find("panel/user/list") != std::string::npos;
    asked += users_call ? 1 : 0;
    if (users_call) {
      fixture.http.Answer(403, ErrorBody(13));
    } else {
      fixture.http.Answer(200, R"({"list":[],"states":{},"success":true})");
    }
    fixture.clock.Advance(5 * kSecondMs);
  }
  CHECK(asked <= 7);
  CHECK(fixture.poller.state() == ApiState::kOk);
}

TEST(PanelSession, LogsOutOnACleanStop) {
  CHECK(GoOnUntil("panel/user/list"));
  fixture.poller.Stop();
  fixture.http.Deliver();
  fixture.Step();
  STRCMP_CONTAINS("panel/account/logout", fixture.http.last().url.c_str());
  fixture.http.Answer(200, R"({"success":true})");
  CHECK(fixture.poller.stopped());
}
