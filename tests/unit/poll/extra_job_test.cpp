// SPDX-License-Identifier: Apache-2.0
// Extra polls: pages, permissions, and trouble that is theirs alone.
#include "agent/poll/extra_job.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/poll/poll_fixture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::DurationMs;
using depotlink::kHourMs;
using depotlink::kMinuteMs;
using depotlink::kSecondMs;
using depotlink::LogLevel;
using depotlink::MonoTime;
using depotlink::Secret;
using depotlink::navixy::FindReadable;
using depotlink::poll::ApiState;
using depotlink::poll::CredentialKind;
using depotlink::poll::ErrorBody;
using depotlink::poll::ExtraJob;
using depotlink::poll::ExtraPlan;
using depotlink::poll::ExtraWork;
using depotlink::poll::PollFixture;
using depotlink::poll::Session;

namespace {

constexpr const char* kPanelHash = "44eac1c27af4be7b9d04da2ce1af111b";

class RecordedExtras : public ExtraWork {
 public:
  bool MayAsk(std::size_t) const override { return may_ask; }
  bool HasRoom() const override { return room > 0; }
  void Begin(std::size_t extra) override { calls.push_back("begin " + std::to_string(extra)); }
  void Take(std::string_view text) override {
    if (room != SIZE_MAX) --room;
    ++taken;
    last = text;
  }
  bool End(bool whole) override {
    calls.push_back((whole ? "end " : "cut ") + std::to_string(std::exchange(taken, 0)));
    return delivered;
  }
  void Abandon() override {
    taken = 0;
    calls.push_back("abandon");
  }
  bool TakeAskAgain(std::size_t) override { return std::exchange(again, false); }

  std::string Calls() {
    std::string all;
    for (const std::string& call : std::exchange(calls, {})) all += call + ';';
    return all;
  }

  bool may_ask = true;
  bool delivered = true;
  bool again = false;
  std::size_t room = SIZE_MAX;
  std::size_t taken = 0;
  std::string last;
  std::vector<std::string> calls;
};

std::string ListOf(std::size_t first, std::size_t end, const std::string& more = "") {
  std::string list;
  for (std::size_t i = first; i < end; ++i) {
    list += (list.empty() ? "" : ",") + ("{\"id\":" + std::to_string(i + 1)) + "}";
  }
  return R"({"success":true,"list":[)" + list + "]" + more + "}";
}

std::string PanelLogin(const std::string& permissions) {
  return R"({"success":true,"hash":")" + std::string(kPanelHash) + "\"" +
         (permissions.empty() ? "" : ",\"permissions\":" + permissions) + "}";
}

}  // namespace

TEST_GROUP(ExtraJob) {
  PollFixture fixture;
  Session panel{{CredentialKind::kPanelLogin, "20410", "/panel"},
                Secret(std::string("password")),
                fixture.files,
                fixture.reader,
                fixture.random,
                fixture.log};
  RecordedExtras work;
  std::unique_ptr<ExtraJob> job;
  std::string permissions = R"({"users":["read"]})";
  // What the extra's path answers; what is asked for otherwise is answered well.
  int status = 200;
  std::string body;
  std::string asked;  // bodies of the extra's requests
  std::map<std::string, int> paths;

  void Add(const char* path, const char* params = "", DurationMs every_ms = kHourMs) {
    ExtraPlan plan;
    plan.row = FindReadable(path);
    plan.every_ms = every_ms;
    plan.params = params;
    const bool of_panel = std::string(path).rfind("panel/", 0) == 0;
    fixture.files.Put("/panel", "password");
    if (of_panel) fixture.poller.Add(panel);
    job = std::make_unique<ExtraJob>(plan, work, of_panel ? panel : fixture.session, fixture.random,
                                     fixture.log);
    fixture.poller.Add(*job);
  }
  std::string BodyFor(const std::string& path) {
    if (path == "panel/account/auth") return PanelLogin(permissions);
    if (path == "panel/account/get_permissions") {
      return R"({"success":true,"permissions":)" + permissions + "}";
    }
    return std::string(depotlink::poll::kEmptyList);
  }
  // Answers all that is asked for within the time.
  void Run(DurationMs ms) {
    const MonoTime end = fixture.clock.Now() + ms;
    while (fixture.clock.Now() < end) {
      fixture.Step();
      if (!fixture.http.busy()) {
        fixture.clock.AdvanceTo(std::min(std::max(fixture.next, fixture.clock.Now() + 1), end));
        continue;
      }
      const auto& request = fixture.http.last();
      const std::string path = request.url.substr(request.url.find("/v2/") + 4);
      ++paths[path];
      if (path == job->path()) {
        asked += request.body + '|';
        Serve();
      } else {
        fixture.http.Answer(200, BodyFor(path));
      }
      fixture.clock.Advance(5);
    }
  }
  void Serve() {
    fixture.http.Answer(status, body);
  }
  // What else is asked for is answered, until the extra's request is under way.
  void StepToExtra() {
    for (;;) {
      fixture.StepToRequest();
      const std::string url = fixture.http.last().url;
      const std::string path = url.substr(url.find("/v2/") + 4);
      if (path == job->path()) return;
      fixture.http.Answer(200, BodyFor(path));
    }
  }
  int Asked() {
    return paths[std::string(job->path())];
  }
  // Pages of a list of so many elements.
  void ServePages(std::size_t elements, bool counted, std::size_t end_at = SIZE_MAX) {
    for (std::size_t page = 0; page < end_at; ++page) {
      StepToExtra();
      asked += fixture.http.last().body + '|';
      const std::size_t first = std::min(elements, page * 100);
      const std::size_t end = std::min(elements, first + 100);
      fixture.http.Answer(
          200, ListOf(first, end, counted ? ",\"count\":" + std::to_string(elements) : ""));
      if (job->done()) return;
    }
  }
};

