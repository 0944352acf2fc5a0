// SPDX-License-Identifier: Apache-2.0
#include "agent/json/string_scanner.hpp"

#include <string>
#include <string_view>

#include "tests/fakes/fake_random.hpp"
#include "tests/fakes/reference_json.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::fakes::ReferenceJson;
using depotlink::fakes::SeededRandom;
using depotlink::json::KeyText;
using depotlink::json::StringScanner;

namespace {

static_assert(sizeof(StringScanner) <= 64, "a string is followed in constant memory");

struct Scan {
  std::size_t taken = 0;
  bool done = false;
  bool bad = false;
  std::string decoded;
};

// `text`: what stands behind the opening quote, cut after `cut` bytes.
Scan ScanCut(std::string_view text, std::size_t cut) {
  KeyText key;
  StringScanner scanner;
  scanner.Begin(&key);
  std::size_t taken = scanner.Feed(text.substr(0, cut));
  if (!scanner.done()) taken += scanner.Feed(text.substr(cut));
  return {taken, scanner.done(), scanner.bad(), std::string(key.view())};
}

Scan ScanBytewise(std::string_view text) {
  KeyText key;
  StringScanner scanner;
  scanner.Begin(&key);
  Scan scan;
  for (std::size_t i = 0; i < text.size() && !scanner.done(); ++i) {
    scan.taken += scanner.Feed(text.substr(i, 1));
  }
  scan.done = scanner.done();
  scan.bad = scanner.bad();
  scan.decoded = key.view();
  return scan;
}

}  // namespace

TEST_GROUP(StringScanner){
    // Scans `text` up to its last byte, a quote, in each way of cutting it in two and bytewise.
    static Scan Whole(const std::string& text){const Scan scan = ScanCut(text, text.size());
for (std::size_t cut = 0; cut <= text.size(); ++cut) Same(scan, ScanCut(text, cut));
Same(scan, ScanBytewise(text));
CHECK_TEXT(scan.done, text.c_str());
LONGS_EQUAL(text.size(), scan.taken);
return scan;
}
static void Same(const Scan& one, const Scan& other) {
  LONGS_EQUAL(one.taken, other.taken);
  CHECK_EQUAL(one.done, other.done);
  CHECK_EQUAL(one.bad, other.bad);
  CHECK(one.decoded == other.decoded);
}
static void Good(const std::string& text, const std::string& meaning) {
  const Scan scan = Whole(text + "\"");
  CHECK_FALSE_TEXT(scan.bad, text.c_str());
  CHECK_TEXT(scan.decoded == meaning, text.c_str());
}
// Unsound, and yet its end is found.
static void Bad(const std::string& text) {
  CHECK_TEXT(Whole(text + "\"").bad, text.c_str());
  CHECK_TEXT(Whole("ab" + text + "xy\"").bad, text.c_str());
}
}
;

TEST(StringScanner, PlainText) {
  Good("", "");
  Good("abc", "abc");
  Good("\x7F", "\x7F");
  Good("\xC3\xA9 \xE8\xBB\x8A \xF0\x9F\x9A\x9A", "\xC3\xA9 \xE8\xBB\x8A \xF0\x9F\x9A\x9A");
}

TEST(StringScanner, StopsBehindTheQuote) {
  const Scan scan = ScanCut("ab\",\"cd\"", 8);
  LONGS_EQUAL(3, scan.taken);
  CHECK(scan.done);
  CHECK(scan.decoded == "ab");
}

TEST(StringScanner, Escapes) {
  Good(R"(\"\\\/\b\f\n\r\t)", "\"\\/\b\f\n\r\t");
  Good(R"(\u0041\u00e9\u8ECA)", "A\xC3\xA9\xE8\xBB\x8A");
  Good(R"(\u0000)", std::string(1, '\0'));
  Good(R"(\u007f\u0080\u07ff\u0800\uffff)", "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF");
}

TEST(StringScanner, AnEscapedQuoteDoesNotEnd) {
  const Scan scan = ScanCut(R"(a\\\"b"c)", 4);
  LONGS_EQUAL(7, scan.taken);
  CHECK(scan.decoded == "a\\\"b");
}

TEST(StringScanner, BadEscapes) {
  for (const char* text : {R"(\a)", R"(\x41)", R"(\')", R"(\0)", R"(\U0041)", "\\\xC3", "\\\n"}) {
    Bad(text);
  }
  for (const char* text : {R"(\u)", R"(\u1)", R"(\u12)", R"(\u123)", R"(\u12g4)", R"(\u-123)"}) {
    Bad(text);
  }
  Bad(std::string("\\\0", 2));
}

TEST(StringScanner, AQuoteEndsAHexEscapeThatIsCutShort) {
  const Scan scan = ScanCut(R"(\u12"x)", 3);
  CHECK(scan.done);
  CHECK(scan.bad);
  LONGS_EQUAL(5, scan.taken);
}

TEST(StringScanner, SurrogatePairs) {
  Good(R"(\ud83d\ude9a)", "\xF0\x9F\x9A\x9A");
  Good(R"(\uD800\uDC00)", "\xF0\x90\x80\x80");
  Good(R"(\uDBFF\uDFFF)", "\xF4\x8F\xBF\xBF");
  Good(R"(a\ud83d\ude9ab\ud83d\ude9a)",
       "a\xF0\x9F\x9A\x9A"
       "b\xF0\x9F\x9A\x9A");
}

