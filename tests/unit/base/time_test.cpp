// SPDX-License-Identifier: Apache-2.0
#include "agent/base/time.hpp"

#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>

#include "tests/fakes/fake_random.hpp"
#include "tests/unit/stride.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::FormatIsoTime;
using depotlink::kIsoTimeMaxBytes;
using depotlink::ParseIsoTime;
using depotlink::Stride;
using depotlink::WallTime;

namespace {

constexpr std::int64_t kLastMs = 253402300799999;

std::int64_t Ms(std::string_view text) {
  WallTime time{-7};
  CHECK_TEXT(ParseIsoTime(text, time), std::string(text).c_str());
  return time.ms;
}

void Refused(std::string_view text) {
  WallTime time{-7};
  CHECK_FALSE_TEXT(ParseIsoTime(text, time), std::string(text).c_str());
  LONGLONGS_EQUAL(-7, time.ms);
}

std::string Text(std::int64_t ms, bool with_ms) {
  char out[kIsoTimeMaxBytes + 1];
  out[kIsoTimeMaxBytes] = '#';
  const std::size_t length = FormatIsoTime({ms}, with_ms, out);
  CHECK(length <= kIsoTimeMaxBytes);
  CHECK_EQUAL('#', out[kIsoTimeMaxBytes]);
  return {out, length};
}

}  // namespace

TEST_GROUP(Time){};

TEST(Time, KnownDates) {
  LONGLONGS_EQUAL(0, Ms("1970-01-01T00:00:00Z"));
  LONGLONGS_EQUAL(951782400000, Ms("2000-02-29T00:00:00Z"));
  LONGLONGS_EQUAL(1722519918000, Ms("2024-08-01T13:45:18Z"));
  LONGLONGS_EQUAL(2147483648000, Ms("2038-01-19T03:14:08Z"));
  LONGLONGS_EQUAL(kLastMs, Ms("9999-12-31T23:59:59.999Z"));
}

TEST(Time, ABlankMayStandForTheLetterT) {
  LONGLONGS_EQUAL(1722519918000, Ms("2024-08-01 13:45:18Z"));
  LONGLONGS_EQUAL(1722519918000, Ms("2024-08-01 13:45:18z"));
}

TEST(Time, OffsetsInEachForm) {
  const std::int64_t noon = Ms("2024-08-01T12:00:00Z");
  LONGLONGS_EQUAL(noon, Ms("2024-08-01T14:00:00+02:00"));
  LONGLONGS_EQUAL(noon, Ms("2024-08-01T14:00:00+0200"));
  LONGLONGS_EQUAL(noon, Ms("2024-08-01T14:00:00+02"));
  LONGLONGS_EQUAL(noon, Ms("2024-08-01T17:45:00+05:45"));
  LONGLONGS_EQUAL(noon, Ms("2024-08-01T08:30:00-03:30"));
  LONGLONGS_EQUAL(noon, Ms("2024-08-01T12:00:00-00:00"));
  LONGLONGS_EQUAL(noon, Ms("2024-07-31T12:01:00-23:59"));
}

TEST(Time, FractionsAreCutToMilliseconds) {
  const std::int64_t base = Ms("2024-08-01T13:45:18Z");
  LONGLONGS_EQUAL(base + 500, Ms("2024-08-01T13:45:18.5Z"));
  LONGLONGS_EQUAL(base + 120, Ms("2024-08-01T13:45:18.12Z"));
  LONGLONGS_EQUAL(base + 123, Ms("2024-08-01T13:45:18.123999999Z"));
  LONGLONGS_EQUAL(base + 7, Ms("2024-08-01T13:45:18.007+00:00"));
  Refused("2024-08-01T13:45:18.Z");
  Refused("2024-08-01T13:45:18.1234567890Z");
}

TEST(Time, LeapYears) {
  LONGLONGS_EQUAL(86400000, Ms("2024-03-01T00:00:00Z") - Ms("2024-02-29T00:00:00Z"));
  LONGLONGS_EQUAL(86400000, Ms("2023-03-01T00:00:00Z") - Ms("2023-02-28T00:00:00Z"));
  LONGLONGS_EQUAL(86400000, Ms("2000-03-01T00:00:00Z") - Ms("2000-02-29T00:00:00Z"));
  Refused("2023-02-29T00:00:00Z");
  Refused("2100-02-29T00:00:00Z");
  Ms("2400-02-29T00:00:00Z");
}

TEST(Time, ALeapSecondIsTheNextMinute) {
  LONGLONGS_EQUAL(Ms("2017-01-01T00:00:00Z"), Ms("2016-12-31T23:59:60Z"));
}

