// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/arguments.hpp"

#include <utility>

namespace depotlink::commands {
namespace {

Arguments UsageError(std::string text) {
  Arguments arguments;
  arguments.error = std::move(text);
  return arguments;
}

bool ParseCommand(std::string_view word, Command& out) {
  if (word == "run") {
    out = Command::kRun;
  } else if (word == "once") {
    out = Command::kOnce;
  } else if (word == "check") {
    out = Command::kCheck;
  } else if (word == "--help" || word == "-h" || word == "help") {
    out = Command::kHelp;
  } else if (word == "--version" || word == "-V" || word == "version") {
    out = Command::kVersion;
  } else {
    return false;
  }
  return true;
}

}  // namespace

Arguments ParseArguments(int argc, const char* const* argv) {
  if (argc < 2) return UsageError("no command given");
  Arguments arguments;
  if (!ParseCommand(argv[1], arguments.command)) {
    return UsageError("unknown command '" + std::string(argv[1]) + "'");
  }
  constexpr std::string_view kConfigIs = "--config=";
  for (int i = 2; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--help" || word == "-h") {
      arguments.command = Command::kHelp;
    } else if (word == "--config" || word == "-c") {
      if (i + 1 == argc) return UsageError("--config needs a file");
      arguments.config = argv[++i];
    } else if (word.substr(0, kConfigIs.size()) == kConfigIs) {
      arguments.config = word.substr(kConfigIs.size());
    } else {
      return UsageError("unknown argument '" + std::string(word) + "'");
    }
  }
  if (arguments.config.empty()) return UsageError("--config needs a file");
  return arguments;
}

std::string_view HelpText() {
  return "depotlink - republishes a Navixy fleet on the depot's MQTT bus\n"
         "\n"
         "Usage:\n"
         "  depotlink run   [--config FILE]   run the agent until SIGTERM or SIGINT\n"
         "  depotlink once  [--config FILE]   poll once, print topic and payload of each record,\n"
         "                                    separated by a tab; touches no bus\n"
         "  depotlink check [--config FILE]   say everything that is wrong with the config\n"
         "  depotlink --version               versions of the program and its libraries\n"
         "  depotlink --help                  this text\n"
         "\n"
         "The config is /etc/depotlink/depotlink.json unless --config names another.\n"
         "Logs go to standard error. Exit codes: 0 all well, 1 failed, 2 wrong usage.\n";
}

}  // namespace depotlink::commands
