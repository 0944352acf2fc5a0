// SPDX-License-Identifier: Apache-2.0
#pragma once

// The payload of `tracker/<id>/info`: what seldom changes of a tracker. README.md here has the
// table.

#include <cstdint>
#include <string_view>

#include "agent/json/json_writer.hpp"
#include "agent/model/tracker_state.hpp"

namespace depotlink::encode {

// The views and `info` must stay valid during EncodeInfo.
struct InfoRecord {
  const model::TrackerInfo* info = nullptr;
  std::string_view alias;  // under which a geo link shares it; empty: none
  std::string_view group;  // the group's title; empty: none or unknown
  std::string_view run;
  std::uint64_t seq = 0;
};

// Writes one whole payload; false where it did not fit the writer's buffer.
[[nodiscard]] bool EncodeInfo(const InfoRecord& record, json::JsonWriter& out);

}  // namespace depotlink::encode
