// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/segment_directory.hpp"

#include <algorithm>

namespace depotlink::queue {
namespace {

// The smallest and the largest number among the segments above a bound.
class Range : public ports::FileVisitor {
 public:
  explicit Range(SegmentId above, SegmentId hidden) : above_(above), hidden_(hidden) {}
  void OnFile(const ports::FileEntry& entry) override {
    SegmentId id = 0;
    if (!ParseSegmentName(entry.name, id) || id <= above_ || id == hidden_) return;
    first = first == 0 ? id : std::min(first, id);
    last = std::max(last, id);
  }
  SegmentId first = 0;
  SegmentId last = 0;

 private:
  SegmentId above_;
  SegmentId hidden_;
};

// What was set aside: how many, their bytes, and the oldest.
class SetAsideFiles : public ports::FileVisitor {
 public:
  void OnFile(const ports::FileEntry& entry) override {
    SegmentId id = 0;
    if (!ParseBadName(entry.name, id)) return;
    oldest = count++ == 0 ? id : std::min(oldest, id);
    bytes += entry.bytes;
  }
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  SegmentId oldest = 0;
};

}  // namespace

Status SegmentDirectory::Scan() {
  Status status = Relist();
  if (!status.ok()) return status;
  highest_ = std::max(highest_, last_);
  return Supersede();
}

Status SegmentDirectory::Relist() {
  Range range(0, hidden_);
  Status status = disk_->List(range);
  if (!status.ok()) return status;
  first_ = range.first;
  last_ = range.last;
  return {};
}

void SegmentDirectory::NoteNew(SegmentId id) {
  first_ = first_ == 0 ? id : std::min(first_, id);
  last_ = std::max(last_, id);
}

Result<SegmentId> SegmentDirectory::After(SegmentId id) {
  Range range(id, hidden_);
  Status status = disk_->List(range);
  if (!status.ok()) return status;
  return range.first;
}

Status SegmentDirectory::Look(SegmentId id, SegmentSummary& summary) {
  Status status = scanner_.OpenSummarized(id, summary);
  scanner_.Close();
  return status;
}

Forerunner SegmentDirectory::TakeStock() {
  SegmentSummary summary;
  if (last_ == 0 || !Look(last_, summary).ok() || summary.records > UINT32_MAX) return {};
  if (!summary.ended) SyncOld(last_);
  return {last_, static_cast<std::uint32_t>(summary.records)};
}

// Where it fails, all is as it would be without.
void SegmentDirectory::SyncOld(SegmentId id) {
  SegmentName name;
  Result<ports::FileHandle> file = disk_->OpenWrite(NameOf(id, name));
  if (!file.ok()) return;
  const Status synced = disk_->Sync(file.value());
  static_cast<void>(synced);
  disk_->Close(file.value());
}

Status SegmentDirectory::Supersede() {
  for (SegmentId id = first_; id != 0;) {
    SegmentSummary summary;
    Status status = Look(id, summary);
    if (!status.ok() && status.code() != Code::kSkip) return status;
    const bool known = status.ok() && summary.has_header;
    const SegmentId upto = known ? std::min(summary.header.supersedes, id - 1) : 0;
    if (upto != 0 && !summary.ended) status = Remove(id);
    if (upto != 0 && summary.ended) {
      Replace(upto, summary.header.key_mark);
      status = RemoveReplaced(UINT64_MAX);
    }
    if (!status.ok() && status.code() != Code::kSkip) return status;
    Result<SegmentId> next = After(id);
    if (!next.ok()) return next.status();
    id = next.value();
  }
  return {};
}

void SegmentDirectory::Replace(SegmentId upto, const KeyMark& of) {
  if (hidden_ != 0) NoteNew(hidden_);
  hidden_ = 0;
  look_failures_ = 0;
  replaced_upto_ = upto;
  replaced_mark_ = of;
}

void SegmentDirectory::Reject(bool doubtful) {
  rejected_ = hidden_ != 0;
  doubtful_ = rejected_ && doubtful;
}

Status SegmentDirectory::Settle(std::uint64_t most_files) {
  if (rejected_) {
    Status status = Remove(hidden_);
    if (!status.ok()) return status;
    hidden_ = 0;
    rejected_ = doubtful_ = false;
  }
  return replaced_upto_ == 0 ? Status() : RemoveReplaced(most_files);
}

// Another key's are nobody's to replace.
bool SegmentDirectory::IsReplaced(SegmentId id, const SegmentSummary& summary) const {
  return id <= replaced_upto_ && (!summary.has_header || summary.header.key_mark == replaced_mark_);
}

// `looked` says whether it could be told.
Status SegmentDirectory::RemoveIfReplaced(SegmentId id, Status& looked, std::uint64_t& removed) {
  SegmentSummary summary;
  looked = Look(id, summary);
  if (!looked.ok() || !IsReplaced(id, summary)) return {};
  SegmentName name;
  Status status = disk_->Remove(NameOf(id, name));
  if (!status.ok() && status.code() != Code::kSkip) return status;
  ++removed;
  return {};
}

// In any order, and synced only in the end: the one that replaces them is on the device. One that
// cannot even be looked at stays in the end: another key's may be in it, and what it gives
// otherwise are repeats.
Status SegmentDirectory::RemoveReplaced(std::uint64_t most_files) {
  std::uint64_t removed = 0;
  Status trouble;
  for (SegmentId id = first_; id != 0 && id <= replaced_upto_ && removed < most_files;) {
    Status looked;
    Status status = RemoveIfReplaced(id, looked, removed);
    if (!status.ok()) return status;
    if (looked.code() != Code::kSkip) {
      if (!looked.ok()) trouble = looked;
      ++id;  // nearly always the next one
      continue;
    }
    Result<SegmentId> next = After(id);
    if (!next.ok()) return next.status();
    id = next.value();
  }
  if (!trouble.ok() && ++look_failures_ < kLookTries) return trouble;
  Status status = Relist();
  if (!status.ok() || removed == most_files) return status;
  status = disk_->SyncDirectory();
  if (status.ok()) replaced_upto_ = 0;
  return status;
}

Status SegmentDirectory::Count(const KeyMark& mark, Order delivered, SegmentId in_use,
                               SegmentTotals& totals) {
  totals = {};
  SetAsideFiles bad;
  Status status = disk_->List(bad);
  if (!status.ok()) return status;
  totals.set_aside = bad.count;
  totals.bytes = bad.bytes;
  for (SegmentId id = first_; id != 0 && id <= last_;) {
    status = id == hidden_ ? Status() : CountOne(id, mark, delivered, in_use, totals);
    if (status.ok()) {
      ++id;  // nearly always the next one
      continue;
    }
    if (status.code() != Code::kSkip) return status;
    Result<SegmentId> next = After(id);
    if (!next.ok()) return next.status();
    id = next.value();
  }
  return {};
}

Status SegmentDirectory::CountOne(SegmentId id, const KeyMark& mark, Order delivered,
                                  SegmentId in_use, SegmentTotals& totals) {
  SegmentSummary summary;
  Status status = scanner_.OpenSummarized(id, summary);
  if (!status.ok()) return status;
  if (IsReplaced(id, summary)) {
    scanner_.Close();
    totals.bytes += summary.bytes;
    return {};
  }
  std::uint64_t records = summary.records;
  // Under way: only the blocks that are not wholly delivered count.
  if (summary.first_order <= delivered && delivered < summary.last_order) {
    records = 0;
    BlockHeader header;
    for (bool found = true; found && status.ok();) {
      status = scanner_.NextHeader(header, found);
      if (found && header.last_order > delivered) records += header.records;
    }
  } else if (summary.last_order <= delivered) {
    records = 0;
  }
  scanner_.Close();
  if (!status.ok()) return status;
  if (summary.records == 0 && summary.bytes <= kSegmentHeaderBytes && id != in_use) {
    const Status removed = Remove(id);
    static_cast<void>(removed);  // nothing hangs on it
    return {};
  }
  ++totals.segments;
  totals.bytes += summary.bytes;
  if (summary.has_header && summary.header.key_mark != mark) {
    ++totals.locked_segments;
    totals.locked_records += records;
    totals.last_order = std::max(totals.last_order, summary.last_order);
    return {};
  }
  totals.records += records;
  if (records > 0) {
    if (totals.oldest_time_ms == 0) totals.oldest_time_ms = summary.first_time_ms;
    totals.newest_time_ms = std::max(totals.newest_time_ms, summary.last_time_ms);
  }
  totals.last_order = std::max(totals.last_order, summary.last_order);
  return {};
}

// The directory without `id`. The names are right even where they are not on the device.
Status SegmentDirectory::Left(SegmentId id) {
  if (id == first_ || id == last_) {
    Status status = Relist();
    if (!status.ok()) return status;
  }
  return disk_->SyncDirectory();
}

Status SegmentDirectory::Remove(SegmentId id) {
  SegmentName name;
  Status status = disk_->Remove(NameOf(id, name));
  if (!status.ok() && status.code() != Code::kSkip) return status;
  return Left(id);
}

Status SegmentDirectory::SetAside(SegmentId id) {
  SegmentName name;
  SegmentName bad;
  Status status = disk_->Rename(NameOf(id, name), BadNameOf(id, bad));
  if (!status.ok() && status.code() != Code::kSkip) return status;
  status = Left(id);
  return status.ok() ? LimitSetAside(kSetAsideMost) : status;
}

Status SegmentDirectory::LimitSetAside(std::uint64_t most) {
  for (;;) {
    SetAsideFiles bad;
    Status status = disk_->List(bad);
    if (!status.ok() || bad.count <= most) return status;
    SegmentName name;
    status = disk_->Remove(BadNameOf(bad.oldest, name));
    if (!status.ok()) return status;
  }
}

}  // namespace depotlink::queue
