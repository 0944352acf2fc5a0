// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `check --online` finds out of queue.dir: whether it can be written to, how fast (a file of
// kTrialBytes, which is removed), and how long an outage may last.

#include <cstdint>

#include "agent/commands/online_patience.hpp"
#include "agent/commands/online_report.hpp"
#include "agent/ports/storage.hpp"
#include "agent/settings/settings.hpp"

namespace depotlink::commands {

inline constexpr std::uint64_t kTrialBytes = std::uint64_t{1024} * 1024;

// What a record takes in the queue: README, "What it costs": 505 bytes of payload, 0.11 bytes on
// disk for each.
inline constexpr double kQueuedRecordBytes = 505 * 0.11;

// `trackers`: in scope; below 0: not known.
Finding ProbeDisk(const settings::Settings& settings, std::int64_t trackers, ports::Storage& disk,
                  const Patience& patience);

}  // namespace depotlink::commands
