// SPDX-License-Identifier: Apache-2.0
#pragma once

// One tracker's state as the agent understands it: fixed size, units in the names, `has_` or an
// empty text where the API said nothing. Filled by the decoder in place; about 6 KiB, one instance.
// Source of the fields: vendor documents, tracker/get_state, Response.

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/base/fixed_string.hpp"
#include "agent/base/limits.hpp"
#include "agent/base/time.hpp"

namespace depotlink::model {

using TrackerId = std::uint64_t;  // 1 .. 2^53

enum class Movement : std::uint8_t { kUnknown, kMoving, kStopped, kParked };
enum class Connection : std::uint8_t {
  kUnknown,
  kSignalLost,
  kJustRegistered,
  kJustReplaced,
  kOffline,
  kIdle,
  kActive
};

// A value that may be absent.
template <typename T>
struct Maybe {
  T value{};
  bool has = false;

  void Set(T v) {
    value = v;
    has = true;
  }
  void Clear() { has = false; }
};

// Digital inputs or outputs, the first one at index 0.
struct Switches {
  std::bitset<limits::kMaxIo> on;
  std::size_t count = 0;
  bool has = false;
};

// Names and texts of `additional`, packed into one pool.
struct Additional {
  struct Pair {
    std::uint16_t name_offset;
    std::uint16_t name_bytes;
    std::uint16_t text_offset;
    std::uint16_t text_bytes;
  };
  std::array<char, limits::kAdditionalTextBytes> pool;
  std::array<Pair, limits::kMaxAdditional> pairs;
  std::size_t pool_used = 0;
  std::size_t count = 0;
  bool cut = false;  // some did not fit and were left out

  void Clear() {
    pool_used = 0;
    count = 0;
    cut = false;
  }
  // Appends a pair; sets `cut` and returns false where there is no room.
  bool Add(std::string_view name, std::string_view text);
  std::string_view Name(std::size_t i) const {
    return {pool.data() + pairs[i].name_offset, pairs[i].name_bytes};
  }
  std::string_view Text(std::size_t i) const {
    return {pool.data() + pairs[i].text_offset, pairs[i].text_bytes};
  }
};

struct TrackerState {
  Maybe<double> lat_deg;  // -90 .. 90
  Maybe<double> lng_deg;  // -180 .. 180
  Maybe<std::int32_t> speed_kmh;
  Maybe<std::int32_t> heading_deg;  // 0 .. 360
  Maybe<std::int32_t> altitude_m;
  Maybe<std::int32_t> precision_m;
  Maybe<bool> gsm_lbs;          // position by cell towers, not by satellites
  Maybe<WallTime> fix_time;     // gps.updated
  Maybe<WallTime> update_time;  // last_update
  Movement movement = Movement::kUnknown;
  Maybe<WallTime> movement_time;
  Connection connection = Connection::kUnknown;
  Maybe<bool> ignition;
  Maybe<WallTime> ignition_time;
  Maybe<std::int32_t> gps_signal_pct;
  Maybe<std::int32_t> gsm_signal_pct;
  FixedString<limits::kNetworkNameBytes> gsm_network;
  Maybe<bool> gsm_roaming;
  Maybe<WallTime> gsm_time;
  Maybe<std::int32_t> battery_pct;
  Maybe<WallTime> battery_time;
  Switches inputs;
  Maybe<WallTime> inputs_time;
  Switches outputs;
  Maybe<WallTime> outputs_time;
  Additional additional;
  Maybe<WallTime> track_time;  // actual_track_update: when the device last moved

  // Everything absent again.
  void Clear();
};

// One entry of tracker/list, views into the decoder's buffers.
struct TrackerInfo {
  TrackerId id = 0;
  FixedString<limits::kLabelBytes> label;
  std::uint64_t group_id = 0;  // 0: none
  FixedString<limits::kModelBytes> model;
  bool blocked = false;
  bool clone = false;
};

struct TrackerGroup {
  std::uint64_t id = 0;
  FixedString<limits::kGroupTitleBytes> title;
};

}  // namespace depotlink::model
