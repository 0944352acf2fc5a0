// SPDX-License-Identifier: Apache-2.0
#pragma once

// A geo link: somebody's decision to share the position of some trackers, for a time. Its `hash` is
// half of a public address, a secret, and is never read. Source: vendor documents, location_link.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/base/fixed_string.hpp"
#include "agent/base/limits.hpp"
#include "agent/base/time.hpp"
#include "agent/model/tracker_state.hpp"

namespace depotlink::model {

using LinkId = std::uint64_t;  // 1 .. 2^53, numbers of their own

// kUnknown: the lifetime cannot be read, or there is one and no clock to hold it against.
enum class LinkStatus : std::uint8_t { kUnknown, kEnabled, kInactive, kExpired, kDisabled };

// `enabled`, `inactive`, `expired`, `disabled`; empty for kUnknown.
std::string_view LinkStatusName(LinkStatus status);

// What time it is, as well as that can be known: between `earliest` and `latest`.
struct TimeRange {
  bool known = false;
  WallTime earliest;
  WallTime latest;
};

// What a link's status follows from.
struct LinkTerms {
  bool enabled = false;
  bool bad_lifetime = false;  // it has one that cannot be read
  Maybe<WallTime> from;       // from then on ...
  Maybe<WallTime> to;         // ... and before then
};

// In doubt it is not yet, or no more: a link shows nothing a moment longer than it should.
LinkStatus StatusAt(const LinkTerms& terms, const TimeRange& now);
// How long until the status may change by time alone, at least 1; INT64_MAX: never.
DurationMs UntilChange(const LinkTerms& terms, const TimeRange& now);

// What a link shows of a tracker beside its position, of what is polled at all: `object_data`.
using Grants = std::uint8_t;
enum Grant : Grants {
  kGrantSpeed = 1,
  kGrantMovement = 2,     // movement_status
  kGrantConnection = 4,   // connection_status
  kGrantVehicleLabel = 8  // vehicle_label
};

struct LinkTracker {
  TrackerId id = 0;
  Grants grants = 0;
  FixedString<limits::kAliasBytes> alias;  // empty: none
};

// About 22 KiB, one instance.
struct GeoLink {
  LinkId id = 0;
  FixedString<limits::kLinkDescriptionBytes> description;
  LinkTerms terms;
  bool bounded_by_zones = false;  // shown inside or outside of zones only
  std::array<LinkTracker, limits::kLinkTrackers> trackers;
  std::size_t tracker_count = 0;
  std::size_t left_out = 0;  // trackers beyond that, or that cannot be read
};

// Leaves of a state what a link shows: the position, when it was taken, and what is granted.
void KeepGranted(TrackerState& state, Grants grants);

}  // namespace depotlink::model
