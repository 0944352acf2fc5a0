// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/spool.hpp"

#include <algorithm>
#include <utility>

namespace depotlink::queue {

Spool::Spool(SpoolLimits limits, Secret given_key, ports::Storage& disk, ports::Cipher& cipher,
             ports::Compressor& compressor, Logger& log)
    : limits_(limits),
      given_key_(std::move(given_key)),
      disk_(&disk),
      cipher_(&cipher),
      log_(&log),
      codec_(cipher, compressor),
      directory_(disk, cipher, codec_),
      cursor_(disk),
      writer_(disk, cipher, codec_),
      reader_(disk, cipher, codec_),
      letters_(disk, cipher, codec_),
      raw_in_(new char[kBlockRawBytes]),
      raw_out_(new char[kBlockRawBytes]),
      group_(raw_in_.get(), kBlockRawBytes) {
  if (limits.drop == DropPolicy::kOldest) return;
  compaction_ = std::make_unique<Compaction>(limits.max_trackers, disk, cipher, codec_, directory_);
}

Status Spool::Start(Order delivered, const KeyMark& of) {
  if (ready_) return {};
  Status status = cipher_->SelfTest();
  if (status.ok()) status = disk_->Open();
  if (status.ok()) status = LoadQueueKey(given_key_, *disk_, *cipher_, key_);
  if (status.ok()) status = MarkOf(*cipher_, key_, mark_);
  if (status.ok()) status = letters_.Start(key_, mark_);
  if (status.ok()) status = directory_.Scan();
  Order stored = 0;
  if (status.ok()) status = cursor_.Load(mark_, stored);
  if (!status.ok()) return status;
  delivered_ = std::max({delivered_, of == mark_ ? delivered : 0, stored});
  given_out_ = std::max(given_out_, delivered_);
  status = Recount();
  if (!status.ok()) return status;
  last_committed_ = last_appended_ = std::max({last_committed_, totals_.last_order, delivered_});
  ready_ = true;
  if (totals_.locked_segments > 0) {
    log_->Error(
        "a part of the queue was sealed with another key; it is kept until that key is back",
        {{"segments", totals_.locked_segments}, {"records", totals_.locked_records}});
  }
  return {};
}

// With half a group in the file, the count holds only until that is confirmed or undone.
Status Spool::Recount() {
  SegmentTotals totals;
  Status status = directory_.Count(mark_, delivered_, WriterId(), totals);
  if (status.ok()) totals_ = totals;
  recount_due_ = !status.ok() || group_records_ > 0;
  return status;
}

// A sixteenth of the quota, so that what has to go goes in small parts.
std::uint64_t Spool::SegmentBytes() const {
  if (limits_.segment_bytes != 0) return limits_.segment_bytes;
  return std::clamp(limits_.max_bytes / 16, kSegmentLeastBytes, kSegmentMostBytes);
}

// --- in ---

Status Spool::Append(const Record& record) {
  if (record.order <= last_appended_) return {};
  if (group_records_ + group_.records() == 0) group_first_ms_ = record.time_ms;
  if (!group_.Add(record)) {
    Status status = WriteBlock();
    if (!status.ok()) return status;
    if (!group_.Add(record)) return {};  // larger than any block; the payload's bound forbids it
  }
  last_appended_ = record.order;
  return {};
}

Status Spool::WriteBlock() {
  if (group_.records() == 0) return {};
  const std::size_t header = writer_.open() ? 0 : kSegmentHeaderBytes;
  Status status = MakeRoom(header + kBlockHeaderBytes + ports::kCipherTagBytes +
                           group_.bytes().size() + kEndBlockBytes);
  if (status.ok() && !writer_.open()) status = BeginSegment();
  const std::uint64_t bytes_before = writer_.bytes();
  if (status.ok()) status = writer_.Append(group_);
  if (!status.ok()) return Undo(std::move(status));
  wrote_ = true;
  written_since_try_ += writer_.bytes() - bytes_before;
  group_records_ += group_.records();
  group_.Clear();
  return {};
}

Status Spool::BeginSegment() {
  // Of one that this run wrote, only what was confirmed: the rest is given again.
  const bool ours = directory_.last() != 0 && directory_.last() == writer_.id();
  const Forerunner before =
      ours ? Forerunner{writer_.id(), writer_.confirmed_records()} : directory_.TakeStock();
  return writer_.Begin(directory_.TakeNext(), key_, mark_, 0, before);
}

Status Spool::Commit() {
  Status status = WriteBlock();
  if (!status.ok()) return status;
  if (group_records_ == 0) return {};
  const std::uint64_t bytes_before = writer_.confirmed_bytes();
  const bool fresh = bytes_before == 0;
  status = writer_.Sync();
  if (!status.ok()) return Undo(std::move(status));
  if (fresh) directory_.NoteNew(writer_.id());
  last_committed_ = last_appended_;
  const std::uint64_t records = std::exchange(group_records_, 0);
  if (recount_due_) {
    const Status counted = Recount();
    static_cast<void>(counted);  // the group is there all the same
  } else {
    if (totals_.records == 0) totals_.oldest_time_ms = group_first_ms_;
    totals_.newest_time_ms = writer_.last_time_ms();
    totals_.records += records;
    totals_.segments += fresh ? 1U : 0U;
    totals_.bytes += writer_.bytes() - bytes_before;
    totals_.last_order = last_committed_;
  }
  if (writer_.bytes() >= SegmentBytes()) EndWriting();
  return {};
}

Status Spool::Undo(Status why) {
  writer_.DropUnconfirmed();
  group_.Clear();
  group_records_ = 0;
  last_appended_ = last_committed_;
  return why;
}

void Spool::EndWriting() {
  if (!writer_.open()) return;
  const std::uint64_t before = writer_.bytes();
  const Status status = writer_.Finish();
  if (status.ok()) {
    totals_.bytes += writer_.bytes() - before;
  } else {
    log_->Warn("a segment of the queue was left without its end; nothing of it is lost",
               {{"why", status.message()}});
  }
}

Status Spool::Probe() {
  constexpr std::string_view kProbeName = "probe";
  if (!ready_) return {Code::kRetryLater, "the queue's directory was not opened yet"};
  Result<std::uint64_t> free = disk_->FreeBytes();
  if (!free.ok()) return free.status();
  if (free.value() < limits_.min_free_bytes) {
    return {Code::kFull, "less space is free than queue.min_free leaves to others"};
  }
  const Status removed = disk_->Remove(kProbeName);
  static_cast<void>(removed);  // left by a run that ended in here
  Result<ports::FileHandle> file = disk_->Create(kProbeName);
  if (!file.ok()) return file.status();
  Status status = disk_->WriteAt(file.value(), 0, kProbeName);
  if (status.ok()) status = disk_->Sync(file.value());
  disk_->Close(file.value());
  const Status taken_away = disk_->Remove(kProbeName);
  return status.ok() ? taken_away : status;
}

// --- out ---

Status Spool::OpenOldest(bool& found) {
  for (;;) {
    found = false;
    Result<SegmentId> next = directory_.After(read_above_);
    if (!next.ok()) return next.status();
    if (next.value() == 0) return {};
    if (next.value() == WriterId()) EndWriting();
    Status status = reader_.OpenSummarized(next.value(), reading_);
    if (!status.ok()) return status;
    if (!reading_.has_header || reading_.header.key_mark == mark_) {
      found = true;
      segment_ended_ = false;
      read_after_ = given_out_;
      return {};
    }
    reader_.Close();
    read_above_ = next.value();
    log_->Error(
        "a segment of the queue was sealed with another key; it is kept until that key is back",
        {{"segment", next.value()}, {"records", reading_.records}});
  }
}

Status Spool::LoadBlock(bool& found) {
  if (!reader_.open()) {
    Status status = OpenOldest(found);
    if (!status.ok() || !found) return status;
  }
  BlockHeader header;
  Status status = reader_.NextBlock(key_, given_out_, raw_out_.get(), header, block_, found);
  if (!status.ok()) return status;
  block_left_ = found ? header.records : 0;
  segment_ended_ = !found;
  return {};
}

Status Spool::Next(Record& record, bool& found) {
  found = false;
  if (tidying()) return {};
  if (ready_ && recount_due_) {
    Status status = Recount();
    if (!status.ok()) return status;
  }
  while (ready_ && !segment_ended_) {
    while (block_.Next(record)) {
      block_left_ -= std::min<std::uint64_t>(block_left_, 1);
      if (record.order > given_out_) {
        given_out_ = record.order;
        ++out_;
        found = true;
        return {};
      }
      totals_.records -=
          std::min<std::uint64_t>(totals_.records, 1);  // delivered before this start
    }
    bool loaded = false;
    Status status = LoadBlock(loaded);
    if (!status.ok()) return ReadTrouble(std::move(status));
    read_failures_ = 0;
    if (!loaded) return {};
  }
  return {};
}

// What cannot be read even the third time costs its block, or where not even the file can be opened
// and the next one can be read, that segment. Where nothing can be read, it is the device that is
// ill, and may be well again.
Status Spool::ReadTrouble(Status why) {
  if (why.code() == Code::kSkip) reader_.Close();
  if (why.code() == Code::kSkip || ++read_failures_ < kReadTries) return why;
  if (reader_.open()) {
    if (!reader_.SkipUnreadable()) return why;
    read_failures_ = 0;
    log_->Error("a part of a segment of the queue cannot be read",
                {{"segment", reader_.id()}, {"why", why.message()}});
    return why;
  }
  Result<SegmentId> id = directory_.After(read_above_);
  if (!id.ok() || id.value() == 0 || !CanReadBehind(id.value())) return why;
  read_failures_ = 0;
  log_->Error("a segment of the queue cannot be opened; it is set aside",
              {{"segment", id.value()}, {"why", why.message()}});
  const std::uint64_t before = totals_.records;
  block_ = {};
  Status status = directory_.SetAside(id.value());
  if (status.ok()) status = Recount();
  if (status.ok()) {
    losses_.damaged += before - std::min(before, totals_.records + out_);
    ForgetOut();
  }
  return why;
}

bool Spool::CanReadBehind(SegmentId id) {
  Result<SegmentId> next = directory_.After(id);
  if (!next.ok() || next.value() == 0) return false;
  SegmentSummary summary;
  return directory_.Look(next.value(), summary).ok();
}

// The segment of the records that are on their way is not there any more.
void Spool::ForgetOut() {
  out_gone_ += std::exchange(out_, 0);
}

// How many records of the segment that was read could not be read.
std::uint64_t Spool::LostInReading() const {
  return reader_.LostOf(reading_);
}

void Spool::TellDamage(std::uint64_t lost) {
  const SegmentDamage& damage = reader_.damage();
  losses_.damaged += lost;
  log_->Error(
      "a segment of the queue is damaged; what could be read was delivered, the file is set aside",
      {{"segment", reader_.id()},
       {"lost_records", lost},
       {"damaged_blocks", damage.damaged_blocks},
       {"forged_blocks", damage.forged_blocks},
       {"gaps", damage.gaps}});
}

void Spool::CloseReading() {
  reader_.Close();
  block_ = {};
  block_left_ = 0;
  segment_ended_ = false;
}

Status Spool::FinishSegment() {
  if (!segment_ended() || !reader_.open()) return {};
  delivered_ = std::max(delivered_, given_out_);
  // On a full disk the removal is what makes room; the price of no cursor is repeats after a power
  // cut.
  Status status = StoreCursor();
  if (!status.ok() && status.code() != Code::kFull) return status;
  const std::uint64_t lost = LostInReading();
  const bool damaged = lost > 0 || reader_.damage().any();
  status = damaged ? directory_.SetAside(reader_.id()) : directory_.Remove(reader_.id());
  if (!status.ok()) return status;
  if (damaged) TellDamage(lost);
  CloseReading();
  out_ = out_gone_ = 0;
  return Recount();
}

void Spool::NoteDelivered(Order order, std::uint64_t records) {
  delivered_ = std::max(delivered_, order);
  const std::uint64_t gone = std::min(out_gone_, records);
  out_gone_ -= gone;
  records -= gone;
  out_ -= std::min(out_, records);
  totals_.records -= std::min(totals_.records, records);
}

Status Spool::StoreCursor() {
  return ready_ ? cursor_.Store(delivered_) : Status();
}

}  // namespace depotlink::queue
