// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/segment_directory.hpp"

#include <algorithm>

namespace depotlink::queue {
namespace {

constexpr std::string_view kBadSuffix = ".bad";

// The smallest and the largest number among the segments above a bound.
class Range : public ports::FileVisitor {
 public:
  explicit Range(SegmentId above) : above_(above) {}
  void OnFile(const ports::FileEntry& entry) override {
    SegmentId id = 0;
    if (!ParseSegmentName(entry.name, id) || id <= above_) return;
    first = first == 0 ? id : std::min(first, id);
    last = std::max(last, id);
  }
  SegmentId first = 0;
  SegmentId last = 0;

 private:
  SegmentId above_;
};

using BadName = std::array<char, 20>;

std::string_view BadNameOf(SegmentId id, BadName& out) {
  NameOf(id, out);
  std::copy(kBadSuffix.begin(), kBadSuffix.end(), out.end() - kBadSuffix.size());
  return {out.data(), out.size()};
}

// What was set aside: how many, their bytes, and the oldest.
class SetAsideFiles : public ports::FileVisitor {
 public:
  void OnFile(const ports::FileEntry& entry) override {
    if (entry.name.size() != name_.size()) return;
    std::copy(entry.name.begin(), entry.name.end(), name_.begin());
    if (entry.name.substr(name_.size() - kBadSuffix.size()) != kBadSuffix) return;
    std::copy_n(".seg", kBadSuffix.size(), name_.end() - kBadSuffix.size());
    SegmentId id = 0;
    if (!ParseSegmentName({name_.data(), name_.size()}, id)) return;
    oldest = count++ == 0 ? id : std::min(oldest, id);
    bytes += entry.bytes;
  }
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  SegmentId oldest = 0;

 private:
  BadName name_{};
};

}  // namespace

Status SegmentDirectory::Scan() {
  Range range(0);
  Status status = disk_->List(range);
  if (!status.ok()) return status;
  first_ = range.first;
  last_ = range.last;
  highest_ = std::max(highest_, last_);
  return Supersede();
}

void SegmentDirectory::NoteNew(SegmentId id) {
  if (first_ == 0) first_ = id;
  last_ = std::max(last_, id);
}

Result<SegmentId> SegmentDirectory::After(SegmentId id) {
  Range range(id);
  Status status = disk_->List(range);
  if (!status.ok()) return status;
  return range.first;
}

Status SegmentDirectory::Look(SegmentId id, SegmentSummary& summary) {
  Status status = scanner_.OpenSummarized(id, summary);
  scanner_.Close();
  return status;
}

Status SegmentDirectory::Supersede() {
  for (SegmentId id = first_; id != 0;) {
    SegmentSummary summary;
    Status status = Look(id, summary);
    if (!status.ok() && status.code() != Code::kSkip) return status;
    const bool known = status.ok() && summary.has_header;
    const SegmentId upto = known ? std::min(summary.header.supersedes, id - 1) : 0;
    if (upto != 0 && !summary.ended) status = Remove(id);
    while (upto != 0 && summary.ended && status.ok() && first_ != 0 && first_ <= upto) {
      status = Remove(first_);
    }
    if (!status.ok() && status.code() != Code::kSkip) return status;
    Result<SegmentId> next = After(id);
    if (!next.ok()) return next.status();
    id = next.value();
  }
  return {};
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
    status = CountOne(id, mark, delivered, in_use, totals);
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
    Range range(0);
    Status status = disk_->List(range);
    if (!status.ok()) return status;
    first_ = range.first;
    last_ = range.last;
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
  BadName bad;
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
    BadName name;
    status = disk_->Remove(BadNameOf(bad.oldest, name));
    if (!status.ok()) return status;
  }
}

}  // namespace depotlink::queue
