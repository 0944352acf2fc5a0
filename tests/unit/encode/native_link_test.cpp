// SPDX-License-Identifier: Apache-2.0
#include "agent/encode/native_link.hpp"

#include <memory>
#include <string>

#include "agent/base/limits.hpp"
#include "tests/unit/encode/round_trip.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::encode::EncodeLink;
using depotlink::encode::LinkRecord;
using depotlink::encode::SurvivesRoundTrip;
using depotlink::json::JsonWriter;
using depotlink::model::GeoLink;
using depotlink::model::LinkStatus;

TEST_GROUP(NativeLink) {
  std::unique_ptr<GeoLink> link = std::make_unique<GeoLink>();
  LinkRecord record;
  char buffer[depotlink::limits::kPayloadBytes];
  JsonWriter writer{buffer, sizeof buffer};

  void setup() override {
    record.id = 103;
    record.status = LinkStatus::kEnabled;
    record.link = link.get();
    record.run = "k3v9";
    record.seq = 3;
  }
  void Share(std::size_t count, const std::string& alias) {
    link->tracker_count = count;
    for (std::size_t i = 0; i < count; ++i) {
      link->trackers[i].id = 9007199254740992 - i;
      link->trackers[i].alias.Assign(alias);
    }
  }
  std::string EncodedLink() {
    CHECK(EncodeLink(record, writer));
    const std::string text(writer.view());
    CHECK_TEXT(SurvivesRoundTrip(text), text.c_str());
    return text;
  }
};

TEST(NativeLink, EveryMember) {
  link->description.Assign("Another one tracker");
  record.terms.from.Set({1706562000000});
  record.terms.to.Set({1706572800000});
  link->tracker_count = 2;
  link->trackers[0].id = 15;
  link->trackers[0].alias.Assign("Jane Doe");
  link->trackers[1].id = 16;
  link->left_out = 4;
  link->bounded_by_zones = true;
  STRCMP_EQUAL(R"({"id":103,"description":"Another one tracker","status":"enabled",)"
               R"("from":"2024-01-29T21:00:00Z","to":"2024-01-30T00:00:00Z",)"
               R"("trackers":[{"id":15,"alias":"Jane Doe"},{"id":16}],"trackers_left_out":4,)"
               R"("bounded_by_zones":true,"run":"k3v9","seq":3})",
               EncodedLink().c_str());
}

TEST(NativeLink, WhatIsNotShownOrNotKnownIsLeftOut) {
  record.link = nullptr;
  record.status = LinkStatus::kExpired;
  STRCMP_EQUAL(R"({"id":103,"status":"expired","run":"k3v9","seq":3})", EncodedLink().c_str());
  record.status = LinkStatus::kUnknown;
  STRCMP_EQUAL(R"({"id":103,"run":"k3v9","seq":3})", EncodedLink().c_str());
  record.clock_known = false;
  STRCMP_EQUAL(R"({"id":103,"clock":"unknown","run":"k3v9","seq":3})", EncodedLink().c_str());
}

TEST(NativeLink, AHundredTrackersWithUsualNamesFit) {
  Share(100, std::string(40, 'x'));
  CHECK(EncodedLink().find("trackers_left_out") == std::string::npos);
}

TEST(NativeLink, WhatDoesNotFitIsLeftOutAndCounted) {
  link->description.Assign(std::string(depotlink::limits::kLinkDescriptionBytes, '"'));
  Share(100, std::string(depotlink::limits::kAliasBytes, '"'));
  const std::string text = EncodedLink();
  Json::Value root;
  CHECK(depotlink::encode::ReadStrictly(text, root));
  CHECK(root["trackers"].size() > 5);
  LONGS_EQUAL(100, root["trackers"].size() + root["trackers_left_out"].asUInt());
}
