// SPDX-License-Identifier: Apache-2.0
#include "agent/model/tracker_state.hpp"

#include <cstring>

namespace depotlink::model {

bool Additional::Add(std::string_view name, std::string_view text) {
  if (count == pairs.size() || name.size() + text.size() > pool.size() - pool_used) {
    cut = true;
    return false;
  }
  const auto append = [this](std::string_view bytes) {
    const auto offset = static_cast<std::uint16_t>(pool_used);
    if (!bytes.empty()) std::memcpy(pool.data() + pool_used, bytes.data(), bytes.size());
    pool_used += bytes.size();
    return offset;
  };
  Pair& pair = pairs[count];
  pair.name_offset = append(name);
  pair.name_bytes = static_cast<std::uint16_t>(name.size());
  pair.text_offset = append(text);
  pair.text_bytes = static_cast<std::uint16_t>(text.size());
  ++count;
  return true;
}

void TrackerState::Clear() {
  lat_deg.Clear();
  lng_deg.Clear();
  speed_kmh.Clear();
  heading_deg.Clear();
  altitude_m.Clear();
  precision_m.Clear();
  gsm_lbs.Clear();
  fix_time.Clear();
  update_time.Clear();
  movement = Movement::kUnknown;
  movement_time.Clear();
  connection = Connection::kUnknown;
  ignition.Clear();
  ignition_time.Clear();
  gps_signal_pct.Clear();
  gsm_signal_pct.Clear();
  gsm_network.Clear();
  gsm_roaming.Clear();
  gsm_time.Clear();
  battery_pct.Clear();
  battery_time.Clear();
  inputs = Switches{};
  inputs_time.Clear();
  outputs = Switches{};
  outputs_time.Clear();
  additional.Clear();
  track_time.Clear();
}

}  // namespace depotlink::model
