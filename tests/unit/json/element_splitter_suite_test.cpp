// SPDX-License-Identifier: Apache-2.0
// Values that a parser must take and values that it must refuse, in the classes that public suites
// of JSON tests have (y_ and n_), each as an element of a list and cut at every byte.
#include <string>
#include <string_view>
#include <vector>

#include "tests/fakes/reference_json.hpp"
#include "tests/fakes/split_capture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::fakes::kListPart;
using depotlink::fakes::ReferenceJson;
using depotlink::fakes::SplitCut;
using depotlink::fakes::SplitInPieces;
using depotlink::fakes::SplitPart;
using depotlink::fakes::SplitResult;
using depotlink::json::BodyEnd;

namespace {

constexpr std::string_view kSuiteFront = "{\"list\":[0,";
constexpr std::string_view kSuiteBack = "],\"success\":true}";

constexpr std::string_view kMustBeTaken[] = {
    // arrays and objects
    "[]", "[[] ]", "[ 1\n, true]", "[null,1,\"1\",{}]", "{}", "{\"\":0}", "{\"a\":{\"b\":[]}}",
    "{\"a\":1,\"a\":2}", " [\r\n\t] ",
    // numbers
    "0", "-0", "-1", "123", "0e1", "0e+1", "20e1", "1E22", "1E-2", "1E+2", "123e45", "123.456e78",
    "123.456789", "-0.000000000000000000000000000000000000000000000000000000000001", "1e-999",
    "123123123123123123123123123123", "-123123123123123123123123",
    // texts
    "\"\"", "\" \"", "\"asd \"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0012\"", "\"\\u0000\"",
    "\"\\u0060\\u012a\\u12AB\"", "\"\\uD801\\udc37\"", "\"\\ud83d\\ude39\\ud83d\\udc8d\"",
    "\"\\uFFFF\"", "\"\\uFDD0\"", "\"\\uDBFF\\uDFFF\"", "\"\\\\u0000\"", "\"\\\\n\"",
    "\"a/*b*/c/*d//e\"", "\"\x7F\"", "\"\xC2\x80\"", "\"\xE2\x80\xA8\xE2\x80\xA9\"",
    "\"\xEF\xBF\xBF\"", "\"\xF4\x8F\xBF\xBF\"", "\"\xF0\x9B\xBF\xBF\"", "\"\xEF\xBB\xBF\"",
    // words
    "true", "false", "null"};

constexpr std::string_view kMustBeRefused[] = {
    // arrays
    "[1 true]", "[a\xE5]", "[\"\": 1]", "[,1]", "[1,,2]", "[\"x\",,]", "[\"x\"]]", "[\"x\",]",
    "[\"x\"", "[3[4]]", "[1:2]", "[,]", "[-]", "[   , \"\"]", "[\"a\",\n4\n,1,", "[1,]", "[*]",
    "[\"\"", "[\"\",", "[{}",
    "[\"\x0B"
    "a\"\\f]",
    "[\f]", "[\xC2\xA0]", "[\xE2\x81\xA0]", "[\xEF\xBB\xBF]",
    // objects
    "{\"x\", null}", "{[: \"x\"}", "{\"x\"::\"b\"}", "{\"a\":\"a\" 123}", "{key: 'value'}",
    "{\"a\" b}", "{:\"b\"}", "{\"a\"", "{1:1}", "{9999E9999:1}", "{null:null,null:null}",
    "{\"id\":0,,,,,}", "{'a':0}", "{\"id\":0,}", "{\"a\":\"b\"}/**/", "{\"a\":\"b\"}//",
    "{\"a\":/*c*/\"b\"}", "{\"a\":\"b\",,\"c\":\"d\"}", "{a: \"b\"}", "{\"a\":\"a",
    "{ \"foo\" : ", "{\"a\" : \"b\" \"c\"}", "{\"a\":true} \"x\"", "{\"asd\":\"asd\"", "{]", "[}",
    "{\"a\":1]",
    // numbers
    "++1234", "+1", "+Inf", "-01", "-1.0.", "-2.", "-NaN", ".-1", ".2e-3", "0.1.2", "0.3e+", "0.3e",
    "0.e1", "0E", "0E+", "0e", "1.0e+", "1.0e-", "1.0e", "1 000.0", "1eE2", "2.e+3", "2.e-3",
    "9.e+", "Inf", "NaN", "\xEF\xBC\x91", "1+2", "0x1", "0x42", "Infinity", "0e+-1", "-123.123foo",
    "123e3\xE5", "-Infinity", "-foo", "- 1", "-012", "-.123", "-1x", "1ea", "1e\xE5", "1.", ".123",
    "1.2a-3", "1.8011670033376514H-308", "012", "01", "--1", "1_000", "1e1.0", "1-1",
    // texts
    "[\"\\uD800\\\"]", "[\"\\uD800\\u\"]", "[\"\\uD800\\u1\"]", "[\"\\uD800\\u1x\"]", "[\\u00e9]",
    "[\"\\", "[\"\\x00\"]", "[\"\\\\\\\"]", "[\"\\\t\"]", "[\"\\\xF0\x9F\x8C\x80\"]", "[\"\\\"]",
    "[\"\\u00A\"]", "[\"\\uD834\\uDd\"]", "[\"\\a\"]", "[\"\\uqqqq\"]", "[\"\\\xE5\"]",
    "[\\u0020\"asd\"]", "[\\n]", "\"", "['single quote']", "abc", "[\"new\nline\"]", "[\"\t\"]",
    "\"\\UA66D\"", "\"x", "\"\\uDADA\"", "\"\\uDd1e\\uD834\"", "\"\xED\xA0\x80\"", "\"\xC0\xAF\"",
    "\"\xF8\x87\xBF\xBF\xBF\"", "\"\x81\"", "\"\xE6\x97\xA5\xD1\x88\xFA\"", "\"\xF4\xBF\xBF\xBF\"",
    // words, and what is no JSON at all
    "nul", "tru", "fals", "nulls", "TRUE", "True", "undefined", "<.>", "<null>", "[x", "x]",
    "[\"a\"}", "{}}", "]", "}", "1]x", "/*", "//", "#", "@",
    "\xEF\xBB\xBF"
    "1",
    "\xE2\x81\xA0"
    "1",
    "\\u000A\"\"", "[1]/*", "{\"\":", ""};

std::string SuiteBody(std::string_view value) {
  return std::string(kSuiteFront) + std::string(value) + std::string(kSuiteBack);
}

}  // namespace

