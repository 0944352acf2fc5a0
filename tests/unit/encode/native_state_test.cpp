// SPDX-License-Identifier: Apache-2.0
#include "agent/encode/native_state.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "agent/navixy/decode_state.hpp"
#include "tests/unit/encode/round_trip.hpp"
#include "tests/unit/navixy/decode_fixture.hpp"
#include "tests/unit/stride.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::FixedString;
using depotlink::Stride;
using depotlink::WallTime;
using depotlink::encode::EncodeState;
using depotlink::encode::ReadGolden;
using depotlink::encode::ReadStrictly;
using depotlink::encode::StateRecord;
using depotlink::encode::SurvivesRoundTrip;
using depotlink::json::JsonWriter;
using depotlink::model::TrackerState;

TEST_GROUP(NativeState) {
  std::unique_ptr<TrackerState> owned = std::make_unique<TrackerState>();
  TrackerState& state = *owned;
  StateRecord record;
  char buffer[depotlink::limits::kPayloadBytes];
  JsonWriter writer{buffer, sizeof buffer};

  void setup() override {
    state.Clear();
    record.id = 1234567;
    record.state = &state;
    record.poll_time = WallTime{1722509124107};
    record.run = "k3v9";
    record.seq = 812;
  }
  std::string Encoded() {
    writer.Reset();
    CHECK(EncodeState(record, writer));
    const std::string text(writer.view());
    CHECK_TEXT(SurvivesRoundTrip(text), text.c_str());
    return text;
  }
  void DecodeFixture(const char* file, std::initializer_list<const char*> path) {
    depotlink::json::ElementReader reader;
    depotlink::navixy::DecodeNotes notes;
    const std::string text = depotlink::navixy::PartOf(depotlink::navixy::ReadFixture(file), path);
    CHECK(depotlink::navixy::DecodeState(reader, text, state, notes).ok());
  }
  void Fill(char c) {
    const depotlink::model::Maybe<WallTime> time{WallTime{4102444799999}, true};
    for (auto* at : {&state.fix_time, &state.update_time, &state.movement_time,
                     &state.ignition_time, &state.gsm_time, &state.battery_time, &state.inputs_time,
                     &state.outputs_time, &state.track_time}) {
      *at = time;
    }
    state.lat_deg.Set(-89.123456789012345);
    state.lng_deg.Set(-0.00000012345678901234567);
    state.speed_kmh.Set(2000);
    state.heading_deg.Set(360);
    state.altitude_m.Set(-12000);
    state.precision_m.Set(10000000);
    state.gsm_lbs.Set(false);
    state.movement = depotlink::model::Movement::kStopped;
    state.connection = depotlink::model::Connection::kJustRegistered;
    state.ignition.Set(false);
    state.gps_signal_pct.Set(100);
    state.gsm_signal_pct.Set(100);
    state.gsm_network.Assign(std::string(depotlink::limits::kNetworkNameBytes, c));
    state.gsm_roaming.Set(false);
    state.battery_pct.Set(100);
    state.inputs = {{}, depotlink::limits::kMaxIo, true};
    state.outputs = {{}, depotlink::limits::kMaxIo, true};
    const std::size_t each =
        depotlink::limits::kAdditionalTextBytes / depotlink::limits::kMaxAdditional;
    for (std::size_t i = 0; i < depotlink::limits::kMaxAdditional; ++i) {
      std::string name = std::to_string(i);
      name.resize(each / 2, c);
      CHECK(state.additional.Add(name, std::string(each - name.size(), c)));
    }
    state.additional.cut = true;
  }
};

TEST(NativeState, GoldenOfTheVendorExample) {
  DecodeFixture("iso/tracker_get_states.json", {"states", "1234567"});
  record.label = "Truck 7";
  record.group = "Main office";
  CHECK(Encoded() == ReadGolden("state_get_states.json"));
}

TEST(NativeState, GoldenOfAParkedTrackerThatWaited) {
  DecodeFixture("iso/tracker_get_state.json", {"state"});
  record.id = 265489;
  record.seq = 813;
  record.late = true;
  CHECK(Encoded() == ReadGolden("state_get_state_late.json"));
}

