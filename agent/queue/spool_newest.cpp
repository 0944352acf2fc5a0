// SPDX-License-Identifier: Apache-2.0
// DropPolicy::kAllButNewest: when the spool makes room before it has to, and what becomes of its
// numbers then. Compaction does the work.
#include <algorithm>

#include "agent/queue/spool.hpp"

namespace depotlink::queue {

// What may be written before a bound is met.
std::uint64_t Spool::Room(std::uint64_t free_bytes) const {
  const std::uint64_t of_quota = limits_.max_bytes - std::min(limits_.max_bytes, totals_.bytes);
  return std::min(of_quota, free_bytes - std::min(free_bytes, limits_.min_free_bytes));
}

// An eighth of all that can be had is kept free: what is to stand for the rest is written while the
// rest still stands. Each try looks at everything, and so has to be earned by a quarter of that
// newly written.
bool Spool::CompactionDue(std::uint64_t room) const {
  if (recount_due_ || group_records_ > 0 || totals_.records == 0) return false;
  return room < totals_.bytes / 7 && written_since_try_ >= (totals_.bytes + room) / 4;
}

Status Spool::BeginCompaction() {
  Result<std::uint64_t> free = disk_->FreeBytes();
  if (!free.ok()) return free.status();
  wrote_ = false;
  const std::uint64_t room = Room(free.value());
  if (!CompactionDue(room)) return {};
  // Where half of that is gone already (the policy is new to a full queue), the oldest pay for it;
  // where it is others who took it, that would be in vain.
  const bool spent = room < totals_.bytes / 15 && totals_.bytes + room >= limits_.max_bytes;
  if (totals_.set_aside > 0 || spent) {
    wrote_ = true;  // to be looked at again
    return DropSomething();
  }
  Status status = directory_.Settle(UINT64_MAX);
  if (!status.ok()) return status;
  written_since_try_ = 0;
  EndWriting();
  CompactionJob job;
  job.upto = directory_.last();
  job.result = directory_.TakeHidden();
  job.mark = mark_;
  job.delivered = delivered_;
  job.read_after = reader_.open() ? std::min(read_after_, delivered_) : delivered_;
  job.given_out = given_out_;
  job.last = last_committed_;
  compaction_->Begin(job);
  return {};
}

Status Spool::Tidy() {
  if (compaction_ == nullptr || !ready_) return {};
  if (compaction_->running()) return WorkOnCompaction();
  if (!directory_.settled()) return SettleSome(kFilesATidy);
  return wrote_ ? BeginCompaction() : Status();
}

Status Spool::WorkOnCompaction() {
  Status status;
  for (int i = 0; i < kBlocksATidy && compaction_->running() && status.ok(); ++i) {
    status = GoOnWithCompaction();
  }
  if (status.ok()) return status;
  log_->Warn("the newest records of the queue could not be gathered; the oldest go where need be",
             {{"why", status.message()}});
  const Status stopped = StopTidying();
  static_cast<void>(stopped);  // tried again by the next call that needs it
  return status;
}

Status Spool::GoOnWithCompaction() {
  switch (compaction_->stage()) {
    case Compaction::Stage::kNoted:
      return ChooseCompaction();
    case Compaction::Stage::kCopied:
      return FinishCompaction();
    case Compaction::Stage::kCopying: {
      Status status = Fits(Compaction::kWorkMostBytes, 0);
      return status.ok() ? compaction_->Work(key_) : status;
    }
    default:
      return compaction_->Work(key_);
  }
}

// Goes on only where that frees at least as much as it keeps, and where what is kept will fit: half
// as much again as it took so far is reckoned with, for what is written meanwhile.
Status Spool::ChooseCompaction() {
  const CompactionCounts& counts = compaction_->counts();
  Result<std::uint64_t> free = disk_->FreeBytes();
  if (!free.ok()) return free.status();
  const std::uint64_t records = std::max<std::uint64_t>(counts.kept + counts.superseded, 1);
  const std::uint64_t each = counts.bytes / records + 1;
  const std::uint64_t needed = each * counts.kept / 2 * 3 + Compaction::kWorkMostBytes;
  if (counts.kept > 0 && counts.superseded >= counts.kept && needed <= Room(free.value())) {
    return compaction_->BeginCopying(key_);
  }
  log_->Warn("to keep only the newest record of each tracker would free too little: the oldest go",
             {{"newest", counts.kept}, {"others", counts.superseded}});
  return StopTidying();
}

Status Spool::FinishCompaction() {
  const CompactionJob job = compaction_->job();
  const CompactionCounts counts = compaction_->counts();
  Status status = compaction_->Finish();
  compaction_->Abandon();
  if (!status.ok()) {
    directory_.Reject(true);
    return status;
  }
  directory_.Replace(job.upto, job.mark);
  losses_.quota += counts.superseded;
  losses_.damaged += counts.damaged;
  CloseReading();
  log_->Warn("all but the newest record of each tracker were dropped from the queue",
             {{"why", "to stay within queue.max_size and queue.min_free"},
              {"records", counts.superseded},
              {"kept", counts.kept},
              {"beyond_max_trackers", counts.unlisted},
              {"damaged", counts.damaged},
              {"segment", job.result}});
  const Status counted = Recount();
  static_cast<void>(counted);  // the next one to need it counts
  return {};
}

// What is on its way stands in the first segment now: it is the one that is read.
Status Spool::SettleSome(std::uint64_t most_files) {
  Status status = directory_.Settle(most_files);
  if (!status.ok() || !directory_.certain()) return status;
  status = Recount();
  bool found = false;
  if (status.ok() && out_ > 0 && !reader_.open()) status = OpenOldest(found);
  return status;
}

// What is half done goes, what is done comes to its end.
Status Spool::StopTidying() {
  if (compaction_ == nullptr) return {};
  if (compaction_->running()) {
    compaction_->Abandon();
    directory_.Reject(false);
  }
  return directory_.settled() ? Status() : SettleSome(UINT64_MAX);
}

}  // namespace depotlink::queue
