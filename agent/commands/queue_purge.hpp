// SPDX-License-Identifier: Apache-2.0
#pragma once

// `depotlink queue purge`: throws away what waits. The agent must not run.

#include <functional>
#include <string>
#include <string_view>

#include "agent/queue/offline_queue.hpp"

namespace depotlink::commands {

// `ask` is given the question and is true where a person said yes. Removes segments, what was set
// aside, the cursor and the journal; never the key. Returns the exit code: 0 where the queue is
// empty afterwards.
int RunQueuePurge(const queue::QueuePorts& ports, const std::function<bool(std::string_view)>& ask,
                  const std::function<void(std::string_view)>& print);

}  // namespace depotlink::commands
