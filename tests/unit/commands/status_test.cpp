// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/status.hpp"

#include <string>

#include "agent/commands/amounts.hpp"
#include "agent/error_book.hpp"
#include "agent/json/element_reader.hpp"
#include "agent/status_file.hpp"
#include "tests/fakes/fake_storage.hpp"
#include "tests/unit/encode/round_trip.hpp"

#include "CppUTest/TestHarness.h"

using namespace depotlink;

namespace {

constexpr std::int64_t kReportMs = 1722509124000;  // `time` of the golden payload

}  // namespace

TEST_GROUP(StatusCommand) {
  commands::StatusInput input;
  std::string out;

  void setup() override {
    input.running = true;
    input.now = {kReportMs + 12345};
    input.report = encode::ReadGolden("health.json");
  }
  int Run() {
    out.clear();
    return commands::RunStatus(input, [this](std::string_view text) { out += text; });
  }
};

TEST(StatusCommand, PrintsATable) {
  CHECK_EQUAL(0, Run());
  STRCMP_EQUAL(
      "depotlink 0.1.0, site north-depot, run k3v9: runs since 2024-07-31T10:45:24Z, report of 12 "
      "s "
      "ago\n"
      "  waits for nothing but the next poll\n"
      "  api       ok, last answer 13 s ago, 8641 requests, 2 errors\n"
      "  broker    connected, MQTT 5, 1 connects\n"
      "  trackers  1000, 8640 polls\n"
      "  records   49990 delivered, 10 waiting, 1 refused, 54 lost\n"
      "  queue     ok, 8 records in 5120 bytes, the oldest of 60 min ago\n"
      "            2 records sealed with another key\n"
      "            1 damaged files set aside\n"
      "  lost      3 for want of memory, 40 by quota, 5 by age, 6 by damage\n"
      "  memory    4300 KiB, at most 4420 KiB of 6144 KiB, of which 5400 KiB are planned\n",
      out.c_str());
}

TEST(StatusCommand, TellsWhoHasTheHeapWhereItIsCounted) {
  std::string& report = input.report.value();
  report.replace(
      report.find("\"memory_planned_kib\""), 0,
      R"("heap":{"agent_kib":300,"agent_peak_kib":310,"http_kib":90,"http_peak_kib":137,)"
      R"("tls_kib":30,"tls_peak_kib":43,"rest_kib":120,"rest_peak_kib":140},)");
  CHECK_EQUAL(0, Run());
  STRCMP_CONTAINS(
      "are planned\n            of its heap: agent 300 KiB (at most 310), HTTP 90 KiB (at most "
      "137), "
      "TLS 30 KiB (at most 43), MQTT and the rest 120 KiB (at most 140)\n",
      out.c_str());
}

TEST(StatusCommand, TellsOfTrackersThatDidNotFit) {
  std::string& report = input.report.value();
  report.replace(report.find("\"polls\""), 0, "\"trackers_left_out\":17,");
  CHECK_EQUAL(0, Run());
  STRCMP_CONTAINS("polls\n            17 beyond memory.max_trackers left out\n", out.c_str());
}

TEST(StatusCommand, TellsOfAShardARivalAndSnapshots) {
  std::string& report = input.report.value();
  report.replace(
      report.find("\"polls\""), 0,
      R"("shard":{"index":2,"count":3},)"
      R"("snapshot":{"rounds":4,"pages":7,"states":400,"last_error":"not authorized"},)");
  report.replace(report.find("\"connects\""), 0, "\"takeovers\":5,");
  CHECK_EQUAL(0, Run());
  STRCMP_CONTAINS("8640 polls, shard 2 of 3\n", out.c_str());
  STRCMP_CONTAINS("snapshot  4 published, the last one 400 trackers on 7 pages\n", out.c_str());
  STRCMP_CONTAINS("not authorized", out.c_str());
  STRCMP_CONTAINS("thrown out 5 times by another client with the same client id\n", out.c_str());
}

