// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/init.hpp"

#include <fstream>
#include <iterator>
#include <string>

#include "agent/commands/init_questions.hpp"
#include "agent/settings/reader.hpp"
#include "tests/fakes/fake_file_maker.hpp"
#include "tests/fakes/fake_files.hpp"
#include "tests/fakes/fake_terminal.hpp"

#include "CppUTest/TestHarness.h"

using namespace depotlink;

namespace {

constexpr const char* kInitConfig = "/etc/depotlink/depotlink.json";
constexpr const char* kInitKeyFile = "/etc/depotlink/api.key";
constexpr const char* kInitKey = "0123456789abcdef0123456789abcdef";

}  // namespace

TEST_GROUP(InitCommand) {
  fakes::FakeTerminal terminal;
  fakes::FakeFileMaker files;
  fakes::FakeFiles reader;
  commands::InitOptions options;
  std::string out;

  void setup() override {
    options.path = kInitConfig;
  }
  int Run() {
    return commands::RunInit(options, {&terminal, &files, &reader},
                             [this](std::string_view text) { out += text; });
  }
  void Answers(std::initializer_list<const char*> lines) {
    for (const char* line : lines) terminal.Answer(line);
  }
  // The config that was written, as its reader has it.
  settings::Settings Written() {
    CHECK(files.files.count(kInitConfig) == 1);
    const std::string& text = files.files.at(kInitConfig).text;
    const settings::ReadOutcome outcome = settings::ReadSettings(text);
    CHECK_TEXT(outcome.faults.empty(), text.c_str());
    return outcome.settings;
  }
  void NothingWritten(const char* why) {
    CHECK_EQUAL(1, Run());
    CHECK(files.files.empty());
    CHECK(files.directories.empty());
    STRCMP_EQUAL("", out.c_str());
    STRCMP_CONTAINS("nothing is written: ", terminal.screen().c_str());
    STRCMP_CONTAINS(why, terminal.screen().c_str());
  }
  void GivenAll() {
    options.yes = true;
    options.given.site = "south";
    options.given.api_url = "https://api.example.com";
    terminal.set_person(false);
  }
};

TEST(InitCommand, AsksAndWritesWhatAReaderTakes) {
  Answers({"north-depot", "1", "", kInitKey, ""});
  CHECK_EQUAL(0, Run());
  const settings::Settings settings = Written();
  STRCMP_EQUAL("north-depot", settings.site.c_str());
  STRCMP_EQUAL("https://api.eu.navixy.com/v2", settings.api.url.c_str());
  STRCMP_EQUAL(kInitKeyFile, settings.api.key_file.c_str());
  STRCMP_EQUAL("localhost", settings.mqtt.host.c_str());
  LONGS_EQUAL(1883, settings.mqtt.port);
  STRCMP_EQUAL(kInitKey, files.files.at(kInitKeyFile).text.c_str());
  CHECK(files.files.at(kInitKeyFile).readers == ports::Readers::kAgent);
  CHECK(files.files.at(kInitConfig).readers == ports::Readers::kAll);
  CHECK(files.directories.at("/etc/depotlink") == ports::Readers::kAll);
  CHECK_EQUAL(1, files.directories.size());
  CHECK_EQUAL(0, terminal.answers_left());
  STRCMP_EQUAL("wrote /etc/depotlink/depotlink.json\nwrote /etc/depotlink/api.key (mode 0600)\n",
               out.c_str());
}

TEST(InitCommand, ShowsNoKey) {
  Answers({"north-depot", "eu", "", kInitKey, ""});
  Run();
  CHECK(terminal.screen().find(kInitKey) == std::string::npos);
  CHECK(out.find(kInitKey) == std::string::npos);
  CHECK(files.files.at(kInitConfig).text.find(kInitKey) == std::string::npos);
}

TEST(InitCommand, TellsAFaultAtOnceAndAsksAgain) {
  Answers({"north depot", "", "north-depot", "ftp://x", "http://10.0.0.1", "us", "localhost",
           " mqtts://broker.lan ", kInitKey, "y"});
  CHECK_EQUAL(0, Run());
  STRCMP_CONTAINS("found \"north depot\"; expected 1 to 64 of A-Z", terminal.screen().c_str());
  STRCMP_CONTAINS("missing; it is the name of this depot", terminal.screen().c_str());
  STRCMP_CONTAINS("the scheme is not https", terminal.screen().c_str());
  STRCMP_CONTAINS("sends the key in the clear", terminal.screen().c_str());
  STRCMP_CONTAINS("the scheme is missing", terminal.screen().c_str());
  const settings::Settings settings = Written();
  STRCMP_EQUAL("https://api.us.navixy.com/v2", settings.api.url.c_str());
  STRCMP_EQUAL("broker.lan", settings.mqtt.host.c_str());
  LONGS_EQUAL(8883, settings.mqtt.port);
}

