// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/arguments.hpp"

#include <initializer_list>
#include <string>
#include <vector>

#include "CppUTest/TestHarness.h"

using depotlink::commands::Arguments;
using depotlink::commands::Command;

namespace {

Arguments Parsed(std::initializer_list<const char*> words) {
  std::vector<const char*> argv{"depotlink"};
  argv.insert(argv.end(), words);
  return depotlink::commands::ParseArguments(static_cast<int>(argv.size()), argv.data());
}

std::string ErrorOf(std::initializer_list<const char*> words) {
  const Arguments arguments = Parsed(words);
  return arguments.command == Command::kUsageError ? arguments.error : "none";
}

}  // namespace

TEST_GROUP(Arguments){};

TEST(Arguments, KnowsEachCommand) {
  CHECK(Parsed({"run"}).command == Command::kRun);
  CHECK(Parsed({"once"}).command == Command::kOnce);
  CHECK(Parsed({"check"}).command == Command::kCheck);
  CHECK(Parsed({"status"}).command == Command::kStatus);
  CHECK(Parsed({"queue", "ls"}).command == Command::kQueueList);
  CHECK(Parsed({"queue", "export"}).command == Command::kQueueExport);
  CHECK(Parsed({"queue", "purge"}).command == Command::kQueuePurge);
  CHECK(Parsed({"queue", "--help"}).command == Command::kHelp);
  CHECK(Parsed({"queue", "ls", "-h"}).command == Command::kHelp);
  CHECK(Parsed({"--version"}).command == Command::kVersion);
  STRCMP_EQUAL("/etc/depotlink/depotlink.json", Parsed({"run"}).config.c_str());
}

TEST(Arguments, TakesTheConfigInEachForm) {
  STRCMP_EQUAL("/c", Parsed({"queue", "ls", "--config", "/c"}).config.c_str());
  STRCMP_EQUAL("/c", Parsed({"status", "-c", "/c", "--json"}).config.c_str());
  STRCMP_EQUAL("/c", Parsed({"run", "--config=/c"}).config.c_str());
  STRCMP_EQUAL("--config needs a value", ErrorOf({"queue", "ls", "--config"}).c_str());
  STRCMP_EQUAL("--config needs a value", ErrorOf({"run", "--config="}).c_str());
}

TEST(Arguments, SwitchesBelongToTheirCommand) {
  CHECK(Parsed({"status", "--json"}).json);
  CHECK_FALSE(Parsed({"status"}).json);
  CHECK(Parsed({"check", "--online"}).online);
  CHECK_FALSE(Parsed({"check"}).online);
  CHECK(Parsed({"check", "--json", "--online"}).json);
  STRCMP_EQUAL("check knows --json with --online only", ErrorOf({"check", "--json"}).c_str());
  STRCMP_EQUAL("unknown argument '--online'", ErrorOf({"once", "--online"}).c_str());
  CHECK(Parsed({"queue", "purge", "--yes"}).yes);
  CHECK_FALSE(Parsed({"queue", "purge"}).yes);
  CHECK(Parsed({"init", "--yes", "--force", "--offline"}).force);
  STRCMP_EQUAL("unknown argument '--force'", ErrorOf({"run", "--force"}).c_str());
  STRCMP_EQUAL("unknown argument '--json'", ErrorOf({"run", "--json"}).c_str());
  STRCMP_EQUAL("unknown argument '--yes'", ErrorOf({"queue", "ls", "--yes"}).c_str());
}

TEST(Arguments, WhatInitIsGiven) {
  const Arguments given =
      Parsed({"init", "--site=a=b", "--api-url", "u", "--mqtt-url", "m", "--ca-file", "c",
              "--queue-dir", "q", "--runtime-dir", "r", "--user", "me", "--password-file", "p"});
  CHECK(given.command == Command::kInit);
  STRCMP_EQUAL("a=b", given.first.site.c_str());
  STRCMP_EQUAL("u", given.first.api_url.c_str());
  STRCMP_EQUAL("m", given.first.mqtt_url.c_str());
  STRCMP_EQUAL("c", given.first.ca_file.c_str());
  STRCMP_EQUAL("q", given.first.queue_dir.c_str());
  STRCMP_EQUAL("r", given.first.runtime_dir.c_str());
  STRCMP_EQUAL("me", given.first.login.c_str());
  STRCMP_EQUAL("p", given.first.secret_file.c_str());
  STRCMP_EQUAL("k", Parsed({"init", "--key-file", "k"}).first.secret_file.c_str());
  STRCMP_EQUAL("--site needs a value", ErrorOf({"init", "--site"}).c_str());
  STRCMP_EQUAL("--site needs a value", ErrorOf({"init", "--site="}).c_str());
  STRCMP_EQUAL("unknown argument '--site'", ErrorOf({"run", "--site", "a"}).c_str());
  STRCMP_EQUAL("unknown argument '--key'", ErrorOf({"init", "--key", "a"}).c_str());
  STRCMP_EQUAL("--password-file needs --user", ErrorOf({"init", "--password-file", "p"}).c_str());
  STRCMP_EQUAL("--key-file does not go with --user",
               ErrorOf({"init", "--key-file=k", "--user", "me"}).c_str());
}

TEST(Arguments, HowOftenStatusIsShown) {
  LONGS_EQUAL(0, Parsed({"status"}).watch_ms);
  LONGS_EQUAL(2000, Parsed({"status", "--watch"}).watch_ms);
  LONGS_EQUAL(1000, Parsed({"status", "--watch=1"}).watch_ms);
  LONGS_EQUAL(3600000, Parsed({"status", "--json", "--watch=3600"}).watch_ms);
  for (const char* word : {"--watch=", "--watch=0", "--watch=-1", "--watch=3601", "--watch=1s",
                           "--watch=99999999999", "--watcher", "--watch1"}) {
    STRCMP_EQUAL(("unknown argument '" + std::string(word) + "'").c_str(),
                 ErrorOf({"status", word}).c_str());
  }
  STRCMP_EQUAL("unknown argument '--watch'", ErrorOf({"run", "--watch"}).c_str());
}

TEST(Arguments, SaysWhatIsWrong) {
  STRCMP_EQUAL("no command given", ErrorOf({}).c_str());
  STRCMP_EQUAL("unknown command 'runn'", ErrorOf({"runn"}).c_str());
  STRCMP_EQUAL("queue needs one of ls, export, purge", ErrorOf({"queue"}).c_str());
  STRCMP_EQUAL("unknown command 'queue rm'; it knows ls, export, purge",
               ErrorOf({"queue", "rm"}).c_str());
}
