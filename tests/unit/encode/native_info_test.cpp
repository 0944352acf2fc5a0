// SPDX-License-Identifier: Apache-2.0
#include "agent/encode/native_info.hpp"

#include <memory>
#include <string>

#include "tests/unit/encode/round_trip.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::encode::EncodeInfo;
using depotlink::encode::InfoRecord;
using depotlink::encode::ReadGolden;
using depotlink::encode::SurvivesRoundTrip;
using depotlink::json::JsonWriter;
using depotlink::model::TrackerInfo;

TEST_GROUP(NativeInfo) {
  TrackerInfo info;
  InfoRecord record;
  char buffer[2048];
  JsonWriter writer{buffer, sizeof buffer};

  void setup() override {
    info.id = 123456;
    record.info = &info;
    record.seq = 3;
  }
  std::string Encoded() {
    writer.Reset();
    CHECK(EncodeInfo(record, writer));
    const std::string text(writer.view());
    CHECK_TEXT(SurvivesRoundTrip(text), text.c_str());
    return text;
  }
};

TEST(NativeInfo, Golden) {
  info.label.Assign("tracker label");
  info.model.Assign("telfmb920");
  info.blocked = true;
  info.clone = true;
  record.group = "Main office";
  record.run = "k3v9";
  CHECK(Encoded() == ReadGolden("info.json"));
}

TEST(NativeInfo, WhatIsUnknownIsLeftOut) {
  CHECK(Encoded() == R"({"id":123456,"seq":3})");
}

TEST(NativeInfo, TheLargestFits) {
  info.id = std::uint64_t{1} << 53U;
  info.label.Assign(std::string(depotlink::limits::kLabelBytes, '"'));
  info.model.Assign(std::string(depotlink::limits::kModelBytes, '"'));
  const std::string group(depotlink::limits::kGroupTitleBytes, '"');
  record.group = group;
  record.run = "0123456789abcdef";
  record.seq = UINT64_MAX;
  CHECK(Encoded().size() < sizeof buffer);
}

TEST(NativeInfo, WithoutAnEntryOrRoomThereIsNoPayload) {
  JsonWriter small(buffer, 8);
  CHECK_FALSE(EncodeInfo(record, small));
  record.info = nullptr;
  CHECK_FALSE(EncodeInfo(record, writer));
}
