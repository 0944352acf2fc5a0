// SPDX-License-Identifier: Apache-2.0
// Bodies that are not what they should be: what is bad is left out and told, its neighbours are
// delivered, and where nothing that follows can be trusted, the fault's place is told.
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "agent/json/element_splitter.hpp"
#include "tests/fakes/reference_json.hpp"
#include "tests/fakes/split_capture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::fakes::kListAndStates;
using depotlink::fakes::kListPart;
using depotlink::fakes::kStatesPart;
using depotlink::fakes::ReferenceJson;
using depotlink::fakes::SplitInPieces;
using depotlink::fakes::SplitPart;
using depotlink::fakes::SplitResult;
using depotlink::fakes::SplitSkip;
using depotlink::json::BodyEnd;
using depotlink::json::SkipReason;
using depotlink::json::SplitHandler;

namespace {

constexpr std::size_t kTopPart = SplitHandler::kTopLevel;

std::string Repeat(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_GROUP(HostileBody){
    // `bad` in the midst of a list, and as a member of `states`: it alone is left out.
    static void OnlySkips(const std::string& bad, SkipReason reason){
        const std::string text = R"({"list":[1,)" + bad + R"(,2],"states":{"7":3,"8":)" + bad +
                                 R"(,"9":4},"x":)" + bad + R"(,"success":true})";
const SplitResult result = SplitInPieces(text);
CHECK_TEXT(result.end == BodyEnd::kComplete, result.fault.c_str());
CHECK(result.parts == (std::vector<SplitPart>{{kListPart, "", "1"},
                                              {kListPart, "", "2"},
                                              {kStatesPart, "7", "3"},
                                              {kStatesPart, "9", "4"},
                                              {kTopPart, "success", "true"}}));
CHECK(result.skips ==
      (std::vector<SplitSkip>{
          {kListPart, "", reason}, {kStatesPart, "8", reason}, {kTopPart, "x", reason}}));
for (const std::size_t piece : {1U, 2U, 5U}) CHECK(result == SplitInPieces(text, piece));
}
// `"bad"` as text and as a name, near the surface and further down.
static void IsBadText(const std::string& bad) {
  const std::string quoted = '"' + bad + '"';
  OnlySkips(quoted, SkipReason::kBadText);
  OnlySkips("[" + quoted + "]", SkipReason::kBadText);
  OnlySkips("{" + quoted + ":1}", SkipReason::kBadText);
  OnlySkips("{\"k\":[{\"l\":" + quoted + "}]}", SkipReason::kBadText);
  const SplitResult result =
      SplitInPieces("{\"states\":{\"7\":1," + quoted + ":2,\"9\":3}," + quoted + ":4,\"z\":5}");
  CHECK(result.end == BodyEnd::kComplete);
  CHECK(result.parts ==
        (std::vector<SplitPart>{
            {kStatesPart, "7", "1"}, {kStatesPart, "9", "3"}, {kTopPart, "z", "5"}}));
  LONGS_EQUAL(2, result.skips.size());
  CHECK(result.skips[0].reason == SkipReason::kBadText);
  CHECK(result.skips[1].reason == SkipReason::kBadText);
}
static void IsNotJson(const std::string& text, std::size_t offset) {
  const SplitResult result = SplitInPieces(text);
  CHECK_TEXT(result.end == BodyEnd::kNotJson, text.c_str());
  LONGS_EQUAL_TEXT(offset, result.offset, text.c_str());
  CHECK_FALSE_TEXT(result.fault.empty(), text.c_str());
  // Whether the rest of a piece is given or not makes no difference.
  for (const std::size_t piece : {1U, 2U, 3U}) CHECK(result == SplitInPieces(text, piece));
}
}
;

TEST(HostileBody, IllFormedUtf8) {
  for (const char* bad : {"\x80", "\xC0\xAF", "\xE0\x80\xAF", "\xF0\x80\x80\xAF", "\xED\xA0\x80",
                          "\xED\xA0\xBD\xED\xB2\x9A", "\xF4\x90\x80\x80", "\xFF", "\xC3",
                          "\xE8\xBB", "\xF0\x9F\x9A", "ok\xC3(", "\x9B"}) {
    IsBadText(bad);
  }
}

TEST(HostileBody, RawControlCharacters) {
  for (const char* bad : {"\n", "\r", "\t", "\x01", "\x1B[2J", "\x1F"}) IsBadText(bad);
  IsBadText(std::string(1, '\0'));
}

TEST(HostileBody, BadEscapesAndSurrogates) {
  for (const char* bad : {R"(\a)", R"(\x41)", R"(\u12G4)", R"(\u12)", R"(\ud83d)", R"(\ude9a)",
                          R"(\ude9a\ud83d)", R"(\ud83d\ud83d\ude9a)", R"(\ud83dx)"}) {
    IsBadText(bad);
  }
}

TEST(HostileBody, TooDeep) {
  // The body's object and the list are two levels of the 24.
  const std::string deepest = Repeat("[", 22) + Repeat("]", 22);
  const SplitResult result = SplitInPieces(R"({"list":[1,)" + deepest + ",2]}");
  CHECK(result.parts == (std::vector<SplitPart>{
                            {kListPart, "", "1"}, {kListPart, "", deepest}, {kListPart, "", "2"}}));
  // A value at the top has one level above it.
  OnlySkips(Repeat("[", 24) + Repeat("]", 24), SkipReason::kTooDeep);
  OnlySkips(Repeat("[", 100000) + Repeat("]", 100000), SkipReason::kTooDeep);
  for (const std::size_t depth : {25U, 61U, 62U, 63U, 64U, 65U, 66U, 1000U}) {
    OnlySkips(Repeat("[", depth) + Repeat("]", depth), SkipReason::kTooDeep);
    OnlySkips(Repeat("{\"k\":[", depth / 2) + Repeat("]}", depth / 2), SkipReason::kTooDeep);
    OnlySkips(Repeat("[0,{\"]\":\"}\\\"\",\"k\": ", depth) + "null" + Repeat("} ]", depth),
              SkipReason::kTooDeep);
  }
}

TEST(HostileBody, BackFromTheDepthsTheStructureCountsAgain) {
  const std::string down = "{\"list\":[" + Repeat("[", 63);  // 65 levels
  IsNotJson(down + "?,}]x", down.size() + 4);                // only counted down there
  IsNotJson(down + "]}", down.size() + 1);
  IsNotJson(down + "],]", down.size() + 2);
}

TEST(HostileBody, TooDeepAndCutShort) {
  for (const std::size_t depth : {23U, 24U, 25U, 64U, 65U, 100000U}) {
    const SplitResult result = SplitInPieces(R"({"list":[1,)" + Repeat("[", depth));
    CHECK(result.end == BodyEnd::kTruncated);
    CHECK(result.parts == (std::vector<SplitPart>{{kListPart, "", "1"}}));
    LONGS_EQUAL(0, result.skips.size());
  }
  // One bracket short.
  const SplitResult result =
      SplitInPieces(R"({"list":[1,)" + Repeat("[", 100) + Repeat("]", 99) + "]}");
  CHECK(result.end == BodyEnd::kNotJson);
}

TEST(HostileBody, LongNames) {
  const std::string longest(depotlink::limits::kKeyBytes, 'k');
  const std::string longer = longest + "k";
  const SplitResult result =
      SplitInPieces("{\"states\":{\"" + longest + "\":1,\"" + longer + "\":2,\"9\":3},\"" + longer +
                    "\":4,\"" + longest + "\":5,\"z\":6}");
  CHECK(result.end == BodyEnd::kComplete);
  CHECK(result.parts == (std::vector<SplitPart>{{kStatesPart, longest, "1"},
                                                {kStatesPart, "9", "3"},
                                                {kTopPart, longest, "5"},
                                                {kTopPart, "z", "6"}}));
  CHECK(result.skips == (std::vector<SplitSkip>{{kStatesPart, longest, SkipReason::kKeyTooLong},
                                                {kTopPart, longest, SkipReason::kKeyTooLong}}));
  // Within an element a long name is just text.
  const std::string element = "{\"" + Repeat("n", 1000) + "\":1}";
  CHECK(SplitInPieces("{\"list\":[" + element + "]}").parts ==
        (std::vector<SplitPart>{{kListPart, "", element}}));
}

TEST(HostileBody, ANameForTheSecondTime) {
  const SplitResult result = SplitInPieces(
      R"({"success":true,"list":[1],"success":false,"list":[2],"\u006cist":[3],"states":{"7":4}})");
  CHECK(result.end == BodyEnd::kComplete);
  CHECK(result.parts ==
        (std::vector<SplitPart>{
            {kTopPart, "success", "true"}, {kListPart, "", "1"}, {kStatesPart, "7", "4"}}));
  CHECK(result.skips == (std::vector<SplitSkip>{{kTopPart, "success", SkipReason::kDuplicateKey},
                                                {kTopPart, "list", SkipReason::kDuplicateKey},
                                                {kTopPart, "list", SkipReason::kDuplicateKey}}));
}

TEST(HostileBody, AnUnsoundNameDoesNotTakeTheSoundOnesPlace) {
  const SplitResult result = SplitInPieces("{\"li\xFFst\":[1],\"list\":[2]}");
  CHECK(result.parts == (std::vector<SplitPart>{{kListPart, "", "2"}}));
  LONGS_EQUAL(1, result.skips.size());
  CHECK(result.skips[0].reason == SkipReason::kBadText);
}

TEST(HostileBody, MoreMembersThanAreKeptTrackOf) {
  std::string text = "{";
  for (int i = 0; i < 40; ++i) text += "\"m" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  text += "\"list\":[1]}";
  const SplitResult result = SplitInPieces(text);
  CHECK(result.end == BodyEnd::kComplete);
  LONGS_EQUAL(32, result.parts.size());
  CHECK(result.parts[31] == (SplitPart{kTopPart, "m31", "31"}));
  LONGS_EQUAL(9, result.skips.size());
  for (const SplitSkip& skip : result.skips) CHECK(skip.reason == SkipReason::kTooMany);
}

TEST(HostileBody, WhatIsNoObject) {
  IsNotJson("[]", 0);
  IsNotJson("  null", 2);
  IsNotJson("\"text\"", 0);
  IsNotJson("17", 0);
  IsNotJson("<html><body>502</body></html>", 0);
  IsNotJson("\xEF\xBB\xBF{}", 0);
  IsNotJson("x{}", 0);
  IsNotJson(std::string(1, '\0') + "{}", 0);
}

TEST(HostileBody, WhatFollowsTheEnd) {
  IsNotJson("{}x", 2);
  IsNotJson("{}{}", 2);
  IsNotJson("{} \n,", 4);
  IsNotJson("{}}", 2);
  IsNotJson(std::string("{}\0", 3), 2);
}

TEST(HostileBody, Structure) {
  IsNotJson("{\"a\":1,}", 7);
  IsNotJson("{,\"a\":1}", 1);
  IsNotJson("{\"a\":1,,\"b\":2}", 7);
  IsNotJson("{\"a\" 1}", 5);
  IsNotJson("{\"a\"::1}", 5);
  IsNotJson("{\"a\":}", 5);
  IsNotJson("{\"a\":1 \"b\":2}", 7);
  IsNotJson("{\"a\"}", 4);
  IsNotJson("{a:1}", 1);
  IsNotJson("{'a':1}", 1);
  IsNotJson("{1:1}", 1);
  IsNotJson("{\"a\":'x'}", 5);
  IsNotJson("{\"a\":1]", 6);
  IsNotJson("{\"list\":[1,]}", 11);
  IsNotJson("{\"list\":[,1]}", 9);
  IsNotJson("{\"list\":[1 2]}", 11);
  IsNotJson("{\"list\":[1}", 10);
  IsNotJson("{\"list\":{\"a\":1]", 14);
  IsNotJson("{\"list\":[{\"a\":[1}]}]}", 16);
}

TEST(HostileBody, Comments) {
  IsNotJson("/* c */{}", 0);
  IsNotJson("{/* c */}", 1);
  IsNotJson("{\"a\":/**/1}", 5);
  IsNotJson("{\"a\":1/**/}", 6);
  IsNotJson("{\"list\":[1,//\n2]}", 11);
  IsNotJson("{}//", 2);
  IsNotJson("{\"a\":#\n1}", 5);
}

TEST(HostileBody, Numbers) {
  IsNotJson("{\"a\":+1}", 5);
  IsNotJson("{\"a\":01}", 6);
  IsNotJson("{\"a\":-}", 6);
  IsNotJson("{\"a\":1.}", 7);
  IsNotJson("{\"a\":.5}", 5);
  IsNotJson("{\"a\":1e}", 7);
  IsNotJson("{\"a\":1e+}", 8);
  IsNotJson("{\"a\":0x10}", 6);
  IsNotJson("{\"list\":[1.e5]}", 11);
  IsNotJson("{\"a\":NaN}", 5);
  IsNotJson("{\"a\":Infinity}", 5);
  IsNotJson("{\"a\":-Infinity}", 6);
}

TEST(HostileBody, Words) {
  IsNotJson("{\"a\":tru}", 8);
  IsNotJson("{\"a\":True}", 5);
  IsNotJson("{\"a\":nul l}", 8);
  IsNotJson("{\"a\":truex}", 9);
  IsNotJson("{\"a\":undefined}", 5);
}

TEST(HostileBody, WhatCameBeforeAFaultStays) {
  const SplitResult result = SplitInPieces("{\"list\":[{\"a\":1},2,{\"b\" 3},4]}");
  CHECK(result.end == BodyEnd::kNotJson);
  LONGS_EQUAL(24, result.offset);
  CHECK(result.parts ==
        (std::vector<SplitPart>{{kListPart, "", "{\"a\":1}"}, {kListPart, "", "2"}}));
}

TEST(HostileBody, FeedTakesNothingAfterAFault) {
  const auto splitter = std::make_unique<depotlink::json::ElementSplitter>();
  depotlink::fakes::SplitCapture capture;
  splitter->Begin(kListAndStates, 2, capture);
  LONGS_EQUAL(5, splitter->Feed("{\"a\":?,\"list\":[1]}"));
  CHECK(splitter->failed());
  LONGS_EQUAL(0, splitter->Feed("1,\"list\":[1]}"));
  LONGS_EQUAL(0, capture.parts.size());
  LONGS_EQUAL(5, splitter->fault_offset());
}

TEST(HostileBody, NothingAtAll) {
  for (const char* text : {"", " ", "\r\n\t "}) {
    CHECK(SplitInPieces(text).end == BodyEnd::kEmpty);
    CHECK(SplitInPieces(text, 1).end == BodyEnd::kEmpty);
  }
}

TEST(HostileBody, CutAtEveryByte) {
  for (const char* name : {"tracker_get_states.json", "tracker_list.json", "error.json"}) {
    std::ifstream file(std::string(DEPOTLINK_FIXTURES) + "/vendor/" + name, std::ios::binary);
    std::ostringstream stream;
    stream << file.rdbuf();
    const std::string text = stream.str();
    const std::size_t size = text.rfind('}') + 1;
    CHECK(size > 50);
    const SplitResult whole = SplitInPieces(text);
    std::size_t had = 0;
    for (std::size_t length = 1; length < size; ++length) {
      const SplitResult part = SplitInPieces(text.substr(0, length));
      CHECK(part.end == BodyEnd::kTruncated);
      CHECK(part.parts.size() >= had && part.parts.size() <= whole.parts.size());
      had = part.parts.size();
      for (std::size_t i = 0; i < had; ++i) CHECK(part.parts[i] == whole.parts[i]);
    }
    CHECK(had >= whole.parts.size() - 1);
    CHECK(SplitInPieces(text.substr(0, size)).end == BodyEnd::kComplete);
  }
}
