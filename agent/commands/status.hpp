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
  // Likewise of the file with the last errors (error_book.hpp).
  Result<std::string> errors{Status(Code::kSkip, "")};
};

// Prints a table, or with `json` an object of one line: {"running":true,"age_s":12,
// "since":"...","waits_for":["broker"],"errors":{"api":{"text":"...","time":"..."}},"health":{...}}.
// What is not known is left out. `waits_for` holds some of clock, credential, api, broker, disk:
// what the agent cannot go on without. Returns the exit code: 0 where an agent runs and has said
// something, 1 otherwise.
int RunStatus(const StatusInput& input, const std::function<void(std::string_view)>& print);

enum class WatchStyle {
  kTerminal,  // each in the place of the one before
  kAppended   // one below the other
};

struct WatchInput {
  std::function<StatusInput()> read;
  // False: that was the last one.
  std::function<bool(DurationMs)> wait;
  DurationMs every_ms = 0;
  WatchStyle style = WatchStyle::kAppended;
};

// Shows the status again and again, until `wait` says that it is enough. An agent that is gone is
// said, and waited for. Returns the exit code, 0.
int RunWatch(const WatchInput& input, const std::function<void(std::string_view)>& print);

}  // namespace depotlink::commands
