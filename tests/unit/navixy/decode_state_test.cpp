// SPDX-License-Identifier: Apache-2.0
#include "agent/navixy/decode_state.hpp"

#include <memory>
#include <string>
#include <string_view>

#include "tests/unit/navixy/decode_fixture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::Status;
using depotlink::WallTime;
using depotlink::json::ElementReader;
using depotlink::model::Connection;
using depotlink::model::Maybe;
using depotlink::model::Movement;
using depotlink::model::TrackerId;
using depotlink::model::TrackerState;
using depotlink::navixy::DecodeNotes;
using depotlink::navixy::DecodeState;
using depotlink::navixy::DecodeTrackerId;
using depotlink::navixy::PartOf;
using depotlink::navixy::ReadFixture;

TEST_GROUP(DecodeState) {
  ElementReader reader;
  std::unique_ptr<TrackerState> owned = std::make_unique<TrackerState>();
  TrackerState& state = *owned;
  DecodeNotes notes;

  void Decode(std::string_view text) {
    notes = DecodeNotes();
    const Status status = DecodeState(reader, text, state, notes);
    CHECK_TEXT(status.ok(), status.message().c_str());
  }
  void Clean() const {
    CHECK_TEXT(!notes.any(), std::string(notes.first_ignored.view()).c_str());
  }
  template <typename T>
  static void Is(T wanted, const Maybe<T>& got) {
    CHECK(got.has);
    CHECK(got.value == wanted);
  }
  // UTC; the fixtures give the same with an offset.
  static void IsTime(std::string_view wanted, const Maybe<WallTime>& got) {
    WallTime time;
    CHECK(depotlink::ParseIsoTime(wanted, time));
    Is(time, got);
  }
  static std::string Bits(const depotlink::model::Switches& switches) {
    if (!switches.has) return "none";
    std::string text;
    for (std::size_t i = 0; i < switches.count; ++i) text += switches.on[i] ? '1' : '0';
    return text;
  }
  // `name=text|` for each additional value, in order.
  std::string Pairs() const {
    std::string text;
    for (std::size_t i = 0; i < state.additional.count; ++i) {
      text.append(state.additional.Name(i)).append("=");
      text.append(state.additional.Text(i)).append("|");
    }
    return text;
  }
  void AllAbsent() const {
    for (const auto* value :
         {&state.speed_kmh, &state.heading_deg, &state.altitude_m, &state.precision_m,
          &state.gps_signal_pct, &state.gsm_signal_pct, &state.battery_pct}) {
      CHECK_FALSE(value->has);
    }
    for (const auto* value : {&state.fix_time, &state.update_time, &state.movement_time,
                              &state.ignition_time, &state.gsm_time, &state.battery_time,
                              &state.inputs_time, &state.outputs_time, &state.track_time}) {
      CHECK_FALSE(value->has);
    }
    for (const auto* value : {&state.gsm_lbs, &state.ignition, &state.gsm_roaming}) {
      CHECK_FALSE(value->has);
    }
    CHECK_FALSE(state.lat_deg.has);
    CHECK_FALSE(state.lng_deg.has);
    CHECK(state.movement == Movement::kUnknown);
    CHECK(state.connection == Connection::kUnknown);
    CHECK(state.gsm_network.empty());
    CHECK_FALSE(state.inputs.has);
    CHECK_FALSE(state.outputs.has);
    LONGS_EQUAL(0, state.additional.count);
    CHECK_FALSE(state.additional.cut);
  }
};

