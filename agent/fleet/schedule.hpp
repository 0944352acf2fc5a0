// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who is due when: each tracker at the pace of what it does, gathered into full batches. Due times
// stand in the table; the schedule holds only periods and a place to go on from.

#include <array>
#include <cstddef>
#include <cstdint>

#include "agent/base/time.hpp"
#include "agent/fleet/table.hpp"

namespace depotlink::fleet {

class Schedule {
 public:
  // `periods_ms[pace]` >= 1000. `start`: the origin of the due times. `table` must outlive this.
  Schedule(Table& table, const std::array<DurationMs, kPaceCount>& periods_ms, MonoTime start)
      : table_(&table), periods_ms_(periods_ms), start_(start) {}

  // Writes up to `most` ids that are due, or will be within a tenth of their period: asking for
  // them along saves a request. Goes round the table, so that nobody is asked last always.
  std::size_t TakeDue(MonoTime now, model::TrackerId* ids, std::size_t most);
  // When TakeDue will have something to give; kNever for an empty fleet.
  MonoTime NextDue() const;
  // The tracker was asked for at `now`.
  void Asked(Tracker& tracker, MonoTime now) const;
  // Ask for it as soon as possible.
  static void MakeDue(Tracker& tracker) { tracker.due_s = 0; }

 private:
  std::uint32_t Seconds(MonoTime time) const;

  Table* table_;
  std::array<DurationMs, kPaceCount> periods_ms_;
  MonoTime start_;
  std::uint32_t next_place_ = 0;
};

}  // namespace depotlink::fleet
