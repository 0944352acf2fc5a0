// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bytes of a segment file, drawn in README.md of this folder: a header, blocks of records, and
// an end block where the segment was closed. Each block names its segment and carries the salt
// itself, so that a block can be read whatever became of its neighbours or of the header.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/ports/cipher.hpp"
#include "agent/queue/record.hpp"

namespace depotlink::queue {

using SegmentId = std::uint64_t;

inline constexpr std::size_t kSaltBytes = 16;
using Salt = std::array<char, kSaltBytes>;

// Raw records that a block holds at most. More would compress better and cost more memory, and more
// records where a sector goes bad.
inline constexpr std::size_t kBlockRawBytes = 16 * 1024;
inline constexpr std::size_t kSealedMostBytes = kBlockRawBytes + ports::kCipherTagBytes;

inline constexpr std::size_t kSegmentHeaderBytes = 64;
inline constexpr std::size_t kBlockHeaderBytes = 88;
inline constexpr std::size_t kBlockMostBytes = kBlockHeaderBytes + kSealedMostBytes;
inline constexpr std::size_t kEndBlockBytes = kBlockHeaderBytes + ports::kCipherTagBytes;
// What is written. Files of each version from 1 on are read; 2 came with BlockPacking::kFolded2.
inline constexpr std::uint16_t kFormatVersion = 2;

// Which key sealed a segment: derived from it, tells nothing of it.
using KeyMark = std::array<char, 8>;

// The segment before, and how many records it held when the new one was begun: what is missing of
// them later is damage, also where it was left without its end. An id of 0: nothing is said.
struct Forerunner {
  SegmentId id = 0;
  std::uint32_t records = 0;
};

struct SegmentHeader {
  SegmentId id = 0;
  Salt salt{};
  KeyMark key_mark{};
  // Not 0: once this segment has its end block, it stands for all up to that one.
  SegmentId supersedes = 0;
  // Not said where it is more than 65,535 numbers before this one.
  Forerunner forerunner;
};

enum class BlockKind : std::uint16_t { kRecords = 1, kEnd = 2 };
// The numbers stand in files. kDeflate1: raw DEFLATE with kDictionary1. kFolded2: how many bytes
// repeat_codec.hpp made of the records, in kFoldedSizeBytes, and these as in kDeflate1.
enum class BlockPacking : std::uint16_t { kStored = 0, kDeflate1 = 1, kFolded2 = 2 };
inline constexpr std::size_t kFoldedSizeBytes = 2;
// Where more is left, the records have little in common with the one before: they are compressed as
// they are.
inline constexpr std::size_t kFoldedMostBytes = kBlockRawBytes * 3 / 8;

// Of an end block, the counts and times are those of the whole segment, and `index` is the number
// of blocks.
struct BlockHeader {
  BlockKind kind = BlockKind::kRecords;
  BlockPacking packing = BlockPacking::kStored;
  std::uint32_t sealed_bytes = 0;  // with the tag
  std::uint32_t raw_bytes = 0;
  SegmentId segment = 0;
  Salt salt{};
  std::uint32_t index = 0;  // in the segment, from 0; the nonce
  std::uint32_t records = 0;
  Order first_order = 0;
  Order last_order = 0;
  std::int64_t first_time_ms = 0;
  std::int64_t last_time_ms = 0;
  std::uint32_t sealed_crc = 0;
};

// Files of refused records are segments as well, with numbers from here on and `.ref` for a suffix.
inline constexpr SegmentId kFirstLetterId = 1ULL << 63U;

// `0000000000000abc.seg`. The view holds as long as `out`.
using SegmentName = std::array<char, 20>;
std::string_view NameOf(SegmentId id, SegmentName& out);
// False where the name is not a segment's.
[[nodiscard]] bool ParseSegmentName(std::string_view name, SegmentId& id);
// Likewise of a damaged segment that was set aside: `0000000000000abc.bad`.
std::string_view BadNameOf(SegmentId id, SegmentName& out);
[[nodiscard]] bool ParseBadName(std::string_view name, SegmentId& id);
// Likewise of a file of refused records.
[[nodiscard]] bool ParseLetterName(std::string_view name, SegmentId& id);

void PutSegmentHeader(const SegmentHeader& header, char* out);  // kSegmentHeaderBytes
// False where it is not one, or is damaged. `bytes`: kSegmentHeaderBytes at least.
[[nodiscard]] bool GetSegmentHeader(std::string_view bytes, SegmentHeader& header);

void PutBlockHeader(const BlockHeader& header, char* out);  // kBlockHeaderBytes
// False where it is not one, is damaged, or names a size beyond the bounds. `bytes`:
// kBlockHeaderBytes at least.
[[nodiscard]] bool GetBlockHeader(std::string_view bytes, BlockHeader& header);
// The front part of a header's bytes that the seal covers beside the text: all but the check sums.
inline constexpr std::size_t kAssociatedBytes = 80;

// What a block starts with, for finding the next one behind damage.
inline constexpr std::string_view kBlockMagic = "BLK1";

}  // namespace depotlink::queue
