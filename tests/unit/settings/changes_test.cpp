// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/changes.hpp"

#include <string>
#include <vector>

#include "CppUTest/TestHarness.h"

using depotlink::settings::ChangedKeys;
using Keys = std::vector<std::string>;

TEST_GROUP(Changes){};

TEST(Changes, LayoutAndCommentsAreNone) {
  CHECK(ChangedKeys(R"({"a": 1, "b": {"c": [1, 2], "d": "x"}})",
                    "{ // new\n \"b\": {\"d\": \"x\", \"c\": [1,2,],}, \"a\": 1 }") == Keys());
}

TEST(Changes, OtherValuesNewKeysAndKeysThatWentAre) {
  CHECK(ChangedKeys(R"({"a": 1, "b": {"c": "x", "d": true}, "e": "1"})",
                    R"({"a": 2, "b": {"c": "x", "f": 0}, "e": 1})") ==
        Keys({"a", "b.d", "b.f", "e"}));
}

TEST(Changes, AnArrayIsOneValueWhateverItHolds) {
  CHECK(ChangedKeys(R"({"a": [{"x": {"y": 1}}, 2]})", R"({"a": [{"x": {"y": 3}}, 2]})") ==
        Keys({"a"}));
  CHECK(ChangedKeys(R"({"a": [1]})", R"({"a": []})") == Keys({"a"}));
}

TEST(Changes, OfARepeatedKeyTheLastCounts) {
  CHECK(ChangedKeys(R"({"a": 1})", R"({"a": 7, "a": 1})") == Keys());
  CHECK(ChangedKeys(R"({"a": {"b": 1}})", R"({"a": {"b": 1, "c": 2}, "a": {"b": 1}})") == Keys());
}

TEST(Changes, WhatIsNoJsonHasNoKeys) {
  CHECK(ChangedKeys(R"({"a": 1})", "{") == Keys({"a"}));
  CHECK(ChangedKeys("", "") == Keys());
}