TEST(StatusCommand, ByAWrongClockNoAgeIsTold) {
  std::string& report = input.report.value();
  report.replace(report.find("\"time_trusted\":true"), 19, "\"time_trusted\":false");
  CHECK_EQUAL(0, Run());
  STRCMP_CONTAINS("  clock     wrong on this machine", out.c_str());
  STRCMP_CONTAINS("  api       ok, 8641 requests", out.c_str());
  STRCMP_CONTAINS("in 5120 bytes\n", out.c_str());
}

TEST(StatusCommand, TellsOfLinksWhereTheyArePolled) {
  input.report = std::string(
      R"({"links":{"known":12,"active":5,"left_out":0,"refused":1,"last_error":"geo link 104"}})");
  Run();
  STRCMP_CONTAINS("  links     12, 5 active, 1 refused\n            last error: geo link 104\n",
                  out.c_str());
}

TEST(StatusCommand, TellsErrorsAndAnAgentThatIsGone) {
  input.running = false;
  input.report = encode::ReadGolden("health_starting.json");
  CHECK_EQUAL(1, Run());
  STRCMP_CONTAINS("run k3v9: does not run\n", out.c_str());
  STRCMP_CONTAINS("            last error: cannot resolve host\n", out.c_str());
  STRCMP_CONTAINS("            last error: connection refused\n", out.c_str());
  STRCMP_CONTAINS("Read-only file system\n", out.c_str());
  STRCMP_CONTAINS("no journal: a crash would lose what is in memory\n", out.c_str());
  STRCMP_CONTAINS("  memory    - KiB", out.c_str());
}

TEST(StatusCommand, TellsOfExtrasInTrouble) {
  input.report = std::string(R"({"time":"2024-08-01T10:45:24Z","extras":{"count":3,"failing":1,)"
                             R"("failing_path":"tag/list","last_error":"users: read"}})");
  CHECK_EQUAL(0, Run());
  STRCMP_CONTAINS(
      "  extras    3, of which 1 in trouble\n            tag/list\n"
      "            last error: users: read\n",
      out.c_str());
  input.report = std::string(R"({"extras":{"count":3,"failing":0}})");
  CHECK_EQUAL(0, Run());
  STRCMP_CONTAINS("  extras    3\n", out.c_str());
}

TEST(StatusCommand, TellsWhatIsStillToBeReadBack) {
  input.report = std::string(R"({"backfill":{"gaps":2,"trackers_left":13,"points":400}})");
  CHECK_EQUAL(0, Run());
  STRCMP_CONTAINS(
      "  missed    2 gaps to read back, 13 trackers left of the first, 400 points so far\n",
      out.c_str());
  input.report = std::string(R"({"backfill":{"gaps":0,"trackers_left":0,"points":400}})");
  CHECK_EQUAL(0, Run());
  CHECK(out.find("missed") == std::string::npos);
}

TEST(StatusCommand, PrintsJson) {
  input.json = true;
  CHECK_EQUAL(0, Run());
  STRCMP_EQUAL(
      ("{\"running\":true,\"age_s\":12,\"since\":\"2024-07-31T10:45:24Z\",\"waits_for\":[],"
       "\"health\":" +
       input.report.value() + "}\n")
          .c_str(),
      out.c_str());
  input.now = {kReportMs - 5000};  // the clock was set back since
  CHECK_EQUAL(0, Run());
  STRCMP_CONTAINS("\"age_s\":0,", out.c_str());
}

TEST(StatusCommand, SaysThatThereIsNoReport) {
  input.report = Status(Code::kAskPerson, "no such file");
  CHECK_EQUAL(1, Run());
  STRCMP_EQUAL("depotlink runs, and has left no report\n", out.c_str());
  input.report = std::string("{\"site\":");
  CHECK_EQUAL(1, Run());
  STRCMP_EQUAL("depotlink runs, and has left no report that can be read\n", out.c_str());
  input.json = true;
  CHECK_EQUAL(1, Run());
  STRCMP_EQUAL("{\"running\":true}\n", out.c_str());
}

