// SPDX-License-Identifier: Apache-2.0
#pragma once

// A day in the life of a spool, to be broken off or made to fail at every single call, and what
// must hold after it whatever happened.

#include <set>
#include <string>

#include "tests/unit/queue/spool_rig.hpp"

namespace depotlink::queue {

// Says what went wrong first; empty is right.
class SpoolScript {
 public:
  static constexpr std::size_t kStride = 1;

  explicit SpoolScript(SpoolRig& rig) : rig_(&rig) { rig.compressor = &rig.never_packs; }

  // Groups, a rotation, half a drain with its cursor, a restart, more groups, the rest. Goes on
  // after failures, as the agent does: what was not taken is given again with the next group.
  void Run() {
    rig_->record_bytes = 1500;
    Start();
    Give(3);
    Give(14);  // more than a block
    rig_->spool->EndWriting();
    Give(3);
    Take(9);
    StoreCursor();
    Give(2);
    Drain(1);
    Restart();
    Give(3);
    Take(2);
    Give(2);
    Drain(8);
    Give(1);
    rig_->spool->EndWriting();
  }
  // Everything that is left, with the disk well again. Nothing of what was confirmed may be missing
  // then.
  void Settle() {
    Restart();
    if (!rig_->spool->ready()) return Fail("does not start");
    Give(1);
    if (!pending_.empty()) Fail("takes nothing");
    Drain(1000);
    for (const Order order : confirmed_) {
      if (seen_.count(order) == 0) Fail("lost " + std::to_string(order));
    }
    if (!rig_->spool->empty()) Fail("says that something is left");
    if (rig_->spool->has_segments() || !rig_->Segments().empty()) Fail("left a segment");
    if (rig_->wrong > 0) Fail("delivered what nobody gave");
    if (rig_->cipher.nonce_repeats() > 0) Fail("used a nonce twice");
    if (!rig_->disk.violations().empty()) Fail(rig_->disk.violations().front());
    rig_->spool.reset();
    if (rig_->disk.open_handles() > 0) Fail("left a file open");
  }
  // The process ends here: what was on its way may come again, and nothing else.
  void ForgetRun() {
    rig_->spool.reset();
    last_ = 0;
  }
  // With it goes the memory, and what was in the journal.
  void ForgetPending() { pending_.clear(); }
  const std::string& fault() const { return fault_; }
  std::size_t confirmed() const { return confirmed_.size(); }

 private:
  void Fail(const std::string& what) {
    if (fault_.empty()) fault_ = what;
  }
  void Start() {
    const Status status = rig_->Start();
    static_cast<void>(status);
  }
  void Restart() {
    ForgetRun();
    Start();
  }
  bool Ready() {
    if (rig_->spool->ready()) return true;
    const Status status = rig_->spool->Start(0, rig_->mark);
    return status.ok();
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
  void Note(const Orders& orders) {
    for (const Order order : orders) {
      if (order <= last_) Fail("out of order: " + std::to_string(order));
      if (order > newest_) Fail("nobody gave " + std::to_string(order));
      last_ = order;
      seen_.insert(order);
    }
    if (!orders.empty()) rig_->spool->NoteDelivered(orders.back(), orders.size());
  }
  void Take(std::size_t most) {
    if (Ready()) Note(rig_->Take(most));
  }
  void StoreCursor() {
    const Status status = rig_->spool->StoreCursor();
    static_cast<void>(status);
  }
  void Drain(int segments) {
    if (!Ready()) return;
    for (int i = 0; i < segments; ++i) {
      Status status;
      Note(rig_->Take(SIZE_MAX, &status));
      if (!status.ok() || !rig_->spool->segment_ended()) return;
      status = rig_->spool->FinishSegment();
      if (!status.ok()) return;
    }
  }

  SpoolRig* rig_;
  Order newest_ = 0;
  Order last_ = 0;  // delivered by this run
  Orders pending_;
  std::set<Order> confirmed_;
  std::set<Order> seen_;
  std::string fault_;
};

}  // namespace depotlink::queue
