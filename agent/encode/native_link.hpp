// SPDX-License-Identifier: Apache-2.0
#pragma once

// The payload of `link/<id>`: a geo link and its status. README.md here has the table.

#include <cstdint>
#include <string_view>

#include "agent/json/json_writer.hpp"
#include "agent/model/geo_link.hpp"

namespace depotlink::encode {

// The views and `link` must stay valid during EncodeLink.
struct LinkRecord {
  model::LinkId id = 0;
  model::LinkTerms terms;
  model::LinkStatus status = model::LinkStatus::kUnknown;
  bool clock_known = true;               // else it is said that a lifetime cannot be judged
  const model::GeoLink* link = nullptr;  // null: its description and trackers are not shown
  std::string_view run;
  std::uint64_t seq = 0;
};

// Writes one whole payload; the last trackers are left out and counted where they do not fit. False
// where it did not fit even so.
[[nodiscard]] bool EncodeLink(const LinkRecord& record, json::JsonWriter& out);

}  // namespace depotlink::encode