TEST_GROUP(JsonSuite){
    static void CutChangesNothing(const std::string& body, const SplitResult& whole){
        for (std::size_t cut = 0; cut <= body.size();
             ++cut){CHECK_TEXT(SplitCut(body, {cut}) == whole, body.c_str());
}
}
}
;

TEST(JsonSuite, WhatMustBeTakenIsTaken) {
  for (const std::string_view value : kMustBeTaken) {
    const std::string body = SuiteBody(value);
    std::string compact;
    CHECK_TEXT(ReferenceJson::IsValue(value, compact), body.c_str());
    const SplitResult whole = SplitInPieces(body);
    CHECK_TEXT(whole.end == BodyEnd::kComplete && whole.skips.empty(), body.c_str());
    CHECK_TEXT(whole.parts.size() == 3, body.c_str());
    CHECK_TEXT(whole.parts[1] == (SplitPart{kListPart, "", compact}), body.c_str());
    CutChangesNothing(body, whole);
    for (std::size_t size = 1; size < body.size(); ++size) {
      const SplitResult part = SplitInPieces(std::string_view(body).substr(0, size));
      CHECK_TEXT(part.end == BodyEnd::kTruncated && part.skips.empty(), body.c_str());
    }
  }
}

TEST(JsonSuite, WhatMustBeRefusedIsRefused) {
  for (const std::string_view value : kMustBeRefused) {
    const std::string body = SuiteBody(value);
    const SplitResult whole = SplitInPieces(body);
    CHECK_TEXT(whole.end != BodyEnd::kComplete || !whole.skips.empty(), body.c_str());
    for (const SplitPart& part : whole.parts) {
      std::string compact;  // a sound beginning may have been handed over: `1` of `1]x`
      CHECK_TEXT(ReferenceJson::IsValue(part.text, compact), body.c_str());
    }
    CutChangesNothing(body, whole);
  }
}