TEST(StatusCommand, SaysWhatItWaitsFor) {
  input.report = std::string(
      R"({"time":"2024-08-01T10:45:24Z","time_trusted":true,"uptime_s":60,)"
      R"("api":{"state":"failing","last_success_time":"2024-08-01T10:40:24Z"},)"
      R"("broker":{"state":"unreachable"},"records":{"waiting":7},"queue":{"disk":"full"}})");
  CHECK_EQUAL(0, Run());
  STRCMP_CONTAINS(": runs since 2024-08-01T10:44:24Z, report of 12 s ago\n", out.c_str());
  STRCMP_CONTAINS(
      "  waits for the API, which last answered 5 min ago\n"
      "            the broker; meanwhile 7 records wait\n"
      "            space on the queue's disk\n",
      out.c_str());
  input.json = true;
  Run();
  STRCMP_CONTAINS("\"waits_for\":[\"api\",\"broker\",\"disk\"],", out.c_str());
  input.running = false;
  Run();
  CHECK(out.find("waits_for") == std::string::npos);
}

TEST(StatusCommand, SaysWhomItWaitsFor) {
  input.report = std::string(
      R"({"time_trusted":false,"api":{"state":"credential","credential":"second_factor"},)"
      R"("broker":{"state":"refused"},"queue":{"disk":"refused"}})");
  Run();
  STRCMP_CONTAINS(
      "  waits for this machine's clock to be set\n"
      "            a person: the credential is second_factor\n"
      "            a person: the broker refuses this agent\n"
      "            a person: the queue's disk is refused\n",
      out.c_str());
  input.report = std::string(R"({"api":{"state":"credential","credential":"limited"}})");
  Run();
  STRCMP_CONTAINS("waits for the API to allow another login\n", out.c_str());
  input.report = std::string(R"({"api":{"state":"starting"},"queue":{"disk":"failing"}})");
  Run();
  STRCMP_CONTAINS("waits for the API's first answer\n            the queue's disk\n", out.c_str());
}

