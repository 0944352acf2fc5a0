// SPDX-License-Identifier: Apache-2.0
#include "agent/json/element_reader.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/limits.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::Status;
using depotlink::WallTime;
using depotlink::json::ElementReader;
using depotlink::json::Found;
using depotlink::json::Object;

TEST_GROUP(ElementReader) {
  ElementReader reader;

  Object Read(std::string_view text) {
    const Status status = reader.Parse(text);
    CHECK_TEXT(status.ok(), status.message().c_str());
    return reader.root();
  }
  void Refused(std::string_view text) {
    const Status status = reader.Parse(text);
    CHECK_TEXT(status.code() == Code::kSkip, std::string(text).c_str());
    CHECK_FALSE(status.message().empty());
    bool out = true;
    CHECK(reader.root().GetBool("a", out) == Found::kAbsent);
  }
};

TEST(ElementReader, AbsentAndNullAreTheSame) {
  const Object root = Read(R"({"a":null})");
  std::int64_t number = 7;
  double real = 7;
  bool flag = true;
  std::string_view text = "7";
  WallTime time{7};
  Object object;
  std::size_t count = 7;
  for (const char* name : {"a", "b", ""}) {
    CHECK(root.GetInt(name, 0, 9, number) == Found::kAbsent);
    CHECK(root.GetDouble(name, real) == Found::kAbsent);
    CHECK(root.GetBool(name, flag) == Found::kAbsent);
    CHECK(root.GetText(name, 9, text) == Found::kAbsent);
    CHECK(root.GetScalar(name, 9, text) == Found::kAbsent);
    CHECK(root.GetTime(name, time) == Found::kAbsent);
    CHECK(root.GetBools(name, &flag, 1, count) == Found::kAbsent);
    CHECK(root.GetObject(name, object) == Found::kAbsent);
  }
  LONGS_EQUAL(7, number);
  LONGS_EQUAL(7, count);
  LONGS_EQUAL(0, reader.ignored());
}

