// SPDX-License-Identifier: Apache-2.0
#include "agent/json/element_splitter.hpp"

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fakes/reference_json.hpp"
#include "tests/fakes/split_capture.hpp"
#include "tests/unit/stride.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Stride;
using depotlink::fakes::kListAndStates;
using depotlink::fakes::kListPart;
using depotlink::fakes::kStatesPart;
using depotlink::fakes::ReferenceJson;
using depotlink::fakes::SplitCapture;
using depotlink::fakes::SplitCut;
using depotlink::fakes::SplitInPieces;
using depotlink::fakes::SplitPart;
using depotlink::fakes::SplitResult;
using depotlink::json::BodyEnd;
using depotlink::json::ElementSplitter;
using depotlink::json::SkipReason;
using depotlink::json::SplitHandler;

namespace {

constexpr std::size_t kTop = SplitHandler::kTopLevel;
constexpr std::size_t kMost = depotlink::limits::kElementBytes;

// Whatever it reads, this is what it takes.
static_assert(sizeof(ElementSplitter) <= kMost + 1024, "a body is split in constant memory");

const char* const kFixtures[] = {"vendor/error.json",
                                 "vendor/tracker_get_state.json",
                                 "vendor/tracker_get_states.json",
                                 "vendor/tracker_group_list.json",
                                 "vendor/tracker_list.json",
                                 "vendor/tracker_object.json",
                                 "vendor/tracker_read.json",
                                 "iso/tracker_get_state.json",
                                 "iso/tracker_get_states.json"};

std::string ReadFixture(const char* name) {
  std::ifstream file(std::string(DEPOTLINK_FIXTURES) + "/" + name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_GROUP(ElementSplitter){
    // `text` is split without a fault, however it is cut, into `parts`.
    static void Gives(const std::string& text, const std::vector<SplitPart>& parts){
        const SplitResult result = SplitInPieces(text);
CHECK_TEXT(result.end == BodyEnd::kComplete, result.fault.c_str());
CHECK_TEXT(result.parts == parts, text.c_str());
LONGS_EQUAL(0, result.skips.size());
SameInPieces(text, result);
}
static void SameInPieces(const std::string& text, const SplitResult& whole) {
  for (const std::size_t piece : {1U, 2U, 3U, 7U}) CHECK(whole == SplitInPieces(text, piece));
}
}
;

TEST(ElementSplitter, EveryFixtureInEveryWayOfCuttingItInTwo) {
  for (const char* name : kFixtures) {
    const std::string text = ReadFixture(name);
    CHECK_FALSE_TEXT(text.empty(), name);
    std::vector<SplitPart> wanted;
    CHECK_TEXT(ReferenceJson::Split(text, kListAndStates, 2, wanted), name);
    Gives(text, wanted);
    for (std::size_t cut = 0; cut <= text.size(); cut += Stride()) {
      const SplitResult result = SplitCut(text, {cut});
      if (result.end != BodyEnd::kComplete || !(result.parts == wanted)) FAIL(name);
    }
  }
}

TEST(ElementSplitter, WhatIsKnownIsNotReadAgainAndChangesNothing) {
  const std::string text =
      R"({"list":[{"a":1}],"states":{"7":{"a":[1,{"b":"}"}]},"8":{"a":1}, "9" : {"a":1} ,)"
      R"("10":{"a":1,"c":{}},"11":{"a":2},"12":5},"x":{"a":1}})";
  const SplitResult whole = SplitInPieces(text);
  CHECK(whole.end == BodyEnd::kComplete);
  for (std::size_t piece = 0; piece <= text.size(); ++piece) {
    CHECK(whole == SplitInPieces(text, piece, whole.parts));
  }
  SplitCapture capture;
  capture.known = {{kStatesPart, "7", R"({"a":[1,{"b":"}"}]})"},
                   {kStatesPart, "10", R"({"a":1})"},   // it is longer now
                   {kStatesPart, "11", R"({"a":1})"},   // it says something else
                   {kStatesPart, "12", R"({"a":1})"}};  // no object any more
  ElementSplitter splitter;
  splitter.Begin(kListAndStates, 2, capture);
  LONGS_EQUAL(text.size(), splitter.Feed(text));
  LONGS_EQUAL(1, capture.taken_known);
  CHECK(capture.parts == whole.parts);
}

TEST(ElementSplitter, BehindWhatIsKnownTheBodyIsReadAsStrictly) {
  const std::vector<SplitPart> known = {{kStatesPart, "7", "{}"}};
  for (const char* text :
       {R"({"states":{"7":{}}})", R"({"states":{"7":{} }})", R"({"states":{"7":{}}{}})",
        R"({"states":{"7":{}"8":1}})", R"({"states":{"7":{}]})", R"({"states":{"7":{})"}) {
    CHECK_TEXT(SplitInPieces(text) == SplitInPieces(text, 0, known), text);
  }
}

TEST(ElementSplitter, WhatIsKnownCanStopAsWell) {
  const std::string text = R"({"states":{"7":{"a":1},"8":{"a":2}}})";
  SplitCapture capture;
  capture.known = {{kStatesPart, "7", R"({"a":1})"}};
  capture.stop_after_each = true;
  ElementSplitter splitter;
  splitter.Begin(kListAndStates, 2, capture);
  const std::size_t first = splitter.Feed(text);
  STRCMP_EQUAL(R"(,"8":{"a":2}}})", text.substr(first).c_str());
  const std::size_t second = splitter.Feed(std::string_view(text).substr(first));
  STRCMP_EQUAL("}}", text.substr(first + second).c_str());
}

// Its name may be cut: it is not the member that was known.
TEST(ElementSplitter, AMemberThatIsSkippedIsNotAskedFor) {
  const std::string key(depotlink::limits::kKeyBytes + 1, '7');
  const std::string text = R"({"states":{")" + key + R"(":{"a":1}}})";
  SplitCapture capture;
  capture.known = {{kStatesPart, key.substr(1), R"({"a":1})"}};
  ElementSplitter splitter;
  splitter.Begin(kListAndStates, 2, capture);
  splitter.Feed(text);
  LONGS_EQUAL(0, capture.taken_known);
  LONGS_EQUAL(1, capture.skips.size());
}

TEST(ElementSplitter, TheVendorsStatesHaveWhatTheySay) {
  const SplitResult result = SplitInPieces(ReadFixture("vendor/tracker_get_states.json"));
  LONGS_EQUAL(5, result.parts.size());
  CHECK(result.parts[0] == (SplitPart{kTop, "user_time", "\"2024-08-01 13:45:23\""}));
  LONGS_EQUAL(kStatesPart, result.parts[1].container);
  STRCMP_EQUAL("1234567", result.parts[1].key.c_str());
  STRCMP_CONTAINS("{\"source_id\":227676,\"gps\":{\"updated\":\"2024-08-01 13:45:18\",",
                  result.parts[1].text.c_str());
  CHECK(result.parts[2] == (SplitPart{kTop, "blocked", "[888999]"}));
  CHECK(result.parts[3] == (SplitPart{kTop, "not_exist", "[111333]"}));
  CHECK(result.parts[4] == (SplitPart{kTop, "success", "true"}));
}

TEST(ElementSplitter, AnEmptyObject) {
  Gives("{}", {});
  Gives(" \t\r\n{ \n } \n", {});
}

TEST(ElementSplitter, ValuesAtTheTopStayWhole) {
  Gives(R"({"a":1,"b":"x","c":true,"d":false,"e":null,"f":-1.5e+3,"g":[1,{"h":2}],"i":{}})",
        {{kTop, "a", "1"},
         {kTop, "b", "\"x\""},
         {kTop, "c", "true"},
         {kTop, "d", "false"},
         {kTop, "e", "null"},
         {kTop, "f", "-1.5e+3"},
         {kTop, "g", R"([1,{"h":2}])"},
         {kTop, "i", "{}"}});
}

TEST(ElementSplitter, MembersOfTheContainersComeOneByOne) {
  Gives(R"({"list":[1,"two",[3],{"four":4},null],"ok":true,"states":{"7":{"a":1},"8":null}})",
        {{kListPart, "", "1"},
         {kListPart, "", "\"two\""},
         {kListPart, "", "[3]"},
         {kListPart, "", R"({"four":4})"},
         {kListPart, "", "null"},
         {kTop, "ok", "true"},
         {kStatesPart, "7", R"({"a":1})"},
         {kStatesPart, "8", "null"}});
}

TEST(ElementSplitter, WhiteSpaceBetweenTokensGoesWhiteSpaceInTextStays) {
  Gives("{ \"list\" :\n[ {\t\"a b\" : [ 1 , 2 ] ,\r\n\"c\" : \" d  e \" } , 5 ] }",
        {{kListPart, "", R"({"a b":[1,2],"c":" d  e "})"}, {kListPart, "", "5"}});
}

TEST(ElementSplitter, EmptyContainersGiveNothing) {
  Gives(R"({"list":[],"states":{},"success":true})", {{kTop, "success", "true"}});
  Gives(R"({"list":[ ],"states":{ }})", {});
}

TEST(ElementSplitter, EmptyElements) {
  Gives(R"({"list":[{},[],""],"states":{"":{}}})", {{kListPart, "", "{}"},
                                                    {kListPart, "", "[]"},
                                                    {kListPart, "", "\"\""},
                                                    {kStatesPart, "", "{}"}});
}

TEST(ElementSplitter, AContainerOfAnotherTypeIsAValue) {
  Gives(R"({"list":null,"states":5})", {{kTop, "list", "null"}, {kTop, "states", "5"}});
  Gives(R"({"list":"x","states":true})", {{kTop, "list", "\"x\""}, {kTop, "states", "true"}});
}

TEST(ElementSplitter, AnArrayForAnObjectAndTheOtherWayRound) {
  Gives(R"({"list":{"a":1},"states":[2]})", {{kListPart, "a", "1"}, {kStatesPart, "", "2"}});
}

TEST(ElementSplitter, SaysWhichContainersWereThere) {
  const struct {
    const char* body;
    bool list;
    bool states;
  } rows[] = {{"{}", false, false},
              {R"({"list":[]})", true, false},
              {R"({"states":{}})", false, true},
              {R"({"list":{},"states":[1]})", true, true},
              {R"({"list":null,"states":5})", false, false},
              {R"({"x":{"list":[1]},"y":[{"states":{}}]})", false, false},
              {"{\"li\xFFst\":[]}", false, false}};
  const auto splitter = std::make_unique<ElementSplitter>();
  for (const auto& row : rows) {
    SplitCapture capture;
    splitter->Begin(kListAndStates, 2, capture);
    splitter->Feed(row.body);
    CHECK_EQUAL_TEXT(row.list, splitter->has_container(kListPart), row.body);
    CHECK_EQUAL_TEXT(row.states, splitter->has_container(kStatesPart), row.body);
  }
}

TEST(ElementSplitter, AContainersNameFurtherDownMeansNothing) {
  Gives(R"({"x":{"list":[1,2]},"list":[{"list":[3]}],"states":{"list":[4]}})",
        {{kTop, "x", R"({"list":[1,2]})"},
         {kListPart, "", R"({"list":[3]})"},
         {kStatesPart, "list", "[4]"}});
}

TEST(ElementSplitter, KeysAreDecoded) {
  Gives(R"({"\u0073tates":{"\u00e9\ud83d\ude9a\n":1,"a\"b\\c\/d":2},"x\u0041":3})",
        {{kStatesPart, "\xC3\xA9\xF0\x9F\x9A\x9A\n", "1"},
         {kStatesPart, "a\"b\\c/d", "2"},
         {kTop, "xA", "3"}});
}

