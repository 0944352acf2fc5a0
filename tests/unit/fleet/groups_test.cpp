// SPDX-License-Identifier: Apache-2.0
#include "agent/fleet/groups.hpp"

#include <string>

#include "CppUTest/TestHarness.h"

using depotlink::fleet::Groups;
using depotlink::model::TrackerGroup;

TEST_GROUP(Groups) {
  Groups groups;

  bool Note(std::uint64_t id, std::string_view title) {
    TrackerGroup group;
    group.id = id;
    group.title.Assign(title);
    return groups.Note(group);
  }
  std::string Title(std::uint64_t id) const {
    return std::string(groups.Title(groups.Number(id)));
  }
};

TEST(Groups, BeginEmpty) {
  LONGS_EQUAL(0, groups.Number(5));
  LONGS_EQUAL(0, groups.Number(0));
  CHECK(groups.Title(0).empty());
  CHECK(groups.Title(1).empty());
  CHECK(groups.Title(65535).empty());
}

TEST(Groups, TitlesByNumber) {
  groups.BeginList();
  CHECK(groups.listing());
  CHECK(Note(5, "five"));
  CHECK(Note(9, "nine"));
  groups.EndList(true);
  CHECK_FALSE(groups.listing());
  CHECK(groups.Number(5) != groups.Number(9));
  STRCMP_EQUAL("five", Title(5).c_str());
  STRCMP_EQUAL("nine", Title(9).c_str());
  STRCMP_EQUAL("", Title(7).c_str());
}

TEST(Groups, ANewTitleKeepsTheNumber) {
  groups.BeginList();
  Note(5, "five");
  Note(9, "nine");
  groups.EndList(true);
  const std::uint16_t number = groups.Number(9);
  groups.BeginList();
  Note(9, "NINE");
  Note(5, "five");
  groups.EndList(true);
  LONGS_EQUAL(number, groups.Number(9));
  STRCMP_EQUAL("NINE", Title(9).c_str());
  LONGS_EQUAL(2, groups.size());
}

TEST(Groups, WhoIsNotNamedIsForgottenAndItsPlaceUsedAgain) {
  groups.BeginList();
  Note(5, "five");
  Note(9, "nine");
  groups.EndList(true);
  groups.BeginList();
  Note(9, "nine");
  groups.EndList(true);
  LONGS_EQUAL(0, groups.Number(5));
  STRCMP_EQUAL("nine", Title(9).c_str());
  groups.BeginList();
  Note(9, "nine");
  Note(6, "six");
  groups.EndList(true);
  STRCMP_EQUAL("six", Title(6).c_str());
  LONGS_EQUAL(2, groups.size());
}

TEST(Groups, AListThatIsNotWholeForgetsNobody) {
  groups.BeginList();
  Note(5, "five");
  groups.EndList(true);
  groups.BeginList();
  Note(9, "nine");
  groups.EndList(false);
  STRCMP_EQUAL("five", Title(5).c_str());
  STRCMP_EQUAL("nine", Title(9).c_str());
}

TEST(Groups, AnEmptyListForgetsAll) {
  groups.BeginList();
  Note(5, "five");
  groups.EndList(true);
  groups.BeginList();
  groups.EndList(true);
  LONGS_EQUAL(0, groups.Number(5));
}

TEST(Groups, ThereIsABound) {
  groups.BeginList();
  for (std::uint64_t id = 1; id <= depotlink::limits::kMaxGroups; ++id) {
    CHECK(Note(id, std::to_string(id)));
  }
  CHECK_FALSE(Note(100000, "too many"));
  CHECK(Note(3, "three"));
  groups.EndList(true);
  LONGS_EQUAL(depotlink::limits::kMaxGroups, groups.size());
  LONGS_EQUAL(0, groups.Number(100000));
  STRCMP_EQUAL("three", Title(3).c_str());
  STRCMP_EQUAL("512", Title(512).c_str());
}