TEST(DecodeState, VendorExampleOfGetState) {
  Decode(PartOf(ReadFixture("iso/tracker_get_state.json"), {"state"}));
  Clean();
  IsTime("2022-08-31T10:47:09Z", state.fix_time);
  Is(100, state.gps_signal_pct);
  Is(42.82769, state.lat_deg);
  Is(-78.26290833333333, state.lng_deg);
  Is(45, state.heading_deg);
  Is(0, state.speed_kmh);
  Is(0, state.altitude_m);
  CHECK_FALSE(state.precision_m.has);
  CHECK_FALSE(state.gsm_lbs.has);
  CHECK(state.connection == Connection::kActive);
  CHECK(state.movement == Movement::kParked);
  IsTime("2022-08-31T10:40:44Z", state.movement_time);
  Is(false, state.ignition);
  IsTime("2022-08-31T10:40:44Z", state.ignition_time);
  IsTime("2022-08-31T10:47:09Z", state.gsm_time);
  Is(100, state.gsm_signal_pct);
  CHECK(state.gsm_network.view() == "Mobile");
  Is(false, state.gsm_roaming);
  IsTime("2022-08-31T10:47:09Z", state.update_time);
  Is(97, state.battery_pct);
  IsTime("2022-08-31T10:47:09Z", state.battery_time);
  CHECK(Bits(state.inputs) == "000");
  IsTime("2022-08-31T10:47:09Z", state.inputs_time);
  CHECK(Bits(state.outputs) == "10");
  IsTime("2022-08-31T10:47:09Z", state.outputs_time);
  CHECK(Pairs() == "hardware_key=20910998202956382057|");
  IsTime("2022-08-31T10:40:44Z", state.track_time);
}

TEST(DecodeState, VendorExampleOfGetStates) {
  Decode(PartOf(ReadFixture("iso/tracker_get_states.json"), {"states", "1234567"}));
  Clean();
  IsTime("2024-08-01T10:45:18Z", state.fix_time);
  Is(100, state.gps_signal_pct);
  Is(45.0888968, state.lat_deg);
  Is(10.0343262, state.lng_deg);
  Is(304, state.heading_deg);
  Is(64, state.speed_kmh);
  Is(270, state.altitude_m);
  CHECK(state.connection == Connection::kActive);
  CHECK(state.movement == Movement::kMoving);
  IsTime("2024-08-01T10:38:55Z", state.movement_time);
  Is(true, state.ignition);
  IsTime("2024-08-01T10:37:34Z", state.ignition_time);
  IsTime("2024-08-01T10:45:23Z", state.update_time);
  IsTime("2024-08-01T10:45:18Z", state.gsm_time);
  Is(35, state.gsm_signal_pct);
  CHECK(state.gsm_network.view() == "T-Mobile");
  CHECK_FALSE(state.gsm_roaming.has);
  Is(100, state.battery_pct);
  IsTime("2024-08-01T10:45:18Z", state.battery_time);
  CHECK(Bits(state.inputs) == "001");
  IsTime("2024-08-01T10:45:18Z", state.inputs_time);
  CHECK(Bits(state.outputs) == "10");
  IsTime("2024-08-01T10:45:18Z", state.outputs_time);
  CHECK(Pairs() == "moving=1|status=82961756|");
  IsTime("2024-08-01T10:38:55Z", state.track_time);
}

TEST(DecodeState, LocalDatesAreLeftOutAndNeverGuessed) {
  Decode(PartOf(ReadFixture("vendor/tracker_get_state.json"), {"state"}));
  LONGS_EQUAL(9, notes.local_times);
  LONGS_EQUAL(9, notes.ignored_fields);
  CHECK(notes.first_ignored.view() == "updated");
  for (const auto* time : {&state.fix_time, &state.update_time, &state.movement_time,
                           &state.ignition_time, &state.gsm_time, &state.battery_time,
                           &state.inputs_time, &state.outputs_time, &state.track_time}) {
    CHECK_FALSE(time->has);
  }
  Is(42.82769, state.lat_deg);
  Is(97, state.battery_pct);
}

TEST(DecodeState, NothingIsLeftOfTheStateBefore) {
  Decode(PartOf(ReadFixture("iso/tracker_get_states.json"), {"states", "1234567"}));
  Decode("{}");
  Clean();
  AllAbsent();
  Decode(PartOf(ReadFixture("iso/tracker_get_states.json"), {"states", "1234567"}));
  CHECK(DecodeState(reader, "{", state, notes).code() == Code::kSkip);
  AllAbsent();
}

TEST(DecodeState, ADeviceThatNeverReportedSaysNullOrNothing) {
  Decode(
      R"({"source_id":1,"gps":{"updated":null,"signal_level":null,"location":null,"heading":0,)"
      R"("speed":0,"alt":0,"precision":null,"gsm_lbs":null},"connection_status":"just_registered",)"
      R"("movement_status":"parked","movement_status_update":null,"ignition":null,)"
      R"("ignition_update":null,"gsm":null,"last_update":null,"battery_level":null,)"
      R"("battery_update":null,"inputs":[],"inputs_update":null,"outputs":null,)"
      R"("outputs_update":null,"additional":{},"actual_track_update":null})");
  Clean();
  CHECK_FALSE(state.lat_deg.has);
  CHECK_FALSE(state.update_time.has);
  CHECK(state.connection == Connection::kJustRegistered);
  CHECK(Bits(state.inputs).empty());
  CHECK(Bits(state.outputs) == "none");
  Decode(R"({"source_id":1,"gps":null,"gsm":{},"additional":null,"inputs":null})");
  Clean();
  AllAbsent();
}

