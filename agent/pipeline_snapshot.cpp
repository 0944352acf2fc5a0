// SPDX-License-Identifier: Apache-2.0
// States on their way to the snapshot under way, beside the bus: see snapshots.hpp.
#include "agent/navixy/decode_state.hpp"
#include "agent/pipeline.hpp"
#include "agent/snapshots.hpp"

namespace depotlink {

bool Pipeline::Ready() const {
  return sink_->Ready() && (snapshots_ == nullptr || snapshots_->Ready());
}

// What was published of the tracker is not kept, but the API has just said it again.
void Pipeline::ShowUnchanged(fleet::Tracker& tracker, std::string_view element) {
  if (snapshots_ == nullptr || !snapshots_->Wants(tracker)) return;
  if (!navixy::DecodeState(*reader_, element, state_, notes_).ok()) return;
  encode::StateRecord record;
  const MonoTime until = FillRecord(tracker, clock_->WallNow(), record);
  snapshots_->Take(tracker, record, until);
}

void Pipeline::Show(fleet::Tracker& tracker, const encode::StateRecord& record, MonoTime until) {
  if (snapshots_ != nullptr && snapshots_->Wants(tracker)) snapshots_->Take(tracker, record, until);
}

}  // namespace depotlink