TEST(ElementReader, MoreValuesThanArePlannedForAreRefused) {
  const auto with = [](std::size_t values) {  // the object, the list, what is in it
    std::string text = R"({"a":[",[{",0)";
    for (std::size_t i = 4; i < values; ++i) text += ",0";
    return text + "]}";
  };
  static_cast<void>(Read(with(depotlink::limits::kElementValues)));
  Refused(with(depotlink::limits::kElementValues + 1));
}

TEST(ElementReader, ADefaultObjectHasNothing) {
  bool flag = true;
  CHECK(Object().GetBool("a", flag) == Found::kAbsent);
  Object().ForEachName([](std::string_view) { FAIL("a member of nothing"); });
}

TEST(ElementReader, IntsWithinTheirRange) {
  const Object root =
      Read(R"({"a":-5,"f":1.5,"w":2.0,"big":9223372036854775808,"huge":20910998202956382057,)"
           R"("text":"5","flag":true,"max":9223372036854775807,"e":1e2,"vast":1e40})");
  std::int64_t out = 0;
  CHECK(root.GetInt("a", -5, 5, out) == Found::kYes);
  LONGS_EQUAL(-5, out);
  CHECK(root.GetInt("f", 0, 5, out) == Found::kYes);
  LONGS_EQUAL(2, out);
  CHECK(root.GetInt("w", 0, 5, out) == Found::kYes);
  LONGS_EQUAL(2, out);
  CHECK(root.GetInt("max", 0, INT64_MAX, out) == Found::kYes);
  CHECK(out == INT64_MAX);
  CHECK(root.GetInt("e", 0, 100, out) == Found::kYes);
  LONGS_EQUAL(100, out);
  LONGS_EQUAL(0, reader.ignored());
  std::uint32_t wrong = 0;
  for (const char* name : {"big", "huge", "text", "flag", "vast"}) {
    CHECK(root.GetInt(name, INT64_MIN, INT64_MAX, out) == Found::kWrong);
    LONGS_EQUAL(++wrong, reader.ignored());
  }
  CHECK(root.GetInt("a", -4, 5, out) == Found::kWrong);
  CHECK(root.GetInt("a", -9, -6, out) == Found::kWrong);
  LONGS_EQUAL(100, out);
  CHECK(reader.first_ignored() == "big");
}

TEST(ElementReader, IdsAreWholeNumbersOnly) {
  const Object root =
      Read(R"({"ok":9007199254740992,"over":9007199254740993,"zero":0,"minus":-1,"half":1.5,)"
           R"("text":"1","huge":20910998202956382057,"flag":true})");
  std::uint64_t out = 0;
  const std::uint64_t max = std::uint64_t{1} << 53U;
  CHECK(root.GetId("ok", 1, max, out) == Found::kYes);
  CHECK(out == max);
  for (const char* name : {"over", "zero", "minus", "half", "text", "huge", "flag"}) {
    CHECK(root.GetId(name, 1, max, out) == Found::kWrong);
  }
  CHECK(out == max);
}

TEST(ElementReader, DoublesAreFinite) {
  const Object root =
      Read(R"({"a":-78.26290833333333,"i":4,"text":"4","flag":false,"tiny":1e-999})");
  double out = 0;
  CHECK(root.GetDouble("a", out) == Found::kYes);
  DOUBLES_EQUAL(-78.26290833333333, out, 0);
  CHECK(root.GetDouble("i", out) == Found::kYes);
  DOUBLES_EQUAL(4, out, 0);
  CHECK(root.GetDouble("tiny", out) == Found::kYes);
  DOUBLES_EQUAL(0, out, 0);
  CHECK(root.GetDouble("text", out) == Found::kWrong);
  CHECK(root.GetDouble("flag", out) == Found::kWrong);
}

TEST(ElementReader, NumbersPastADoubleBecomeNull) {
  const Object root = Read(R"({"a":1e999,"b":-1e301,"c":1e299,"d":0.1e99999999999999999999})");
  double out = 0;
  CHECK(root.GetDouble("a", out) == Found::kAbsent);
  CHECK(root.GetDouble("b", out) == Found::kAbsent);
  CHECK(root.GetDouble("c", out) == Found::kYes);
  CHECK(root.GetDouble("d", out) == Found::kAbsent);
  LONGS_EQUAL(3, reader.mended());
  Read(R"({"a":)" + std::string(400, '9') + "}");
  LONGS_EQUAL(1, reader.mended());
  Read("{}");
  LONGS_EQUAL(0, reader.mended());
}

TEST(ElementReader, TextsAreBounded) {
  const Object root = Read(R"({"a":"four","n":4,"u":"\u0413\ud83d\ude9a\u0000"})");
  std::string_view out;
  CHECK(root.GetText("a", 4, out) == Found::kYes);
  CHECK(out == "four");
  CHECK(root.GetText("a", 3, out) == Found::kWrong);
  CHECK(root.GetText("n", 9, out) == Found::kWrong);
  CHECK(root.GetText("u", 9, out) == Found::kYes);
  CHECK(out == std::string_view("\xD0\x93\xF0\x9F\x9A\x9A\0", 7));
}

TEST(ElementReader, ScalarsKeepTheDigitsThatWereSent) {
  const Object root = Read(
      "{ \"pad\" : \"\xD0\x93\" , \"huge\" : 20910998202956382057 , \"r\":1.50,\"e\":-1E+2,"
      R"("t":"20910998202956382057","b":true,"n":false,"o":{},"l":[1],"long":123456})");
  std::string_view out;
  const auto reads = [&](const char* name, std::string_view wanted) {
    CHECK(root.GetScalar(name, 20, out) == Found::kYes);
    CHECK_TEXT(out == wanted, name);
  };
  reads("huge", "20910998202956382057");
  reads("t", "20910998202956382057");
  reads("r", "1.50");
  reads("e", "-1E+2");
  reads("b", "true");
  reads("n", "false");
  CHECK(root.GetScalar("o", 20, out) == Found::kWrong);
  CHECK(root.GetScalar("l", 20, out) == Found::kWrong);
  CHECK(root.GetScalar("long", 5, out) == Found::kWrong);
}

TEST(ElementReader, PlacesHoldAfterMending) {
  const Object root = Read(R"({"a":"\ud83d","b":1e999,"c":12345678901234567890123})");
  std::string_view out;
  CHECK(root.GetScalar("c", 30, out) == Found::kYes);
  CHECK(out == "12345678901234567890123");
  CHECK(root.GetScalar("b", 30, out) == Found::kAbsent);
}

TEST(ElementReader, HalvesOfSurrogatePairsAreMended) {
  const Object root =
      Read(R"({"a":"x\ud83d","b":"\ude9ay","c":"\uD83D\uDE9A","d":"\ud83d\ud83d\ude9a"})");
  std::string_view out;
  CHECK(root.GetText("a", 9, out) == Found::kYes);
  CHECK(out == "x\xEF\xBF\xBD");
  CHECK(root.GetText("b", 9, out) == Found::kYes);
  CHECK(out == "\xEF\xBF\xBDy");
  CHECK(root.GetText("c", 9, out) == Found::kYes);
  CHECK(out == "\xF0\x9F\x9A\x9A");
  CHECK(root.GetText("d", 9, out) == Found::kYes);
  CHECK(out == "\xEF\xBF\xBD\xF0\x9F\x9A\x9A");
  LONGS_EQUAL(3, reader.mended());
}

TEST(ElementReader, TimesNeedAZone) {
  const Object root = Read(
      R"({"z":"2024-08-01T13:45:18Z","o":"2024-08-01T16:45:18+03:00",)"
      R"("c":"2024-08-01T08:45:18-0500",)"
      R"("local":"2024-08-01 13:45:18","t":"2024-08-01T13:45:18","bad":"2024-13-01T00:00:00Z",)"
      R"("n":1722519918,"date":"2024-08-01","odd":"2024-08-01X13:45:18"})");
  for (const char* name : {"z", "o", "c"}) {
    WallTime time;
    CHECK(root.GetTime(name, time) == Found::kYes);
    CHECK(time.ms == 1722519918000);
  }
  WallTime time{7};
  CHECK(root.GetTime("local", time) == Found::kNoZone);
  CHECK(root.GetTime("t", time) == Found::kNoZone);
  LONGS_EQUAL(2, reader.ignored());
  CHECK(root.GetTime("bad", time) == Found::kWrong);
  CHECK(root.GetTime("n", time) == Found::kWrong);
  CHECK(root.GetTime("date", time) == Found::kWrong);
  CHECK(root.GetTime("odd", time) == Found::kWrong);
  LONGS_EQUAL(6, reader.ignored());
  CHECK(time.ms == 7);
}

TEST(ElementReader, BoolListsAreAllOrNothing) {
  const Object root =
      Read(R"({"a":[true,false,true],"e":[],"m":[true,1],"n":[true,null],"t":"x"})");
  bool out[2] = {false, true};
  std::size_t count = 0;
  CHECK(root.GetBools("a", out, 2, count) == Found::kYes);
  LONGS_EQUAL(3, count);
  CHECK(out[0]);
  CHECK_FALSE(out[1]);
  CHECK(root.GetBools("m", out, 2, count) == Found::kWrong);
  CHECK(root.GetBools("n", out, 2, count) == Found::kWrong);
  CHECK(root.GetBools("t", out, 2, count) == Found::kWrong);
  LONGS_EQUAL(3, count);
  CHECK(root.GetBools("e", out, 2, count) == Found::kYes);
  LONGS_EQUAL(0, count);
}

TEST(ElementReader, NamesComeSortedByTheirBytes) {
  const Object root = Read(R"({"b":1,"":2,"a":3,"B":4,"aa":5,"\u0000":6})");
  std::string names;
  root.ForEachName([&](std::string_view name) {
    names.append(name);
    names += '|';
  });
  CHECK(names == std::string("|\0|B|a|aa|b|", 12));
}

TEST(ElementReader, StrictJsonOnly) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "}",
                           "[]",
                           "1",
                           "\"a\"",
                           "null",
                           "true",
                           "{}{}",
                           "{} x",
                           "{}]",
                           "{a:1}",
                           "{'a':1}",
                           "{\"a\":1,}",
                           "{,}",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1 \"b\":2}",
                           "{1:2}",
                           "{\"a\":[1,]}",
                           "{\"a\":[,1]}",
                           "{\"a\":[1,,2]}",
                           "{\"a\":1]",
                           "{\"a\":tru}",
                           "{\"a\":NaN}",
                           "{\"a\":Infinity}",
                           "{\"a\":-Infinity}",
                           "{\"a\":nan}",
                           "{\"a\":truefalse}",
                           "{\"a\":truenull}",
                           "{\"a\":.5}",
                           "{\"a\":+1}",
                           "{\"a\":01}",
                           "{\"a\":-}",
                           "{\"a\":1.}",
                           "{\"a\":1.e1}",
                           "{\"a\":1e}",
                           "{\"a\":1e+}",
                           "{\"a\":-01}",
                           "{\"a\":0x1}",
                           "{\"a\":1-2}",
                           "{\"a\":\"\\q\"}",
                           "{\"a\":\"\\u12\"}",
                           "{\"a\":\"\\u12g4\"}",
                           "{\"a\":\"\\",
                           "{\"a\":\"x",
                           "{\"a\":\"\n\"}",
                           "{\"a\":\"\t\"}",
                           "{/**/\"a\":1}",
                           "{\"a\":1}//",
                           "//\n{}",
                           "{\"a\":/*x*/1}",
                           "\xEF\xBB\xBF{}",
                           "{\xC2\xA0}",
                           "{\"a\":1;}"}) {
    Refused(text);
  }
  Refused(std::string_view("{}\0", 3));
  Refused(std::string_view("{}\0{", 4));
  Refused(std::string_view("{\"a\":\"\0\"}", 9));
}

