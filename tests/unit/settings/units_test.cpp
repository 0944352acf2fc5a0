// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/units.hpp"

#include "CppUTest/TestHarness.h"

using namespace depotlink;
using namespace depotlink::settings;

TEST_GROUP(Units){static DurationMs Duration(const char* text){DurationMs out = -1;
const bool good = ParseDuration(text, out);
CHECK_EQUAL(good, out >= 0);
return out;
}
static long long Size(const char* text) {
  std::uint64_t out = 77;
  return ParseSize(text, out) ? static_cast<long long>(out) : -1;
}
}
;

TEST(Units, ReadsDurationsOfEachUnit) {
  CHECK_EQUAL(500, Duration("500ms"));
  CHECK_EQUAL(30000, Duration("30s"));
  CHECK_EQUAL(300000, Duration("5m"));
  CHECK_EQUAL(3600000, Duration("1h"));
  CHECK_EQUAL(86400000, Duration("1d"));
  CHECK_EQUAL(0, Duration("0s"));
  CHECK_EQUAL(7000, Duration("007s"));
}

TEST(Units, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "s", "5", "5 s", " 5s", "5s ", "5S", "5min", "1.5s", "-5s", "+5s",
                           "5s5", "1h30m", "1000000001s", "99999999999999999999s", "5\xC2\xB5s"}) {
    CHECK_EQUAL_TEXT(-1, Duration(text), text);
  }
}

TEST(Units, ReadsSizesOfEachUnit) {
  CHECK_EQUAL(65536, Size("64KiB"));
  CHECK_EQUAL(8388608, Size("8MiB"));
  CHECK_EQUAL(1073741824, Size("1GiB"));
  CHECK_EQUAL(64000, Size("64KB"));
  CHECK_EQUAL(8000000, Size("8MB"));
  CHECK_EQUAL(1000000000, Size("1GB"));
}

TEST(Units, RefusesWhatIsNoSize) {
  for (const char* text :
       {"", "8", "8M", "8mib", "8 MiB", "8.5MiB", "-8MiB", "MiB", "8MiBs", "1000000001GiB"}) {
    CHECK_EQUAL_TEXT(-1, Size(text), text);
  }
}

TEST(Units, WritesDurationsInTheLargestWholeUnit) {
  STRCMP_EQUAL("500ms", FormatDuration(500).c_str());
  STRCMP_EQUAL("90s", FormatDuration(90000).c_str());
  STRCMP_EQUAL("1500ms", FormatDuration(1500).c_str());
  STRCMP_EQUAL("1m", FormatDuration(60000).c_str());
  STRCMP_EQUAL("24h", FormatDuration(86400000).c_str());
  STRCMP_EQUAL("2d", FormatDuration(172800000).c_str());
  STRCMP_EQUAL("0s", FormatDuration(0).c_str());
}

TEST(Units, WritesSizesInTheLargestWholeUnit) {
  STRCMP_EQUAL("8MiB", FormatSize(8ULL << 20U).c_str());
  STRCMP_EQUAL("1GiB", FormatSize(1ULL << 30U).c_str());
  STRCMP_EQUAL("1536KiB", FormatSize(3ULL << 19U).c_str());
  STRCMP_EQUAL("6000B", FormatSize(6000).c_str());
  STRCMP_EQUAL("0KiB", FormatSize(0).c_str());
}