TEST(StatusCommand, TellsTheLastErrorOfEachKind) {
  ErrorBook book;
  fakes::FakeStorage ram;
  book.Note(ErrorKind::kBroker, "connection \"refused\"", {1000});
  book.Note(ErrorKind::kApi, "first", {1000});
  book.Note(ErrorKind::kApi, "second\x1b[2J", {181000});
  book.Note(ErrorKind::kConfig, "a.json:1:2: sitte\n", {301000});
  book.Note(ErrorKind::kPanel, "", {301000});
  book.Keep(ram, {kReportMs}, {361000});
  input.errors = ram.Bytes(kErrorFileName);
  input.now = {kReportMs};
  Run();
  STRCMP_CONTAINS(
      "  errors    api, 3 min ago: second [2J\n"
      "            broker, 6 min ago: connection \"refused\"\n"
      "            config, 60 s ago: a.json:1:2: sitte \n",
      out.c_str());
  input.json = true;
  Run();
  STRCMP_CONTAINS(
      R"("errors":{"api":{"text":"second [2J","time":"2024-08-01T10:42:24Z"},"broker":)",
      out.c_str());
  input.errors = std::string("{\"api\":");
  Run();
  CHECK(out.find("\"errors\":{") == std::string::npos);
}

TEST(StatusCommand, TheErrorsFitTheirFileWhateverTheyHold) {
  ErrorBook book;
  fakes::FakeStorage ram;
  const std::string worst(400, '"');
  for (std::size_t i = 0; i < kErrorKinds; ++i) book.Note(ErrorKind(i), worst, {1});
  ram.FailCall(1, {Status(Code::kFull, "full")});
  book.Keep(ram, {kReportMs}, {1});
  ram.Heal();
  book.Keep(ram, {kReportMs}, {1});  // is tried again
  json::ElementReader reader;
  CHECK(reader.Parse(ram.Bytes(kErrorFileName)).ok());
  input.errors = ram.Bytes(kErrorFileName);
  Run();
  for (const std::string_view kind : kErrorKindNames) {
    STRCMP_CONTAINS((std::string(kind) + ", 12 s ago: \"\"\"").c_str(), out.c_str());
  }
}

TEST(StatusCommand, WatchesUntilItIsEnough) {
  int rounds = 0;
  DurationMs waited = 0;
  commands::WatchInput watch;
  watch.every_ms = 3000;
  watch.read = [this] { return input; };
  watch.wait = [&](DurationMs ms) {
    waited += ms;
    input.running = false;
    return ++rounds < 3;
  };
  out.clear();
  CHECK_EQUAL(0, commands::RunWatch(watch, [this](std::string_view text) { out += text; }));
  CHECK_EQUAL(3, rounds);
  CHECK_EQUAL(9000, waited);
  STRCMP_CONTAINS("runs since", out.c_str());
  STRCMP_CONTAINS("planned\n\ndepotlink 0.1.0, site north-depot, run k3v9: does not run",
                  out.c_str());
  CHECK(out.find('\x1b') == std::string::npos);
}

TEST(StatusCommand, OnATerminalEachComesInThePlaceOfTheLast) {
  commands::WatchInput watch;
  watch.style = commands::WatchStyle::kTerminal;
  input.report = Status(Code::kAskPerson, "no such file");
  watch.read = [this] { return input; };
  watch.wait = [](DurationMs) { return false; };
  out.clear();
  commands::RunWatch(watch, [this](std::string_view text) { out += text; });
  STRCMP_EQUAL("\x1b[Hdepotlink runs, and has left no report\x1b[K\n\x1b[J", out.c_str());
}

TEST(StatusCommand, ShowsNothingThatMovesATerminal) {
  input.report = std::string("{\"site\":\"a\\u001b[2Jb\\u009bc\\u00e4\"}");
  Run();
  STRCMP_CONTAINS("site a?[2Jb", out.c_str());
  CHECK(out.find('\x1b') == std::string::npos);
  CHECK(out.find("\xc2\x9b") == std::string::npos);
  CHECK(out.find("\xc3\xa4") != std::string::npos);
}

TEST(StatusCommand, AgesAreRoundedDown) {
  STRCMP_EQUAL("0 s", commands::FormatAge(-1).c_str());
  STRCMP_EQUAL("119 s", commands::FormatAge(119999).c_str());
  STRCMP_EQUAL("2 min", commands::FormatAge(120000).c_str());
  STRCMP_EQUAL("119 min", commands::FormatAge(2 * kHourMs - 1).c_str());
  STRCMP_EQUAL("2 h", commands::FormatAge(2 * kHourMs).c_str());
  STRCMP_EQUAL("2 d", commands::FormatAge(48 * kHourMs).c_str());
}

// As a whole or not at all, whichever call fails.
TEST(StatusCommand, TheFileIsReplacedAsAWhole) {
  for (std::size_t n = 1;; ++n) {
    fakes::FakeStorage ram;
    CHECK(WriteStatusFile(ram, "old").ok());
    fakes::StorageFailure failure{Status(Code::kFull, "full")};
    failure.short_write = 1;
    ram.FailCall(n, failure);
    const Status status = WriteStatusFile(ram, "newer");
    if (!ram.failed()) break;
    const std::string text = ram.Bytes(kStatusFileName);
    CHECK(text == (status.ok() ? "newer" : "old"));
    ram.Heal();
    CHECK(WriteStatusFile(ram, "again").ok());
    STRCMP_EQUAL("again", ram.Bytes(kStatusFileName).c_str());
    LONGS_EQUAL(0, ram.open_handles());
    LONGS_EQUAL(0, ram.violations().size());
  }
}
