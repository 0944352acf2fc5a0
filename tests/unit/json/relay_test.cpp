// SPDX-License-Identifier: Apache-2.0
#include "agent/json/relay.hpp"

#include <string>

#include "agent/json/element_reader.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::json::IsSecretName;

namespace {

std::string Relayed(const std::string& text, std::size_t capacity = 4096) {
  std::string out(capacity, '#');
  out.resize(depotlink::json::Relay(text, out.data(), capacity));
  return out;
}

void StaysAsItIs(const char* text) {
  STRCMP_EQUAL(text, Relayed(text).c_str());
}

void Becomes(const char* expected, const char* text) {
  STRCMP_EQUAL(expected, Relayed(text).c_str());
}

}  // namespace

TEST_GROUP(Relay){};

TEST(Relay, SoundJsonStaysAsItIs) {
  StaysAsItIs(
      R"({"id":1,"name":"Süd \"B\" \\ \/ é","on":true,"off":false,"none":null,"a":[],"o":{}})");
  StaysAsItIs(R"([1,-2,0.5,-0.25,1e3,1.5E-7,[[{"a":[{}]}]]])");
  for (const char* text : {"true", "null", "42.0", "\"text\"", "{}", "[]", "\"\""}) {
    StaysAsItIs(text);
  }
}

TEST(Relay, NumbersThatADoubleDoesNotHoldBecomeText) {
  Becomes(R"([9007199254740992,"9007199254740993",-9007199254740992,"-9007199254740993"])",
          "[9007199254740992,9007199254740993,-9007199254740992,-9007199254740993]");
  Becomes(R"(["12345678901234567890","1e300","1234567890123456.5","1e9999999999",1e14,"1e15"])",
          "[12345678901234567890,1e300,1234567890123456.5,1e9999999999,1e14,1e15]");
}

TEST(Relay, WhatActsOnATerminalOrEndsATextIsDisarmed) {
  Becomes(R"({"a":"x\u202ey","\u2028":"\u007f"})",
          "{\"a\":\"x\xE2\x80\xAEy\",\"\xE2\x80\xA8\":\"\x7f\"}");
  Becomes(R"(["a\ufffdb","\\u0000","\u001b"])", R"(["a\u0000b","\\u0000","\u001b"])");
}

TEST(Relay, SecretsAreLeftOutWhereverTheyStand) {
  Becomes(R"({"id":1,"login":"l"})", R"({"id":1,"login":"l","password":"p"})");
  Becomes(R"({"id":1})", R"({"password":"p","id":1})");
  Becomes(R"({})", R"({"apn_password":{"a":[1,{"b":2}]}})");
  Becomes(R"([{"a":{"b":1}}])", R"([{"a":{"sessionHash":["x"],"b":1,"API-KEY":5}}])");
  StaysAsItIs(R"({"has_password":true,"password":null,"hash":false})");
  Becomes(R"({"b":1})", R"({"pass\u0077ord":"p","b":1})");
}

TEST(Relay, SecretNamesAreKnownByTheirEnd) {
  for (const char* name :
       {"password", "PASSWORD", "apn_password", "sms-passwd", "hash", "user_hash", "accessToken",
        "client_secret", "api_key", "apikey", "pin_code"}) {
    CHECK_TEXT(IsSecretName(name), name);
  }
  for (const char* name :
       {"id", "", "hardware_key", "key", "hashes", "tokens", "passwords", "pin"}) {
    CHECK_FALSE_TEXT(IsSecretName(name), name);
  }
  CHECK(IsSecretName(std::string(500, 'x') + "_password"));
  CHECK(IsSecretName("password" + std::string(500, '_')));
}

TEST(Relay, WhatDoesNotFitIsNotWritten) {
  const std::string text = R"({"a":"12345","b":[1,2,9007199254740993]})";
  const std::size_t whole = Relayed(text).size();
  LONGS_EQUAL(text.size() + 2, whole);
  for (std::size_t capacity = 0; capacity < whole; ++capacity) {
    LONGS_EQUAL(0, Relayed(text, capacity).size());
  }
}

// The splitter refuses these before; a memory fault would be worse than a lost element.
TEST(Relay, UnsoundTextIsRefusedNotReadOver) {
  for (const char* text : {"", "{", "[", "\"", "{\"a\"", "{\"a\":", "{\"a\":1", "[1", "[1,", "\"\\",
                           "{a:1}", "{\"a\" 1}", "}", "1 2", "[1}", "{\"password\":\"x"}) {
    LONGS_EQUAL_TEXT(0, Relayed(text).size(), text);
  }
  LONGS_EQUAL(0, Relayed(std::string(100, '[') + std::string(100, ']')).size());
}