TEST(NativeState, GoldenOfEveryField) {
  Fill('x');
  state.additional.Clear();
  CHECK(state.additional.Add("quote\"", "a\\b"));
  state.additional.cut = true;
  state.inputs.count = 2;
  state.inputs.on.set(1);
  state.outputs.count = 0;
  state.gsm_lbs.Set(true);
  state.gsm_network.Assign("\xD0\x93 \"1\"");
  record.label = "Van\n\xE2\x80\xAE";
  record.group = "\xD0\xA1\xD0\xBA\xD0\xBB\xD0\xB0\xD0\xB4 \xE2\x84\x96 2";
  record.late = true;
  CHECK(Encoded() == ReadGolden("state_every_field.json"));
}

TEST(NativeState, WhatIsUnknownIsLeftOut) {
  CHECK(Encoded() ==
        R"({"id":1234567,"poll_time":"2024-08-01T10:45:24.107Z","run":"k3v9","seq":812})");
  record.poll_time_trusted = false;
  record.run = {};
  CHECK(Encoded() == R"({"id":1234567,"seq":812})");
  state.lat_deg.Set(1);
  CHECK(Encoded() == R"({"id":1234567,"seq":812})");
  state.lng_deg.Set(2);
  CHECK(Encoded() == R"({"id":1234567,"lat":1,"lng":2,"seq":812})");
}

TEST(NativeState, ListsThatAreEmptyAreKnown) {
  state.inputs.has = true;
  const std::string text = Encoded();
  CHECK(text.find(R"("inputs":[])") != std::string::npos);
  CHECK(text.find("outputs") == std::string::npos);
}

TEST(NativeState, TheLargestPayloadFits) {
  for (const char c : {'"', '\\', 'x'}) {
    state.Clear();
    Fill(c);
    const std::string label(depotlink::limits::kLabelBytes, c);
    const std::string group(depotlink::limits::kGroupTitleBytes, c);
    record.id = std::uint64_t{1} << 53U;
    record.seq = UINT64_MAX;
    record.label = label;
    record.group = group;
    record.run = "0123456789abcdef";
    record.late = true;
    CHECK(Encoded().size() <= depotlink::limits::kPayloadBytes);
  }
}

TEST(NativeState, WhatDoesNotFitFails) {
  const std::size_t whole = Encoded().size();
  for (std::size_t capacity = 0; capacity < whole; ++capacity) {
    JsonWriter small(buffer, capacity);
    CHECK_FALSE(EncodeState(record, small));
    CHECK(small.view().empty());
  }
}

TEST(NativeState, WithoutAStateThereIsNoPayload) {
  record.state = nullptr;
  CHECK_FALSE(EncodeState(record, writer));
}

TEST(NativeState, NoTextCanChangeThePayload) {
  std::mt19937 random(20240801);
  const std::string_view pieces[] = {"\"",
                                     "\\",
                                     "}",
                                     ",\"id\":1",
                                     std::string_view("\0", 1),
                                     "\n",
                                     "\x1B[2J",
                                     "\x7F",
                                     "\xFF",
                                     "\xC3",
                                     "\xED\xA0\x80",
                                     "\xF0\x9F\x9A\x9A",
                                     "\xE2\x80\xA8",
                                     "\\u0000",
                                     "+/#",
                                     "\xC2\x9B",
                                     "/*",
                                     "a"};
  const auto text = [&] {
    std::string made;
    for (auto i = random() % 20; i > 0; --i) made += pieces[random() % std::size(pieces)];
    return made;
  };
  for (std::size_t round = 0; round < 2000; round += Stride()) {
    state.additional.Clear();
    const std::string label = text() + "x";
    const std::string group = text();
    state.gsm_network.Assign(text());
    CHECK(state.additional.Add(text(), text()));
    record.label = label;
    record.group = group;
    Json::Value root;
    CHECK(ReadStrictly(Encoded(), root));
    CHECK(root["id"].asUInt64() == 1234567);
    CHECK(root["seq"].asUInt64() == 812);
    LONGS_EQUAL(1, root["additional"].size());
  }
}
