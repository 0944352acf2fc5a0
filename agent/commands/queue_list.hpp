// SPDX-License-Identifier: Apache-2.0
#pragma once

// `depotlink queue ls`: what waits on disk, a line a segment, and what it comes to.

#include <functional>
#include <string_view>

#include "agent/base/secret.hpp"
#include "agent/queue/offline_queue.hpp"

namespace depotlink::commands {

// Changes nothing. `ports` as QueueView has them. Returns the exit code: 0 where all of it can be
// read, 1 where something is damaged, locked or cannot be read.
int RunQueueList(const queue::QueuePorts& ports, const Secret& given_key,
                 const std::function<void(std::string_view)>& print);

}  // namespace depotlink::commands
