// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/arguments.hpp"

#include <charconv>
#include <cstddef>
#include <utility>

namespace depotlink::commands {
namespace {

constexpr DurationMs kUsualWatchMs = 2 * kSecondMs;

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
    {"init", Command::kInit},   {"run", Command::kRun},         {"once", Command::kOnce},
    {"check", Command::kCheck}, {"status", Command::kStatus},   {"--help", Command::kHelp},
    {"-h", Command::kHelp},     {"help", Command::kHelp},       {"--version", Command::kVersion},
    {"-V", Command::kVersion},  {"version", Command::kVersion},
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

// A word that some commands know only.
bool ParseSwitch(std::string_view word, Arguments& out) {
  const bool check = out.command == Command::kCheck;
  const bool init = out.command == Command::kInit;
  if (word == "--online" && check) return out.online = true;
  if (word == "--json" && (out.command == Command::kStatus || check)) return out.json = true;
  if (word == "--yes" && (out.command == Command::kQueuePurge || init)) return out.yes = true;
  if (word == "--force" && init) return out.force = true;
  if (word == "--offline" && init) return out.offline = true;
  return false;
}

// `--watch` or `--watch=SECONDS`.
bool ParseWatch(std::string_view word, Arguments& out) {
  constexpr std::string_view kName = "--watch";
  if (out.command != Command::kStatus || word.substr(0, kName.size()) != kName) return false;
  word.remove_prefix(kName.size());
  if (word.empty()) {
    out.watch_ms = kUsualWatchMs;
    return true;
  }
  int seconds = 0;
  const char* end = word.data() + word.size();
  const auto read = std::from_chars(word.data() + 1, end, seconds);
  if (word[0] != '=' || read.ec != std::errc{} || read.ptr != end) return false;
  out.watch_ms = seconds * kSecondMs;
  return seconds >= 1 && out.watch_ms <= kHourMs;
}

// Where the value of an option goes; null where `command` knows no such option.
std::string* FindText(std::string_view name, Arguments& out) {
  if (name == "--config" || name == "-c") return &out.config;
  if (out.command != Command::kInit) return nullptr;
  if (name == "--site") return &out.first.site;
  if (name == "--api-url") return &out.first.api_url;
  if (name == "--ca-file") return &out.first.ca_file;
  if (name == "--key-file" || name == "--password-file") return &out.first.secret_file;
  if (name == "--user") return &out.first.login;
  if (name == "--mqtt-url") return &out.first.mqtt_url;
  if (name == "--queue-dir") return &out.first.queue_dir;
  if (name == "--runtime-dir") return &out.first.runtime_dir;
  return nullptr;
}

// `--name value` or `--name=value`. False where `name` takes no value; an empty one, or none, is an
// `error`.
bool ParseText(int argc, const char* const* argv, int& at, Arguments& out) {
  const std::string_view word = argv[at];
  const std::size_t is = word.find('=');
  const std::string_view name = word.substr(0, is);
  std::string* text = FindText(name, out);
  if (text == nullptr) return false;
  text->clear();
  if (is != std::string_view::npos) {
    *text = word.substr(is + 1);
  } else if (at + 1 < argc) {
    *text = argv[++at];
  }
  if (text->empty()) out.error = std::string(name) + " needs a value";
  return true;
}

// What goes together; an error, or none.
std::string_view CheckTogether(const Arguments& arguments, bool key_file, bool password_file) {
  if (arguments.command == Command::kCheck && arguments.json && !arguments.online) {
    return "check knows --json with --online only";
  }
  if (password_file && arguments.first.login.empty()) return "--password-file needs --user";
  if (key_file && !arguments.first.login.empty()) return "--key-file does not go with --user";
  return {};
}

}  // namespace

Arguments ParseArguments(int argc, const char* const* argv) {
  if (argc < 2) return UsageError("no command given");
  Arguments arguments;
  int next = 0;
  if (!ParseCommand(argc, argv, arguments, next)) return UsageError(arguments.error);
  bool key_file = false;
  bool password_file = false;
  for (int i = next; i < argc; ++i) {
    const std::string_view word = argv[i];
    key_file = key_file || word.substr(0, 10) == "--key-file";
    password_file = password_file || word.substr(0, 15) == "--password-file";
    if (word == "--help" || word == "-h") {
      arguments.command = Command::kHelp;
    } else if (!ParseText(argc, argv, i, arguments) && !ParseSwitch(word, arguments) &&
               !ParseWatch(word, arguments)) {
      return UsageError("unknown argument '" + std::string(word) + "'");
    }
    if (!arguments.error.empty()) return UsageError(arguments.error);
  }
  const std::string_view fault = CheckTogether(arguments, key_file, password_file);
  return fault.empty() ? arguments : UsageError(std::string(fault));
}

std::string_view HelpText() {
  return "depotlink - republishes a Navixy fleet on the depot's MQTT bus\n"
         "\n"
         "Usage:\n"
         "  depotlink init   [--config FILE] [--force] [--offline]\n"
         "                                      ask for what a first config needs, write it and "
         "the\n"
         "                                      key's file, and check --online (not with "
         "--offline);\n"
         "                                      --force replaces a config that is there\n"
         "  depotlink init   --yes --site NAME --api-url URL [--mqtt-url URL] [--ca-file FILE]\n"
         "  depotlink init   ... [--key-file FILE] [--user LOGIN] [--password-file FILE]\n"
         "  depotlink init   ... [--queue-dir DIR] [--runtime-dir DIR]\n"
         "                                      likewise, and ask nothing; the key comes as a line "
         "of\n"
         "                                      the input, or stands in its file already\n"
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
         "  depotlink status [--config FILE] [--json] [--watch[=SECONDS]]\n"
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
