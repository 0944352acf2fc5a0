// SPDX-License-Identifier: Apache-2.0
// `depotlink once` over the simulated platform.
#include "agent/commands/once.hpp"

#include <set>
#include <string>

#include "tests/fakes/fake_files.hpp"
#include "tests/fakes/fake_random.hpp"
#include "tests/fakes/log_capture.hpp"
#include "tests/scenario/simulated_api.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::DurationMs;
using depotlink::kMinuteMs;
using depotlink::kSecondMs;
using depotlink::LogLevel;
using depotlink::MonoTime;
using depotlink::commands::RunOnce;

TEST_GROUP(Once) {
  depotlink::fakes::FakeClock clock;
  depotlink::fakes::FakeHttp http;
  depotlink::fakes::SeededRandom random{1};
  depotlink::fakes::FakeFiles files;
  depotlink::fakes::LogCapture logs;
  depotlink::Logger log{logs, LogLevel::kInfo};
  depotlink::scenario::SimulatedApi api{http, clock};
  depotlink::settings::Settings settings;
  DurationMs answer_ms = 5;
  std::set<std::string> topics;
  std::size_t lines = 0;
  int waits = 0;

  int Run() {
    settings.site = "yard";
    settings.api.url = "https://api.example/v2";
    settings.memory.max_trackers = 5000;
    return RunOnce(
        settings,
        {depotlink::Secret(std::string("key")), depotlink::Secret(std::string("password"))},
        {&clock, &random, &http, &files}, log,
        [this](std::string_view line) {
          ++lines;
          CHECK(line.back() == '\n');
          CHECK(line.find('\n') == line.size() - 1);
          CHECK(line.find("\t{") != std::string_view::npos);
          topics.emplace(line.substr(0, line.find('\t')));
        },
        [this](MonoTime next) {
          if (http.busy()) {
            clock.Advance(answer_ms);
            api.Serve();
          } else {
            clock.AdvanceTo(next);
          }
          return ++waits < 1000;
        });
  }
};

TEST(Once, PrintsTheWholeFleetOnce) {
  api.trackers = 30;
  LONGS_EQUAL(0, Run());
  LONGS_EQUAL(60, lines);
  LONGS_EQUAL(60, topics.size());
  CHECK(topics.count("depotlink/yard/tracker/30/state") == 1);
  CHECK(topics.count("depotlink/yard/tracker/1/info") == 1);
}

TEST(Once, AnEmptyFleetIsNoFailure) {
  LONGS_EQUAL(0, Run());
  LONGS_EQUAL(0, lines);
}

TEST(Once, ALargeFleetBehindASlowLineComesToAnEnd) {
  api.trackers = 3000;
  answer_ms = 20 * kSecondMs;
  LONGS_EQUAL(0, Run());
  LONGS_EQUAL(6000, lines);
  LONGS_EQUAL(8, http.requests().size());  // groups, fleet, six batches
}

TEST(Once, WithoutTheApiItEndsAtOnceWithAReason) {
  api.away = true;
  LONGS_EQUAL(1, Run());
  LONGS_EQUAL(1, logs.Count(LogLevel::kWarn, "no connection to the API"));
  CHECK(waits < 5);
}

TEST(Once, ARefusedKeyEndsIt) {
  api.refuse_all_code = 3;
  LONGS_EQUAL(1, Run());
  LONGS_EQUAL(1, logs.Count(LogLevel::kError, "api.key_file"));
}

TEST(Once, GroupsThatAreRefusedDoNot) {
  api.trackers = 3;
  api.refuse_groups_code = 13;
  LONGS_EQUAL(0, Run());
  LONGS_EQUAL(6, lines);
}

TEST(Once, PrintsEachExtraOnce) {
  api.trackers = 3;
  settings.api.panel = {"20410", "/panel"};
  settings.extra.resize(2);
  settings.extra[0].path = "tag/list";
  settings.extra[0].topic = "tags";
  settings.extra[0].every_ms = 10 * kSecondMs;
  settings.extra[1].path = "panel/user/list";
  settings.extra[1].topic = "users";
  api.others["tag/list"] = R"({"success":true,"list":[{"id":1}]})";
  api.others["panel/account/auth"] =
      R"({"success":true,"hash":"44eac1c27af4be7b9d04da2ce1af111b","permissions":{"users":["read"]}})";
  api.others["panel/user/list"] = R"({"success":true,"list":[],"count":0})";
  api.others["panel/account/logout"] = R"({"success":true})";
  LONGS_EQUAL(0, Run());
  LONGS_EQUAL(8, lines);
  CHECK(topics.count("depotlink/yard/extra/tags") == 1);
  CHECK(topics.count("depotlink/yard/extra/users") == 1);
  LONGS_EQUAL(1, api.others_asked["tag/list"]);
  LONGS_EQUAL(1, api.others_asked["panel/account/logout"]);
}

TEST(Once, AnExtraThatIsNotAnsweredIsSaidAndDoesNotHoldUpTheRest) {
  api.trackers = 3;
  settings.extra.resize(1);
  settings.extra[0].path = "tag/list";
  settings.extra[0].topic = "tags";
  api.others["tag/list"] = R"({"success":false,"status":{"code":13}})";
  LONGS_EQUAL(1, Run());
  LONGS_EQUAL(6, lines);
  LONGS_EQUAL(1, logs.Count(LogLevel::kError, "tag/list"));
}

TEST(Once, APanelThatRefusesDoesNotHoldUpTheRest) {
  api.trackers = 3;
  settings.api.panel = {"20410", "/panel"};
  settings.extra.resize(1);
  settings.extra[0].path = "panel/user/list";
  settings.extra[0].topic = "users";
  api.others["panel/account/auth"] = R"({"success":false,"status":{"code":102}})";
  LONGS_EQUAL(1, Run());
  LONGS_EQUAL(6, lines);
}

TEST(Once, StopsWhereThePersonWantsToStop) {
  api.trackers = 3;
  waits = 999;
  LONGS_EQUAL(1, Run());
}