TEST(ElementSplitter, TextInsideElementsIsLeftAsItCame) {
  Gives(R"({"list":[{"\u0061":"\u00e9\/\ud83d\ude9a"}]})",
        {{kListPart, "", R"({"\u0061":"\u00e9\/\ud83d\ude9a"})"}});
}

TEST(ElementSplitter, ANameTwiceInAContainerIsTheReceiversBusiness) {
  Gives(R"({"states":{"7":1,"7":2}})", {{kStatesPart, "7", "1"}, {kStatesPart, "7", "2"}});
}

TEST(ElementSplitter, StopReturnsHowMuchWasTaken) {
  const std::string text = R"({"list":[ {"a":1} , "b" , 3 , [] ],"states":{"7":{}},"z":1} )";
  const auto splitter = std::make_unique<ElementSplitter>();
  SplitCapture capture;
  capture.stop_after_each = true;
  splitter->Begin(kListAndStates, 2, capture);
  const std::size_t behind[] = {text.find("} , ") + 1, text.find("\"b\"") + 3, text.find(" , []"),
                                text.find("[]") + 2, text.find("{}") + 2};
  std::size_t taken = 0;
  std::size_t count = 0;
  for (const std::size_t wanted : behind) {
    taken += splitter->Feed(std::string_view(text).substr(taken));
    LONGS_EQUAL(++count, capture.parts.size());
    LONGS_EQUAL(wanted, taken);
    LONGS_EQUAL(wanted, splitter->fault_offset());
  }
  taken += splitter->Feed(std::string_view(text).substr(taken));
  LONGS_EQUAL(text.size(), taken);
  CHECK(capture.parts == SplitInPieces(text).parts);
  CHECK(splitter->End() == BodyEnd::kComplete);
}

