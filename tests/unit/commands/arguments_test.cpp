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
  STRCMP_EQUAL("--config needs a file", ErrorOf({"queue", "ls", "--config"}).c_str());
  STRCMP_EQUAL("--config needs a file", ErrorOf({"run", "--config="}).c_str());
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
  STRCMP_EQUAL("unknown argument '--json'", ErrorOf({"run", "--json"}).c_str());
  STRCMP_EQUAL("unknown argument '--yes'", ErrorOf({"queue", "ls", "--yes"}).c_str());
}

TEST(Arguments, SaysWhatIsWrong) {
  STRCMP_EQUAL("no command given", ErrorOf({}).c_str());
  STRCMP_EQUAL("unknown command 'runn'", ErrorOf({"runn"}).c_str());
  STRCMP_EQUAL("queue needs one of ls, export, purge", ErrorOf({"queue"}).c_str());
  STRCMP_EQUAL("unknown command 'queue rm'; it knows ls, export, purge",
               ErrorOf({"queue", "rm"}).c_str());
}
