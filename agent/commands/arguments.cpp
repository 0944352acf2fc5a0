// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/arguments.hpp"

#include <cstddef>
#include <utility>

namespace depotlink::commands {
namespace {

Arguments UsageError(std::string text) {
  Arguments arguments;
  arguments.error = std::move(text);
  return arguments;
}

struct Word {
  std::string_view word;
  Command command;
};
constexpr Word kCommands[] = {
    {"run", Command::kRun},         {"once", Command::kOnce},         {"check", Command::kCheck},
    {"status", Command::kStatus},   {"--help", Command::kHelp},       {"-h", Command::kHelp},
    {"help", Command::kHelp},       {"--version", Command::kVersion}, {"-V", Command::kVersion},
    {"version", Command::kVersion},
};
constexpr Word kQueueCommands[] = {
    {"ls", Command::kQueueList},     {"export", Command::kQueueExport},
    {"purge", Command::kQueuePurge}, {"--help", Command::kHelp},
    {"-h", Command::kHelp},
};

template <std::size_t kCount>
bool ParseWord(std::string_view word, const Word (&words)[kCount], Command& out) {
  for (const Word& known : words) {
    if (known.word != word) continue;
    out = known.command;
    return true;
  }
  return false;
}

// Takes the words of the command; `next` is the first one behind them. False, `error` set, where
// there is no such command.
bool ParseCommand(int argc, const char* const* argv, Arguments& out, int& next) {
  next = 2;
  const std::string_view word = argv[1];
  if (word != "queue") {
    if (ParseWord(word, kCommands, out.command)) return true;
    out.error = "unknown command '" + std::string(word) + "'";
    return false;
  }
  if (argc < 3) {
    out.error = "queue needs one of ls, export, purge";
    return false;
  }
  next = 3;
  if (ParseWord(argv[2], kQueueCommands, out.command)) return true;
  out.error = "unknown command 'queue " + std::string(argv[2]) + "'; it knows ls, export, purge";
  return false;
}

// A word that only one command knows.
bool ParseSwitch(std::string_view word, Arguments& out) {
  const bool check = out.command == Command::kCheck;
  if (word == "--online" && check) return out.online = true;
  if (word == "--json" && (out.command == Command::kStatus || check)) return out.json = true;
  if (word == "--yes" && out.command == Command::kQueuePurge) return out.yes = true;
  return false;
}

}  // namespace

Arguments ParseArguments(int argc, const char* const* argv) {
  if (argc < 2) return UsageError("no command given");
  Arguments arguments;
  int next = 0;
  if (!ParseCommand(argc, argv, arguments, next)) return UsageError(arguments.error);
  constexpr std::string_view kConfigIs = "--config=";
  for (int i = next; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--help" || word == "-h") {
      arguments.command = Command::kHelp;
    } else if (word == "--config" || word == "-c") {
      if (i + 1 == argc) return UsageError("--config needs a file");
      arguments.config = argv[++i];
    } else if (word.substr(0, kConfigIs.size()) == kConfigIs) {
      arguments.config = word.substr(kConfigIs.size());
    } else if (!ParseSwitch(word, arguments)) {
      return UsageError("unknown argument '" + std::string(word) + "'");
    }
  }
  if (arguments.config.empty()) return UsageError("--config needs a file");
  if (arguments.command == Command::kCheck && arguments.json && !arguments.online) {
    return UsageError("check knows --json with --online only");
  }
  return arguments;
}

std::string_view HelpText() {
  return "depotlink - republishes a Navixy fleet on the depot's MQTT bus\n"
         "\n"
         "Usage:\n"
         "  depotlink run    [--config FILE]    run the agent until SIGTERM or SIGINT\n"
         "  depotlink once   [--config FILE]    poll once, print topic and payload of each "
         "record,\n"
         "                                      separated by a tab; touches no bus\n"
         "  depotlink check  [--config FILE]    say everything that is wrong with the config\n"
         "  depotlink check  --online [--config FILE] [--json]\n"
         "                                      and try all that the agent needs: clock, DNS, "
         "TCP,\n"
         "                                      TLS, credential, permissions, fleet, broker, "
         "disk;\n"
         "                                      takes two minutes at most\n"
         "  depotlink status [--config FILE] [--json]\n"
         "                                      what the agent here is doing; asks no network\n"
         "  depotlink queue ls     [--config FILE]          what waits on disk, a line a segment\n"
         "  depotlink queue export [--config FILE]          each record that waits as a line of "
         "JSON\n"
         "  depotlink queue purge  [--config FILE] [--yes]  throw it away; the agent must not run\n"
         "  depotlink --version                 versions of the program and its libraries\n"
         "  depotlink --help                    this text\n"
         "\n"
         "The config is /etc/depotlink/depotlink.json unless --config names another.\n"
         "Logs go to standard error. Exit codes: 0 all well, 1 failed, 2 wrong usage.\n";
}

}  // namespace depotlink::commands
