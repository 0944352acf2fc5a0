// SPDX-License-Identifier: Apache-2.0
#include "platform/first_run.hpp"

#include <unistd.h>

#include <string>

#include "agent/commands/init.hpp"
#include "platform/agent_user.hpp"
#include "platform/posix_file_maker.hpp"
#include "platform/posix_files.hpp"
#include "platform/posix_terminal.hpp"
#include "platform/startup.hpp"

namespace depotlink::platform {
namespace {

// As it stands: nothing need be there yet.
bool MakeAbsolute(std::string& path) {
  if (path[0] == '/') return true;
  char here[4096];
  if (getcwd(here, sizeof here) == nullptr) return false;
  path = std::string(here) + '/' + path;
  return true;
}

}  // namespace

int FirstRun(commands::Arguments& arguments, Logger& log,
             const std::function<void(std::string_view)>& print) {
  if (!MakeAbsolute(arguments.config)) {
    log.Error("the directory that this runs in cannot be told; give --config an absolute path");
    return kExitFailed;
  }
  const AgentUser user = FindAgentUser();
  PosixTerminal terminal;
  PosixFileMaker files(user);
  PosixFiles reader;
  const commands::InitOptions options{arguments.config, arguments.first, arguments.force,
                                      arguments.yes};
  const int code = commands::RunInit(options, {&terminal, &files, &reader}, print);
  if (code != 0) return code;
  const Status status = BecomeUser(user);
  if (!status.ok()) log.Error("nothing was checked", {{"why", status.message()}});
  return status.ok() ? 0 : kExitFailed;
}

}  // namespace depotlink::platform
