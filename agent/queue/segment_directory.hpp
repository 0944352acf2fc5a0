// SPDX-License-Identifier: Apache-2.0
#pragma once

// The segments of a queue as a row of files: which there are, what they hold in all, how one
// leaves, and how one comes to stand for others. Holds numbers only, no list of files, so that a
// gigabyte of them takes no more memory than none.

#include <cstdint>

#include "agent/base/status.hpp"
#include "agent/ports/storage.hpp"
#include "agent/queue/segment_reader.hpp"

namespace depotlink::queue {

struct SegmentTotals {
  std::uint64_t segments = 0;
  std::uint64_t bytes = 0;  // of the segments, what is set aside included
  std::uint64_t records =
      0;  // not delivered yet; of a segment under way, up to a block's worth too many
  std::int64_t oldest_time_ms = 0;
  std::int64_t newest_time_ms = 0;
  Order last_order = 0;
  std::uint64_t set_aside = 0;  // files
  // Sealed with another key: they count in none of the numbers above but segments and bytes.
  std::uint64_t locked_segments = 0;
  std::uint64_t locked_records = 0;
};

class SegmentDirectory {
 public:
  // All must outlive this.
  SegmentDirectory(ports::Storage& disk, ports::Cipher& cipher, BlockCodec& codec)
      : disk_(&disk), scanner_(disk, cipher, codec) {}

  // Looks at the names: first() and last() are right then. Also takes away what a segment stands
  // for that replaces others, and such a one that was never finished.
  Status Scan();
  // Adds up what the segments say of themselves; records up to `delivered` do not count. Those
  // without any record are removed, all but `in_use`. Reads a header or two of each file.
  Status Count(const KeyMark& mark, Order delivered, SegmentId in_use, SegmentTotals& totals);
  // The first one with a number above `id`; 0 where there is none.
  Result<SegmentId> After(SegmentId id);

  // What a segment says of itself; kSkip where it is not there.
  Status Look(SegmentId id, SegmentSummary& summary);

  // What the last one holds, which an earlier run has written: for the next one to say. Also syncs
  // what that run may not have lived to sync: it counts as kept since it was found at the start.
  Forerunner TakeStock();

  SegmentId first() const { return first_; }  // 0: none
  SegmentId last() const { return last_; }
  // Of a new segment, above all that there were.
  SegmentId TakeNext() { return ++highest_; }
  void NoteNew(SegmentId id);

  // One that is to stand for others: its number, of which nothing here takes notice before
  // Replace(). Only where settled() is true.
  SegmentId TakeHidden() { return hidden_ = TakeNext(); }
  // It is whole, and stands for all segments of its key up to `upto`, which go with Settle().
  void Replace(SegmentId upto, const KeyMark& of);
  // It is not to be, and goes with Settle(). `doubtful`: it might be whole on the device.
  void Reject(bool doubtful);
  // Removes what is to go, at most so many files; again after a failure.
  Status Settle(std::uint64_t most_files);
  bool settled() const { return hidden_ == 0 && replaced_upto_ == 0; }
  // False: what the segments hold is told by others than those that the names say.
  bool certain() const { return replaced_upto_ == 0 && !doubtful_; }

  // It is gone from the device's point of view, too, when it succeeds. One that is missing is gone.
  Status Remove(SegmentId id);
  // Renames it to `.bad` and keeps the newest kSetAsideMost of those.
  Status SetAside(SegmentId id);
  // Keeps the newest `most` of those.
  Status LimitSetAside(std::uint64_t most);

  static constexpr std::uint64_t kSetAsideMost = 4;

 private:
  static constexpr int kLookTries = 3;

  void SyncOld(SegmentId id);
  Status Supersede();
  Status RemoveIfReplaced(SegmentId id, Status& looked, std::uint64_t& removed);
  Status RemoveReplaced(std::uint64_t most_files);
  bool IsReplaced(SegmentId id, const SegmentSummary& summary) const;
  Status Relist();
  Status CountOne(SegmentId id, const KeyMark& mark, Order delivered, SegmentId in_use,
                  SegmentTotals& totals);
  Status Left(SegmentId id);

  ports::Storage* disk_;
  SegmentReader scanner_;
  SegmentId first_ = 0;
  SegmentId last_ = 0;
  SegmentId highest_ = 0;
  SegmentId hidden_ = 0;
  bool rejected_ = false;
  bool doubtful_ = false;
  SegmentId replaced_upto_ = 0;  // 0: none
  KeyMark replaced_mark_{};      // of this key
  int look_failures_ = 0;
};

}  // namespace depotlink::queue