TEST(InitCommand, GivesUpWhereNoAnswerWillDo) {
  Answers({"a b", "a b", "a b", "a b", "a b", "good"});
  NothingWritten("no answer that would do for site in 5 attempts");
  CHECK_EQUAL(1, terminal.answers_left());
}

TEST(InitCommand, TakesNoAnswerWithoutEnd) {
  terminal.Answer(std::string(commands::kAnswerBytes + 1, 'a'));
  NothingWritten("that is too long");
}

TEST(InitCommand, AnEndOfTheInputAtAnyQuestionWritesNothing) {
  const char* const lines[] = {"north-depot", "1", "", kInitKey};
  for (std::size_t given = 0; given <= 4; ++given) {
    fakes::FakeTerminal other;
    for (std::size_t i = 0; i < given; ++i) other.Answer(lines[i]);
    CHECK_EQUAL(1, commands::RunInit(options, {&other, &files, &reader},
                                     [](std::string_view) { FAIL(""); }));
    CHECK(files.files.empty() && files.directories.empty());
    STRCMP_CONTAINS("the input has ended", other.screen().c_str());
  }
}

TEST(InitCommand, WhoSaysNoIsObeyed) {
  Answers({"north-depot", "1", "", kInitKey, "n"});
  NothingWritten("not agreed to");
}

TEST(InitCommand, ALoginInsteadOfAKey) {
  Answers({"north-depot", "1", "", "", "depot\"@example.com", "pass word", ""});
  CHECK_EQUAL(0, Run());
  const settings::Settings settings = Written();
  STRCMP_EQUAL("", settings.api.key_file.c_str());
  STRCMP_EQUAL("depot\"@example.com", settings.api.user.login.c_str());
  STRCMP_EQUAL("/etc/depotlink/user.password", settings.api.user.password_file.c_str());
  STRCMP_EQUAL("pass word", files.files.at("/etc/depotlink/user.password").text.c_str());
  CHECK(files.files.at(kInitConfig).readers == ports::Readers::kAgentGroup);
  CHECK(files.files.count(kInitKeyFile) == 0);
  CHECK(terminal.screen().find("pass word") == std::string::npos);
}

TEST(InitCommand, WhatLooksLikeNoKeyIsAskedAbout) {
  Answers({"north-depot", "1", "", "Passw0rd", "n", "Passw0rd", "y", ""});
  CHECK_EQUAL(0, Run());
  STRCMP_EQUAL("Passw0rd", files.files.at(kInitKeyFile).text.c_str());
  STRCMP_CONTAINS("32 hexadecimal digits", terminal.screen().c_str());
}

TEST(InitCommand, AConfigThatIsThereStays) {
  files.files[kInitConfig] = {"// mine", ports::Readers::kAll};
  CHECK_EQUAL(1, Run());
  STRCMP_EQUAL("// mine", files.files.at(kInitConfig).text.c_str());
  STRCMP_CONTAINS("--force", terminal.screen().c_str());
}

TEST(InitCommand, WithForceItIsReplacedAndSaid) {
  files.files[kInitConfig] = {"// mine", ports::Readers::kAll};
  files.files[kInitKeyFile] = {"old", ports::Readers::kAgent};
  options.force = true;
  Answers({"north-depot", "1", "", "y", kInitKey, ""});
  CHECK_EQUAL(0, Run());
  Written();
  STRCMP_EQUAL(kInitKey, files.files.at(kInitKeyFile).text.c_str());
  STRCMP_CONTAINS("depotlink.json (replaces what is there)", terminal.screen().c_str());
  STRCMP_CONTAINS("api.key (mode 0600; replaces what is there)", terminal.screen().c_str());
}

TEST(InitCommand, ThePackagesSampleIsReplacedWithoutForce) {
  std::ifstream file(DEPOTLINK_FIXTURES "/../../config/depotlink.json", std::ios::binary);
  std::string sample{std::istreambuf_iterator<char>(file), {}};
  GivenAll();
  terminal.Answer(kInitKey);
  files.files[kInitConfig] = {sample, ports::Readers::kAll};
  reader.Put(kInitConfig, sample + ' ');
  CHECK_EQUAL(1, Run());
  STRCMP_CONTAINS("--force", terminal.screen().c_str());
  reader.Put(kInitConfig, sample);
  CHECK_EQUAL(0, Run());
  STRCMP_EQUAL("south", Written().site.c_str());
}

