// SPDX-License-Identifier: Apache-2.0
// How far the loops over every call go on with each turn.
#pragma once

#include <cstddef>
#include <cstdlib>

namespace depotlink::queue {

// 1; with DEPOTLINK_EACH=4 every fourth call is enough, where a sanitizer makes each turn dear.
inline std::size_t Stride() {
  const char* given = std::getenv("DEPOTLINK_EACH");
  const unsigned long each = given == nullptr ? 1 : std::strtoul(given, nullptr, 10);
  return each == 0 ? 1 : static_cast<std::size_t>(each);
}

}  // namespace depotlink::queue
