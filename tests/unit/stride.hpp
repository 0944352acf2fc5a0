// SPDX-License-Identifier: Apache-2.0
// How far the long loops of tests go on with each turn.
#pragma once

#include <cstddef>
#include <cstdlib>

namespace depotlink {

// As many as `usual`, which is more than 1 for the longest runs; or as DEPOTLINK_EACH says: 1 for
// every turn, 4 for every fourth, where a sanitizer or an emulator makes each turn dear.
inline std::size_t Stride(std::size_t usual = 1) {
  const char* given = std::getenv("DEPOTLINK_EACH");
  const unsigned long each = given == nullptr ? usual : std::strtoul(given, nullptr, 10);
  return each == 0 ? 1 : static_cast<std::size_t>(each);
}

}  // namespace depotlink
