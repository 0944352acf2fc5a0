// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace depotlink {

// FNV-1a, 64 bits (draft-eastlake-fnv). Tells texts apart that differ by accident; no defence
// against somebody who looks for a collision.
constexpr std::uint64_t Fingerprint(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return hash;
}

}  // namespace depotlink
