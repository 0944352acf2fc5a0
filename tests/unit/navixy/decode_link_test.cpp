// SPDX-License-Identifier: Apache-2.0
#include "agent/navixy/decode_link.hpp"

#include <memory>
#include <string>
#include <string_view>

#include "tests/unit/navixy/decode_fixture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::Status;
using depotlink::json::ElementReader;
using depotlink::model::GeoLink;
using depotlink::model::kGrantConnection;
using depotlink::model::kGrantMovement;
using depotlink::model::kGrantSpeed;
using depotlink::model::kGrantVehicleLabel;
using depotlink::navixy::DecodeLink;
using depotlink::navixy::DecodeNotes;
using depotlink::navixy::PartOf;
using depotlink::navixy::ReadFixture;

TEST_GROUP(DecodeLink) {
  ElementReader reader;
  DecodeNotes notes;
  std::unique_ptr<GeoLink> owned = std::make_unique<GeoLink>();
  GeoLink& link = *owned;

  void Read(std::string_view text) {
    notes = DecodeNotes();
    const Status status = DecodeLink(reader, text, link, notes);
    CHECK_TEXT(status.ok(), status.message().c_str());
  }
  void IsTheExample() {
    LONGS_EQUAL(103, link.id);
    CHECK(link.description.view() == "Another one tracker");
    CHECK(link.terms.enabled);
    CHECK_FALSE(link.terms.bad_lifetime);
    CHECK(link.terms.from.has && link.terms.from.value.ms == 1706562000000);
    CHECK(link.terms.to.has && link.terms.to.value.ms == 1706572800000);
    CHECK(link.bounded_by_zones);
    LONGS_EQUAL(1, link.tracker_count);
    LONGS_EQUAL(0, link.left_out);
    LONGS_EQUAL(15, link.trackers[0].id);
    CHECK(link.trackers[0].alias.view() == "Jane Doe");
    LONGS_EQUAL(0, link.trackers[0].grants);
  }
  std::string With(std::string_view members) {
    return R"({"id":5,"enabled":true,)" + std::string(members) + "}";
  }
};

TEST(DecodeLink, VendorExamplesFieldByField) {
  Read(PartOf(ReadFixture("iso/location_link_read.json"), {"value"}));
  CHECK_FALSE(notes.any());
  IsTheExample();
  Read(PartOf(ReadFixture("iso/location_link_list.json"), {"list", "0"}));
  CHECK_FALSE(notes.any());
  IsTheExample();
}

// Dates without a zone say nothing: the lifetime is there, and unknown.
TEST(DecodeLink, VendorExampleInLocalTime) {
  Read(PartOf(ReadFixture("vendor/location_link_read.json"), {"value"}));
  CHECK(link.terms.bad_lifetime);
  LONGS_EQUAL(2, notes.local_times);
}

TEST(DecodeLink, GrantsOfEachTracker) {
  Read(With(R"("trackers":[{"tracker_id":1,"params":{"object_data":["speed","address",)"
            R"("movement_status","connection_status","driver_name","driver_phone","vehicle_label",)"
            R"("vehicle_reg_number","of_tomorrow",7]}},{"tracker_id":2,"alias":null},)"
            R"({"tracker_id":3,"params":{"object_data":"speed"}},{"tracker_id":4,"params":[]}])"));
  LONGS_EQUAL(4, link.tracker_count);
  LONGS_EQUAL(kGrantSpeed | kGrantMovement | kGrantConnection | kGrantVehicleLabel,
              link.trackers[0].grants);
  for (std::size_t i = 1; i < 4; ++i) LONGS_EQUAL(0, link.trackers[i].grants);
  CHECK(link.trackers[1].alias.empty());
}

