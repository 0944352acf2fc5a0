// SPDX-License-Identifier: Apache-2.0
#include "agent/fleet/schedule.hpp"

#include <algorithm>

namespace depotlink::fleet {

std::uint32_t Schedule::Seconds(MonoTime time) const {
  return static_cast<std::uint32_t>(
      std::clamp<DurationMs>((time - start_) / kSecondMs, 0, UINT32_MAX));
}

std::size_t Schedule::TakeDue(MonoTime now, model::TrackerId* ids, std::size_t most) {
  if (now < NextDue()) return 0;
  const std::uint32_t size = table_->size();
  std::array<std::uint32_t, kPaceCount> horizon_s{};
  for (std::size_t pace = 0; pace < kPaceCount; ++pace) {
    horizon_s[pace] = Seconds(now + periods_ms_[pace] / 10);
  }
  std::size_t taken = 0;
  for (std::uint32_t step = 0; step < size && taken < most; ++step) {
    if (next_place_ >= size) next_place_ = 0;
    const Tracker& tracker = table_->At(next_place_++);
    if (tracker.Has(Tracker::kGone)) continue;
    if (tracker.due_s > horizon_s[static_cast<std::size_t>(tracker.pace)]) continue;
    ids[taken++] = tracker.id;
  }
  return taken;
}

MonoTime Schedule::NextDue() const {
  std::uint32_t soonest_s = UINT32_MAX;
  for (std::uint32_t i = 0; i < table_->size(); ++i) {
    const Tracker& tracker = table_->At(i);
    if (tracker.Has(Tracker::kGone)) continue;
    soonest_s = std::min(soonest_s, static_cast<std::uint32_t>(tracker.due_s));
  }
  return soonest_s == UINT32_MAX ? kNever : start_ + soonest_s * kSecondMs;
}

void Schedule::Asked(Tracker& tracker, MonoTime now) const {
  tracker.due_s = Seconds(now + periods_ms_[static_cast<std::size_t>(tracker.pace)]);
}

}  // namespace depotlink::fleet
