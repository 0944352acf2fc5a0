// SPDX-License-Identifier: Apache-2.0
#include "agent/navixy/decode_status.hpp"

#include <string>

#include "tests/unit/navixy/decode_fixture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::json::ElementReader;
using depotlink::navixy::ApiStatus;
using depotlink::navixy::DecodeApiStatus;
using depotlink::navixy::DecodeSuccess;
using depotlink::navixy::PartOf;
using depotlink::navixy::ReadFixture;

TEST_GROUP(DecodeStatus) {
  ElementReader reader;
  ApiStatus status;
};

TEST(DecodeStatus, VendorExample) {
  const std::string document = ReadFixture("vendor/error.json");
  bool success = true;
  CHECK(DecodeSuccess(PartOf(document, {"success"}), success));
  CHECK_FALSE(success);
  CHECK(DecodeApiStatus(reader, PartOf(document, {"status"}), status).ok());
  LONGS_EQUAL(1, status.code);
  CHECK(status.description.view() == "Database error");
}

TEST(DecodeStatus, TheDescriptionIsForPeopleOnly) {
  CHECK(DecodeApiStatus(reader, R"({"code":15})", status).ok());
  LONGS_EQUAL(15, status.code);
  CHECK(status.description.empty());
  CHECK(DecodeApiStatus(reader, R"({"code":4,"description":{"x":1}})", status).ok());
  LONGS_EQUAL(4, status.code);
  CHECK(DecodeApiStatus(reader, "{\"code\":4,\"description\":\"a\\nb\xFF\"}", status).ok());
  CHECK(status.description.view() == "a b\xEF\xBF\xBD");
}

TEST(DecodeStatus, WithoutACodeThereIsNoStatus) {
  CHECK(DecodeApiStatus(reader, R"({"code":4,"description":"x"})", status).ok());
  for (const char* text : {"{}", R"({"code":"4"})", R"({"code":-1})", R"({"code":4.5})",
                           R"({"code":2147483648})", R"({"description":"x"})", "null", "4", ""}) {
    CHECK_TEXT(DecodeApiStatus(reader, text, status).code() == Code::kSkip, text);
    LONGS_EQUAL(0, status.code);
    CHECK(status.description.empty());
  }
}

TEST(DecodeStatus, SuccessIsTrueOrFalse) {
  bool success = false;
  CHECK(DecodeSuccess(" true\n", success));
  CHECK(success);
  CHECK(DecodeSuccess("false", success));
  CHECK_FALSE(success);
  for (const char* text : {"", " ", "1", "null", "\"true\"", "TRUE", "true false", "truex"}) {
    CHECK_FALSE_TEXT(DecodeSuccess(text, success), text);
  }
}
