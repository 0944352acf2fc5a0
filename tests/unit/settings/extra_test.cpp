// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/extra.hpp"

#include <string>

#include "tests/unit/settings/config_text.hpp"

#include "CppUTest/TestHarness.h"

using namespace depotlink;
using namespace depotlink::settings;

namespace {

std::string FaultsOfExtras(const std::string& items) {
  return FaultsOf(WithRest("\"extra\": [" + items + "]"));
}

std::string WithParams(const std::string& params) {
  return FaultsOfExtras(R"({"path": "zone/list", "topic": "z", "params": )" + params + "}");
}

}  // namespace

TEST_GROUP(ExtraSettings){};

TEST(ExtraSettings, AllOfItArrives) {
  const ReadOutcome outcome = ReadSettings(WithRest(
      R"("extra": [{"path": "zone/list", "topic": "a/b", "every": "2h", "params": {"filter": "x",
         "tag_ids": [1, 2]}, "split": true, "retain": false},
        {"path": "tag/list", "topic": "tags"}])"));
  CHECK(outcome.faults.empty());
  LONGS_EQUAL(2, outcome.settings.extra.size());
  const Extra& first = outcome.settings.extra[0];
  STRCMP_EQUAL("zone/list", first.path.c_str());
  STRCMP_EQUAL("a/b", first.topic.c_str());
  STRCMP_EQUAL(R"({"filter":"x","tag_ids":[1,2]})", first.params.c_str());
  CHECK_EQUAL(7200000, first.every_ms);
  CHECK(first.split && !first.retain);
  const Extra& second = outcome.settings.extra[1];
  STRCMP_EQUAL("", second.params.c_str());
  CHECK_EQUAL(3600000, second.every_ms);
  CHECK(!second.split && second.retain);
}

TEST(ExtraSettings, APathThatIsNotInTheTableHasItsNearest) {
  STRCMP_EQUAL(
      "c:4:20: extra[0].path: found \"retranslater/list\"; expected a read-only action of the API "
      "that answers a list or a value; did you mean \"retranslator/list\"?\n",
      FaultsOfExtras(R"({"path": "retranslater/list", "topic": "a"})").c_str());
  STRCMP_CONTAINS("config/README.md names them all",
                  FaultsOfExtras(R"({"path": "xyzzy", "topic": "a"})").c_str());
  for (const char* path : {"tracker/delete", "zone/create", "tracker/command/send"}) {
    STRCMP_CONTAINS(
        "expected a read-only action",
        FaultsOfExtras("{\"path\": \"" + std::string(path) + "\", \"topic\": \"a\"}").c_str());
  }
  STRCMP_CONTAINS("not published: it answers API keys",
                  FaultsOfExtras(R"({"path": "api/key/list", "topic": "a"})").c_str());
}

TEST(ExtraSettings, ThePathPicksTheCredentialWhichMustBeThere) {
  const std::string panel = R"("extra": [{"path": "panel/user/list", "topic": "a"}])";
  STRCMP_CONTAINS(
      "c:4:20: extra[0].path: found \"panel/user/list\", which only the panel's API "
      "answers; add its login",
      FaultsOf(WithRest(panel)).c_str());
  ConfigText config;
  config.api += R"(, "panel": {"login": "1", "password_file": "/p"})";
  config.rest = panel;
  STRCMP_EQUAL("", FaultsOf(config.Text()).c_str());
}

TEST(ExtraSettings, WhatAnActionNeedsMustBeInItsParams) {
  STRCMP_EQUAL(
      "c:4:11: extra[0].params: \"tracker/counter/read\" needs \"tracker_id\", \"type\" in "
      "\"params\"\n",
      FaultsOfExtras(R"({"path": "tracker/counter/read", "topic": "a"})").c_str());
  STRCMP_CONTAINS("needs \"type\" in",
                  FaultsOfExtras(R"({"path": "tracker/counter/read", "topic": "a",
                                     "params": {"tracker_id": 5}})")
                      .c_str());
  STRCMP_EQUAL("", FaultsOfExtras(R"({"path": "tracker/counter/read", "topic": "a",
                                      "params": {"tracker_id": 5, "type": "odometer"}})")
                       .c_str());
}

TEST(ExtraSettings, ParamsHoldNoCredentialAtAnyDepth) {
  for (const char* params :
       {R"({"hash": "hunter2"})", R"({"a": {"b": [{"password": "hunter2"}]}})",
        R"({"filter": "0123456789abcdef0123456789ABCDEF"})",
        R"({"ids": ["0123456789abcdef0123456789abcdef"]})", R"({"api_key": 5})"}) {
    const std::string faults = WithParams(params);
    STRCMP_CONTAINS("extra[0].params: a credential does not belong in this file", faults.c_str());
    CHECK(faults.find("hunter2") == std::string::npos);
    CHECK(faults.find("0123456789abcdef0") == std::string::npos);
  }
  STRCMP_EQUAL("", WithParams(R"({"filter": "0123456789abcdef", "has": 1})").c_str());
}

TEST(ExtraSettings, ParamsAreAnObjectOfABoundedLength) {
  for (const char* params : {"[]", "5", "null", "\"x\"", "true"}) {
    STRCMP_CONTAINS("extra[0].params: found", WithParams(params).c_str());
  }
  STRCMP_CONTAINS("too long; at most 4096 bytes",
                  WithParams("{\"filter\": \"" + std::string(5000, 'x') + "\"}").c_str());
}

TEST(ExtraSettings, EachHasATopicOfItsOwn) {
  const auto two = [](const char* a, const char* b, const char* split) {
    return FaultsOfExtras(R"({"path": "zone/list", "topic": ")" + std::string(a) + "\"" + split +
                          R"(}, {"path": "tag/list", "topic": ")" + b + "\"}");
  };
  STRCMP_CONTAINS("extra[1].topic: the same topic as that of extra[0]", two("a", "a", "").c_str());
  STRCMP_CONTAINS("or one below it", two("a", "a/5", R"(, "split": true)").c_str());
  STRCMP_EQUAL("", two("a", "a/5", "").c_str());
  STRCMP_EQUAL("", two("a", "ab", R"(, "split": true)").c_str());
  for (const char* topic : {"#", "+", "a/+", "/a", "a/", "$SYS", "a b", "a\\u0000"}) {
    STRCMP_CONTAINS("extra[0].topic: found", two(topic, "z", "").c_str());
  }
}

TEST(ExtraSettings, AValueIsNotSplit) {
  STRCMP_CONTAINS(
      "extra[0].split: found true, but \"file/stats/read\" answers one value",
      FaultsOfExtras(R"({"path": "file/stats/read", "topic": "a", "split": true})").c_str());
}

TEST(ExtraSettings, WhatIsMissingOrMisspeltIsToldByItem) {
  STRCMP_EQUAL(
      "c:4:48: extra[1].path: missing; it is the read-only action to ask for, such as "
      "\"retranslator/list\"\n"
      "c:4:49: extra[1].topc: unknown key; did you mean \"extra[].topic\"?\n",
      FaultsOfExtras(R"({"path": "zone/list", "topic": "z"}, {"topc": "a"})").c_str());
  STRCMP_CONTAINS("extra[0]: found a number; expected an object: { ... }",
                  FaultsOfExtras("5").c_str());
  STRCMP_CONTAINS("extra: found an array of 17; expected an array of 0 to 16 items",
                  FaultsOfExtras("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17").c_str());
}
