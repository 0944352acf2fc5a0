// SPDX-License-Identifier: Apache-2.0
#pragma once

// Writes one segment that stands for a row of others and holds, of what waits in them, the newest
// record of each tracker. Reads the row twice, from the oldest to the newest: to note which is the
// newest of each (kNoting), and to copy those (kCopying), a block a call, so that whoever calls can
// do other things in between. Nothing of the row changes here; the new segment counts for nothing
// before Finish().
//
//   [seg][seg][seg]   [being written ...]         noting, copying
//   [seg][seg][seg] [newest] [being written ...]  after Finish(): the three may go

#include <cstdint>
#include <memory>

#include "agent/queue/newest_table.hpp"
#include "agent/queue/segment_directory.hpp"
#include "agent/queue/segment_reader.hpp"
#include "agent/queue/segment_writer.hpp"

namespace depotlink::queue {

struct CompactionJob {
  SegmentId upto = 0;    // all segments of the key up to this one
  SegmentId result = 0;  // the number of the one that is to stand for them
  KeyMark mark{};
  // Nothing up to here is wanted any more; damage is counted from `read_after` on, which is no
  // higher.
  Order delivered = 0;
  Order read_after = 0;
  // From there up to here they are on their way: kept, whatever their trackers.
  Order given_out = 0;
  Order last = 0;  // no order in them is higher
};

// What was found in the row, once it is noted.
struct CompactionCounts {
  std::uint64_t bytes = 0;       // of the segments
  std::uint64_t kept = 0;        // records: on their way, the newest ones, and the unlisted
  std::uint64_t superseded = 0;  // a newer one of their tracker waits
  std::uint64_t unlisted = 0;    // of trackers beyond those that the table has room for
  std::uint64_t damaged = 0;     // could not be read
};

class Compaction {
 public:
  enum class Stage { kIdle, kNoting, kNoted, kCopying, kCopied };

  // All must outlive this. `trackers`: for how many there is room, see NewestTable; two blocks
  // beside it.
  Compaction(std::uint32_t trackers, ports::Storage& disk, ports::Cipher& cipher, BlockCodec& codec,
             SegmentDirectory& directory);

  Stage stage() const { return stage_; }
  bool running() const { return stage_ != Stage::kIdle; }
  void Begin(const CompactionJob& job);
  // While noting or copying: goes on by one block, or one segment. On failure nothing but Abandon()
  // makes sense.
  Status Work(const ports::CipherKey& key);
  // Noted: begins to copy.
  Status BeginCopying(const ports::CipherKey& key);
  // Copied: ends the new segment, which is on the device then. After a failure it may look whole to
  // a later start, unless it is removed.
  Status Finish();
  // Closes all files. Which segment is to go the caller knows.
  void Abandon();

  const CompactionJob& job() const { return job_; }
  const CompactionCounts& counts() const { return counts_; }
  // Of the new segment, while it is none of the directory's.
  std::uint64_t unfinished_bytes() const { return stage_ < Stage::kCopying ? 0 : writer_.bytes(); }
  // What one call to Work() writes at most.
  static constexpr std::uint64_t kWorkMostBytes = 2 * kBlockMostBytes + kEndBlockBytes;

 private:
  // Flash is slow to take much at once.
  static constexpr std::uint64_t kSyncEveryBytes = 256ULL * 1024;

  Status OpenNext(bool& found);
  Status NoteBlock(const ports::CipherKey& key);
  void NoteRecord(const Record& record);
  Status CopyBlock(const ports::CipherKey& key);
  Status CopyRecord(const Record& record);
  Status WriteBlock();
  Status EndCopying();

  SegmentDirectory* directory_;
  NewestTable table_;
  SegmentReader reader_;
  SegmentWriter writer_;
  std::unique_ptr<char[]> raw_in_;
  std::unique_ptr<char[]> raw_out_;
  RecordWriter block_;

  Stage stage_ = Stage::kIdle;
  CompactionJob job_;
  CompactionCounts counts_;
  SegmentSummary reading_;
  SegmentId at_segment_ = 0;  // the last one that was opened
  Order at_ = 0;              // copying: up to here all was looked at
};

}  // namespace depotlink::queue
