// SPDX-License-Identifier: Apache-2.0
// How the spool keeps within its bounds: what it drops, and how many records go with that.
#include <algorithm>

#include "agent/queue/spool.hpp"

namespace depotlink::queue {

// Records of it were given out and not delivered yet.
bool Spool::IsUnderWay(SegmentId id) const {
  return out_ > 0 && reader_.open() && reader_.id() == id;
}

// Why `bytes` more do not fit, after `freed` were made free for them; kOk where they do.
Status Spool::Fits(std::uint64_t bytes, std::uint64_t freed) {
  Result<std::uint64_t> free = disk_->FreeBytes();
  if (!free.ok()) return {Code::kRetryLater, free.status().message()};
  const bool counted = recount_due_ || !writer_.open();
  const std::uint64_t unconfirmed = counted ? 0 : writer_.bytes() - writer_.confirmed_bytes();
  const std::uint64_t gathered = compaction_ != nullptr ? compaction_->unfinished_bytes() : 0;
  if (totals_.bytes + unconfirmed + gathered + bytes > limits_.max_bytes) {
    return {Code::kFull, "queue.max_size is smaller than what waits already"};
  }
  if (free.value() < limits_.min_free_bytes + bytes && freed < bytes) {
    return {Code::kFull, "less space is free than queue.min_free leaves to others"};
  }
  return {};
}

// What is in the making goes first, then what was set aside, then the oldest.
Status Spool::DropSomething() {
  if (tidying()) return StopTidying();
  if (totals_.set_aside == 0) {
    return Drop(losses_.quota, "to stay within queue.max_size and queue.min_free");
  }
  Status status = directory_.LimitSetAside(totals_.set_aside - 1);
  return status.ok() ? Recount() : status;
}

// Where others fill the disk, the queue only stops growing.
Status Spool::MakeRoom(std::uint64_t bytes) {
  std::uint64_t freed = 0;
  for (;;) {
    Status status = recount_due_ && group_records_ == 0 ? Recount() : Status();
    if (!status.ok()) return status;
    status = Fits(bytes, freed);
    const bool empty = directory_.first() == 0 && totals_.set_aside == 0;
    if (status.code() != Code::kFull || empty) return status;
    const std::uint64_t before = totals_.bytes;
    status = DropSomething();
    if (!status.ok()) return status;
    freed += before - std::min(before, totals_.bytes);
  }
}

// Makes the segment the one that is read, so that what was given out of it is known. Where nothing
// of it was given out it need not be, and `left` is what it says of itself.
Status Spool::OpenToCount(SegmentId id, std::uint64_t& left, bool& opened) {
  SegmentSummary summary;
  Status status = directory_.Look(id, summary);
  left = summary.records;
  const bool locked = summary.has_header && summary.header.key_mark != mark_;
  if (!status.ok() || locked || summary.first_order > given_out_) return status;
  reader_.Close();
  bool found = false;
  status = LoadBlock(found);
  opened = status.ok();
  Record record;
  for (RecordReader peek = block_; opened && peek.Next(record);) {
    if (record.order <= given_out_) --block_left_;
  }
  return status;
}

// How many records of the oldest segment have not been given out.
Status Spool::CountLeft(SegmentId id, std::uint64_t& left) {
  left = 0;
  bool opened = reader_.open() && reader_.id() == id;
  Status status = opened ? Status() : OpenToCount(id, left, opened);
  if (!status.ok() || !opened) return status;
  left = block_left_;
  BlockHeader header;
  for (bool found = !segment_ended_; found;) {
    status = reader_.NextHeader(header, found);
    if (!status.ok()) return status;
    if (found && header.last_order > given_out_) left += header.records;
  }
  return {};
}

Status Spool::Drop(std::uint64_t& counter, std::string_view why) {
  if (tidying()) {
    Status stopped = StopTidying();
    if (!stopped.ok()) return stopped;
  }
  SegmentId id = directory_.first();
  if (IsUnderWay(id)) {
    // Records of it are on their way, and nothing else holds them: the next one goes in its place.
    Result<SegmentId> next = directory_.After(id);
    if (!next.ok()) return next.status();
    id = next.value();
  }
  if (id == 0) return {Code::kFull, "nothing of the queue can be dropped to make room"};
  if (id == WriterId()) {
    // What of this group stands in it would go unnoticed.
    if (group_records_ > 0) return {Code::kFull, "there is no room for a group of records"};
    EndWriting();
  }
  const std::uint64_t before = totals_.records;
  std::uint64_t left = 0;
  const Status counted = CountLeft(id, left);
  std::uint64_t damaged = 0;
  if (reader_.open() && reader_.id() == id) {
    damaged = counted.ok() ? reader_.LostOf(reading_) : reader_.damage().lost_records;
    CloseReading();
  }
  Status status = directory_.Remove(id);
  if (!status.ok()) {
    Result<SegmentId> found = directory_.After(id - 1);
    if (!found.ok() || found.value() == id) return status;  // it is still there
  }
  const Status recounted = Recount();
  // What could not be read goes as well.
  if (!counted.ok()) left = before - std::min(before, totals_.records + out_gone_);
  counter += left;
  losses_.damaged += damaged;
  log_->Warn("the oldest records of the queue were dropped",
             {{"why", why}, {"records", left}, {"segment", id}});
  return status.ok() ? recounted : status;
}

// One that names no record hides those behind it, unless it is the one being written.
Status Spool::IsExpired(SegmentId id, std::int64_t oldest_kept_ms, bool& expired) {
  SegmentSummary summary;
  Status status = directory_.Look(id, summary);
  if (!status.ok() && status.code() != Code::kSkip) return status;
  expired = summary.records > 0 ? summary.last_time_ms < oldest_kept_ms : id != WriterId();
  return {};
}

Status Spool::Expire(std::int64_t now_ms) {
  if (!ready_ || limits_.max_age_ms == 0 || tidying()) return {};
  const std::int64_t oldest_kept_ms = now_ms - limits_.max_age_ms;
  const bool young = totals_.oldest_time_ms == 0 || totals_.oldest_time_ms >= oldest_kept_ms;
  if (young && totals_.locked_segments == 0) return {};
  while (directory_.first() != 0) {
    const SegmentId id = directory_.first();
    if (IsUnderWay(id)) return {};  // it is about to be delivered; those behind it are younger
    bool expired = false;
    Status status = IsExpired(id, oldest_kept_ms, expired);
    if (status.ok() && !expired) return {};
    if (status.ok()) status = Drop(losses_.age, "older than queue.max_age");
    if (!status.ok()) return status;
  }
  return {};
}

}  // namespace depotlink::queue