TEST(DecodeState, PositionInLocationOrBesideIt) {
  Decode(R"({"gps":{"lat":1.5,"lng":-2.5}})");
  Clean();
  Is(1.5, state.lat_deg);
  Is(-2.5, state.lng_deg);
  Decode(R"({"gps":{"location":{"lat":1,"lng":2},"lat":3,"lng":4}})");
  Is(1.0, state.lat_deg);
  Decode(R"({"gps":{"location":null,"lat":3,"lng":4}})");
  Clean();
  Is(3.0, state.lat_deg);
  Decode(R"({"gps":{"location":{"lat":null,"lng":null},"lat":3,"lng":4}})");
  Clean();
  Is(3.0, state.lat_deg);
  Decode(R"({"gps":{"location":"x","lat":3,"lng":4}})");
  Is(3.0, state.lat_deg);
  LONGS_EQUAL(1, notes.ignored_fields);
}

TEST(DecodeState, PositionsThatCannotBe) {
  for (const char* position :
       {R"("lat":0,"lng":0)", R"("lat":0.0,"lng":-0.0)", R"("lat":90.0001,"lng":1)",
        R"("lat":-91,"lng":1)", R"("lat":1,"lng":180.5)", R"("lat":1,"lng":-181)", R"("lat":1)",
        R"("lng":1)", R"("lat":"1","lng":2)", R"("lat":1,"lng":true)", R"("lat":1e300,"lng":1)",
        R"("lat":1,"lng":20910998202956382057)"}) {
    Decode(std::string(R"({"gps":{"speed":5,"location":{)") + position + "}}}");
    CHECK_TEXT(!state.lat_deg.has && !state.lng_deg.has, position);
    LONGS_EQUAL_TEXT(1, notes.bad_positions, position);
    LONGS_EQUAL_TEXT(1, notes.ignored_fields, position);
    Is(5, state.speed_kmh);
  }
  Decode(R"({"gps":{"location":{"lat":1e999,"lng":1}}})");
  CHECK_FALSE(state.lat_deg.has);
  LONGS_EQUAL(1, notes.bad_positions);
}

TEST(DecodeState, PositionsOnTheEdgeCan) {
  for (const char* position : {R"("lat":90,"lng":180)", R"("lat":-90,"lng":-180)",
                               R"("lat":0,"lng":0.0001)", R"("lat":-0.0001,"lng":0)"}) {
    Decode(std::string(R"({"gps":{"location":{)") + position + "}}}");
    Clean();
    CHECK(state.lat_deg.has && state.lng_deg.has);
  }
}

TEST(DecodeState, NumbersOutOfRangeAreLeftOut) {
  Decode(R"({"gps":{"heading":361,"speed":-1,"alt":100001,"precision":-1,"signal_level":101},)"
         R"("battery_level":-1,"gsm":{"signal_level":20910998202956382057}})");
  AllAbsent();
  LONGS_EQUAL(7, notes.ignored_fields);
  Decode(R"({"gps":{"heading":360,"speed":2000,"alt":-12000,"precision":0,"signal_level":0},)"
         R"("battery_level":0,"gsm":{"signal_level":100}})");
  Clean();
  Is(360, state.heading_deg);
  Is(2000, state.speed_kmh);
  Is(-12000, state.altitude_m);
  Is(0, state.precision_m);
  Is(0, state.battery_pct);
  Decode(R"({"gps":{"heading":45.4,"speed":63.5,"gsm_lbs":true}})");
  Is(45, state.heading_deg);
  Is(64, state.speed_kmh);
  Is(true, state.gsm_lbs);
}

