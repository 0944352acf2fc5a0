// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the next segment of the row says of one: see Forerunner in segment_format.hpp.

#include <cstdint>

#include "agent/ports/storage.hpp"
#include "agent/queue/segment_format.hpp"

namespace depotlink::queue {

// How many records `id` held when the one behind it was begun; 0 where there is none behind it, it
// speaks of another one or says nothing, or it cannot be read.
std::uint32_t ToldByFollower(ports::Storage& disk, SegmentId id);

}  // namespace depotlink::queue