TEST(StringScanner, LoneSurrogates) {
  Bad(R"(\ud83d)");              // high at the end
  Bad(R"(\ud83dx)");             // high before a letter
  Bad(R"(\ud83d\n)");            // high before another escape
  Bad(R"(\ud83d\u0041)");        // high before what is no low one
  Bad(R"(\ud83d\ud83d)");        // two high
  Bad(R"(\ud83d\ud83d\ude9a)");  // high before a pair
  Bad(R"(\ude9a)");              // low alone
  Bad(R"(\ude9a\ud83d)");        // reversed
  Bad(R"(\ud83d\ude9a\ude9a)");  // low behind a pair
  Bad("\\ud83d\xC3\xA9");        // high before a character of two bytes
}

TEST(StringScanner, RawControlCharacters) {
  for (int byte = 0; byte < 0x20; ++byte) Bad(std::string(1, static_cast<char>(byte)));
}

TEST(StringScanner, EveryByteSequenceOfIllFormedUtf8) {
  const char* const bad[] = {"\x80",
                             "\xBF",  // continuation alone
                             "\xC0\x80",
                             "\xC1\xBF",  // overlong, two bytes
                             "\xE0\x80\x80",
                             "\xE0\x9F\xBF",  // overlong, three
                             "\xF0\x80\x80\x80",
                             "\xF0\x8F\xBF\xBF",  // overlong, four
                             "\xED\xA0\x80",
                             "\xED\xBF\xBF",  // surrogates
                             "\xF4\x90\x80\x80",
                             "\xF5\x80\x80\x80",      // past U+10FFFF
                             "\xF8\x88\x80\x80\x80",  // five bytes
                             "\xFE",
                             "\xFF",  // never in UTF-8
                             "\xC3",
                             "\xE8",  // cut
                             "\xE8\xBB",
                             "\xF0",  // cut
                             "\xF0\x9F",
                             "\xF0\x9F\x9A",  // cut
                             "\xC3\xC3\xA9",  // cut by a character
                             "\xE8\xBB\xE8\xBB\x8A"};
  for (const char* text : bad) Bad(text);
}

TEST(StringScanner, ACutSequenceDoesNotEatTheQuote) {
  for (const char* text : {"\xC3\"x", "\xE8\xBB\"x", "\xF0\x9F\x9A\"x"}) {
    const Scan scan = ScanCut(text, 1);
    CHECK(scan.done);
    CHECK(scan.bad);
    LONGS_EQUAL(std::string(text).size() - 1, scan.taken);
  }
}

TEST(StringScanner, BeginForgetsTheStringBefore) {
  StringScanner scanner;
  scanner.Begin(nullptr);
  scanner.Feed("\xFF\\ud83d");
  CHECK(scanner.bad());
  scanner.Begin(nullptr);
  LONGS_EQUAL(3, scanner.Feed("ab\""));
  CHECK(scanner.done());
  CHECK_FALSE(scanner.bad());
}

TEST(StringScanner, AKeyIsCutAtItsBound) {
  const std::string longest(depotlink::limits::kKeyBytes, 'k');
  KeyText key;
  StringScanner scanner;
  scanner.Begin(&key);
  scanner.Feed(longest + "\"");
  CHECK_FALSE(key.cut());
  CHECK(key.view() == longest);
  key.Clear();
  scanner.Begin(&key);
  scanner.Feed(longest + "k\"");
  CHECK(key.cut());
  LONGS_EQUAL(depotlink::limits::kKeyBytes, key.view().size());
  key.Clear();
  CHECK_FALSE(key.cut());
  CHECK(key.view().empty());
}

TEST(StringScanner, AgreesWithTheReferenceOnRandomText) {
  constexpr std::string_view kPieces[] = {
      "a",       "\\",   "\"",   "u",    "\\u",  "d83d", "de9a",     "0041", "\\ud83d",
      "\\ude9a", "\xC3", "\xA9", "\xE8", "\xBB", "\x8A", "\xF0\x9F", "\x9A", "\xED",
      "\xA0",    "\x80", "\xF4", "\x90", "\n",   "n",    "/",        "\x7F", "\xC3\xA9"};
  SeededRandom random(3);
  int sound = 0;
  for (int i = 0; i < 100000; ++i) {
    std::string text;
    for (std::size_t n = random.Below(8); n > 0; --n)
      text += kPieces[random.Below(std::size(kPieces))];
    text += '"';
    const Scan scan = ScanCut(text, random.Below(text.size() + 1));
    std::string decoded;
    const bool wanted = ReferenceJson::IsString('"' + text, decoded);
    sound += wanted ? 1 : 0;
    // The reference wants the quote at the end to be the first one.
    const bool is_sound = scan.done && scan.taken == text.size() && !scan.bad;
    if (wanted != is_sound) FAIL(text.c_str());
    if (wanted && decoded != scan.decoded) FAIL(text.c_str());
  }
  CHECK(sound > 5000);
}
