// SPDX-License-Identifier: Apache-2.0

// The commands, each with the adapters that it works with. With startup and daemon the one place
// that wires these to the core.

#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "agent/agent.hpp"
#include "agent/commands/arguments.hpp"
#include "agent/commands/check.hpp"
#include "agent/commands/once.hpp"
#include "agent/commands/online_check.hpp"
#include "agent/commands/queue_export.hpp"
#include "agent/commands/queue_list.hpp"
#include "agent/commands/queue_purge.hpp"
#include "agent/commands/status.hpp"
#include "agent/error_book.hpp"
#include "agent/status_file.hpp"
#include "platform/curl_http.hpp"
#include "platform/daemon.hpp"
#include "platform/deflate_compressor.hpp"
#include "platform/directory_lock.hpp"
#include "platform/event_loop.hpp"
#include "platform/first_run.hpp"
#include "platform/linux_clock.hpp"
#include "platform/linux_random.hpp"
#include "platform/mbedtls_cipher.hpp"
#include "platform/mosquitto_files.hpp"
#include "platform/online_tools.hpp"
#include "platform/paho_mqtt.hpp"
#include "platform/posix_directory.hpp"
#include "platform/posix_files.hpp"
#include "platform/posix_storage.hpp"
#include "platform/process.hpp"
#include "platform/startup.hpp"
#include "platform/stderr_log.hpp"
#include "platform/stop_wait.hpp"
#include "platform/versions.hpp"

namespace {

using depotlink::platform::EventLoop;
using depotlink::platform::IsStop;
using depotlink::platform::kExitFailed;
using depotlink::platform::kVersion;

constexpr int kUsage = 2;

void Print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

int Once(const std::string& config, depotlink::Logger& log) {
  EventLoop loop;
  depotlink::platform::PosixFiles files;
  depotlink::settings::Settings settings;
  depotlink::AgentSecrets secrets;
  if (!depotlink::platform::Load(config, files, log, settings, secrets)) return kExitFailed;
  depotlink::platform::LinuxClock clock;
  depotlink::platform::LinuxRandom random;
  depotlink::platform::CurlHttp http(depotlink::platform::HttpOptions(settings));
  if (!loop.ready().ok() || !http.ready().ok()) return kExitFailed;
  const auto wait_until = [&](depotlink::MonoTime next) {
    loop.Wait(http, next - clock.Now());
    return !IsStop(loop.TakeSignal());
  };
  return depotlink::commands::RunOnce(settings, {std::move(secrets.api), std::move(secrets.panel)},
                                      {&clock, &random, &http, &files}, log, Print, wait_until);
}

// What the commands on the queue work with; directories that are missing are not made.
struct QueueTools {
  explicit QueueTools(const depotlink::settings::Queue& settings)
      : disk(settings.dir),
        ram(settings.runtime_dir),
        ports{&disk, depotlink::platform::DirectoryExists(settings.runtime_dir) ? &ram : nullptr,
              &cipher, &compressor} {}

