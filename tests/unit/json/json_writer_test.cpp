// SPDX-License-Identifier: Apache-2.0
#include "agent/json/json_writer.hpp"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>

#include "CppUTest/TestHarness.h"

using depotlink::WallTime;
using depotlink::json::JsonWriter;

TEST_GROUP(JsonWriter) {
  char buffer[4096];
  JsonWriter writer{buffer, sizeof buffer};

  std::string Written() const {
    return std::string(writer.view());
  }
  std::string OfText(std::string_view text) {
    writer.Reset();
    writer.Text(text);
    return Written();
  }
  std::string OfDouble(double value) {
    writer.Reset();
    writer.Double(value);
    return Written();
  }
};

TEST(JsonWriter, CommasStandBetweenMembersAndItems) {
  writer.BeginObject();
  writer.Key("a").Int(1);
  writer.Key("b").BeginArray();
  writer.Bool(true);
  writer.Null();
  writer.BeginObject();
  writer.EndObject();
  writer.BeginArray();
  writer.EndArray();
  writer.EndArray();
  writer.Key("c").Text("x");
  writer.EndObject();
  CHECK(writer.ok());
  CHECK(Written() == R"({"a":1,"b":[true,null,{},[]],"c":"x"})");
}

TEST(JsonWriter, WhatIsNotCompleteIsNotShown) {
  writer.BeginObject();
  CHECK(writer.view().empty());
  writer.Key("a");
  CHECK(writer.view().empty());
  writer.Int(1);
  CHECK(writer.view().empty());
  writer.EndObject();
  CHECK_FALSE(writer.view().empty());
}

TEST(JsonWriter, EscapesWhatCouldBreakTheTextOrATerminal) {
  CHECK(OfText("\"\\/") == R"("\"\\/")");
  CHECK(OfText("\n\t\x1B\x7F") == R"("\u000a\u0009\u001b\u007f")");
  CHECK(OfText("\xC2\x9B") == R"("\u009b")");
  CHECK(OfText("\xE2\x80\xA8\xE2\x80\xA9") == R"("\u2028\u2029")");
  CHECK(OfText("\xE2\x80\xAE\xE2\x81\xA6") == R"("\u202e\u2066")");
  CHECK(OfText("\xD0\x93 \xF0\x9F\x9A\x9A") == "\"\xD0\x93 \xF0\x9F\x9A\x9A\"");
}

TEST(JsonWriter, NulAndIllFormedTextAreReplaced) {
  CHECK(OfText(std::string_view("a\0b", 3)) == "\"a\xEF\xBF\xBD\x62\"");
  CHECK(OfText("a\xFFz") == "\"a\xEF\xBF\xBDz\"");
  CHECK(OfText("\xE2\x82") == "\"\xEF\xBF\xBD\"");
}

TEST(JsonWriter, KeysAreEscapedLikeTexts) {
  writer.BeginObject();
  writer.Key("a\":\n").Int(1);
  writer.EndObject();
  CHECK(Written() == R"({"a\":\u000a":1})");
}

TEST(JsonWriter, WholeNumbersBeyondADoubleAreText) {
  writer.BeginArray();
  writer.Int(-5);
  writer.Int(9007199254740992);
  writer.Int(-9007199254740992);
  writer.Int(9007199254740993);
  writer.Int(INT64_MIN);
  writer.Uint(9007199254740992U);
  writer.Uint(9007199254740993U);
  writer.Uint(UINT64_MAX);
  writer.EndArray();
  CHECK(Written() ==
        R"([-5,9007199254740992,-9007199254740992,"9007199254740993","-9223372036854775808",)"
        R"(9007199254740992,"9007199254740993","18446744073709551615"])");
}

TEST(JsonWriter, DoublesAreShortestAndWithoutExponent) {
  CHECK(OfDouble(45.0888968) == "45.0888968");
  CHECK(OfDouble(-78.26290833333333) == "-78.26290833333333");
  CHECK(OfDouble(0.1) == "0.1");
  CHECK(OfDouble(10) == "10");
  CHECK(OfDouble(-0.0) == "0");
  CHECK(OfDouble(0.0000001) == "0.0000001");
  CHECK(OfDouble(100000000) == "100000000");
  CHECK(OfDouble(9007199254740992.0) == "9007199254740992");
}

TEST(JsonWriter, DoublesThatReadersWouldChokeOn) {
  CHECK(OfDouble(std::numeric_limits<double>::quiet_NaN()) == "null");
  CHECK(OfDouble(std::numeric_limits<double>::infinity()) == "null");
  CHECK(OfDouble(-std::numeric_limits<double>::infinity()) == "null");
  CHECK(OfDouble(1e300) == "\"1e+300\"");
  const std::string tiny = OfDouble(-std::numeric_limits<double>::denorm_min());
  CHECK(tiny.find('e') == std::string::npos);
  DOUBLES_EQUAL(-std::numeric_limits<double>::denorm_min(), std::strtod(tiny.c_str(), nullptr), 0);
}

TEST(JsonWriter, TimesAreIsoInUtc) {
  writer.BeginArray();
  writer.Time(WallTime{1722519924107}, false);
  writer.Time(WallTime{1722519924107}, true);
  writer.EndArray();
  CHECK(Written() == R"(["2024-08-01T13:45:24Z","2024-08-01T13:45:24.107Z"])");
}

TEST(JsonWriter, EveryShortBufferFailsAndIsNotOverrun) {
  const std::string_view whole = R"({"a":[1,"x\u000a",0.5]})";
  for (std::size_t capacity = 0; capacity <= whole.size(); ++capacity) {
    buffer[capacity] = '#';
    JsonWriter small(buffer, capacity);
    small.BeginObject();
    small.Key("a").BeginArray();
    small.Int(1);
    small.Text("x\n");
    small.Double(0.5);
    small.EndArray();
    small.EndObject();
    CHECK_EQUAL(capacity == whole.size(), small.ok());
    CHECK_EQUAL(capacity == whole.size(), !small.view().empty());
    CHECK(buffer[capacity] == '#');
  }
}

TEST(JsonWriter, NestingIsBounded) {
  for (std::size_t i = 0; i < JsonWriter::kMaxDepth; ++i) writer.BeginArray();
  CHECK(writer.ok());
  writer.BeginArray();
  CHECK_FALSE(writer.ok());
}

TEST(JsonWriter, CallsOutOfOrderLatchAFailure) {
  const auto fails = [this](void (*calls)(JsonWriter&)) {
    writer.Reset();
    calls(writer);
    CHECK_FALSE(writer.ok());
    writer.EndObject();
    CHECK(writer.view().empty());
  };
  fails([](JsonWriter& w) { w.EndObject(); });
  fails([](JsonWriter& w) { w.Key("a"); });
  fails([](JsonWriter& w) { w.Int(1), w.Int(2); });
  fails([](JsonWriter& w) { w.BeginObject(), w.Int(1); });
  fails([](JsonWriter& w) { w.BeginObject(), w.Key("a").Key("b"); });
  fails([](JsonWriter& w) { w.BeginObject(), w.Key("a"), w.EndObject(); });
  fails([](JsonWriter& w) { w.BeginArray(), w.EndObject(); });
  fails([](JsonWriter& w) { w.BeginArray(), w.Key("a"); });
}

TEST(JsonWriter, ResetForgetsAFailure) {
  writer.EndArray();
  CHECK_FALSE(writer.ok());
  writer.Reset();
  writer.BeginArray();
  writer.EndArray();
  CHECK(Written() == "[]");
}