TEST(ExtraJob, AListIsReadEverySoOften) {
  Add("tag/list", R"({"filter":"x"})");
  body = ListOf(0, 3);
  Run(3 * kHourMs);
  STRCMP_EQUAL(R"({"filter":"x"}|{"filter":"x"}|{"filter":"x"}|)", asked.c_str());
  STRCMP_EQUAL("begin 0;end 3;begin 0;end 3;begin 0;end 3;", work.Calls().c_str());
  STRCMP_EQUAL("", job->trouble().c_str());
}

TEST(ExtraJob, AValueIsHandedOverWhole) {
  Add("file/stats/read");
  body = R"({"success":true,"value":{"file_count":24},"list":[1],"more":2})";
  Run(kMinuteMs);
  STRCMP_EQUAL("begin 0;end 1;", work.Calls().c_str());
  STRCMP_EQUAL(R"({"file_count":24})", work.last.c_str());
  STRCMP_EQUAL("{}|", asked.c_str());
}

TEST(ExtraJob, TheReadingsOfManyTrackersStandUnderANameOfTheirOwn) {
  Add("tracker/readings/batch_list", R"({"trackers":[7]})");
  body = R"({"value":1,"result":{"7":{"inputs":[]}},"success":true})";
  Run(kMinuteMs);
  STRCMP_EQUAL("begin 0;end 1;", work.Calls().c_str());
  STRCMP_EQUAL(R"({"7":{"inputs":[]}})", work.last.c_str());
}

TEST(ExtraJob, AnAnswerWithoutTheValueIsToldOnceAndAskedSeldom) {
  Add("file/stats/read", "", 10 * kSecondMs);
  body = R"({"success":true})";
  Run(3 * kHourMs);
  LONGS_EQUAL(3, Asked());
  STRCMP_CONTAINS("no \"value\"", job->trouble().c_str());
  LONGS_EQUAL(1, fixture.logs.Count(LogLevel::kWarn, "answer has no"));
  CHECK(work.Calls().find("end") == std::string::npos);
}

TEST(ExtraJob, PagesAreReadToTheCount) {
  Add("zone/list", R"({"filter":"x"})");
  ServePages(250, true);
  STRCMP_EQUAL(R"({"filter":"x","offset":0,"limit":100}|{"filter":"x","offset":100,"limit":100}|)"
               R"({"filter":"x","offset":200,"limit":100}|)",
               asked.c_str());
  STRCMP_EQUAL("begin 0;end 250;", work.Calls().c_str());
}

TEST(ExtraJob, PagesMayBeShorterThanWasAskedForWhereTheCountIsKnown) {
  Add("zone/list");
  for (std::size_t first = 0; first < 120; first += 50) {
    StepToExtra();
    asked += fixture.http.last().body + '|';
    fixture.http.Answer(200,
                        ListOf(first, std::min<std::size_t>(120, first + 50), ",\"count\":120"));
  }
  STRCMP_EQUAL(R"({"offset":0,"limit":100}|{"offset":50,"limit":100}|{"offset":100,"limit":100}|)",
               asked.c_str());
  STRCMP_EQUAL("begin 0;end 120;", work.Calls().c_str());
}

