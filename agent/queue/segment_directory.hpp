// SPDX-License-Identifier: Apache-2.0
#pragma once

// The segments of a queue as a row of files: which there are, what they hold in all, and how one
// leaves. Holds numbers only, no list of files, so that a gigabyte of them takes no more memory
// than none.

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

  SegmentId first() const { return first_; }  // 0: none
  SegmentId last() const { return last_; }
  // Of a new segment, above all that there were.
  SegmentId TakeNext() { return ++highest_; }
  void NoteNew(SegmentId id);

  // It is gone from the device's point of view, too, when it succeeds. One that is missing is gone.
  Status Remove(SegmentId id);
  // Renames it to `.bad` and keeps the newest kSetAsideMost of those.
  Status SetAside(SegmentId id);
  // Keeps the newest `most` of those.
  Status LimitSetAside(std::uint64_t most);

  static constexpr std::uint64_t kSetAsideMost = 4;

 private:
  Status Supersede();
  Status CountOne(SegmentId id, const KeyMark& mark, Order delivered, SegmentId in_use,
                  SegmentTotals& totals);
  Status Left(SegmentId id);

  ports::Storage* disk_;
  SegmentReader scanner_;
  SegmentId first_ = 0;
  SegmentId last_ = 0;
  SegmentId highest_ = 0;
};

}  // namespace depotlink::queue
