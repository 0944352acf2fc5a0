// SPDX-License-Identifier: Apache-2.0
#pragma once

// `depotlink queue export`: every record that waits, as one line of JSON each, in order.

#include <functional>
#include <string_view>

#include "agent/base/log.hpp"
#include "agent/base/secret.hpp"
#include "agent/queue/offline_queue.hpp"
#include "agent/settings/settings.hpp"

namespace depotlink::commands {

// {"topic":"...","time":"2026-01-01T00:00:00.000Z","late":true,"payload":{...}}: the topic that it
// would go to, when it was decoded, the payload as it was encoded. Changes nothing. What cannot be
// exported is logged; then the exit code is 1, else 0.
int RunQueueExport(const settings::Settings& settings, const queue::QueuePorts& ports,
                   const Secret& given_key, Logger& log,
                   const std::function<void(std::string_view)>& print);

}  // namespace depotlink::commands
