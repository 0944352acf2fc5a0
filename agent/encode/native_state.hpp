// SPDX-License-Identifier: Apache-2.0
#pragma once

// The native payload of `tracker/<id>/state` (and of `.../history`): flat, units in the names,
// times in UTC, what is unknown left out, the members always in the same order. README.md here has
// the table. No heap.

#include <cstdint>
#include <string_view>

#include "agent/base/time.hpp"
#include "agent/json/json_writer.hpp"
#include "agent/model/tracker_state.hpp"

namespace depotlink::encode {

// One state on its way out. The views and the state must stay valid during EncodeState.
struct StateRecord {
  model::TrackerId id = 0;
  std::string_view label;  // empty: unknown
  std::string_view alias;  // under which a geo link shares it; empty: none
  std::string_view group;  // the group's title; empty: none or unknown
  const model::TrackerState* state = nullptr;
  WallTime poll_time;             // when the answer came
  bool poll_time_trusted = true;  // false while the box's clock may be wrong: then it is left out
  std::string_view run;           // of this start of the agent; empty: left out
  std::uint64_t seq = 0;          // of this record within the run; 0: left out
  bool late = false;              // it waited in the queue, or was read back
};

// Writes one whole payload; false where it did not fit the writer's buffer. The largest one fits
// limits::kPayloadBytes.
[[nodiscard]] bool EncodeState(const StateRecord& record, json::JsonWriter& out);

// The names in payloads; empty for kUnknown.
std::string_view MovementName(model::Movement movement);
std::string_view ConnectionName(model::Connection connection);

}  // namespace depotlink::encode