TEST(ExtraJob, TheLastPageIsNotFollowedByAnEmptyOneWhereTheCountIsKnown) {
  Add("zone/list");
  ServePages(200, true, 2);
  STRCMP_EQUAL("begin 0;end 200;", work.Calls().c_str());
}

TEST(ExtraJob, WithoutACountUntilAPageIsShort) {
  Add("vehicle/list");
  ServePages(200, false);
  STRCMP_EQUAL(R"({"offset":0,"limit":100}|{"offset":100,"limit":100}|{"offset":200,"limit":100}|)",
               asked.c_str());
  STRCMP_EQUAL("begin 0;end 200;", work.Calls().c_str());
}

TEST(ExtraJob, PagesHaveAnEndWhateverTheCountSays) {
  Add("zone/list");
  ServePages(100000, true);
  STRCMP_EQUAL("begin 0;cut 10000;", work.Calls().c_str());
}

TEST(ExtraJob, AServerThatKnowsNoPagesIsNotAskedForMore) {
  Add("zone/list");
  body = ListOf(0, 150, ",\"count\":1000");
  Run(kMinuteMs);
  LONGS_EQUAL(1, Asked());
  STRCMP_EQUAL("begin 0;end 150;", work.Calls().c_str());
}

TEST(ExtraJob, AnEmptyPageIsTheEndWhateverTheCountSays) {
  Add("zone/list");
  body = ListOf(0, 0, ",\"count\":1000");
  Run(kMinuteMs);
  LONGS_EQUAL(1, Asked());
  STRCMP_EQUAL("begin 0;end 0;", work.Calls().c_str());
}

TEST(ExtraJob, APageThatTheConfigNamesIsAskedForAlone) {
  Add("zone/list", R"({"limit":7})");
  body = ListOf(0, 7, ",\"count\":1000");
  Run(kMinuteMs);
  STRCMP_EQUAL(R"({"limit":7}|)", asked.c_str());
}

TEST(ExtraJob, AnElementThatWasLeftOutDoesNotEndThePages) {
  Add("zone/list");
  const std::string long_one =
      ",{\"id\":9,\"t\":\"" + std::string(depotlink::limits::kElementBytes, 'x') + "\"}";
  StepToExtra();
  std::string page = ListOf(0, 99);
  page.insert(page.rfind(']'), long_one);
  fixture.http.Answer(200, page);
  body = ListOf(0, 0);
  Run(kMinuteMs);
  STRCMP_EQUAL("begin 0;cut 99;", work.Calls().c_str());
  STRCMP_EQUAL(R"({"offset":100,"limit":100}|)", asked.c_str());
}

// Whatever one action is answered: the fleet is polled on.
TEST(ExtraJob, TroubleWithOneActionLeavesTheFleetAlone) {
  for (const int code : {1, 2, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 201, 275, 276}) {
    PollFixture other;
    RecordedExtras extras;
    ExtraPlan plan;
    plan.row = FindReadable("tag/list");
    plan.every_ms = kMinuteMs;
    ExtraJob tags(plan, extras, other.session, other.random, other.log);
    other.poller.Add(tags);
    int asked_tags = 0;
    DurationMs longest_gap_ms = 0;
    MonoTime last_fleet = other.clock.Now();
    for (const MonoTime end = last_fleet + 2 * kHourMs; other.clock.Now() < end;) {
      other.StepToRequest();
      if (other.http.last().url.find("tag/list") == std::string::npos) {
        longest_gap_ms = std::max(longest_gap_ms, other.clock.Now() - last_fleet);
        last_fleet = other.clock.Now();
        other.http.Answer(200, depotlink::poll::kEmptyList);
      } else {
        ++asked_tags;
        other.http.Answer(400, ErrorBody(code), 0, code == 14 ? kHourMs : -1);
      }
    }
    CHECK(other.poller.state() == ApiState::kOk);
    CHECK(other.session.state() == depotlink::poll::SessionState::kGood);
    CHECK_TEXT(longest_gap_ms <= 11 * kMinuteMs, std::to_string(code).c_str());
    CHECK(asked_tags >= 1 && asked_tags < 60);
  }
}

