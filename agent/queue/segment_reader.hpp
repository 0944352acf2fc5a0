// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads one segment, block by block, past whatever damage there is: what cannot be read costs that
// block and no other. Trusts nothing that stands in the file before its check sum fits, and no
// bound that it names.

#include <algorithm>
#include <cstdint>
#include <memory>

#include "agent/base/status.hpp"
#include "agent/ports/storage.hpp"
#include "agent/queue/block_codec.hpp"
#include "agent/queue/record_codec.hpp"
#include "agent/queue/segment_format.hpp"

namespace depotlink::queue {

// What a segment says of itself, without its records being read.
struct SegmentSummary {
  std::uint64_t bytes = 0;
  bool ended = false;       // it has its end block
  bool has_header = false;  // the front is sound
  SegmentHeader header;
  std::uint32_t blocks = 0;
  std::uint64_t records = 0;
  Order first_order = 0;
  Order last_order = 0;
  std::int64_t first_time_ms = 0;
  std::int64_t last_time_ms = 0;
};

// What was met on the way.
struct SegmentDamage {
  std::uint32_t gaps = 0;            // places where no block could be made out or read
  std::uint32_t damaged_blocks = 0;  // the check sum does not fit
  std::uint32_t forged_blocks = 0;   // the seal does not fit
  std::uint64_t lost_records = 0;    // in those blocks, as far as their headers tell
  bool any() const { return gaps + damaged_blocks + forged_blocks > 0; }
};

class SegmentReader {
 public:
  // Both must outlive this. `codec`'s buffer is used in each call.
  SegmentReader(ports::Storage& disk, ports::Cipher& cipher, BlockCodec& codec);
  SegmentReader(const SegmentReader&) = delete;
  SegmentReader& operator=(const SegmentReader&) = delete;
  ~SegmentReader() { Close(); }

  // kSkip where there is no such file. kReject where its front belongs to another version or
  // segment.
  Status Open(SegmentId id);
  void Close();
  bool open() const { return file_ != ports::kNoFile; }
  SegmentId id() const { return id_; }

  // Open() and Summarize(); closed again where either fails.
  Status OpenSummarized(SegmentId id, SegmentSummary& summary);
  // Of the whole segment: by its end block where it has one that fits; where not, by its blocks'
  // headers and, as to the number of records, by what the next segment says of it. Call it before
  // NextBlock().
  Status Summarize(SegmentSummary& summary);
  // Only the headers, one a call; false at the end. For counting what is left.
  Status NextHeader(BlockHeader& header, bool& found);
  // The next block of records that can be read and whose last order is above `after`; false at the
  // end. Its records are in `records`, until the next call. `raw`: kBlockRawBytes, the caller's.
  Status NextBlock(const ports::CipherKey& master, Order after, char* raw, BlockHeader& header,
                   RecordReader& records, bool& found);
  // Passes by what the last call could not read: the block, or where not even its header can be
  // read, a page. False where nothing of the file can be read: then waiting is better.
  bool SkipUnreadable();
  const SegmentDamage& damage() const { return damage_; }
  // Records in all blocks whose header has been met since Open().
  std::uint64_t records_met() const { return records_met_; }
  std::uint64_t bytes() const { return bytes_; }
  // At the end: how many records could not be read, as far as headers and `summary` tell.
  std::uint64_t LostOf(const SegmentSummary& summary) const {
    return damage_.lost_records + summary.records - std::min(summary.records, records_met_);
  }

 private:
  Status ReadAt(std::uint64_t at, std::size_t most, std::size_t& got);
  // Goes to the next header at or behind at_; false where there is none.
  Status FindHeader(BlockHeader& header, bool& found);
  Status Scan(BlockHeader& header, bool& found);
  bool Fits(const BlockHeader& header) const;
  Status KeyFor(const ports::CipherKey& master, const Salt& salt);

  ports::Storage* disk_;
  ports::Cipher* cipher_;
  BlockCodec* codec_;
  ports::FileHandle file_ = ports::kNoFile;
  SegmentId id_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t at_ = 0;
  std::uint64_t next_index_ = 0;  // blocks below have been seen
  ports::CipherKey key_;
  Salt key_salt_{};
  bool has_key_ = false;
  SegmentDamage damage_;
  std::uint64_t records_met_ = 0;
};

}  // namespace depotlink::queue
