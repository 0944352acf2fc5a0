// SPDX-License-Identifier: Apache-2.0
#include "agent/navixy/readable.hpp"

#include <string>

#include "agent/navixy/endpoints.hpp"

#include "CppUTest/TestHarness.h"

using namespace depotlink::navixy;

namespace {

bool HasEnding(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool ReadsByItsName(std::string_view path) {
  const std::string_view last = path.substr(path.rfind('/') + 1);
  return last == "list" || last == "batch_list" || last == "read" || last == "count" ||
         last.substr(0, 4) == "get_" || HasEnding(path, "value/get");
}

}  // namespace

TEST_GROUP(Readable){};

TEST(Readable, EachRowOnlyReadsAndStandsOnce) {
  std::string_view last;
  CHECK(AllReadable().count >= 40);
  for (const Readable& row : AllReadable()) {
    const std::string path(row.path);
    CHECK_TEXT(last < row.path, path.c_str());
    CHECK_TEXT(ReadsByItsName(row.path), path.c_str());
    CHECK_TEXT(path.find("mark") == std::string::npos, path.c_str());
    CHECK_TEXT(WhyWithheld(row.path).empty(), path.c_str());
    CHECK_TEXT(!row.paged || row.answers == Answers::kList, path.c_str());
    last = row.path;
  }
}

TEST(Readable, PermissionsAreOfThePanelAlone) {
  for (const Readable& row : AllReadable()) {
    const std::string path(row.path);
    LONGS_EQUAL_TEXT(row.category.empty(), row.operation.empty(), path.c_str());
    if (!row.category.empty()) CHECK_TEXT(ApiOf(row.path) == Api::kPanel, path.c_str());
  }
  CHECK(FindReadable("panel/user/list")->category == "users");
  CHECK(FindReadable("panel/tariff/list")->operation == "read");
}

TEST(Readable, IsFoundByItsWholePathOnly) {
  CHECK(FindReadable("retranslator/list") != nullptr);
  for (const char* path : {"", "retranslator", "retranslator/list/", "/retranslator/list",
                           "retranslator/lis", "retranslator/delete", "zzz", "RETRANSLATOR/LIST"}) {
    POINTERS_EQUAL(nullptr, FindReadable(path));
  }
}

TEST(Readable, WhatAnswersSecretsIsWithheldByName) {
  for (const char* path :
       {"api/key/list", "tracker/location/link/list", "user/session/delivery/read",
        "apn_settings/read", "panel/dealer/activation_code/list"}) {
    CHECK_TEXT(!WhyWithheld(path).empty(), path);
    POINTERS_EQUAL(nullptr, FindReadable(path));
  }
  CHECK(WhyWithheld("zebra/list").empty());
}
