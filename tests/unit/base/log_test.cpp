// SPDX-License-Identifier: Apache-2.0
#include "agent/base/log.hpp"

#include <string>
#include <string_view>

#include "tests/fakes/log_capture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::FormatLogLine;
using depotlink::Logger;
using depotlink::LogLevel;

namespace {

std::string Value(std::string_view value) {
  const std::string line = FormatLogLine("m", {{"k", value}});
  CHECK(line.rfind("m k=", 0) == 0);
  return line.substr(4);
}

}  // namespace

TEST_GROUP(Log){};

TEST(Log, MessageAndFields) {
  STRCMP_EQUAL("started", FormatLogLine("started", {}).c_str());
  STRCMP_EQUAL("started site=yard count=3 delta=-4",
               FormatLogLine("started", {{"site", "yard"}, {"count", 3}, {"delta", -4}}).c_str());
}

TEST(Log, NumbersOfEachWidth) {
  STRCMP_EQUAL(
      "m a=-9223372036854775808 b=4294967295 c=7",
      FormatLogLine("m", {{"a", INT64_MIN}, {"b", 4294967295U}, {"c", std::uint64_t{7}}}).c_str());
}

TEST(Log, ValuesAreQuotedWhereTheyCouldBeMistaken) {
  STRCMP_EQUAL("plain", Value("plain").c_str());
  STRCMP_EQUAL("\"\"", Value("").c_str());
  STRCMP_EQUAL("\"two words\"", Value("two words").c_str());
  STRCMP_EQUAL("\"a=b\"", Value("a=b").c_str());
  STRCMP_EQUAL("\"say \\\"hi\\\"\"", Value("say \"hi\"").c_str());
  STRCMP_EQUAL("\"back\\\\slash\"", Value("back\\slash").c_str());
}

TEST(Log, NoControlCharacterGetsThrough) {
  STRCMP_EQUAL("a\\x0ab", Value("a\nb").c_str());
  STRCMP_EQUAL("a\\x0db\\x09", Value("a\rb\t").c_str());
  STRCMP_EQUAL("\\x1b[2J", Value("\x1B[2J").c_str());
  STRCMP_EQUAL("\\x7f", Value("\x7F").c_str());
  STRCMP_EQUAL("a\\x00b", Value(std::string_view("a\0b", 3)).c_str());
  for (int byte = 0; byte < 0x20; ++byte) {
    const std::string line = FormatLogLine("m", {{"k", std::string(1, static_cast<char>(byte))}});
    for (const char c : line) CHECK(static_cast<unsigned char>(c) >= 0x20);
  }
}

TEST(Log, TheControlsBeyondAsciiAreEscapedWhole) {
  STRCMP_EQUAL("\\xc2\\x9b2J", Value("\xC2\x9B"
                                     "2J")
                                   .c_str());
  STRCMP_EQUAL("\\xc2\\x85", Value("\xC2\x85").c_str());
  STRCMP_EQUAL("\\x9b", Value("\x9B").c_str());  // a terminal that is not in UTF-8 mode obeys it
  STRCMP_EQUAL("\xC2\xA0", Value("\xC2\xA0").c_str());
}

TEST(Log, LineSeparatorsAndDirectionMarksAreEscaped) {
  STRCMP_EQUAL("a\\xe2\\x80\\xa8b", Value("a\xE2\x80\xA8"
                                          "b")
                                        .c_str());
  STRCMP_EQUAL("\\xe2\\x80\\xae", Value("\xE2\x80\xAE").c_str());
  STRCMP_EQUAL("\\xe2\\x81\\xa6", Value("\xE2\x81\xA6").c_str());
  CHECK(Value("\xE2\x80\x99") == "\xE2\x80\x99");
}

TEST(Log, IllFormedTextIsEscaped) {
  STRCMP_EQUAL("\\xff", Value("\xFF").c_str());
  STRCMP_EQUAL("\\xe8\\xbb", Value("\xE8\xBB").c_str());
  STRCMP_EQUAL("\\xc3z", Value("\xC3z").c_str());
}

TEST(Log, OrdinaryTextInAnyScriptStays) {
  const std::string_view texts[] = {"\xC3\xA9t\xC3\xA9", "\xD0\x93\xD1\x80\xD1\x83\xD0\xB7",
                                    "\xE8\xBB\x8A", "\xF0\x9F\x9A\x9A", "\xC3\x9B"};
  for (const std::string_view text : texts) CHECK(Value(text) == text);
}

TEST(Log, TheMessageIsEscapedAsWell) {
  STRCMP_EQUAL("a\\x0ab", FormatLogLine("a\nb", {}).c_str());
}

TEST(Log, LongValuesAreCut) {
  const std::string value = Value(std::string(10000, 'x'));
  CHECK(value.size() < 600);
  CHECK(value.substr(value.size() - 3) == "...");
  CHECK(Value(std::string(512, 'x')) == std::string(512, 'x'));
}

TEST(Log, TheLevelDecidesWhatIsWritten) {
  depotlink::fakes::LogCapture capture;
  Logger log(capture, LogLevel::kWarn);
  log.Error("e");
  log.Warn("w");
  log.Info("i");
  log.Debug("d");
  LONGS_EQUAL(2, capture.lines().size());
  LONGS_EQUAL(1, capture.Count(LogLevel::kError, "e"));
  LONGS_EQUAL(1, capture.Count(LogLevel::kWarn, "w"));
  log.set_level(LogLevel::kDebug);
  log.Info("i");
  log.Debug("d");
  LONGS_EQUAL(4, capture.lines().size());
}

