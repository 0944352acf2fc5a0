// SPDX-License-Identifier: Apache-2.0
#pragma once

// The queue on disk: takes records in groups, gives them out again in their order, and keeps within
// its bounds. Errors of the disk come back as values; after any of them the next call is as good as
// a first one. Nothing here knows of MQTT or of time but what it is told.
//
//   Append Append Commit      ->  [segment][segment][segment being written]
//   Next Next ... Finish      <-   ^ the oldest one, read and then removed
//   Tidy Tidy ...                  where only the newest are kept: one segment comes to stand for
//   all

#include <cstdint>
#include <memory>

#include "agent/base/limits.hpp"
#include "agent/base/log.hpp"
#include "agent/base/secret.hpp"
#include "agent/queue/block_codec.hpp"
#include "agent/queue/compaction.hpp"
#include "agent/queue/cursor_file.hpp"
#include "agent/queue/dead_letters.hpp"
#include "agent/queue/queue_key.hpp"
#include "agent/queue/segment_directory.hpp"
#include "agent/queue/segment_reader.hpp"
#include "agent/queue/segment_writer.hpp"

namespace depotlink::queue {

// What goes where the bounds are met.
enum class DropPolicy : std::uint8_t {
  kOldest,       // the oldest segment
  kAllButNewest  // all records but the newest of each tracker; where that frees too little, kOldest
};

struct SpoolLimits {
  std::uint64_t max_bytes = 256ULL * 1024 * 1024;
  std::uint64_t min_free_bytes = 64ULL * 1024 * 1024;
  DurationMs max_age_ms = 0;        // 0: none
  std::uint64_t segment_bytes = 0;  // when a segment is closed; 0: as fits max_bytes
  DropPolicy drop = DropPolicy::kOldest;
  std::uint32_t max_trackers = limits::kDefaultMaxTrackers;  // whose newest records are told apart
};

// Records that went without having been delivered, each counted once.
struct SpoolLosses {
  std::uint64_t quota = 0;    // to stay within max_bytes or min_free
  std::uint64_t age = 0;      // older than max_age
  std::uint64_t damaged = 0;  // could not be read back
};

class Spool {
 public:
  // All must outlive this. `given_key`: see LoadQueueKey.
  Spool(SpoolLimits limits, Secret given_key, ports::Storage& disk, ports::Cipher& cipher,
        ports::Compressor& compressor, Logger& log);

  // Gets hold of the directory, key, cursor and segments, in a time that does not depend on how
  // much there is to deliver but for a few reads a segment. `delivered`: how far the journal says
  // that the backlog of the key with the mark `of` was delivered. Again after trouble; no effect
  // where it is ready.
  Status Start(Order delivered, const KeyMark& of);
  bool ready() const { return ready_; }
  const KeyMark& mark() const { return mark_; }  // of the key, once it is ready

  // Takes a record of a group; an order not above the last one's is a repeat and left out. Nothing
  // is durable before Commit(). On failure the whole group is undone.
  Status Append(const Record& record);
  // The group is on the device. On failure it is undone: give it again.
  Status Commit();
  // Closes the segment being written, if any.
  void EndWriting();

  // The oldest record not given out yet; `found` false where the oldest segment has none left, or
  // there is none. The payload holds until the next call of any kind.
  Status Next(Record& record, bool& found);
  // True where all of the oldest segment was given out: once that is delivered, call
  // FinishSegment().
  bool segment_ended() const { return segment_ended_ && !tidying(); }
  // Removes it, the cursor first.
  Status FinishSegment();
  // All given out up to here was delivered, `records` of them since the last call; the device knows
  // after StoreCursor().
  void NoteDelivered(Order order, std::uint64_t records);
  Status StoreCursor();

  // To be called in each step, between groups: makes room before it is needed where the policy is
  // kAllButNewest, a bounded piece a call. While tidying() is true more calls are wanted, and none
  // but Next() and Expire() waits for them: these do nothing. A failure stops what was begun; what
  // could not be undone is tried again by the next call.
  Status Tidy();
  bool tidying() const {
    return (compaction_ != nullptr && compaction_->running()) || !directory_.certain();
  }

  // Removes segments whose newest record is older than max_age at `now_ms` (a clock that can be
  // trusted).
  Status Expire(std::int64_t now_ms);
  // Removes the oldest segment to make room, whatever the bounds.
  Status DropOldest() { return Drop(losses_.quota, "to make room"); }

