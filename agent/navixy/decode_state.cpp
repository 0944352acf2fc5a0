// SPDX-License-Identifier: Apache-2.0
#include "agent/navixy/decode_state.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "agent/json/utf8.hpp"

namespace depotlink::navixy {
namespace {

using json::Found;
using json::Object;
using model::Maybe;

// Dates outside are a device's clock that was never set, or worse.
constexpr WallTime kEarliest{946684800000};  // 2000-01-01T00:00:00Z
constexpr WallTime kLatest{4102444800000};   // 2100-01-01T00:00:00Z

// What a vehicle may report; beyond, the field is left out.
constexpr std::int64_t kMaxSpeedKmh = 2000;
constexpr std::int64_t kMinAltitudeM = -12000;
constexpr std::int64_t kMaxAltitudeM = 100000;
constexpr std::int64_t kMaxPrecisionM = 10000000;

// One additional value; longer ones are left out, because a cut value would be a wrong one.
constexpr std::size_t kAdditionalNameBytes = limits::kKeyBytes;
constexpr std::size_t kAdditionalValueBytes = 512;

struct MovementWord {
  std::string_view word;
  model::Movement value;
};
constexpr MovementWord kMovements[] = {{"moving", model::Movement::kMoving},
                                       {"stopped", model::Movement::kStopped},
                                       {"parked", model::Movement::kParked}};

struct ConnectionWord {
  std::string_view word;
  model::Connection value;
};
constexpr ConnectionWord kConnections[] = {{"signal_lost", model::Connection::kSignalLost},
                                           {"just_registered", model::Connection::kJustRegistered},
                                           {"just_replaced", model::Connection::kJustReplaced},
                                           {"offline", model::Connection::kOffline},
                                           {"idle", model::Connection::kIdle},
                                           {"active", model::Connection::kActive}};

class StateDecoder {
 public:
  StateDecoder(const Object& root, model::TrackerState& out, DecodeNotes& notes)
      : root_(root), out_(out), notes_(notes) {}

  void Run() {
    Gps();
    Gsm();
    Time(root_, "last_update", out_.update_time);
    Word(kMovements, "movement_status", out_.movement);
    Time(root_, "movement_status_update", out_.movement_time);
    Word(kConnections, "connection_status", out_.connection);
    Bool(root_, "ignition", out_.ignition);
    Time(root_, "ignition_update", out_.ignition_time);
    Int(root_, "battery_level", 0, 100, out_.battery_pct);
    Time(root_, "battery_update", out_.battery_time);
    Switches("inputs", out_.inputs);
    Time(root_, "inputs_update", out_.inputs_time);
    Switches("outputs", out_.outputs);
    Time(root_, "outputs_update", out_.outputs_time);
    Additional();
    Time(root_, "actual_track_update", out_.track_time);
  }

  void RunPoint() {
    Time(root_, "get_time", out_.fix_time);
    Position(root_);
    Course(root_);
  }

 private:
  void Int(const Object& from, std::string_view name, std::int64_t min, std::int64_t max,
           Maybe<std::int32_t>& out) {
    std::int64_t value = 0;
    if (from.GetInt(name, min, max, value) == Found::kYes) {
      out.Set(static_cast<std::int32_t>(value));
    }
  }

  void Bool(const Object& from, std::string_view name, Maybe<bool>& out) {
    bool value = false;
    if (from.GetBool(name, value) == Found::kYes) out.Set(value);
  }

  void Time(const Object& from, std::string_view name, Maybe<WallTime>& out) {
    WallTime value;
    const Found found = from.GetTime(name, value);
    if (found == Found::kNoZone) ++notes_.local_times;
    if (found != Found::kYes) return;
    if (value < kEarliest || !(value < kLatest)) {
      ++notes_.absurd_times;
      notes_.Ignore(name);
      return;
    }
    out.Set(value);
  }

  template <typename Row, std::size_t kRows, typename Value>
  void Word(const Row (&table)[kRows], std::string_view name, Value& out) {
    std::string_view word;
    if (root_.GetText(name, limits::kElementBytes, word) != Found::kYes) return;
    for (const Row& row : table) {
      if (row.word == word) {
        out = row.value;
        return;
      }
    }
    ++notes_.unknown_words;
    notes_.Ignore(name);
  }

  void Gps() {
    Object gps;
    if (root_.GetObject("gps", gps) != Found::kYes) return;
    Time(gps, "updated", out_.fix_time);
    Int(gps, "signal_level", 0, 100, out_.gps_signal_pct);
    Object location;
    // In `location` by the examples, in `gps` itself by the text.
    if (gps.GetObject("location", location) != Found::kYes || !Position(location)) Position(gps);
    Course(gps);
  }

  void Course(const Object& from) {
    Int(from, "heading", 0, 360, out_.heading_deg);
    Int(from, "speed", 0, kMaxSpeedKmh, out_.speed_kmh);
    Int(from, "alt", kMinAltitudeM, kMaxAltitudeM, out_.altitude_m);
    Int(from, "precision", 0, kMaxPrecisionM, out_.precision_m);
    Bool(from, "gsm_lbs", out_.gsm_lbs);
  }