TEST(ElementSplitter, StopAtAnyCutLosesNothing) {
  const std::string text = R"({"list":[1,22,"x",{"y":[]}],"states":{"7":{"a":1},"8":9}})";
  const std::vector<SplitPart> wanted = SplitInPieces(text).parts;
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const auto splitter = std::make_unique<ElementSplitter>();
    SplitCapture capture;
    capture.stop_after_each = true;
    splitter->Begin(kListAndStates, 2, capture);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t before = capture.parts.size();
      at += splitter->Feed(std::string_view(text).substr(at, piece));
      CHECK(capture.parts.size() <= before + 1);
    }
    CHECK(capture.parts == wanted);
    CHECK(splitter->End() == BodyEnd::kComplete);
  }
}

TEST(ElementSplitter, AnElementOfJustTheBoundIsTakenOneByteMoreIsNot) {
  const std::string longest = '"' + std::string(kMost - 2, 'x') + '"';
  Gives(R"({"list":[1,)" + longest + ",2]}",
        {{kListPart, "", "1"}, {kListPart, "", longest}, {kListPart, "", "2"}});
  const std::string object = R"({"a":[)" + std::string(kMost - 8, '1') + "]}";
  LONGS_EQUAL(kMost, object.size());
  Gives(R"({"states":{"7":)" + object + "}}", {{kStatesPart, "7", object}});

  const std::string too_long = '"' + std::string(kMost - 1, 'x') + '"';
  const std::string text = R"({"list":[1,)" + too_long + R"(,2],"v":)" + too_long + R"(,"w":3})";
  const SplitResult result = SplitInPieces(text);
  CHECK(result.end == BodyEnd::kComplete);
  CHECK(result.parts ==
        (std::vector<SplitPart>{{kListPart, "", "1"}, {kListPart, "", "2"}, {kTop, "w", "3"}}));
  LONGS_EQUAL(2, result.skips.size());
  CHECK(result.skips[0] == (depotlink::fakes::SplitSkip{kListPart, "", SkipReason::kTooLong}));
  CHECK(result.skips[1] == (depotlink::fakes::SplitSkip{kTop, "v", SkipReason::kTooLong}));
  SameInPieces(text, result);
}

TEST(ElementSplitter, WhiteSpaceCountsForNothing) {
  const std::string blanks(2 * kMost, ' ');
  Gives(R"({"list":[)" + blanks + "{" + blanks + R"("a")" + blanks + ":" + blanks + "1" + blanks +
            "}" + blanks + "]}",
        {{kListPart, "", R"({"a":1})"}});
}

TEST(ElementSplitter, BeginForgetsTheBodyBefore) {
  const auto splitter = std::make_unique<ElementSplitter>();
  for (const char* before : {R"({"list":[1,)", R"({"list":[{"a":[[)", R"({"a":"\ud83d)", "{\"a\":-",
                             R"({"list":[1}})", R"({"success":true})", ""}) {
    SplitCapture first;
    splitter->Begin(kListAndStates, 2, first);
    splitter->Feed(before);
    SplitCapture second;
    splitter->Begin(kListAndStates, 2, second);
    splitter->Feed(R"({"success":true,"list":[7]})");
    CHECK(splitter->End() == BodyEnd::kComplete);
    CHECK(second.parts ==
          (std::vector<SplitPart>{{kTop, "success", "true"}, {kListPart, "", "7"}}));
    CHECK(splitter->fault().empty());
  }
}
