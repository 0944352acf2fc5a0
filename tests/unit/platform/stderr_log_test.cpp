// SPDX-License-Identifier: Apache-2.0
#include "platform/stderr_log.hpp"

#include <unistd.h>

#include <array>
#include <string>

#include "CppUTest/TestHarness.h"

using depotlink::LogLevel;
using depotlink::platform::LogStyle;
using depotlink::platform::StderrLog;

TEST_GROUP(StderrLog) {
  std::array<int, 2> ends{};

  void setup() override {
    LONGS_EQUAL(0, pipe(ends.data()));
  }
  void teardown() override {
    close(ends[0]);
    close(ends[1]);
  }
  std::string Written(LogStyle style, LogLevel level, const std::string& line) {
    StderrLog log(ends[1], style);
    log.WriteLine(level, line);
    std::array<char, 8192> buffer;
    const ssize_t got = read(ends[0], buffer.data(), buffer.size());
    return {buffer.data(), static_cast<std::size_t>(got)};
  }
};

TEST(StderrLog, EachStyleHasItsHead) {
  STRCMP_EQUAL("<3>broken a=1\n",
               Written(LogStyle::kJournal, LogLevel::kError, "broken a=1").c_str());
  STRCMP_EQUAL("<4>x\n", Written(LogStyle::kJournal, LogLevel::kWarn, "x").c_str());
  STRCMP_EQUAL("<6>x\n", Written(LogStyle::kJournal, LogLevel::kInfo, "x").c_str());
  STRCMP_EQUAL("<7>x\n", Written(LogStyle::kJournal, LogLevel::kDebug, "x").c_str());
  STRCMP_EQUAL("warn x\n", Written(LogStyle::kPlain, LogLevel::kWarn, "x").c_str());
  const std::string line = Written(LogStyle::kTerminal, LogLevel::kInfo, "started");
  LONGS_EQUAL(std::string("HH:MM:SS info  started\n").size(), line.size());
  STRCMP_EQUAL(" info  started\n", line.substr(8).c_str());
}

TEST(StderrLog, ALongLineIsCutAndStillALine) {
  const std::string line = Written(LogStyle::kPlain, LogLevel::kInfo, std::string(6000, 'x'));
  LONGS_EQUAL(4096, line.size());
  CHECK(line.back() == '\n');
}

TEST(StderrLog, AnObjectIsWrittenAsItIs) {
  const auto written = [this](LogStyle style) {
    StderrLog log(ends[1], style);
    log.WriteObject(LogLevel::kWarn, "{}");
    std::array<char, 64> buffer;
    const ssize_t got = read(ends[0], buffer.data(), buffer.size());
    return std::string(buffer.data(), static_cast<std::size_t>(got));
  };
  STRCMP_EQUAL("{}\n", written(LogStyle::kTerminal).c_str());
  STRCMP_EQUAL("{}\n", written(LogStyle::kPlain).c_str());
  STRCMP_EQUAL("<4>{}\n", written(LogStyle::kJournal).c_str());
}

TEST(StderrLog, KnowsTheTime) {
  CHECK(StderrLog(ends[1], LogStyle::kPlain).Now().ms > 1704067200000);
}