  // False where `from` says nothing of a position; a bad one counts as said.
  bool Position(const Object& from) {
    double lat = 0;
    double lng = 0;
    const Found found_lat = from.GetDouble("lat", lat);
    const Found found_lng = from.GetDouble("lng", lng);
    if (found_lat == Found::kAbsent && found_lng == Found::kAbsent) return false;
    const bool both = found_lat == Found::kYes && found_lng == Found::kYes;
    // A receiver without a fix reports 0/0, and no depot lies in the Gulf of Guinea.
    const bool nowhere = !(lat < 0 || lat > 0 || lng < 0 || lng > 0);
    if (!both || nowhere || lat < -90 || lat > 90 || lng < -180 || lng > 180) {
      ++notes_.bad_positions;
      // A wrong type was counted by the reader.
      if (found_lat != Found::kWrong && found_lng != Found::kWrong) notes_.Ignore("location");
      return true;
    }
    out_.lat_deg.Set(lat);
    out_.lng_deg.Set(lng);
    return true;
  }

  void Gsm() {
    Object gsm;
    if (root_.GetObject("gsm", gsm) != Found::kYes) return;
    Time(gsm, "updated", out_.gsm_time);
    Int(gsm, "signal_level", 0, 100, out_.gsm_signal_pct);
    std::string_view name;
    if (gsm.GetText("network_name", limits::kElementBytes, name) == Found::kYes &&
        !json::AssignClean(name, out_.gsm_network)) {
      ++notes_.mended_texts;
    }
    Bool(gsm, "roaming", out_.gsm_roaming);
  }

  void Switches(std::string_view name, model::Switches& out) {
    std::array<bool, limits::kMaxIo> on{};
    std::size_t count = 0;
    if (root_.GetBools(name, on.data(), on.size(), count) != Found::kYes) return;
    if (count > on.size()) {
      ++notes_.cut_lists;
      notes_.Ignore(name);
    }
    out.has = true;
    out.count = std::min(count, on.size());
    for (std::size_t i = 0; i < out.count; ++i) out.on.set(i, on[i]);
  }

  void Additional() {
    Object additional;
    if (root_.GetObject("additional", additional) != Found::kYes) return;
    // By the names' bytes, so that a payload does not depend on the order that the API chose.
    additional.ForEachName([&](std::string_view name) { AdditionalPair(additional, name); });
    if (out_.additional.cut) ++notes_.cut_lists;
  }

  void AdditionalPair(const Object& additional, std::string_view name) {
    // {"value": ..., "updated": ...}; `updated` is not read, see README.md.
    Object pair;
    std::string_view value;
    if (additional.GetObject(name, pair) != Found::kYes ||
        pair.GetScalar("value", kAdditionalValueBytes, value) != Found::kYes) {
      return;
    }
    std::array<char, kAdditionalNameBytes> name_bytes;
    std::array<char, kAdditionalValueBytes> value_bytes;
    const auto clean_name = json::CopyClean(name, name_bytes.data(), name_bytes.size());
    const auto clean_value = json::CopyClean(value, value_bytes.data(), value_bytes.size());
    const std::string_view new_name(name_bytes.data(), clean_name.bytes);
    if (clean_name.cut || clean_value.cut || HasAdditional(new_name)) {
      notes_.Ignore(name);
      return;
    }
    if (!out_.additional.Add(new_name, {value_bytes.data(), clean_value.bytes})) {
      notes_.Ignore(name);
    } else if (clean_name.mended || clean_value.mended) {
      ++notes_.mended_texts;
    }
  }

  // Two names can become the same by mending; a payload must not have a key twice.
  bool HasAdditional(std::string_view name) const {
    for (std::size_t i = 0; i < out_.additional.count; ++i) {
      if (out_.additional.Name(i) == name) return true;
    }
    return false;
  }

  const Object& root_;
  model::TrackerState& out_;
  DecodeNotes& notes_;
};

}  // namespace

bool DecodeTrackerId(std::string_view text, model::TrackerId& out) {
  if (text.empty() || text.front() < '1' || text.front() > '9') return false;
  std::uint64_t id = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), id);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size() || id > kMaxId) return false;
  out = id;
  return true;
}

Status DecodeState(json::ElementReader& reader, std::string_view element_text,
                   model::TrackerState& out, DecodeNotes& notes) {
  out.Clear();
  Status status = reader.Parse(element_text);
  if (!status.ok()) return status;
  const Object root = reader.root();
  StateDecoder(root, out, notes).Run();
  notes.AddFrom(reader);
  reader.Clear();
  return status;
}

Status DecodePoint(json::ElementReader& reader, std::string_view element_text,
                   model::TrackerState& out, DecodeNotes& notes) {
  out.Clear();
  Status status = reader.Parse(element_text);
  if (!status.ok()) return status;
  StateDecoder(reader.root(), out, notes).RunPoint();
  notes.AddFrom(reader);
  reader.Clear();
  if (out.fix_time.has && out.lat_deg.has) return status;
  return {Code::kSkip, "a point without a time or a place"};
}

}  // namespace depotlink::navixy
