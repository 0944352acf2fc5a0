// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/compaction.hpp"

namespace depotlink::queue {

Compaction::Compaction(std::uint32_t trackers, ports::Storage& disk, ports::Cipher& cipher,
                       BlockCodec& codec, SegmentDirectory& directory)
    : directory_(&directory),
      table_(trackers),
      reader_(disk, cipher, codec),
      writer_(disk, cipher, codec),
      raw_in_(new char[kBlockRawBytes]),
      raw_out_(new char[kBlockRawBytes]),
      block_(raw_out_.get(), kBlockRawBytes) {}

void Compaction::Begin(const CompactionJob& job) {
  Abandon();
  job_ = job;
  counts_ = {};
  at_segment_ = 0;
  table_.Clear(job.delivered + 1, job.last);
  stage_ = Stage::kNoting;
}

void Compaction::Abandon() {
  reader_.Close();
  writer_.Abandon();
  block_.Clear();
  stage_ = Stage::kIdle;
}

Status Compaction::Work(const ports::CipherKey& key) {
  return stage_ == Stage::kNoting ? NoteBlock(key) : CopyBlock(key);
}

// The next segment of the row that is of this key.
Status Compaction::OpenNext(bool& found) {
  for (;;) {
    Result<SegmentId> next = directory_->After(at_segment_);
    if (!next.ok()) return next.status();
    found = next.value() != 0 && next.value() <= job_.upto;
    if (!found) return {};
    at_segment_ = next.value();
    Status status = reader_.OpenSummarized(at_segment_, reading_);
    if (status.code() == Code::kSkip) continue;
    if (!status.ok()) return status;
    if (!reading_.has_header || reading_.header.key_mark == job_.mark) return {};
    reader_.Close();
  }
}

// --- which records are the newest ---

Status Compaction::NoteBlock(const ports::CipherKey& key) {
  bool found = reader_.open();
  if (!found) {
    Status status = OpenNext(found);
    if (!status.ok()) return status;
    if (!found) {
      table_.Close();
      counts_.kept += table_.size();
      counts_.superseded -= table_.size();
      stage_ = Stage::kNoted;
      return {};
    }
    counts_.bytes += reader_.bytes();
  }
  BlockHeader header;
  RecordReader records;
  Status status = reader_.NextBlock(key, job_.read_after, raw_in_.get(), header, records, found);
  if (!status.ok()) return status;
  if (!found) {
    counts_.damaged += reader_.LostOf(reading_);
    reader_.Close();
    return {};
  }
  for (Record record; records.Next(record);) NoteRecord(record);
  return {};
}

// The newest ones are counted as superseded until all of them are known.
void Compaction::NoteRecord(const Record& record) {
  if (record.order <= job_.delivered) return;
  const bool out = record.order <= job_.given_out;
  if (!out && table_.Note(record.tracker, record.order)) {
    ++counts_.superseded;
    return;
  }
  table_.MarkKept(record.order);
  ++counts_.kept;
  if (!out) ++counts_.unlisted;
}

// --- copying them ---

Status Compaction::BeginCopying(const ports::CipherKey& key) {
  at_segment_ = 0;
  at_ = job_.delivered;
  Status status = writer_.Begin(job_.result, key, job_.mark, job_.upto);
  if (status.ok()) stage_ = Stage::kCopying;
  return status;
}

Status Compaction::CopyBlock(const ports::CipherKey& key) {
  const Order wanted = table_.NextKept(at_ + 1);
  bool found = reader_.open();
  if (!found) {
    Status status = OpenNext(found);
    if (!status.ok()) return status;
    if (!found) return EndCopying();
    if (reading_.last_order < wanted) {
      reader_.Close();
      return {};
    }
  }
  BlockHeader header;
  RecordReader records;
  Status status = reader_.NextBlock(key, wanted - 1, raw_in_.get(), header, records, found);
  if (!status.ok()) return status;
  if (!found) {
    reader_.Close();
    return {};
  }
  at_ = header.last_order;
  for (Record record; status.ok() && records.Next(record);) status = CopyRecord(record);
  return status;
}

// What is on its way stands in blocks of its own: who reads on behind it has none of it to pass by.
Status Compaction::CopyRecord(const Record& record) {
  if (record.order <= job_.delivered) return {};
  const bool out = record.order <= job_.given_out;
  if (!out && table_.IsSuperseded(record.tracker, record.order)) return {};
  Status status;
  const bool first_behind = !out && block_.records() > 0 && block_.last_order() <= job_.given_out;
  if (first_behind) status = WriteBlock();
  if (!status.ok() || block_.Add(record)) return status;
  status = WriteBlock();
  if (status.ok() && !block_.Add(record)) return {Code::kReject, "a record is larger than a block"};
  return status;
}

Status Compaction::WriteBlock() {
  if (block_.records() == 0) return {};
  Status status = writer_.Append(block_);
  block_.Clear();
  if (status.ok() && writer_.bytes() - writer_.confirmed_bytes() >= kSyncEveryBytes) {
    status = writer_.Sync();
  }
  return status;
}

Status Compaction::EndCopying() {
  Status status = WriteBlock();
  if (!status.ok()) return status;
  if (writer_.records() != counts_.kept) {
    return {Code::kRetryLater, "what could be read once could not be read again"};
  }
  stage_ = Stage::kCopied;
  return {};
}

Status Compaction::Finish() {
  return writer_.Finish();
}

}  // namespace depotlink::queue
