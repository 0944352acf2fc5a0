// SPDX-License-Identifier: Apache-2.0
#include "agent/json/number_scanner.hpp"

#include <string>
#include <string_view>

#include "tests/fakes/reference_json.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::fakes::ReferenceJson;
using depotlink::json::NumberScanner;

TEST_GROUP(NumberScanner){
    // How many bytes belong to the number; `whole`: it could end there.
    static std::size_t Scan(std::string_view text, bool& whole){NumberScanner scanner;
scanner.Begin(text.front());
std::size_t taken = 1;
while (taken < text.size() && scanner.Take(text[taken])) ++taken;
whole = scanner.whole();
return taken;
}
static bool IsNumber(std::string_view text) {
  bool whole = false;
  return Scan(text, whole) == text.size() && whole;
}
}
;

TEST(NumberScanner, Numbers) {
  const std::string_view good[] = {"0",    "-0",     "7",     "-12",     "1234567890123456789012",
                                   "0.5",  "-0.25",  "10.01", "1e5",     "1E5",
                                   "1e+5", "1.5E-7", "0e0",   "0.0e-00", "9.999e999"};
  for (const std::string_view text : good) CHECK_TEXT(IsNumber(text), text.data());
}

TEST(NumberScanner, NoNumbers) {
  const std::string_view bad[] = {
      "-",    "01",  "-01", "00",    "1.",    "-.5",  "1.e5", "1e",    "1E",  "1e+", "1e-",
      "1.5e", "--1", "-+1", "1.2.3", "1e5.5", "1ee5", "0x1F", "1_000", "1,5", "-a",  "-Infinity"};
  for (const std::string_view text : bad) CHECK_FALSE_TEXT(IsNumber(text), text.data());
}

TEST(NumberScanner, StopsBeforeWhatDoesNotBelong) {
  bool whole = false;
  LONGS_EQUAL(2, Scan("12,", whole));
  CHECK(whole);
  LONGS_EQUAL(3, Scan("1.5}", whole));
  CHECK(whole);
  LONGS_EQUAL(2, Scan("1.}", whole));
  CHECK_FALSE(whole);
  LONGS_EQUAL(1, Scan("01", whole));
  CHECK(whole);
  LONGS_EQUAL(1, Scan("-", whole));
  CHECK_FALSE(whole);
}

// Each text of up to six characters out of those that numbers are made of.
TEST(NumberScanner, AgreesWithTheReference) {
  constexpr std::string_view kAlphabet = "01-+.e5";
  std::string text;
  const auto check = [&](auto&& self) -> void {
    if (!text.empty()) {
      std::string compact;
      const bool wanted = ReferenceJson::IsValue(text, compact);
      const bool first_fits = text[0] == '-' || (text[0] >= '0' && text[0] <= '9');
      if (wanted != (first_fits && IsNumber(text))) FAIL(text.c_str());
    }
    if (text.size() == 6) return;
    for (const char c : kAlphabet) {
      text.push_back(c);
      self(self);
      text.pop_back();
    }
  };
  check(check);
}
