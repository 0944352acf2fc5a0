// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/echo.hpp"

#include <string>

#include "CppUTest/TestHarness.h"

using namespace depotlink::settings;

TEST_GROUP(EchoedText){};

TEST(EchoedText, IsShortenedByCharacters) {
  const std::string forty(40, 'x');
  STRCMP_EQUAL(forty.c_str(), Echo(forty).c_str());
  STRCMP_EQUAL((std::string(37, 'x') + "...").c_str(), Echo(forty + "x").c_str());
  std::string umlauts;
  for (int i = 0; i < 41; ++i) umlauts += "\xC3\xBC";
  CHECK_EQUAL(37 * 2 + 3, Echo(umlauts).size());
}

TEST(EchoedText, MovesNoCursorAndEndsNoLine) {
  STRCMP_EQUAL("a\\u000ab\\u001b[2J", Echo("a\nb\x1b[2J").c_str());
  STRCMP_EQUAL("\\u009b", Echo("\xC2\x9B").c_str());
  STRCMP_EQUAL("\\u202eabc", Echo("\xE2\x80\xAE"
                                  "abc")
                                 .c_str());
  STRCMP_EQUAL("\\xff", Echo("\xFF").c_str());
  STRCMP_EQUAL("\\u0000", Echo(std::string_view("\0", 1)).c_str());
  STRCMP_EQUAL("\"\\\"\\\\\"", EchoQuoted("\"\\").c_str());
}

TEST(EchoedText, HidesWhatCouldBeACredential) {
  STRCMP_EQUAL("mqtt://***@h:1883", Echo("mqtt://user:pa@ss@h:1883").c_str());
  STRCMP_EQUAL("***@h", Echo("user:pass@h").c_str());
  STRCMP_EQUAL("https://h/v2?***", Echo("https://h/v2?hash=abc").c_str());
  STRCMP_EQUAL("https://h/v2#***", Echo("https://h/v2#abc").c_str());
  STRCMP_EQUAL("https://***@c?***", Echo("https://h?hash=a@c?d").c_str());
  STRCMP_EQUAL("x***y", Echo("x0123456789abcdef0123456789ABCDEFy").c_str());
  STRCMP_EQUAL("0123456789abcdef012", Echo("0123456789abcdef012").c_str());
}
