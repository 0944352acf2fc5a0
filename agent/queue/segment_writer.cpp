// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/segment_writer.hpp"

#include <utility>

namespace depotlink::queue {

Status SegmentWriter::Begin(SegmentId id, const ports::CipherKey& master, const KeyMark& mark,
                            SegmentId supersedes, const Forerunner& forerunner) {
  Abandon();
  header_ = {};
  header_.id = id;
  header_.key_mark = mark;
  header_.supersedes = supersedes;
  header_.forerunner = forerunner;
  Status status = cipher_->RandomBytes(header_.salt.data(), header_.salt.size());
  if (status.ok()) status = DeriveSegmentKey(*cipher_, master, header_.salt, id, key_);
  if (!status.ok()) return status;
  SegmentName name;
  Result<ports::FileHandle> file = disk_->Create(NameOf(id, name));
  if (!file.ok()) return file.status();
  file_ = file.value();
  total_ = {};
  total_.kind = BlockKind::kEnd;
  total_.segment = id;
  total_.salt = header_.salt;
  bytes_ = 0;
  confirmed_bytes_ = 0;
  confirmed_records_ = 0;
  named_ = false;
  char bytes[kSegmentHeaderBytes];
  PutSegmentHeader(header_, bytes);
  status = Write({bytes, sizeof bytes});
  return status.ok() ? status : CutBack(std::move(status));
}

Status SegmentWriter::Write(std::string_view bytes) {
  Status status = disk_->WriteAt(file_, bytes_, bytes);
  if (status.ok()) bytes_ += bytes.size();
  return status;
}

Status SegmentWriter::Append(const RecordWriter& records) {
  BlockHeader block;
  block.segment = header_.id;
  block.salt = header_.salt;
  block.index = total_.index;
  block.records = records.records();
  block.first_order = records.first_order();
  block.last_order = records.last_order();
  block.first_time_ms = records.first_time_ms();
  block.last_time_ms = records.last_time_ms();
  std::string_view bytes;
  Status status = codec_->Seal(key_, block, records.bytes(), bytes);
  if (status.ok()) status = Write(bytes);
  if (!status.ok()) return CutBack(std::move(status));
  Count(block);
  return {};
}

void SegmentWriter::Count(const BlockHeader& block) {
  if (total_.records == 0) {
    total_.first_order = block.first_order;
    total_.first_time_ms = block.first_time_ms;
  }
  ++total_.index;
  total_.records += block.records;
  total_.last_order = block.last_order;
  total_.last_time_ms = block.last_time_ms;
}

// What was not confirmed is given again by the caller, to another segment; found here too, it would
// be sent twice. The cut need not reach the device: where power fails before, repeats are all that
// comes of it. A file without a record goes altogether; where it stays, the next count takes it
// away.
Status SegmentWriter::CutBack(Status why) {
  const Status cut = disk_->Truncate(file_, confirmed_bytes_);
  static_cast<void>(cut);
  Abandon();
  if (confirmed_bytes_ == 0) {
    SegmentName name;
    const Status removed = disk_->Remove(NameOf(header_.id, name));
    static_cast<void>(removed);
  }
  bytes_ = confirmed_bytes_;
  return why;
}

void SegmentWriter::DropUnconfirmed() {
  if (!open() || bytes_ == confirmed_bytes_) return;
  const Status why = CutBack({});
  static_cast<void>(why);
}

Status SegmentWriter::Sync() {
  Status status = disk_->Sync(file_);
  if (status.ok() && !named_) status = disk_->SyncDirectory();
  if (!status.ok()) return CutBack(std::move(status));
  named_ = true;
  confirmed_bytes_ = bytes_;
  confirmed_records_ = total_.records;
  return {};
}

Status SegmentWriter::Finish() {
  if (!open()) return {};
  BlockHeader end = total_;
  std::string_view bytes;
  Status status = codec_->Seal(key_, end, {}, bytes);
  if (status.ok()) status = Write(bytes);
  if (!status.ok()) return CutBack(std::move(status));
  status = Sync();
  Abandon();
  return status;
}

void SegmentWriter::Abandon() {
  disk_->Close(file_);
  file_ = ports::kNoFile;
  key_.Wipe();
}

}  // namespace depotlink::queue
