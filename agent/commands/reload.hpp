// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a reload of the config comes to, for an agent that runs.

#include <string>
#include <string_view>

#include "agent/commands/check.hpp"
#include "agent/ports/files.hpp"
#include "agent/settings/settings.hpp"

namespace depotlink::commands {

enum class ReloadKind {
  kRefused,  // the file has faults, or names files that have: nothing may change
  kNothing,  // it says what it said
  kLog,      // only how the agent logs
  kAgent     // what only a new agent takes up
};

struct Reload {
  ReloadKind kind = ReloadKind::kRefused;
  std::string faults;   // kRefused: lines as `depotlink check` says them
  std::string changed;  // the keys: `log.level, poll.moving`
  std::string text;     // of the file
  settings::Settings settings;
};

// `text_before`: of the config that is in use. Reads the file at `path`, and those that it names.
Reload PlanReload(const std::string& path, std::string_view text_before, ports::FileReader& files,
                  const IdentityCheck& identity);

}  // namespace depotlink::commands
