// SPDX-License-Identifier: Apache-2.0
#pragma once

// A spool that is nearly full, and what it goes through until all but the newest record of each
// tracker are gone: to be broken off or made to fail at every single call. What has to go must go
// as a whole or not at all, and nothing else may.

#include <map>
#include <set>
#include <string>

#include "tests/unit/queue/spool_rig.hpp"

namespace depotlink::queue {

// Says what went wrong first; empty is right.
class NewestScript {
 public:
  static constexpr std::size_t kStride = 3;  // several hundred calls, a hundred milliseconds a run

  explicit NewestScript(SpoolRig& rig) : rig_(&rig) {
    Prepare(rig);
    for (const auto& [name, bytes] : Full().files) rig.disk.Put(name, bytes);
    newest_ = Full().newest;
    for (Order order = 1; order <= newest_; ++order) confirmed_.insert(order);
  }

  // Some is on its way when the last group comes; another group comes meanwhile.
  void Run() {
    const Status started = rig_->Start();
    static_cast<void>(started);
    out_ = TakeSome(8);
    Deliver(5);
    Give(10);
    Tidy(1);
    Give(2);
    Tidy(1);
    Deliver(2);
    Tidy(30);
    gathered_ = !rig_->spool->tidying() && rig_->spool->losses().quota > 0;
    Give(1);
    Deliver(3);
    const Status stored = rig_->spool->StoreCursor();
    static_cast<void>(stored);
    TakeSome(3);
    Give(1);
  }
  // Everything that is left, with the disk well again.
  void Settle() {
    ForgetRun();
    const Status started = rig_->Start();
    if (!started.ok()) return Fail("does not start: " + started.message());
    Give(1);
    if (!pending_.empty()) Fail("takes nothing");
    const Orders left = rig_->Drain();
    for (std::size_t i = 1; i < left.size(); ++i) {
      if (left[i] <= left[i - 1]) Fail("out of order: " + std::to_string(left[i]));
    }
    seen_.insert(left.begin(), left.end());
    CheckSeen();
    if (!rig_->spool->empty()) Fail("says that something is left");
    if (!rig_->Segments().empty()) Fail("left a segment");
    if (rig_->wrong > 0) Fail("delivered what nobody gave");
    if (rig_->cipher.nonce_repeats() > 0) Fail("used a nonce twice");
    if (!rig_->disk.violations().empty()) Fail(rig_->disk.violations().front());
    rig_->spool.reset();
    if (rig_->disk.open_handles() > 0) Fail("left a file open");
  }
  void ForgetRun() { rig_->spool.reset(); }
  void ForgetPending() { pending_.clear(); }
  const std::string& fault() const { return fault_; }
  // The run came to its end, and dropped something.
  bool gathered() const { return gathered_; }

  struct FullDisk {
    std::map<std::string, std::string> files;
    Order newest = 0;
  };
  static void Prepare(SpoolRig& rig) {
    rig.limits.drop = DropPolicy::kAllButNewest;
    rig.limits.max_trackers = 10;
    rig.limits.max_bytes = 512ULL * 1024;
    rig.record_bytes = 1500;
    rig.compressor = &rig.never_packs;
  }
  // A group of ten short of what there is room for.
  static const FullDisk& Full() {
    static const FullDisk full = [] {
      FullDisk made;
      SpoolRig rig;
      Prepare(rig);
      Status status = rig.Start();
      const std::uint64_t enough = rig.limits.max_bytes / 8 * 7 - 15'600;
      while (status.ok() && rig.spool->totals().bytes < enough) {
        const Order records = rig.spool->totals().bytes + 16'000 < enough ? 10 : 5;
        status = rig.Give(made.newest + 1, made.newest + records);
        made.newest += records;
      }
      rig.spool->EndWriting();
      for (const std::string& name : rig.disk.Names()) made.files[name] = rig.disk.Bytes(name);
      return made;
    }();
    return full;
  }

 private:
  void Fail(const std::string& what) {
    if (fault_.empty()) fault_ = what;
  }
  void Give(Order records) {
    for (Order i = 0; i < records; ++i) pending_.push_back(++newest_);
    if (!Ready()) return;
    Status status = rig_->Append(pending_);
    if (status.ok()) status = rig_->spool->Commit();
    if (!status.ok()) return;
    confirmed_.insert(pending_.begin(), pending_.end());
    pending_.clear();
  }
  bool Ready() { return rig_->spool->ready() || rig_->spool->Start(0, rig_->mark).ok(); }
  void Tidy(int calls) {
    Status status;
    for (int i = 0; i < calls && status.ok(); ++i) {
      const bool begun = rig_->spool->tidying();
      status = rig_->spool->Tidy();
      if (!begun && rig_->spool->tidying()) newest_gathered_ = *confirmed_.rbegin();
    }
  }
  Orders TakeSome(std::size_t most) {
    Orders taken;
    if (Ready()) taken = rig_->Take(most);
    return taken;
  }
  void Deliver(std::size_t most) {
    for (; most > 0 && delivered_ < out_.size(); --most) {
      const Order order = out_[delivered_++];
      seen_.insert(order);
      rig_->spool->NoteDelivered(order, 1);
    }
  }
  // A newer one of its tracker had come before they were gathered.
  bool MayGo(Order order) const {
    return order + 7 <= newest_gathered_ &&
           std::find(out_.begin(), out_.end(), order) == out_.end();
  }
  void CheckSeen() {
    std::size_t gone = 0;
    std::size_t may_go = 0;
    for (const Order order : confirmed_) {
      may_go += MayGo(order) ? 1U : 0U;
      if (seen_.count(order) > 0) continue;
      ++gone;
      if (!MayGo(order)) Fail("lost " + std::to_string(order));
    }
    for (const Order order : seen_) {
      if (order > newest_) Fail("nobody gave " + std::to_string(order));
    }
    if (gone != 0 && gone != may_go) Fail("in part: " + std::to_string(gone) + " are gone");
    if (gathered_ && gone == 0) Fail("was counted, and came");
  }

  SpoolRig* rig_;
  Order newest_ = 0;
  Order newest_gathered_ = 0;  // 0: nothing was begun, and nothing may go
  Orders out_;
  std::size_t delivered_ = 0;
  Orders pending_;
  std::set<Order> confirmed_;
  std::set<Order> seen_;
  bool gathered_ = false;
  std::string fault_;
};

}  // namespace depotlink::queue