TEST(DecodeState, WrongTypesCostTheFieldOnly) {
  Decode(R"({"gps":[],"gsm":"x","ignition":1,"battery_level":"97","inputs":[1,0],"outputs":{},)"
         R"("additional":[1],"movement_status":1,"connection_status":null,"last_update":17,)"
         R"("source_id":{},"future":{"deep":[{}]},"actual_track_update":"2024-08-01T00:00:00Z"})");
  LONGS_EQUAL(9, notes.ignored_fields);
  IsTime("2024-08-01T00:00:00Z", state.track_time);
  state.track_time.Clear();
  AllAbsent();
}

TEST(DecodeState, EachWordHasItsValue) {
  const struct {
    const char* word;
    Connection value;
  } connections[] = {{"signal_lost", Connection::kSignalLost},
                     {"just_registered", Connection::kJustRegistered},
                     {"just_replaced", Connection::kJustReplaced},
                     {"offline", Connection::kOffline},
                     {"idle", Connection::kIdle},
                     {"active", Connection::kActive}};
  for (const auto& row : connections) {
    Decode(std::string(R"({"connection_status":")") + row.word + "\"}");
    Clean();
    CHECK(state.connection == row.value);
  }
  Decode(R"({"movement_status":"stopped"})");
  CHECK(state.movement == Movement::kStopped);
  Decode(R"({"movement_status":"flying","connection_status":"Active"})");
  CHECK(state.movement == Movement::kUnknown);
  CHECK(state.connection == Connection::kUnknown);
  LONGS_EQUAL(2, notes.unknown_words);
  LONGS_EQUAL(2, notes.ignored_fields);
}

TEST(DecodeState, DatesWithAnyOffsetBecomeUtc) {
  for (const char* date :
       {"2024-08-01T13:45:18Z", "2024-08-01T16:45:18+03:00", "2024-08-01T16:45:18+0300",
        "2024-08-01T08:15:18-05:30", "2024-08-02T03:45:18+14:00", "2024-08-01T13:45:18.000Z"}) {
    Decode(std::string(R"({"last_update":")") + date + "\"}");
    Clean();
    IsTime("2024-08-01T13:45:18Z", state.update_time);
  }
}

TEST(DecodeState, AbsurdDatesAreLeftOut) {
  for (const char* date : {"1970-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z",
                           "9999-12-31T23:59:59Z"}) {
    Decode(std::string(R"({"last_update":")") + date + "\"}");
    CHECK_FALSE(state.update_time.has);
    LONGS_EQUAL(1, notes.absurd_times);
    LONGS_EQUAL(1, notes.ignored_fields);
    CHECK(notes.first_ignored.view() == "last_update");
  }
  for (const char* date :
       {"2000-01-01T00:00:00Z", "2038-01-20T00:00:00Z", "2099-12-31T23:59:59Z"}) {
    Decode(std::string(R"({"last_update":")") + date + "\"}");
    Clean();
    CHECK(state.update_time.has);
  }
  Decode(R"({"last_update":"0000-00-00T00:00:00Z","inputs_update":""})");
  CHECK_FALSE(state.update_time.has);
  LONGS_EQUAL(2, notes.ignored_fields);
}

TEST(DecodeState, AdditionalValuesOfEachKindInOneOrder) {
  Decode(R"({"additional":{"z":{"value":"text"},"key":{"value":20910998202956382057},)"
         R"("b":{"value":true,"updated":"2022-08-31 10:47:09"},"real":{"value":1.50},)"
         R"("none":{"value":null},"gone":null,"empty":{},"void":{"value":""},)"
         R"("A":{"value":-12}}})");
  Clean();
  CHECK(Pairs() == "A=-12|b=true|key=20910998202956382057|real=1.50|void=|z=text|");
  Decode(R"({"additional":{"o":{"value":{}},"l":{"value":[1]},"n":5,"x":{"value":"y"}}})");
  CHECK(Pairs() == "x=y|");
  LONGS_EQUAL(3, notes.ignored_fields);
}

TEST(DecodeState, AdditionalTextIsCleaned) {
  Decode(
      "{\"additional\":{\"a\xFF\":{\"value\":\"x\xC3(\"},\"b\\n\":{\"value\":\"\\u0000\\u001b\"}}"
      "}");
  CHECK(Pairs() == "a\xEF\xBF\xBD=x\xEF\xBF\xBD(|b =  |");
  LONGS_EQUAL(2, notes.mended_texts);
  LONGS_EQUAL(0, notes.ignored_fields);
  // Two names that become one: the payload must not have a key twice.
  Decode("{\"additional\":{\"a\\n\":{\"value\":\"1\"},\"a\\t\":{\"value\":\"2\"}}}");
  LONGS_EQUAL(1, state.additional.count);
  LONGS_EQUAL(1, notes.ignored_fields);
}