TEST(ElementReader, AKeyTwiceIsRefused) {
  Refused(R"({"a":1,"a":2})");
  Refused(R"({"a":1,"\u0061":2})");
  Refused(R"({"x":{"a":null,"a":null}})");
  Read(R"({"x":{"a":1},"y":{"a":1}})");
}

TEST(ElementReader, DepthIsBounded) {
  const auto nested = [](std::size_t depth, char open, char close) {
    return "{\"a\":" + std::string(depth - 1, open) + std::string(depth - 1, close) + "}";
  };
  Read(nested(depotlink::limits::kJsonDepth, '[', ']'));
  Refused(nested(depotlink::limits::kJsonDepth + 1, '[', ']'));
  Refused(nested(8000, '[', ']'));
  Refused(std::string(16000, '['));
  std::string objects;
  for (int i = 0; i < 2000; ++i) objects += "{\"a\":";
  Refused(objects);
}

TEST(ElementReader, LengthIsBounded) {
  const std::size_t most = depotlink::limits::kElementBytes;
  Read("{\"a\":\"" + std::string(most - 8, 'x') + "\"}");
  Refused("{\"a\":\"" + std::string(most - 7, 'x') + "\"}");
}

TEST(ElementReader, IllFormedUtf8IsHandedOnForTheCallerToClean) {
  const Object root = Read("{\"a\":\"x\xFFy\"}");
  std::string_view out;
  CHECK(root.GetText("a", 9, out) == Found::kYes);
  CHECK(out == "x\xFFy");
}

