// SPDX-License-Identifier: Apache-2.0
#pragma once

// Integers as they stand in files: little-endian whatever the machine, and variable-length ones
// (LEB128: seven bits a byte, the lowest first, the top bit set on all but the last).

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace depotlink::queue {

template <typename T>
void PutFixed(char* out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    out[i] = static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
  }
}

template <typename T>
T GetFixed(const char* from) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(
        value | static_cast<T>(static_cast<T>(static_cast<unsigned char>(from[i])) << (8 * i)));
  }
  return value;
}

inline constexpr std::size_t kVarintMostBytes = 10;

// Writes 1 to kVarintMostBytes; returns how many.
inline std::size_t PutVarint(char* out, std::uint64_t value) {
  std::size_t size = 0;
  while (value >= 0x80) {
    out[size++] = static_cast<char>(static_cast<unsigned char>(value | 0x80U));
    value >>= 7U;
  }
  out[size++] = static_cast<char>(value);
  return size;
}

// Takes one from the front of `text`. False, `text` spoilt, where it is cut off or does not fit 64
// bits.
[[nodiscard]] inline bool TakeVarint(std::string_view& text, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && !text.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    if (shift == 63 && byte > 1) return false;
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// Signed as unsigned, small ones of either sign small: 0, -1, 1, -2, ...
inline std::uint64_t ZigZag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t UnZigZag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1U) ^ -static_cast<std::int64_t>(value & 1U);
}

}  // namespace depotlink::queue