TEST(Time, PartsOutOfRangeAreRefused) {
  const std::string_view bad[] = {
      "2024-00-01T00:00:00Z",      "2024-13-01T00:00:00Z",      "2024-01-00T00:00:00Z",
      "2024-01-32T00:00:00Z",      "2024-04-31T00:00:00Z",      "2024-01-01T24:00:00Z",
      "2024-01-01T00:60:00Z",      "2024-01-01T00:00:61Z",      "2024-01-01T00:00:00+24:00",
      "2024-01-01T00:00:00+00:60", "1969-12-31T23:59:59Z",      "1970-01-01T00:00:00+00:01",
      "0000-01-01T00:00:00Z",      "9999-12-31T23:59:59-00:01",
  };
  for (const std::string_view text : bad) Refused(text);
}

TEST(Time, OtherFormsAreRefused) {
  const std::string_view bad[] = {
      "",
      "Z",
      "2024-08-01",
      "2024-08-01T13:45Z",
      "2024-08-01T13:45:18",  // no zone: never guessed
      "2024-08-01 13:45:18",
      "2024-8-1T13:45:18Z",
      "20240801T134518Z",
      "2024-08-01T13:45:18ZZ",
      "2024-08-01T13:45:18Z ",
      " 2024-08-01T13:45:18Z",
      "2024-08-01T13:45:18+2",
      "2024-08-01T13:45:18+02:",
      "2024-08-01T13:45:18+02:0",
      "2024-08-01T13:45:18+02:000",
      "2024-08-01T13:45:18UTC",
      "2024-08-01_13:45:18Z",
      "2024/08/01T13:45:18Z",
      "+024-08-01T13:45:18Z",
      "-024-08-01T13:45:18Z",
      "2024-08-01T13:45:18,5Z",
      "12024-08-01T13:45:18Z",
  };
  for (const std::string_view text : bad) Refused(text);
}

TEST(Time, ADateThatIsCutShortIsRefused) {
  const std::string_view whole = "2024-08-01T13:45:18.123+02:30";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    if (length == whole.size() - 3) continue;  // ...+02, a whole zone
    Refused(whole.substr(0, length));
  }
}

TEST(Time, Formats) {
  STRCMP_EQUAL("1970-01-01T00:00:00Z", Text(0, false).c_str());
  STRCMP_EQUAL("1970-01-01T00:00:00.000Z", Text(0, true).c_str());
  STRCMP_EQUAL("2024-08-01T13:45:24.107Z", Text(1722519924107, true).c_str());
  STRCMP_EQUAL("2024-08-01T13:45:24Z", Text(1722519924999, false).c_str());
  STRCMP_EQUAL("2024-02-29T23:59:59Z", Text(1709251199000, false).c_str());
}

TEST(Time, FormatClampsToTheYearsThatHaveFourDigits) {
  STRCMP_EQUAL("1970-01-01T00:00:00.000Z", Text(-1, true).c_str());
  STRCMP_EQUAL("1970-01-01T00:00:00.000Z", Text(INT64_MIN, true).c_str());
  STRCMP_EQUAL("9999-12-31T23:59:59.999Z", Text(kLastMs + 1, true).c_str());
  STRCMP_EQUAL("9999-12-31T23:59:59.999Z", Text(INT64_MAX, true).c_str());
}

// The C library's calendar as a second opinion: each day of the first 400 years, then some.
TEST(Time, DaysAgreeWithTheSystemsCalendar) {
  const auto step = static_cast<std::int64_t>(Stride());
  for (std::int64_t day = 0; day * 86400000 <= kLastMs; day += step * (day < 150000 ? 1 : 97)) {
    const auto seconds = static_cast<std::time_t>(day * 86400 + 86399);
    std::tm parts{};
    if (gmtime_r(&seconds, &parts) == nullptr) FAIL("the system cannot tell this date");
    char wanted[64];
    if (std::strftime(wanted, sizeof wanted, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) FAIL("strftime");
    if (Text(seconds * std::int64_t{1000}, false) != wanted) {
      STRCMP_EQUAL(wanted, Text(seconds * std::int64_t{1000}, false).c_str());
    }
    WallTime back;
    if (!ParseIsoTime(wanted, back) || back.ms != seconds * std::int64_t{1000}) FAIL(wanted);
  }
}

TEST(Time, WhatIsFormattedReadsBackTheSame) {
  depotlink::fakes::SeededRandom random(1);
  for (int i = 0; i < 20000; ++i) {
    const auto ms = static_cast<std::int64_t>(random.Next() % (kLastMs + 1));
    LONGLONGS_EQUAL(ms, Ms(Text(ms, true)));
    LONGLONGS_EQUAL(ms - ms % 1000, Ms(Text(ms, false)));
  }
}
