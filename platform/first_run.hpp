// SPDX-License-Identifier: Apache-2.0
#pragma once

// `depotlink init` with its adapters.

#include <functional>
#include <string_view>

#include "agent/base/log.hpp"
#include "agent/commands/arguments.hpp"

namespace depotlink::platform {

// Asks, or takes what is given, and writes. Returns the exit code. After 0 this process is that of
// the user whom the agent is to run as, so that a check tells what the agent will meet.
int FirstRun(commands::Arguments& arguments, Logger& log,
             const std::function<void(std::string_view)>& print);

}  // namespace depotlink::platform
