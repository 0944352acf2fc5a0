// SPDX-License-Identifier: Apache-2.0
#pragma once

// One geo link, as tracker/location/link/list and read give it. What decides over who may be seen
// is read strictly: `enabled` that is not said is no, a lifetime that cannot be read is no time at
// all, zones that cannot be read are zones. Which field goes where: README.md here.

#include <string_view>

#include "agent/base/status.hpp"
#include "agent/json/element_reader.hpp"
#include "agent/model/geo_link.hpp"
#include "agent/navixy/decode_notes.hpp"

namespace depotlink::navixy {

// Overwrites `out`; adds to `notes`. kSkip where the element cannot be read or has no usable `id`.
Status DecodeLink(json::ElementReader& reader, std::string_view element_text, model::GeoLink& out,
                  DecodeNotes& notes);

}  // namespace depotlink::navixy
