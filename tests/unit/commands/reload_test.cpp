// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/reload.hpp"

#include <string>

#include "tests/fakes/fake_files.hpp"

#include "CppUTest/TestHarness.h"

using namespace depotlink;
using commands::ReloadKind;

namespace {

constexpr const char* kInUse = R"({ "site": "north-depot",
  "api":  { "url": "https://api.eu.navixy.com/v2", "key_file": "/k" },
  "mqtt": { "url": "mqtt://localhost:1883" } })";

}  // namespace

TEST_GROUP(Reload) {
  fakes::FakeFiles files;

  void setup() override {
    files.Put("/k", "0123456789abcdef0123456789ABCDEF\n");
  }
  // With more in it than the config in use has.
  commands::Reload With(const std::string& more) {
    std::string text = kInUse;
    text.insert(text.size() - 1, more);
    files.Put("c.json", text);
    const auto judge = [](const std::string&, const Secret&) { return Status(); };
    return commands::PlanReload("c.json", kInUse, files, judge);
  }
};

TEST(Reload, WhatSaysTheSameChangesNothing) {
  const commands::Reload reload = With("// a comment\n");
  CHECK(reload.kind == ReloadKind::kNothing);
  CHECK(reload.changed.empty());
}

TEST(Reload, TheLogIsChangedInPlace) {
  const commands::Reload reload = With(R"(, "log": {"level": "debug"})");
  CHECK(reload.kind == ReloadKind::kLog);
  STRCMP_EQUAL("log.level", reload.changed.c_str());
  CHECK(reload.settings.log.level == LogLevel::kDebug);
}

TEST(Reload, AllElseTakesANewAgent) {
  const commands::Reload reload = With(R"(, "log": {"level": "debug"}, "poll": {"moving": "20s"})");
  CHECK(reload.kind == ReloadKind::kAgent);
  STRCMP_EQUAL("log.level, poll.moving", reload.changed.c_str());
  CHECK(reload.faults.empty() && reload.settings.poll.moving_ms == 20'000);
}

TEST(Reload, AFaultChangesNothingAndIsTold) {
  const commands::Reload reload = With(R"(, "poll": {"movin": "20s"})");
  CHECK(reload.kind == ReloadKind::kRefused);
  STRCMP_CONTAINS("poll.movin", reload.faults.c_str());
}

TEST(Reload, SoDoesAFileThatItNames) {
  files.Put("/k", "");
  const commands::Reload reload = With(R"(, "poll": {"moving": "20s"})");
  CHECK(reload.kind == ReloadKind::kRefused);
  STRCMP_CONTAINS("api.key_file", reload.faults.c_str());
}

TEST(Reload, SoDoesAFileThatIsNotThere) {
  const auto judge = [](const std::string&, const Secret&) { return Status(); };
  const commands::Reload reload = commands::PlanReload("none.json", kInUse, files, judge);
  CHECK(reload.kind == ReloadKind::kRefused && !reload.faults.empty());
}
