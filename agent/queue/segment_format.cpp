// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/segment_format.hpp"

#include <algorithm>

#include "agent/queue/crc32c.hpp"
#include "agent/queue/little_endian.hpp"

namespace depotlink::queue {
namespace {

constexpr std::string_view kSegmentMagic = "DLQ1SEG\n";
constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kSuffix = ".seg";
constexpr std::string_view kBadSuffix = ".bad";
constexpr std::string_view kLetterSuffix = ".ref";
constexpr std::size_t kIdDigits = 16;

// Where the fields stand; README.md draws it.
constexpr std::size_t kVersionAt = 8;
constexpr std::size_t kForerunnerAt = 10;  // how many numbers before
constexpr std::size_t kHeaderBytesAt = 12;
constexpr std::size_t kIdAt = 16;
constexpr std::size_t kSaltAt = 24;
constexpr std::size_t kSupersedesAt = 40;
constexpr std::size_t kKeyMarkAt = 48;
constexpr std::size_t kForerunnerRecordsAt = 56;
constexpr std::size_t kSegmentCrcAt = 60;

constexpr std::size_t kKindAt = 4;
constexpr std::size_t kPackingAt = 6;
constexpr std::size_t kSealedAt = 8;
constexpr std::size_t kRawAt = 12;
constexpr std::size_t kSegmentAt = 16;
constexpr std::size_t kBlockSaltAt = 24;
constexpr std::size_t kIndexAt = 40;
constexpr std::size_t kRecordsAt = 44;
constexpr std::size_t kFirstOrderAt = 48;
constexpr std::size_t kLastOrderAt = 56;
constexpr std::size_t kFirstTimeAt = 64;
constexpr std::size_t kLastTimeAt = 72;
constexpr std::size_t kSealedCrcAt = 80;
constexpr std::size_t kHeaderCrcAt = 84;
static_assert(kSealedCrcAt == kAssociatedBytes && kHeaderCrcAt + 4 == kBlockHeaderBytes,
              "the seal covers all but the check sums, which end the header");

bool ParseName(std::string_view name, std::string_view suffix, SegmentId& id) {
  if (name.size() != kIdDigits + suffix.size() || name.substr(kIdDigits) != suffix) return false;
  id = 0;
  for (const char c : name.substr(0, kIdDigits)) {
    const std::size_t digit = kHexDigits.find(c);
    if (digit == std::string_view::npos) return false;
    id = id << 4U | digit;
  }
  return true;
}

bool KnownKind(std::uint16_t kind) {
  return kind == static_cast<std::uint16_t>(BlockKind::kRecords) ||
         kind == static_cast<std::uint16_t>(BlockKind::kEnd);
}

bool KnownPacking(std::uint16_t packing) {
  return packing <= static_cast<std::uint16_t>(BlockPacking::kFolded2);
}

void PutForerunner(const SegmentHeader& header, char* out) {
  const SegmentId before = header.id - header.forerunner.id;
  if (header.forerunner.id == 0 || before == 0 || before > UINT16_MAX) return;
  PutFixed(out + kForerunnerAt, static_cast<std::uint16_t>(before));
  PutFixed(out + kForerunnerRecordsAt, header.forerunner.records);
}

Forerunner GetForerunner(SegmentId id, const char* from) {
  const auto before = GetFixed<std::uint16_t>(from + kForerunnerAt);
  if (before == 0 || before >= id) return {};
  return {id - before, GetFixed<std::uint32_t>(from + kForerunnerRecordsAt)};
}

}  // namespace

std::string_view NameOf(SegmentId id, SegmentName& out) {
  for (std::size_t i = 0; i < kIdDigits; ++i) {
    out[i] = kHexDigits[(id >> (4 * (kIdDigits - 1 - i))) & 0xFU];
  }
  const std::string_view suffix = id < kFirstLetterId ? kSuffix : kLetterSuffix;
  std::copy(suffix.begin(), suffix.end(), out.begin() + kIdDigits);
  return {out.data(), out.size()};
}

bool ParseSegmentName(std::string_view name, SegmentId& id) {
  return ParseName(name, kSuffix, id) && id != 0 && id < kFirstLetterId;
}

std::string_view BadNameOf(SegmentId id, SegmentName& out) {
  NameOf(id, out);
  std::copy(kBadSuffix.begin(), kBadSuffix.end(), out.begin() + kIdDigits);
  return {out.data(), out.size()};
}

bool ParseBadName(std::string_view name, SegmentId& id) {
  return ParseName(name, kBadSuffix, id) && id != 0 && id < kFirstLetterId;
}

bool ParseLetterName(std::string_view name, SegmentId& id) {
  return ParseName(name, kLetterSuffix, id) && id >= kFirstLetterId;
}

void PutSegmentHeader(const SegmentHeader& header, char* out) {
  std::fill_n(out, kSegmentHeaderBytes, '\0');
  std::copy(kSegmentMagic.begin(), kSegmentMagic.end(), out);
  PutFixed(out + kVersionAt, kFormatVersion);
  PutForerunner(header, out);
  PutFixed(out + kHeaderBytesAt, static_cast<std::uint32_t>(kSegmentHeaderBytes));
  PutFixed(out + kIdAt, header.id);
  std::copy(header.salt.begin(), header.salt.end(), out + kSaltAt);
  PutFixed(out + kSupersedesAt, header.supersedes);
  std::copy(header.key_mark.begin(), header.key_mark.end(), out + kKeyMarkAt);
  PutFixed(out + kSegmentCrcAt, Crc32c({out, kSegmentCrcAt}));
}

bool GetSegmentHeader(std::string_view bytes, SegmentHeader& header) {
  if (bytes.size() < kSegmentHeaderBytes) return false;
  const char* from = bytes.data();
  if (bytes.substr(0, kSegmentMagic.size()) != kSegmentMagic) return false;
  if (GetFixed<std::uint32_t>(from + kSegmentCrcAt) != Crc32c({from, kSegmentCrcAt})) return false;
  const auto version = GetFixed<std::uint16_t>(from + kVersionAt);
  if (version == 0 || version > kFormatVersion) return false;
  header.id = GetFixed<std::uint64_t>(from + kIdAt);
  header.forerunner = GetForerunner(header.id, from);
  std::copy_n(from + kSaltAt, kSaltBytes, header.salt.begin());
  header.supersedes = GetFixed<std::uint64_t>(from + kSupersedesAt);
  std::copy_n(from + kKeyMarkAt, header.key_mark.size(), header.key_mark.begin());
  return true;
}

void PutBlockHeader(const BlockHeader& header, char* out) {
  std::copy(kBlockMagic.begin(), kBlockMagic.end(), out);
  PutFixed(out + kKindAt, static_cast<std::uint16_t>(header.kind));
  PutFixed(out + kPackingAt, static_cast<std::uint16_t>(header.packing));
  PutFixed(out + kSealedAt, header.sealed_bytes);
  PutFixed(out + kRawAt, header.raw_bytes);
  PutFixed(out + kSegmentAt, header.segment);
  std::copy(header.salt.begin(), header.salt.end(), out + kBlockSaltAt);
  PutFixed(out + kIndexAt, header.index);
  PutFixed(out + kRecordsAt, header.records);
  PutFixed(out + kFirstOrderAt, header.first_order);
  PutFixed(out + kLastOrderAt, header.last_order);
  PutFixed(out + kFirstTimeAt, static_cast<std::uint64_t>(header.first_time_ms));
  PutFixed(out + kLastTimeAt, static_cast<std::uint64_t>(header.last_time_ms));
  PutFixed(out + kSealedCrcAt, header.sealed_crc);
  PutFixed(out + kHeaderCrcAt, Crc32c({out, kHeaderCrcAt}));
}

bool GetBlockHeader(std::string_view bytes, BlockHeader& header) {
  if (bytes.size() < kBlockHeaderBytes) return false;
  const char* from = bytes.data();
  if (bytes.substr(0, kBlockMagic.size()) != kBlockMagic) return false;
  if (GetFixed<std::uint32_t>(from + kHeaderCrcAt) != Crc32c({from, kHeaderCrcAt})) return false;
  const auto kind = GetFixed<std::uint16_t>(from + kKindAt);
  const auto packing = GetFixed<std::uint16_t>(from + kPackingAt);
  header.sealed_bytes = GetFixed<std::uint32_t>(from + kSealedAt);
  header.raw_bytes = GetFixed<std::uint32_t>(from + kRawAt);
  if (!KnownKind(kind) || !KnownPacking(packing)) return false;
  if (header.sealed_bytes > kSealedMostBytes || header.sealed_bytes < ports::kCipherTagBytes ||
      header.raw_bytes > kBlockRawBytes) {
    return false;
  }
  header.kind = static_cast<BlockKind>(kind);
  header.packing = static_cast<BlockPacking>(packing);
  header.segment = GetFixed<std::uint64_t>(from + kSegmentAt);
  std::copy_n(from + kBlockSaltAt, kSaltBytes, header.salt.begin());
  header.index = GetFixed<std::uint32_t>(from + kIndexAt);
  header.records = GetFixed<std::uint32_t>(from + kRecordsAt);
  header.first_order = GetFixed<std::uint64_t>(from + kFirstOrderAt);
  header.last_order = GetFixed<std::uint64_t>(from + kLastOrderAt);
  header.first_time_ms = static_cast<std::int64_t>(GetFixed<std::uint64_t>(from + kFirstTimeAt));
  header.last_time_ms = static_cast<std::int64_t>(GetFixed<std::uint64_t>(from + kLastTimeAt));
  header.sealed_crc = GetFixed<std::uint32_t>(from + kSealedCrcAt);
  return true;
}

}  // namespace depotlink::queue
