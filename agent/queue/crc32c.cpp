// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/crc32c.hpp"

#include <array>

#include "agent/queue/little_endian.hpp"

namespace depotlink::queue {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // 0x1EDC6F41 with its bits reversed

using Table = std::array<std::uint32_t, 256>;

constexpr Table MakeTable() {
  Table table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1U) ^ ((rest & 1U) != 0 ? kPolynomial : 0);
    table[byte] = rest;
  }
  return table;
}

constexpr Table kTable = MakeTable();

// The same with one more byte of zeros behind it: with four of them, four bytes are a step.
constexpr Table Behind(const Table& table) {
  Table next{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    next[byte] = (table[byte] >> 8U) ^ kTable[table[byte] & 0xFFU];
  }
  return next;
}

constexpr Table kTable1 = Behind(kTable);
constexpr Table kTable2 = Behind(kTable1);
constexpr Table kTable3 = Behind(kTable2);

}  // namespace

std::uint32_t Crc32c(std::string_view bytes, std::uint32_t so_far) {
  const std::uint32_t* const table = kTable.data();  // builds without optimization call operator[]
  std::uint32_t crc = ~so_far;
  for (; bytes.size() >= 4; bytes.remove_prefix(4)) {
    crc ^= GetFixed<std::uint32_t>(bytes.data());
    crc = kTable3.data()[crc & 0xFFU] ^ kTable2.data()[(crc >> 8U) & 0xFFU] ^
          kTable1.data()[(crc >> 16U) & 0xFFU] ^ table[crc >> 24U];
  }
  for (const char c : bytes) {
    crc = (crc >> 8U) ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xFFU];
  }
  return ~crc;
}

}  // namespace depotlink::queue