TEST(ElementReader, IsReusedAfterFailuresAndClears) {
  bool flag = false;
  for (int i = 0; i < 3; ++i) {
    Refused("{\"a\":[}");
    const Object root = Read(R"({"a":true,"b":"x"})");
    CHECK(root.GetBool("a", flag) == Found::kYes);
    CHECK(root.GetBool("b", flag) == Found::kWrong);
    LONGS_EQUAL(1, reader.ignored());
    reader.Clear();
    LONGS_EQUAL(1, reader.ignored());
    CHECK(reader.root().GetBool("a", flag) == Found::kAbsent);
  }
}

TEST(ElementReader, EveryCutAndEveryBitFlipIsSurvived) {
  const std::string sound = R"({"gps":{"lat":-1.5e1,"t":"\u00e9\ud83d\ude9a"},)"
                            R"("in":[true,null],"n":20910998202956382057})";
  for (std::size_t i = 0; i < sound.size(); ++i) Refused(sound.substr(0, i));
  for (std::size_t i = 0; i < sound.size() * 8; ++i) {
    std::string flipped = sound;
    flipped[i / 8] =
        static_cast<char>(static_cast<unsigned char>(flipped[i / 8]) ^ (1U << (i % 8)));
    const Status status = reader.Parse(flipped);
    Object gps;
    double lat = 0;
    std::string_view text;
    if (!status.ok() || reader.root().GetObject("gps", gps) != Found::kYes) continue;
    (void)gps.GetDouble("lat", lat);
    (void)gps.GetText("t", 99, text);
    (void)reader.root().GetScalar("n", 99, text);
  }
}