  // Keeps a record that the broker would not have, beside the queue.
  Status KeepRefused(const Record& record, std::string_view why, std::int64_t time_ms,
                     MonoTime now) {
    return letters_.Add(record, why, time_ms, now);
  }

  const SegmentTotals& totals() const { return totals_; }
  const SpoolLosses& losses() const { return losses_; }
  Order delivered() const { return delivered_; }
  Order stored_cursor() const { return cursor_.stored(); }
  // No record waits; segments may be left that were delivered already.
  bool empty() const { return totals_.records == 0; }
  bool has_segments() const { return recount_due_ || totals_.segments > totals_.locked_segments; }
  // Whether the disk takes something now: writes a little file and takes it away. For use after
  // trouble.
  Status Probe();

 private:
  static constexpr std::uint64_t kSegmentMostBytes = 4ULL * 1024 * 1024;
  static constexpr std::uint64_t kSegmentLeastBytes = 64ULL * 1024;
  static constexpr int kReadTries = 3;
  // Of one call to Tidy(): milliseconds.
  static constexpr int kBlocksATidy = 32;
  static constexpr std::uint64_t kFilesATidy = 8;

  std::uint64_t SegmentBytes() const;
  Status WriteBlock();
  Status BeginSegment();
  Status Fits(std::uint64_t bytes, std::uint64_t freed);
  Status DropSomething();
  bool IsUnderWay(SegmentId id) const;
  Status MakeRoom(std::uint64_t bytes);
  Status Undo(Status why);
  Status OpenOldest(bool& found);
  Status LoadBlock(bool& found);
  Status ReadTrouble(Status why);
  std::uint64_t LostInReading() const;
  void TellDamage(std::uint64_t lost);
  Status Drop(std::uint64_t& counter, std::string_view why);
  Status OpenToCount(SegmentId id, std::uint64_t& left, bool& opened);
  Status CountLeft(SegmentId id, std::uint64_t& left);
  bool CanReadBehind(SegmentId id);
  Status Recount();
  void ForgetOut();
  void CloseReading();
  std::uint64_t Room(std::uint64_t free_bytes) const;
  bool CompactionDue(std::uint64_t room) const;
  Status BeginCompaction();
  Status WorkOnCompaction();
  Status GoOnWithCompaction();
  Status ChooseCompaction();
  Status FinishCompaction();
  Status SettleSome(std::uint64_t most_files);
  Status StopTidying();
  Status IsExpired(SegmentId id, std::int64_t oldest_kept_ms, bool& expired);
  SegmentId WriterId() const { return writer_.open() ? writer_.id() : 0; }

  SpoolLimits limits_;
  Secret given_key_;
  ports::Storage* disk_;
  ports::Cipher* cipher_;
  Logger* log_;
  BlockCodec codec_;
  SegmentDirectory directory_;
  CursorFile cursor_;
  SegmentWriter writer_;
  SegmentReader reader_;
  DeadLetters letters_;
  ports::CipherKey key_;
  KeyMark mark_{};
  bool ready_ = false;

  std::unique_ptr<char[]> raw_in_;
  std::unique_ptr<char[]> raw_out_;
  RecordWriter group_;
  Order last_appended_ = 0;  // of the group, or else of all
  Order last_committed_ = 0;
  std::uint64_t group_records_ = 0;  // of it, those in blocks that are written
  std::int64_t group_first_ms_ = 0;

  RecordReader block_;
  SegmentSummary reading_;
  SegmentId read_above_ = 0;  // segments up to here are locked
  Order given_out_ = 0;
  Order read_after_ = 0;          // given_out_ when the segment that is read was opened
  std::uint64_t block_left_ = 0;  // records of the block under way
  bool segment_ended_ = false;
  int read_failures_ = 0;
  std::uint64_t out_ = 0;       // given out, not delivered yet
  std::uint64_t out_gone_ = 0;  // likewise, and their segment was dropped: totals_ has them no more

  Order delivered_ = 0;
  SegmentTotals totals_;
  bool recount_due_ = false;  // totals_ is not right: the next one to need it counts
  SpoolLosses losses_;

  std::unique_ptr<Compaction> compaction_;  // null: the oldest go
  bool wrote_ = false;                      // since room was last looked for
  std::uint64_t written_since_try_ = UINT64_MAX / 2;
};

}  // namespace depotlink::queue
