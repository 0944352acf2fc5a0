// SPDX-License-Identifier: Apache-2.0
#include "agent/navixy/decode_list.hpp"

#include <string>
#include <string_view>

#include "tests/unit/navixy/decode_fixture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::Status;
using depotlink::json::ElementReader;
using depotlink::model::TrackerGroup;
using depotlink::model::TrackerInfo;
using depotlink::navixy::DecodeGroup;
using depotlink::navixy::DecodeNotes;
using depotlink::navixy::DecodeTracker;
using depotlink::navixy::PartOf;
using depotlink::navixy::ReadFixture;

TEST_GROUP(DecodeList) {
  ElementReader reader;
  DecodeNotes notes;
  TrackerInfo tracker;
  TrackerGroup group;

  void Tracker(std::string_view text) {
    notes = DecodeNotes();
    const Status status = DecodeTracker(reader, text, tracker, notes);
    CHECK_TEXT(status.ok(), status.message().c_str());
  }
};

TEST(DecodeList, VendorExampleOfList) {
  Tracker(PartOf(ReadFixture("vendor/tracker_list.json"), {"list", "0"}));
  CHECK_FALSE(notes.any());
  CHECK(tracker.id == 123456);
  CHECK(tracker.label.view() == "tracker label");
  CHECK(tracker.group_id == 167);
  CHECK(tracker.model.view() == "telfmb920");
  CHECK_FALSE(tracker.blocked);
  CHECK_FALSE(tracker.clone);
}

TEST(DecodeList, VendorExampleOfRead) {
  Tracker(PartOf(ReadFixture("vendor/tracker_read.json"), {"value"}));
  CHECK_FALSE(notes.any());
  CHECK(tracker.id == 123456);
  CHECK(tracker.label.view() == "Object 1");
  CHECK(tracker.group_id == 0);
  CHECK(tracker.model.view() == "atrack_ak11");
}

TEST(DecodeList, VendorExampleOfTheObject) {
  Tracker(ReadFixture("vendor/tracker_object.json"));
  CHECK_FALSE(notes.any());
  CHECK(tracker.id == 123456);
  CHECK(tracker.group_id == 167);
}

TEST(DecodeList, VendorExampleOfGroups) {
  const std::string document = ReadFixture("vendor/tracker_group_list.json");
  CHECK(DecodeGroup(reader, PartOf(document, {"list", "0"}), group, notes).ok());
  CHECK_FALSE(notes.any());
  CHECK(group.id == 129301);
  CHECK(group.title.view() == "test");
}

TEST(DecodeList, BlockedAndCloneAreRead) {
  Tracker(R"({"id":1,"clone":true,"source":{"blocked":true}})");
  CHECK(tracker.blocked);
  CHECK(tracker.clone);
  Tracker(R"({"id":1,"source":null,"label":null,"group_id":null,"clone":null})");
  CHECK_FALSE(notes.any());
  CHECK_FALSE(tracker.blocked);
  CHECK_FALSE(tracker.clone);
  CHECK(tracker.label.empty());
}

TEST(DecodeList, WithoutAUsableIdTheEntryIsSkipped) {
  for (const char* text : {"{}", R"({"id":null})", R"({"id":0})", R"({"id":-1})", R"({"id":"1"})",
                           R"({"id":1.5})", R"({"id":9007199254740993})", R"({"id":1e999})",
                           R"({"id":1,"id":2})", "[1]", "7", "", "null"}) {
    CHECK_TEXT(DecodeTracker(reader, text, tracker, notes).code() == Code::kSkip, text);
    CHECK_TEXT(DecodeGroup(reader, text, group, notes).code() == Code::kSkip, text);
  }
}

TEST(DecodeList, LabelsAreCleaned) {
  Tracker("{\"id\":1,\"label\":\"Truck\\u001b[2J\\r\\n\\u0000 \xC3\xA9\xC3 \\ud83d\"}");
  CHECK(tracker.label.view() == "Truck [2J    \xC3\xA9\xEF\xBF\xBD \xEF\xBF\xBD");
  LONGS_EQUAL(2, notes.mended_texts);  // the reader's and the copy's
  LONGS_EQUAL(0, notes.ignored_fields);
  Tracker("{\"id\":1,\"label\":\"a/b +# \\\"\\\\ \xE2\x84\x96\"}");
  CHECK(tracker.label.view() == "a/b +# \"\\ \xE2\x84\x96");
  CHECK_FALSE(notes.any());
}

TEST(DecodeList, LabelsAreCutBetweenCharacters) {
  std::string label;
  while (label.size() < depotlink::limits::kLabelBytes - 2) label += "x";
  Tracker("{\"id\":1,\"label\":\"" + label + "\xF0\x9F\x9A\x9A\"}");
  CHECK(tracker.label.view() == label);
  LONGS_EQUAL(1, notes.mended_texts);
}

TEST(DecodeList, WrongTypesCostTheFieldOnly) {
  Tracker(R"({"id":1,"label":7,"group_id":"167","clone":0,"source":{"model":[],"blocked":"no"}})");
  LONGS_EQUAL(5, notes.ignored_fields);
  CHECK(notes.first_ignored.view() == "label");
  CHECK(tracker.id == 1);
  CHECK(tracker.group_id == 0);
}

TEST(DecodeList, NothingIsLeftOfTheEntryBefore) {
  Tracker(
      R"({"id":1,"label":"a","group_id":5,"clone":true,"source":{"model":"m","blocked":true}})");
  Tracker(R"({"id":2})");
  CHECK(tracker.label.empty());
  CHECK(tracker.model.empty());
  CHECK(tracker.group_id == 0);
  CHECK_FALSE(tracker.clone);
  CHECK_FALSE(tracker.blocked);
}
