// SPDX-License-Identifier: Apache-2.0
#pragma once

// `depotlink status`: what the agent on this machine last said of itself, from its file in the
// runtime directory. Asks no network.

#include <functional>
#include <string>
#include <string_view>

#include "agent/base/status.hpp"
#include "agent/base/time.hpp"

namespace depotlink::commands {

struct StatusInput {
  bool running = false;  // an agent holds the directory
  bool json = false;
  WallTime now;
  // What stands in the status file, or why it cannot be read.
  Result<std::string> report{Status(Code::kSkip, "")};
};

// Prints a table, or with `json` an object of one line:
// {"running":true,"age_s":12,"health":{...}}. `age_s` and `health` are left out where they are not
// known. Returns the exit code: 0 where an agent runs and has said something, 1 otherwise.
int RunStatus(const StatusInput& input, const std::function<void(std::string_view)>& print);

}  // namespace depotlink::commands