TEST(ExtraJob, NothingIsAskedWhileTheBusIsAway) {
  Add("tag/list", "", 10 * kSecondMs);
  work.may_ask = false;
  Run(kHourMs);
  LONGS_EQUAL(0, Asked());
  work.may_ask = true;
  body = ListOf(0, 1);
  Run(kSecondMs);
  LONGS_EQUAL(1, Asked());
}

TEST(ExtraJob, WhatDidNotGetToTheBusIsAskedForAgain) {
  Add("tag/list", "", 24 * kHourMs);
  body = ListOf(0, 1);
  work.delivered = false;
  Run(25 * kSecondMs);
  LONGS_EQUAL(3, Asked());  // ten seconds apart
  work.delivered = true;
  Run(kMinuteMs);
  LONGS_EQUAL(4, Asked());
  work.again = true;  // what stood on the bus is lost
  Run(kMinuteMs);
  LONGS_EQUAL(5, Asked());
}

TEST(ExtraJob, ReadingPausesWhereThereIsNoRoom) {
  Add("tag/list");
  StepToExtra();
  work.room = 2;
  fixture.http.Answer(200, ListOf(0, 5));
  LONGS_EQUAL(2, work.taken);
  CHECK(fixture.http.paused());
  work.room = SIZE_MAX;
  fixture.Step();
  fixture.http.Deliver();
  STRCMP_EQUAL("begin 0;end 5;", work.Calls().c_str());
}

TEST(ExtraJob, APermissionThatIsMissingIsToldOnceAndNotAskedFor) {
  permissions = R"({"users":["update"],"tariffs":["read"]})";
  Add("panel/user/list", "", 10 * kSecondMs);
  Run(6 * kHourMs);
  LONGS_EQUAL(0, Asked());
  STRCMP_CONTAINS("lacks the permission users: read", job->trouble().c_str());
  LONGS_EQUAL(1, fixture.logs.Count(LogLevel::kError, "users: read"));
  CHECK(fixture.poller.state() == ApiState::kOk);
  CHECK(job->done());
  permissions = R"({"users":["read"]})";  // with the next login
  body = ListOf(0, 1);
  Run(24 * kHourMs);
  CHECK(Asked() > 100);
  STRCMP_EQUAL("", job->trouble().c_str());
}

TEST(ExtraJob, WithoutWordOfPermissionsItIsAsked) {
  permissions.clear();
  Add("panel/user/list");
  body = ListOf(0, 1);
  Run(kMinuteMs);
  LONGS_EQUAL(1, Asked());
}

TEST(ExtraJob, ARefusalReadsThePermissionsAgainButNotOftenerThanEachHour) {
  Add("panel/user/list", "", 10 * kSecondMs);
  status = 403;
  body = ErrorBody(13);
  Run(20 * kHourMs);
  // Six hours apart, each with a reading of the permissions, which have not changed.
  LONGS_EQUAL(4, Asked());
  LONGS_EQUAL(4, paths["panel/account/get_permissions"]);
  LONGS_EQUAL(1, paths["panel/account/auth"]);
  LONGS_EQUAL(1, fixture.logs.Count(LogLevel::kError, "users: read"));
  LONGS_EQUAL(1, fixture.logs.Count(LogLevel::kError, "words"));  // the API's own
  CHECK(fixture.poller.state() == ApiState::kOk);
}

TEST(ExtraJob, PermissionsThatHaveChangedAreActedUponAtOnce) {
  Add("panel/user/list", "", 10 * kSecondMs);
  status = 403;
  body = ErrorBody(13);
  Run(kSecondMs);
  LONGS_EQUAL(1, Asked());
  permissions = R"({"users":[]})";  // as the reading of them tells
  Run(7 * kHourMs);
  LONGS_EQUAL(1 + (paths["panel/account/get_permissions"] > 1 ? 1 : 0), Asked());
  STRCMP_CONTAINS("users: read", job->trouble().c_str());
}

