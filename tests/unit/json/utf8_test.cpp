// SPDX-License-Identifier: Apache-2.0
#include "agent/json/utf8.hpp"

#include <string>
#include <string_view>

#include "CppUTest/TestHarness.h"

using depotlink::FixedString;
using depotlink::json::AssignClean;
using depotlink::json::CleanCopy;
using depotlink::json::CopyClean;
using depotlink::json::CountCharacters;
using depotlink::json::IsPlainText;
using depotlink::json::IsValidUtf8;
using depotlink::json::PlainBytes;

TEST_GROUP(Utf8){static std::string Clean(std::string_view text){char out[256];
const CleanCopy copy = CopyClean(text, out, sizeof out);
CHECK_FALSE(copy.cut);
return {out, copy.bytes};
}
}
;

// Each byte at each place, ahead of and behind others that end the run.
TEST(Utf8, PlainBytesEndAtTheFirstByteThatIsNone) {
  for (int byte = 0; byte < 256; ++byte) {
    const auto c = static_cast<char>(byte);
    const bool plain = byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\';
    for (std::size_t at = 0; at < 40; ++at) {
      std::string text(40, 'a');
      text[at] = c;
      if (PlainBytes(text) != (plain ? text.size() : at)) FAIL(text.c_str());
      if (PlainBytes(text.substr(0, at + 1)) != (plain ? at + 1 : at)) FAIL(text.c_str());
      text.replace(at + 1, std::string::npos, "\"\x80\x1F\\\x7F");
      if (PlainBytes(text) != (plain ? at + 1 : at)) FAIL(text.c_str());
    }
  }
}

TEST(Utf8, SoundTextOfEachLengthIsValid) {
  CHECK(IsValidUtf8(""));
  CHECK(IsValidUtf8("A\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBD"));
  CHECK(IsValidUtf8("\xF0\x90\x80\x80\xF0\x9F\x9A\x9A\xF4\x8F\xBF\xBF"));
}

TEST(Utf8, WhatRfc3629ForbidsIsInvalid) {
  const std::string_view bad[] = {
      "\x80",              // a continuation alone
      "\xC0\x80",          // overlong NUL
      "\xC1\xBF",          // overlong
      "\xE0\x9F\xBF",      // overlong
      "\xF0\x8F\xBF\xBF",  // overlong
      "\xED\xA0\x80",      // a surrogate
      "\xED\xBF\xBF",      // a surrogate
      "\xF4\x90\x80\x80",  // past U+10FFFF
      "\xF5\x80\x80\x80",
      "\xFE",
      "\xFF",
      "\xC3",          // cut
      "\xE2\x82",      // cut
      "\xF0\x9F\x9A",  // cut
      "\xC3\x28"       // no continuation
  };
  for (const std::string_view text : bad) CHECK_FALSE(IsValidUtf8(text));
}

TEST(Utf8, PlainTextHasNoControlCodesAndNothingIllFormed) {
  CHECK(IsPlainText("") && IsPlainText("A\xC3\xA9\xE2\x82\xAC\xF4\x8F\xBF\xBF"));
  for (const std::string_view text : {"a\nb", "\x7F", "\xC2\x9B", "a\xE2\x82", "\xED\xA0\x80"}) {
    CHECK_FALSE(IsPlainText(text));
  }
}

TEST(Utf8, CharactersAreCountedAndEachBadByteIsOne) {
  CHECK_EQUAL(0, CountCharacters(""));
  CHECK_EQUAL(4, CountCharacters("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x9A\x9A"));
  CHECK_EQUAL(3, CountCharacters("\xE2\x82z"));
}

TEST(Utf8, EveryScalarValueSurvives) {
  for (char32_t code = 0; code <= 0x10FFFF; ++code) {
    if (code >= 0xD800 && code <= 0xDFFF) continue;
    char text[4];
    std::size_t n = 0;
    const auto put = [&](char32_t byte) { text[n++] = static_cast<char>(byte); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xC0 | (code >> 6));
      put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      put(0xE0 | (code >> 12));
      put(0x80 | ((code >> 6) & 0x3F));
      put(0x80 | (code & 0x3F));
    } else {
      put(0xF0 | (code >> 18));
      put(0x80 | ((code >> 12) & 0x3F));
      put(0x80 | ((code >> 6) & 0x3F));
      put(0x80 | (code & 0x3F));
    }
    const auto c = depotlink::json::FirstUtf8({text, n});
    if (!c.valid || c.code != code || c.bytes != n) FAIL("a scalar value was not read back");
  }
}

TEST(Utf8, OneReplacementForOneFault) {
  CHECK(Clean("a\x80z") == "a\xEF\xBF\xBDz");
  CHECK(Clean("a\xE2\x82z") == "a\xEF\xBF\xBDz");
  CHECK(Clean("\xF0\x9F\x9A") == "\xEF\xBF\xBD");
  CHECK(Clean("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Utf8, ControlsBecomeBlanks) {
  CHECK(Clean(std::string_view("a\0b\nc\x1B[2J\x7F", 10)) == "a b c [2J ");
  CHECK(Clean("\xC2\x9B") == " ");                 // C1 CSI
  CHECK(Clean("\xE2\x80\xA8") == " ");             // line separator
  CHECK(Clean("\xE2\x80\xAE") == " ");             // right-to-left override
  CHECK(Clean("\xE2\x80\x8F") == "\xE2\x80\x8F");  // the right-to-left mark is ordinary text
}

TEST(Utf8, CutsBetweenCharacters) {
  FixedString<5> text;
  CHECK_FALSE(AssignClean("ab\xF0\x9F\x9A\x9A", text));
  CHECK(text.view() == "ab");
  CHECK_FALSE(AssignClean("abc\xFF", text));  // the replacement takes three bytes
  CHECK(text.view() == "abc");
  CHECK(AssignClean("\xC3\xA9\xC3\xA9\x65", text));
  CHECK(text.view() == "\xC3\xA9\xC3\xA9\x65");
}

TEST(Utf8, NothingIsWrittenPastTheCapacity) {
  char out[4] = {'#', '#', '#', '#'};
  const CleanCopy copy = CopyClean("abc", out, 2);
  CHECK(copy.cut);
  LONGS_EQUAL(2, copy.bytes);
  CHECK(out[2] == '#');
}
