// SPDX-License-Identifier: Apache-2.0
#pragma once

// The command line, as a value.

#include <string>
#include <string_view>

#include "agent/base/time.hpp"
#include "agent/commands/init_config.hpp"

namespace depotlink::commands {

enum class Command {
  kInit,
  kRun,
  kOnce,
  kCheck,
  kStatus,
  kQueueList,
  kQueueExport,
  kQueuePurge,
  kHelp,
  kVersion,
  kUsageError
};

struct Arguments {
  Command command = Command::kUsageError;
  std::string config = "/etc/depotlink/depotlink.json";
  bool json = false;        // status, check --online
  bool yes = false;         // queue purge, init: do not ask
  bool online = false;      // check: try everything, too
  FirstConfig first;        // init: what is given
  bool force = false;       // init: replace what is there
  bool offline = false;     // init: try nothing in the end
  DurationMs watch_ms = 0;  // status: how often it is shown anew; 0: once
  std::string error;        // for kUsageError: what is wrong
};

// `argv[0]` is passed over. Never fails: what cannot be understood is a kUsageError.
Arguments ParseArguments(int argc, const char* const* argv);

// The text of --help.
std::string_view HelpText();

}  // namespace depotlink::commands
