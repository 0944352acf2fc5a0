// SPDX-License-Identifier: Apache-2.0
#pragma once

// One entry of tracker/list, and one of tracker/group/list. Labels and titles are what strangers
// typed: control characters become blanks, ill-formed UTF-8 is replaced, and what is longer than
// its bound is cut between characters. Which field goes where: README.md here.

#include <string_view>

#include "agent/base/status.hpp"
#include "agent/json/element_reader.hpp"
#include "agent/model/tracker_state.hpp"
#include "agent/navixy/decode_notes.hpp"

namespace depotlink::navixy {

// Overwrites `out`; adds to `notes`. kSkip where the element cannot be read or has no usable `id`.
Status DecodeTracker(json::ElementReader& reader, std::string_view element_text,
                     model::TrackerInfo& out, DecodeNotes& notes);
Status DecodeGroup(json::ElementReader& reader, std::string_view element_text,
                   model::TrackerGroup& out, DecodeNotes& notes);

}  // namespace depotlink::navixy