  depotlink::platform::PosixStorage disk;
  depotlink::platform::PosixStorage ram;
  depotlink::platform::MbedtlsCipher cipher;
  depotlink::platform::DeflateCompressor compressor;
  depotlink::queue::QueuePorts ports;
};

bool Confirm(std::string_view question) {
  std::fprintf(stderr, "%.*s [y/N] ", static_cast<int>(question.size()), question.data());
  const int answer = std::getchar();
  return answer == 'y' || answer == 'Y';
}

int Purge(const depotlink::settings::Queue& settings, bool yes, depotlink::Logger& log) {
  depotlink::platform::DirectoryLock disk_lock;
  depotlink::platform::DirectoryLock ram_lock;
  depotlink::Status status = disk_lock.TakeExisting(settings.dir);
  if (status.ok()) status = ram_lock.TakeExisting(settings.runtime_dir);
  if (!status.ok() && status.code() != depotlink::Code::kSkip) {
    log.Error("the queue cannot be purged; stop the agent first", {{"why", status.message()}});
    return kExitFailed;
  }
  if (!yes && isatty(STDIN_FILENO) == 0) {
    log.Error("this is no terminal to ask at; give --yes where that is meant");
    return kExitFailed;
  }
  QueueTools tools(settings);
  const auto ask = [yes](std::string_view question) { return yes || Confirm(question); };
  return depotlink::commands::RunQueuePurge(tools.ports, ask, Print);
}

int Queue(const depotlink::commands::Arguments& arguments, depotlink::Logger& log) {
  depotlink::settings::Settings settings;
  depotlink::Secret key;
  if (!depotlink::platform::LoadSettings(arguments.config, log, settings)) return kExitFailed;
  if (!depotlink::platform::DirectoryExists(settings.queue.dir)) {
    log.Error("there is no queue", {{"queue.dir", settings.queue.dir}});
    return kExitFailed;
  }
  if (arguments.command == depotlink::commands::Command::kQueuePurge) {
    return Purge(settings.queue, arguments.yes, log);
  }
  depotlink::platform::PosixFiles files;
  if (!depotlink::platform::ReadSecret("queue.key_file", settings.queue.key_file, files, log, key))
    return kExitFailed;
  QueueTools tools(settings.queue);
  if (arguments.command == depotlink::commands::Command::kQueueList) {
    return depotlink::commands::RunQueueList(tools.ports, key, Print);
  }
  return depotlink::commands::RunQueueExport(settings, tools.ports, key, log, Print);
}

depotlink::commands::StatusInput ReadStatus(const std::string& directory, bool json) {
  constexpr std::size_t kReportBytes = 16 * 1024;
  depotlink::platform::PosixFiles files;
  depotlink::commands::StatusInput input;
  input.json = json;
  input.running = depotlink::platform::DirectoryLock::IsHeld(directory);
  input.now = depotlink::platform::LinuxClock().WallNow();
  input.report =
      files.ReadText(directory + "/" + std::string(depotlink::kStatusFileName), kReportBytes);
  input.errors =
      files.ReadText(directory + "/" + std::string(depotlink::kErrorFileName), kReportBytes);
  return input;
}

int ShowStatus(const depotlink::commands::Arguments& arguments, depotlink::Logger& log) {
  depotlink::settings::Settings settings;
  if (!depotlink::platform::LoadSettings(arguments.config, log, settings)) return kExitFailed;
  const auto read = [&] { return ReadStatus(settings.queue.runtime_dir, arguments.json); };
  if (arguments.watch_ms == 0) return depotlink::commands::RunStatus(read(), Print);
  const depotlink::platform::StopWait stop;
  const bool terminal = isatty(STDOUT_FILENO) == 1 && !arguments.json;
  if (terminal) Print("\x1b[2J");
  return depotlink::commands::RunWatch(
      {read, [&](depotlink::DurationMs ms) { return std::ferror(stdout) == 0 && stop.Wait(ms); },
       arguments.watch_ms,
       terminal ? depotlink::commands::WatchStyle::kTerminal
                : depotlink::commands::WatchStyle::kAppended},
      Print);
}

void PrintVersion() {
  std::string text = "depotlink " + std::string(kVersion) + "\n";
  for (const auto& library : depotlink::platform::LibraryVersions()) {
    text += "  " + library.name + " " + library.version + "\n";
  }
  Print(text);
}

int CheckOnline(const depotlink::commands::Arguments& arguments,
                depotlink::ports::FileReader& files, depotlink::Logger& log) {
  using depotlink::commands::ReportStyle;
  EventLoop loop;  // before any thread
  depotlink::settings::Settings settings;
  depotlink::AgentSecrets secrets;
  if (!depotlink::platform::Load(arguments.config, files, log, settings, secrets))
    return kExitFailed;
  depotlink::platform::LinuxClock clock;
  depotlink::platform::LinuxRandom random;
  depotlink::platform::CurlHttp http(depotlink::platform::HttpOptions(settings));
  depotlink::platform::PahoMqtt mqtt([&loop] { loop.Wake(); });
  depotlink::platform::SystemNames names([&loop] { loop.Wake(); });
  if (!loop.ready().ok() || !http.ready().ok()) {
    log.Error("the system gives no descriptors or memory to start with");
    return kExitFailed;
  }
  if (!depotlink::platform::SetUpMqtt(settings.mqtt, files, mqtt, log)) return kExitFailed;
  const depotlink::platform::NoTrace no_trace(settings.queue.dir);
  depotlink::platform::PosixStorage disk(settings.queue.dir);
  depotlink::platform::MosquittoFiles broker_files;
  const auto wait_until = [&](depotlink::MonoTime next) {
    loop.Wait(http, next - clock.Now(), &mqtt);
    return !IsStop(loop.TakeSignal());
  };
  const ReportStyle style = arguments.json                       ? ReportStyle::kJson
                            : depotlink::platform::WantsColour() ? ReportStyle::kColour
                                                                 : ReportStyle::kPlain;
  return depotlink::commands::RunOnlineCheck(
      settings,
      {std::move(secrets.api), std::move(secrets.panel), std::move(secrets.mqtt_password)},
      {&clock, &random, &http, &mqtt, &files, &names, &disk, &broker_files}, style, Print,
      wait_until);
}

int Check(const depotlink::commands::Arguments& arguments, depotlink::Logger& log) {
  depotlink::platform::RememberingFiles files;
  std::string out;
  const int code = depotlink::commands::RunCheck(arguments.config, files,
                                                 depotlink::platform::JudgeIdentity, out);
  // What is to be one JSON object holds nothing else.
  if (!arguments.json) Print(out);
  if (arguments.json && code != 0) std::fputs(out.c_str(), stderr);
  return code != 0 || !arguments.online ? code : CheckOnline(arguments, files, log);
}

int Init(depotlink::commands::Arguments arguments, depotlink::Logger& log) {
  const int code = depotlink::platform::FirstRun(arguments, log, Print);
  if (code != 0) return code;
  arguments.online = !arguments.offline;
  const int checked = Check(arguments, log);
  if (checked != 0) {
    Print("the config stands as it is; when what failed is mended: depotlink check --online\n");
  } else {
    Print("next: depotlink run --config " + arguments.config +
          ", or as a service: systemctl enable --now depotlink\n");
  }
  return checked;
}

int Dispatch(int argc, char** argv, depotlink::Logger& log) {
  const auto arguments = depotlink::commands::ParseArguments(argc, argv);
  switch (arguments.command) {
    case depotlink::commands::Command::kInit:
      return Init(arguments, log);
    case depotlink::commands::Command::kRun:
      return depotlink::platform::Daemon(arguments.config, log).Run();
    case depotlink::commands::Command::kOnce:
      depotlink::platform::BecomeWhoRunsIt(arguments.config);
      return Once(arguments.config, log);
    case depotlink::commands::Command::kCheck:
      depotlink::platform::BecomeWhoRunsIt(arguments.config);
      return Check(arguments, log);
    case depotlink::commands::Command::kStatus:
      return ShowStatus(arguments, log);
    case depotlink::commands::Command::kQueueList:
    case depotlink::commands::Command::kQueueExport:
    case depotlink::commands::Command::kQueuePurge:
      depotlink::platform::BecomeWhoRunsIt(arguments.config);
      return Queue(arguments, log);
    case depotlink::commands::Command::kHelp:
      Print(depotlink::commands::HelpText());
      return 0;
    case depotlink::commands::Command::kVersion:
      PrintVersion();
      return 0;
    case depotlink::commands::Command::kUsageError:
      break;
  }
  std::fprintf(stderr, "depotlink: %s\nTry 'depotlink --help'.\n", arguments.error.c_str());
  return kUsage;
}

}  // namespace

int main(int argc, char** argv) {
  depotlink::platform::PrepareProcess();
  depotlink::platform::StderrLog sink;
  depotlink::Logger log(sink, depotlink::LogLevel::kInfo);
  log.CollapseRepeats();
  try {
    return Dispatch(argc, argv, log);
  } catch (const std::exception& error) {
    log.Error("stopped by an unexpected fault", {{"why", error.what()}});
  }
  return kExitFailed;
}