TEST(Log, LevelNames) {
  CHECK(depotlink::LogLevelName(LogLevel::kError) == "error");
  CHECK(depotlink::LogLevelName(LogLevel::kWarn) == "warn");
  CHECK(depotlink::LogLevelName(LogLevel::kInfo) == "info");
  CHECK(depotlink::LogLevelName(LogLevel::kDebug) == "debug");
}

namespace {

// With a clock that stands where it is put.
class TimedCapture : public depotlink::fakes::LogCapture {
 public:
  depotlink::WallTime now{1795370964107};
  depotlink::WallTime Now() const override { return now; }
};

std::string JsonValue(std::string_view value) {
  const std::string line = depotlink::FormatLogObject({}, LogLevel::kInfo, "m", {{"k", value}});
  const std::string head = R"({"level":"info","event":"m","fields":{"k":)";
  STRNCMP_EQUAL(head.c_str(), line.c_str(), head.size());
  return line.substr(head.size(), line.size() - head.size() - 2);
}

}  // namespace

TEST(Log, AsAnObject) {
  STRCMP_EQUAL(
      R"({"time":"2026-11-22T15:29:24.107Z","level":"warn","event":"a \"b\"","fields":{"k":"v","n":-4}})",
      depotlink::FormatLogObject({1795361364107}, LogLevel::kWarn, "a \"b\"",
                                 {{"k", "v"}, {"n", -4}})
          .c_str());
  STRCMP_EQUAL(R"({"level":"error","event":"e"})",
               depotlink::FormatLogObject({}, LogLevel::kError, "e", {}).c_str());
}

TEST(Log, AnObjectIsStrictWhateverStandsInIt) {
  STRCMP_EQUAL(R"("back\\slash")", JsonValue("back\\slash").c_str());
  STRCMP_EQUAL(R"("a\u000a\u001b[2J\u007f\u0000")",
               JsonValue(std::string_view("a\n\x1b[2J\x7f\0", 8)).c_str());
  STRCMP_EQUAL("\"\xc3\xa4\xf0\x9f\x9a\x9a\"", JsonValue("\xc3\xa4\xf0\x9f\x9a\x9a").c_str());
  STRCMP_EQUAL(R"("\u0085\u2028\u202e\u2066")",
               JsonValue("\xc2\x85\xe2\x80\xa8\xe2\x80\xae\xe2\x81\xa6").c_str());
  STRCMP_EQUAL(R"("\ufffd\ufffd\ufffdx\ufffd")", JsonValue("\xff\xc2\xe2x\xed").c_str());
}

TEST(Log, AnObjectHasABound) {
  const std::string worst(600, '\x01');
  const std::string line = depotlink::FormatLogObject(
      {1}, LogLevel::kError, worst, {{"first", "fits"}, {"second", worst}, {"third", 7}});
  CHECK(line.size() <= depotlink::kLogObjectBytes);
  const std::string tail = R"(...","fields":{"first":"fits","third":7},"cut":true})";
  STRCMP_EQUAL(tail.c_str(), line.substr(line.size() - tail.size()).c_str());
  const std::string none =
      depotlink::FormatLogObject({1}, LogLevel::kError, worst, {{"second", worst}});
  STRCMP_EQUAL(R"(...","cut":true})", none.substr(none.size() - 16).c_str());
}

TEST(Log, TheFormatCanBeChanged) {
  TimedCapture capture;
  Logger log(capture, LogLevel::kInfo);
  log.set_format(depotlink::LogFormat::kJson);
  log.Info("i", {{"k", 1}});
  log.Debug("d");
  log.set_format(depotlink::LogFormat::kText);
  log.Info("i", {{"k", 1}});
  LONGS_EQUAL(2, capture.lines().size());
  STRCMP_CONTAINS(R"(","level":"info","event":"i","fields":{"k":1}})",
                  capture.lines()[0].text.c_str());
  STRCMP_EQUAL("i k=1", capture.lines()[1].text.c_str());
}

TEST(Log, RepeatsAreCounted) {
  TimedCapture capture;
  Logger log(capture, LogLevel::kInfo);
  log.CollapseRepeats();
  for (int i = 0; i < 5; ++i) log.Warn("w", {{"k", 1}});
  LONGS_EQUAL(1, capture.lines().size());
  log.Warn("w", {{"k", 2}});
  log.Error("w", {{"k", 2}});
  LONGS_EQUAL(4, capture.lines().size());
  STRCMP_EQUAL("the same again times=4", capture.lines()[1].text.c_str());
  CHECK(capture.lines()[1].level == LogLevel::kWarn);
  STRCMP_EQUAL("w k=2", capture.lines()[2].text.c_str());
  log.Error("w", {{"k", 2}});
  capture.now.ms += 60000;  // a minute on it is said again
  log.Error("w", {{"k", 2}});
  LONGS_EQUAL(6, capture.lines().size());
  STRCMP_EQUAL("the same again times=1", capture.lines()[4].text.c_str());
  capture.now.ms -= 1;  // a clock that is set back hides nothing
  log.Error("w", {{"k", 2}});
  LONGS_EQUAL(7, capture.lines().size());
  log.Info("reloaded");
  log.Info("reloaded");
  LONGS_EQUAL(9, capture.lines().size());
}
