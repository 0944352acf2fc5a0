// SPDX-License-Identifier: Apache-2.0
#pragma once

// One state object of tracker/get_state or tracker/get_states (vendor documents, Response) to
// model::TrackerState. Which field goes where, and which are left out and why: README.md here.

#include <cstdint>
#include <string_view>

#include "agent/base/status.hpp"
#include "agent/json/element_reader.hpp"
#include "agent/model/tracker_state.hpp"
#include "agent/navixy/decode_notes.hpp"

namespace depotlink::navixy {

inline constexpr std::uint64_t kMaxId = std::uint64_t{1} << 53U;

// The key of a state in `states`, or an entry of `blocked` and `not_exist`, as its digits: 1 to
// 2^53, no sign, no leading zero. False, `out` untouched, for anything else.
[[nodiscard]] bool DecodeTrackerId(std::string_view text, model::TrackerId& out);

// Overwrites `out` with what `element_text` says; what it does not say is absent. Unknown fields
// are passed over; unusable ones are left out and counted in `notes`, which is added to. kSkip
// where the element cannot be read at all; then `out` is all absent.
Status DecodeState(json::ElementReader& reader, std::string_view element_text,
                   model::TrackerState& out, DecodeNotes& notes);

// Likewise one point of track/read (vendor documents, track, point info), as far as a state has the
// same: place, course and time of fix. kSkip also where it has no place or no time.
Status DecodePoint(json::ElementReader& reader, std::string_view element_text,
                   model::TrackerState& out, DecodeNotes& notes);

}  // namespace depotlink::navixy