TEST(InitCommand, WhatIsNoFileIsNeverReplaced) {
  options.force = true;
  files.others.insert(kInitConfig);
  NothingWritten("no file");
}

TEST(InitCommand, AKeyThatIsThereIsUsedAndGivenToTheAgent) {
  files.files[kInitKeyFile] = {"old", ports::Readers::kAll};
  files.user = "depotlink";
  Answers({"north-depot", "1", "", ""});
  CHECK_EQUAL(0, Run());
  STRCMP_EQUAL("old", files.files.at(kInitKeyFile).text.c_str());
  CHECK(files.files.at(kInitKeyFile).readers == ports::Readers::kAgent);
  STRCMP_CONTAINS("is used as it is", terminal.screen().c_str());
  STRCMP_EQUAL("wrote /etc/depotlink/depotlink.json\n", out.c_str());
  // A user that is not who runs this could not make them.
  CHECK(files.directories.at("/var/lib/depotlink/queue") == ports::Readers::kAgent);
  CHECK(files.directories.at("/run/depotlink") == ports::Readers::kAgent);
}

TEST(InitCommand, OptionsAloneAskNothing) {
  GivenAll();
  options.given.queue_dir = "/data/queue";
  options.given.ca_file = "/etc/ca.pem";
  terminal.Answer(std::string(" ") + kInitKey + "\r");
  CHECK_EQUAL(0, Run());
  STRCMP_EQUAL("\n", terminal.screen().c_str());
  const settings::Settings settings = Written();
  STRCMP_EQUAL("south", settings.site.c_str());
  STRCMP_EQUAL("/data/queue", settings.queue.dir.c_str());
  STRCMP_EQUAL("/etc/ca.pem", settings.api.ca_file.c_str());
  STRCMP_EQUAL(kInitKey, files.files.at(kInitKeyFile).text.c_str());
}

TEST(InitCommand, OptionsAreJudgedAllAtOnce) {
  options.yes = true;
  options.given.api_url = "api.example.com";
  options.given.secret_file = "api.key";
  NothingWritten("--api-url: found \"api.example.com\" (the scheme is missing)");
  STRCMP_CONTAINS("--key-file: ", terminal.screen().c_str());
  STRCMP_CONTAINS("--yes needs --site", terminal.screen().c_str());
}

TEST(InitCommand, WithoutATerminalItSaysWhatToGive) {
  terminal.set_person(false);
  NothingWritten("give --yes, --site and --api-url");
}

TEST(InitCommand, WithoutAKeyInTheInputNothingIsWritten) {
  GivenAll();
  NothingWritten("no secret came as a line of the input (the input has ended)");
}

TEST(InitCommand, AnEmptyInputKeepsTheKeyThatIsThere) {
  GivenAll();
  options.force = true;
  files.files[kInitKeyFile] = {"old", ports::Readers::kAgent};
  CHECK_EQUAL(0, Run());
  STRCMP_EQUAL("old", files.files.at(kInitKeyFile).text.c_str());
}

TEST(InitCommand, ACredentialOfSystemdIsNotWritten) {
  GivenAll();
  options.given.secret_file = "$CREDENTIALS_DIRECTORY/api.key";
  CHECK_EQUAL(0, Run());
  CHECK_EQUAL(1, files.files.size());
  STRCMP_EQUAL("$CREDENTIALS_DIRECTORY/api.key", Written().api.key_file.c_str());
}

TEST(InitCommand, AKeyWithoutItsConfigIsTakenBack) {
  GivenAll();
  terminal.Answer(kInitKey);
  files.failing.insert(kInitConfig);
  CHECK_EQUAL(1, Run());
  CHECK(files.files.empty());
  STRCMP_CONTAINS("not done: /etc/depotlink/depotlink.json: cannot be written",
                  terminal.screen().c_str());
}

TEST(InitCommand, WhatIsCommentedOutWouldBeTakenToo) {
  GivenAll();
  terminal.Answer(kInitKey);
  CHECK_EQUAL(0, Run());
  std::string text = files.files.at(kInitConfig).text;
  std::size_t count = 0;
  for (std::size_t at = text.find("// \""); at != std::string::npos; at = text.find("// \"", at)) {
    text.erase(at, 3);
    ++count;
  }
  CHECK_EQUAL(5, count);
  CHECK(settings::ReadSettings(text).faults.empty());
}