TEST(ExtraJob, ARefusalOfTheUserApiIsToldOnceAndRetriedSeldom) {
  Add("tag/list", "", 10 * kSecondMs);
  status = 403;
  body = ErrorBody(13);
  Run(24 * kHourMs);
  LONGS_EQUAL(4, Asked());
  LONGS_EQUAL(0, paths["panel/account/get_permissions"]);
  LONGS_EQUAL(1, fixture.logs.Count(LogLevel::kError, "extra poll"));
  STRCMP_CONTAINS("words", job->trouble().c_str());
  status = 200;
  body = ListOf(0, 1);
  Run(6 * kHourMs);
  STRCMP_EQUAL("", job->trouble().c_str());
  LONGS_EQUAL(1, fixture.logs.Count(LogLevel::kInfo, "answered again"));
}

TEST(ExtraJob, WhatIsWrongWithTheRequestIsAskedEachHour) {
  Add("zone/read", R"({"zone_id":5})", 10 * kSecondMs);
  status = 400;
  body = ErrorBody(201);
  Run(6 * kHourMs);
  LONGS_EQUAL(6, Asked());
  LONGS_EQUAL(1, fixture.logs.Count(LogLevel::kError, "code 201"));
}

TEST(ExtraJob, PassingTroubleIsItsOwnAndWaitsLonger) {
  Add("tag/list", "", 10 * kSecondMs);
  status = 500;
  body = ErrorBody(6);
  Run(6 * kHourMs);
  CHECK(fixture.poller.state() == ApiState::kOk);
  CHECK(Asked() > 5 && Asked() < 80);
  LONGS_EQUAL(1, fixture.logs.Count(LogLevel::kWarn, "tag/list"));
  // The fleet was listed as ever: each ten minutes.
  CHECK(paths["tracker/list"] >= 36);
  STRCMP_CONTAINS("failed unexpectedly", job->trouble().c_str());
}

TEST(ExtraJob, AnAnswerThatNeverComesDoesNotHoldUpTheFleet) {
  Add("tag/list", "", 10 * kSecondMs);
  const MonoTime end = fixture.clock.Now() + 6 * kHourMs;
  int timeouts = 0;
  int lists = 0;
  while (fixture.clock.Now() < end) {
    fixture.StepToRequest();
    if (fixture.http.last().url.find("tag/list") != std::string::npos) {
      ++timeouts;
      fixture.clock.Advance(30 * kSecondMs);
      fixture.http.Fail(depotlink::ports::HttpEnd::kTimeout);
    } else {
      ++lists;
      fixture.http.Answer(200, depotlink::poll::kEmptyList);
    }
  }
  CHECK(timeouts > 5 && timeouts < 80);  // and this is where each wait is the shortest it can be
  CHECK(lists >= 60);
}

TEST(ExtraJob, APageThatFailsBeginsTheListAnew) {
  Add("zone/list");
  ServePages(250, true, 2);
  STRCMP_EQUAL("begin 0;", work.Calls().c_str());
  StepToExtra();
  fixture.http.Answer(500, ErrorBody(6));
  STRCMP_EQUAL("abandon;", work.Calls().c_str());
  asked.clear();
  ServePages(250, true);
  CHECK(asked.rfind(R"({"offset":0,)", 0) == 0);
  STRCMP_EQUAL("begin 0;end 250;", work.Calls().c_str());
}

TEST(ExtraJob, APanelThatDoesNotLetInIsAskedForNothing) {
  Add("panel/user/list");
  permissions = R"({"users":["read"]})";
  fixture.List();
  const MonoTime end = fixture.clock.Now() + kHourMs;
  while (fixture.clock.Now() < end) {
    fixture.StepToRequest();
    const std::string url = fixture.http.last().url;
    CHECK(url.find("panel/user/list") == std::string::npos);
    if (url.find("panel/account/auth") != std::string::npos) {
      fixture.http.Answer(403, ErrorBody(102));
    } else {
      STRCMP_EQUAL("NVX key", fixture.http.last().authorization.c_str());
      fixture.http.Answer(200, depotlink::poll::kEmptyList);
    }
  }
}

TEST(ExtraJob, ThePathPicksTheCredential) {
  Add("panel/user/list");
  body = ListOf(0, 1);
  Run(kMinuteMs);
  for (const auto& request : fixture.http.requests()) {
    const bool auth = request.url.find("panel/account/auth") != std::string::npos;
    const bool of_panel = request.url.find("/panel/") != std::string::npos;
    const std::string expected = auth       ? ""
                                 : of_panel ? "NVX " + std::string(kPanelHash)
                                            : "NVX key";
    STRCMP_EQUAL(expected.c_str(), request.authorization.c_str());
  }
  LONGS_EQUAL(1, Asked());
}