TEST(DecodeState, AdditionalIsBounded) {
  const auto pair = [](const std::string& name, const std::string& value) {
    return "\"" + name + R"(":{"value":")" + value + "\"}";
  };
  std::string many;
  for (int i = 0; i < 60; ++i)
    many += (i == 0 ? "" : ",") + pair("n" + std::to_string(100 + i), "v");
  Decode("{\"additional\":{" + many + "}}");
  LONGS_EQUAL(depotlink::limits::kMaxAdditional, state.additional.count);
  CHECK(state.additional.cut);
  LONGS_EQUAL(1, notes.cut_lists);
  LONGS_EQUAL(12, notes.ignored_fields);
  std::string large;
  for (int i = 0; i < 9; ++i) large += pair("n" + std::to_string(i), std::string(400, 'x')) + ",";
  Decode("{\"additional\":{" + large + pair("z", "fits") + "}}");
  CHECK(state.additional.cut);
  LONGS_EQUAL(6, state.additional.count);
  CHECK(state.additional.Text(5) == "fits");
  // A value too long is left out whole: half a value would be a wrong one.
  Decode("{\"additional\":{" + pair("a", std::string(513, 'x')) + "," +
         pair(std::string(65, 'n'), "x") + "," + pair("b", std::string(512, 'x')) + "}}");
  LONGS_EQUAL(1, state.additional.count);
  LONGS_EQUAL(2, notes.ignored_fields);
}

TEST(DecodeState, InputsAreBounded) {
  std::string list = "true";
  for (int i = 0; i < 64; ++i) list += ",false";
  Decode("{\"inputs\":[" + list + "]}");
  LONGS_EQUAL(64, state.inputs.count);
  CHECK(state.inputs.on[0]);
  LONGS_EQUAL(1, notes.cut_lists);
  LONGS_EQUAL(1, notes.ignored_fields);
}

TEST(DecodeState, NetworkNamesAreCleanedAndCut) {
  Decode("{\"gsm\":{\"network_name\":\"A1 \\\"net\\\"\\n\xD0\x93\xFF\"}}");
  CHECK(state.gsm_network.view() == "A1 \"net\" \xD0\x93\xEF\xBF\xBD");
  LONGS_EQUAL(1, notes.mended_texts);
  Decode("{\"gsm\":{\"network_name\":\"" + std::string(63, 'x') + "\xD0\x93\"}}");
  LONGS_EQUAL(63, state.gsm_network.size());
}

TEST(DecodeState, ElementsThatCannotBeReadAreSkipped) {
  for (const char* text : {"", "null", "[]", "7", "{\"gps\":{}", "{\"a\":1,\"a\":2}",
                           "{\"a\":{\"b\":1,\"b\":1}}", "{/**/}"}) {
    const Status status = DecodeState(reader, text, state, notes);
    CHECK_TEXT(status.code() == Code::kSkip, text);
  }
  CHECK_FALSE(notes.any());
}

TEST(DecodeState, NotesAddUp) {
  CHECK(DecodeState(reader, R"({"ignition":1})", state, notes).ok());
  CHECK(DecodeState(reader, R"({"battery_level":"x"})", state, notes).ok());
  LONGS_EQUAL(2, notes.ignored_fields);
  CHECK(notes.first_ignored.view() == "ignition");
}

TEST(DecodeState, TrackerIds) {
  TrackerId id = 7;
  for (const char* text :
       {"", "0", "01", "-1", "+1", " 1", "1 ", "1.0", "1e3", "abc", "\"1\"", "1/2",
        "9007199254740993", "99999999999999999999", "18446744073709551617"}) {
    CHECK_TEXT(!DecodeTrackerId(text, id), text);
  }
  CHECK_FALSE(DecodeTrackerId(std::string_view("1\0", 2), id));
  CHECK(id == 7);
  CHECK(DecodeTrackerId("1234567", id));
  CHECK(id == 1234567);
  CHECK(DecodeTrackerId("9007199254740992", id));
  CHECK(id == depotlink::navixy::kMaxId);
}
