// SPDX-License-Identifier: Apache-2.0
#include "agent/encode/native_state.hpp"

namespace depotlink::encode {
namespace {

using json::JsonWriter;
using model::Maybe;

// Each writes a member, or nothing where the value is unknown.
void TextMember(JsonWriter& out, std::string_view name, std::string_view text) {
  if (!text.empty()) out.Key(name).Text(text);
}
void Int(JsonWriter& out, std::string_view name, const Maybe<std::int32_t>& value) {
  if (value.has) out.Key(name).Int(value.value);
}
void Bool(JsonWriter& out, std::string_view name, const Maybe<bool>& value) {
  if (value.has) out.Key(name).Bool(value.value);
}
void Time(JsonWriter& out, std::string_view name, const Maybe<WallTime>& value) {
  if (value.has) out.Key(name).Time(value.value, /*with_ms=*/false);
}

void Switches(JsonWriter& out, std::string_view name, const model::Switches& switches) {
  if (!switches.has) return;
  out.Key(name).BeginArray();
  for (std::size_t i = 0; i < switches.count; ++i) out.Bool(switches.on[i]);
  out.EndArray();
}

void Position(JsonWriter& out, const model::TrackerState& state) {
  if (state.lat_deg.has && state.lng_deg.has) {
    out.Key("lat").Double(state.lat_deg.value);
    out.Key("lng").Double(state.lng_deg.value);
  }
  Int(out, "speed_kmh", state.speed_kmh);
  Int(out, "heading_deg", state.heading_deg);
  Int(out, "altitude_m", state.altitude_m);
  Int(out, "precision_m", state.precision_m);
  Bool(out, "lbs", state.gsm_lbs);
}

void Times(JsonWriter& out, const StateRecord& record) {
  Time(out, "fix_time", record.state->fix_time);
  Time(out, "update_time", record.state->update_time);
  if (record.poll_time_trusted) out.Key("poll_time").Time(record.poll_time, /*with_ms=*/true);
}

void Activity(JsonWriter& out, const model::TrackerState& state) {
  TextMember(out, "movement", MovementName(state.movement));
  Time(out, "movement_time", state.movement_time);
  TextMember(out, "connection", ConnectionName(state.connection));
  Bool(out, "ignition", state.ignition);
  Time(out, "ignition_time", state.ignition_time);
}

void Device(JsonWriter& out, const model::TrackerState& state) {
  Int(out, "gps_signal_pct", state.gps_signal_pct);
  Int(out, "gsm_signal_pct", state.gsm_signal_pct);
  TextMember(out, "gsm_network", state.gsm_network.view());
  Bool(out, "gsm_roaming", state.gsm_roaming);
  Time(out, "gsm_time", state.gsm_time);
  Int(out, "battery_pct", state.battery_pct);
  Time(out, "battery_time", state.battery_time);
  Switches(out, "inputs", state.inputs);
  Time(out, "inputs_time", state.inputs_time);
  Switches(out, "outputs", state.outputs);
  Time(out, "outputs_time", state.outputs_time);
}

void Additional(JsonWriter& out, const model::Additional& additional) {
  if (additional.count > 0) {
    out.Key("additional").BeginObject();
    for (std::size_t i = 0; i < additional.count; ++i) {
      out.Key(additional.Name(i)).Text(additional.Text(i));
    }
    out.EndObject();
  }
  if (additional.cut) out.Key("additional_cut").Bool(true);
}

}  // namespace

std::string_view MovementName(model::Movement movement) {
  switch (movement) {
    case model::Movement::kMoving:
      return "moving";
    case model::Movement::kStopped:
      return "stopped";
    case model::Movement::kParked:
      return "parked";
    case model::Movement::kUnknown:
      break;
  }
  return {};
}

std::string_view ConnectionName(model::Connection connection) {
  switch (connection) {
    case model::Connection::kSignalLost:
      return "signal_lost";
    case model::Connection::kJustRegistered:
      return "just_registered";
    case model::Connection::kJustReplaced:
      return "just_replaced";
    case model::Connection::kOffline:
      return "offline";
    case model::Connection::kIdle:
      return "idle";
    case model::Connection::kActive:
      return "active";
    case model::Connection::kUnknown:
      break;
  }
  return {};
}

bool EncodeState(const StateRecord& record, json::JsonWriter& out) {
  if (record.state == nullptr) return false;
  const model::TrackerState& state = *record.state;
  out.BeginObject();
  out.Key("id").Uint(record.id);
  TextMember(out, "label", record.label);
  TextMember(out, "alias", record.alias);
  TextMember(out, "group", record.group);
  Position(out, state);
  Times(out, record);
  Activity(out, state);
  Device(out, state);
  Additional(out, state.additional);
  Time(out, "track_time", state.track_time);
  TextMember(out, "run", record.run);
  if (record.seq != 0) out.Key("seq").Uint(record.seq);
  if (record.late) out.Key("late").Bool(true);
  out.EndObject();
  return out.ok();
}

}  // namespace depotlink::encode
