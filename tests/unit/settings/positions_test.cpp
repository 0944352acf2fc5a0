// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "agent/settings/line_index.hpp"
#include "tests/unit/settings/config_text.hpp"

#include "CppUTest/TestHarness.h"

using namespace depotlink::settings;

TEST_GROUP(Positions){static void IsAt(const LineIndex& lines, std::size_t offset, int line,
                                       int column){CHECK_EQUAL(line, lines.At(offset).line);
CHECK_EQUAL(column, lines.At(offset).column);
}
}
;

TEST(Positions, CountFromOneInCharacters) {
  const LineIndex lines("ab\n\xC3\xA9\xE2\x82\xAC\xF0\x9F\x9A\x9Ax\r\n\ty");
  IsAt(lines, 0, 1, 1);
  IsAt(lines, 2, 1, 3);
  IsAt(lines, 3, 2, 1);
  IsAt(lines, 5, 2, 2);
  IsAt(lines, 8, 2, 3);
  IsAt(lines, 12, 2, 4);
  IsAt(lines, 15, 3, 1);
  IsAt(lines, 16, 3, 2);
  IsAt(lines, 999, 3, 3);
  CHECK_EQUAL(12, lines.Offset(2, 10));
  CHECK_EQUAL(0, lines.Offset(0, 0));
  CHECK_EQUAL(17, lines.Offset(9, 9));
}

TEST(Positions, CountAByteOrderMarkAsNothing) {
  const LineIndex lines("\xEF\xBB\xBF{");
  IsAt(lines, 0, 1, 1);
  IsAt(lines, 3, 1, 1);
  IsAt(lines, 4, 1, 2);
}

TEST(Positions, ExistInAnEmptyText) {
  IsAt(LineIndex(""), 0, 1, 1);
}

TEST(Positions, OfAKeyForAnUnknownKeyAndOfTheValueForABadValue) {
  STRCMP_EQUAL(
      "c:3:42: mqtt.ulr: unknown key; did you mean \"mqtt.url\"?\n"
      "c:3:64: mqtt.version: found \"4\"; expected \"5\" or \"3.1.1\"\n",
      FaultsOf(WithMqtt(R"("ulr": "", "version": "4")")).c_str());
}

TEST(Positions, SurviveTabsCarriageReturnsCommentsAndNonAscii) {
  STRCMP_EQUAL(
      "c:4:2: Site: unknown key; did you mean \"site\"?\n"
      "c:6:17: log.\xC3\xA9: unknown key; known in \"log\" are \"level\" and \"format\"\n"
      "c:6:40: log.level: found \"x\"; expected \"error\", \"warn\", \"info\" or \"debug\"\n",
      FaultsOf("{\r\n/* \"a\": 1,\r\n*/ // \"b\": 2 {\r\n\t\"Site\": \"x\",\r\n"
               "\"api\": {\"url\": \"https://h\", \"key_file\": \"/k\"},\r\n"
               "\"log\": {/*\xE2\x82\xAC*/   \"\xC3\xA9\" : \"\xC3\xA9}\","
               "\"level\"/**/:\"x\"},\"mqtt\":{\"url\":\"mqtt://h\"}}")
          .c_str());
}

TEST(Positions, OfAMissingKeyAreThoseOfTheObjectThatLacksIt) {
  STRCMP_EQUAL(
      "c:2:9: api.key_file: missing; it is the file that holds the API key, such as "
      "\"/etc/depotlink/api.key\"\n",
      FaultsOf("{\"site\": \"a\",\n\"api\" : {\"url\": \"https://h\"},\n"
               "\"mqtt\": {\"url\": \"mqtt://h\"}}")
          .c_str());
}

TEST(Positions, OfValuesAreKeptForLater) {
  const ReadOutcome outcome = ReadSettings(ConfigText().Text());
  bool found = false;
  for (const Place& place : outcome.places) {
    if (place.path != "api.key_file") continue;
    found = true;
    CHECK_EQUAL(2, place.line);
    CHECK_EQUAL(58, place.column);
  }
  CHECK(found);
}
