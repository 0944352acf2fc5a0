// SPDX-License-Identifier: Apache-2.0
#include "agent/base/fixed_string.hpp"

#include <string>

#include "CppUTest/TestHarness.h"

using depotlink::FixedString;

TEST_GROUP(FixedString){};

TEST(FixedString, BeginsEmpty) {
  const FixedString<8> text;
  CHECK(text.empty());
  LONGS_EQUAL(0, text.size());
  CHECK(text.view().empty());
}

TEST(FixedString, KeepsWhatFits) {
  FixedString<5> text;
  CHECK(text.Assign("12345"));
  CHECK(text.view() == "12345");
  CHECK(text.Assign(""));
  CHECK(text.empty());
}

TEST(FixedString, CutsWhatDoesNot) {
  FixedString<5> text;
  CHECK_FALSE(text.Assign("123456"));
  CHECK(text.view() == "12345");
}

TEST(FixedString, CutsBetweenCharacters) {
  // Two, three and four bytes, each at every distance from the end.
  const std::string characters[] = {"\xC3\xA9", "\xE8\xBB\x8A", "\xF0\x9F\x9A\x9A"};
  for (const std::string& character : characters) {
    for (std::size_t before = 0; before <= 8; ++before) {
      const std::string start(before, 'a');
      FixedString<8> text;
      const bool fits = before + character.size() <= 8;
      CHECK_EQUAL(fits, text.Assign(start + character));
      CHECK(text.view() == (fits ? start + character : start));
    }
  }
}

TEST(FixedString, NothingButContinuationBytesLeavesNothing) {
  FixedString<4> text;
  CHECK_FALSE(text.Assign(std::string(9, '\x80')));
  CHECK(text.empty());
}

TEST(FixedString, AShorterTextLeavesNothingOfTheLongerOne) {
  FixedString<8> text("12345678");
  text.Assign("ab");
  CHECK(text.view() == "ab");
  text.Clear();
  CHECK(text.empty());
}

TEST(FixedString, CopiesStandAlone) {
  FixedString<8> one("one");
  const FixedString<8> copy = one;
  one.Assign("two");
  CHECK(copy.view() == "one");
}
