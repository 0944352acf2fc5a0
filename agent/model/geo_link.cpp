// SPDX-License-Identifier: Apache-2.0
#include "agent/model/geo_link.hpp"

#include <algorithm>

namespace depotlink::model {

std::string_view LinkStatusName(LinkStatus status) {
  switch (status) {
    case LinkStatus::kEnabled:
      return "enabled";
    case LinkStatus::kInactive:
      return "inactive";
    case LinkStatus::kExpired:
      return "expired";
    case LinkStatus::kDisabled:
      return "disabled";
    case LinkStatus::kUnknown:
      break;
  }
  return {};
}

LinkStatus StatusAt(const LinkTerms& terms, const TimeRange& now) {
  if (!terms.enabled) return LinkStatus::kDisabled;
  if (terms.bad_lifetime) return LinkStatus::kUnknown;
  if (!terms.from.has && !terms.to.has) return LinkStatus::kEnabled;
  if (!now.known) return LinkStatus::kUnknown;
  if (terms.to.has && !(now.latest < terms.to.value)) return LinkStatus::kExpired;
  if (terms.from.has && now.earliest < terms.from.value) return LinkStatus::kInactive;
  return LinkStatus::kEnabled;
}

DurationMs UntilChange(const LinkTerms& terms, const TimeRange& now) {
  DurationMs until = INT64_MAX;
  if (!terms.enabled || terms.bad_lifetime || !now.known) return until;
  if (terms.from.has && now.earliest < terms.from.value) {
    until = std::min(until, terms.from.value.ms - now.earliest.ms);
  }
  if (terms.to.has && now.latest < terms.to.value) {
    until = std::min(until, terms.to.value.ms - now.latest.ms);
  }
  return until;
}

// What is not named here goes, so that a field of tomorrow does not slip through.
void KeepGranted(TrackerState& state, Grants grants) {
  const Maybe<double> lat_deg = state.lat_deg;
  const Maybe<double> lng_deg = state.lng_deg;
  const Maybe<WallTime> fix_time = state.fix_time;
  const Maybe<std::int32_t> speed_kmh = state.speed_kmh;
  const Movement movement = state.movement;
  const Maybe<WallTime> movement_time = state.movement_time;
  const Connection connection = state.connection;
  const Maybe<WallTime> update_time = state.update_time;
  state.Clear();
  state.lat_deg = lat_deg;
  state.lng_deg = lng_deg;
  state.fix_time = fix_time;
  if ((grants & kGrantSpeed) != 0) state.speed_kmh = speed_kmh;
  if ((grants & kGrantMovement) != 0) {
    state.movement = movement;
    state.movement_time = movement_time;
  }
  if ((grants & kGrantConnection) != 0) {
    state.connection = connection;
    state.update_time = update_time;
  }
}

}  // namespace depotlink::model