TEST(DecodeLink, InDoubtItIsNotEnabled) {
  for (const char* text : {R"({"id":5})", R"({"id":5,"enabled":null})", R"({"id":5,"enabled":1})",
                           R"({"id":5,"enabled":"true"})", R"({"id":5,"enabled":false})"}) {
    Read(text);
    CHECK_FALSE(link.terms.enabled);
  }
}

TEST(DecodeLink, ALifetimeIsReadStrictly) {
  Read(With(R"("lifetime":null)"));
  CHECK_FALSE(link.terms.bad_lifetime);
  CHECK_FALSE(link.terms.from.has || link.terms.to.has);
  Read(With(R"("lifetime":{"to":"2024-01-30T00:00:00Z","from":null})"));
  CHECK(link.terms.to.has && !link.terms.from.has && !link.terms.bad_lifetime);
  for (const char* text : {R"("lifetime":7)", R"("lifetime":[])", R"("lifetime":{"to":"tomorrow"})",
                           R"("lifetime":{"from":1706562000})",
                           R"("lifetime":{"from":"2024-01-30T00:00:00Z","to":"2024-13-30"})"}) {
    Read(With(text));
    CHECK_TEXT(link.terms.bad_lifetime, text);
  }
}

TEST(DecodeLink, WhatMayBeZonesAreZones) {
  for (const char* text :
       {R"("params":{"bounding_zone_ids":[51]})", R"("params":7)",
        R"("params":{"bounding_zone_ids":{}})", R"("params":{"bounding_zone_ids":"51"})"}) {
    Read(With(text));
    CHECK_TEXT(link.bounded_by_zones, text);
  }
  for (const char* text : {R"("params":null)", R"("params":{"bounding_mode":"inside"})",
                           R"("params":{"bounding_zone_ids":null})",
                           R"("params":{"bounding_zone_ids":[],"place_ids":[1]})"}) {
    Read(With(text));
    CHECK_FALSE_TEXT(link.bounded_by_zones, text);
  }
}

TEST(DecodeLink, OnlySoManyTrackersAndOnlyGoodOnes) {
  std::string trackers = R"({"tracker_id":0},{"tracker_id":"7"},7)";
  for (int id = 1; id <= 120; ++id) trackers += ",{\"tracker_id\":" + std::to_string(id) + "}";
  Read(With("\"trackers\":[" + trackers + "]"));
  LONGS_EQUAL(100, link.tracker_count);
  LONGS_EQUAL(23, link.left_out);
  LONGS_EQUAL(100, link.trackers[99].id);
  LONGS_EQUAL(1, notes.cut_lists);
}

// As many as are documented, with everything granted and long names.
TEST(DecodeLink, TheLargestThatIsDocumentedIsRead) {
  std::string trackers;
  for (int id = 0; id < 100; ++id) {
    trackers += (id == 0 ? "{" : ",{") + std::string("\"alias\":\"") + std::string(80, 'x') +
                R"(","params":{"object_data":["speed","address","movement_status",)"
                R"("connection_status","driver_name","driver_phone","vehicle_label",)"
                R"("vehicle_reg_number"]},"tracker_id":)" +
                std::to_string(10000000 + id) + "}";
  }
  Read(With("\"trackers\":[" + trackers + "]"));
  LONGS_EQUAL(100, link.tracker_count);
  LONGS_EQUAL(0, link.left_out);
}

TEST(DecodeLink, WhatStrangersTypedIsCleaned) {
  Read(With(R"("description":"a\u0007b","trackers":[{"tracker_id":1,"alias":"x\u202ey"}])"));
  CHECK(link.description.view() == "a b");
  CHECK(notes.mended_texts > 0);
}

TEST(DecodeLink, WithoutAnIdItIsSkipped) {
  for (const char* text : {"{}", R"({"id":0})", R"({"id":"5"})", R"({"id":-1})", "[]", "x"}) {
    const Status status = DecodeLink(reader, text, link, notes);
    CHECK(status.code() == Code::kSkip);
    LONGS_EQUAL(0, link.id);
  }
}
