// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
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

// As good, and many times as fast on long texts: eight bytes a step, by a multiplication and a
// shift, each of which loses nothing: texts of one length that differ in one word never meet. Four
// sums beside each other, for a step waits for its multiplication; they are taken in like words at
// the end. Differs with the machine's byte order: for memory only.
inline std::uint64_t FingerprintHere(std::string_view text) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15ULL;
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  const auto take = [](std::uint64_t& hash, std::uint64_t word) {
    hash = (hash ^ word) * kOdd;
    hash ^= hash >> 32U;
  };
  const auto word_at = [](const char* from, std::size_t bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, bytes);
    return word;
  };
  std::uint64_t hash = text.size() * kOdd;
  std::uint64_t sums[4] = {1, 2, 3, 4};
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 4 * kWord; left -= 4 * kWord, at += 4 * kWord) {
    for (std::size_t i = 0; i < 4; ++i) take(sums[i], word_at(at + i * kWord, kWord));
  }
  for (; left >= kWord; left -= kWord, at += kWord) take(hash, word_at(at, kWord));
  if (left > 0) take(hash, word_at(at, left));
  for (const std::uint64_t sum : sums) take(hash, sum);
  return hash;
}

}  // namespace depotlink
