// SPDX-License-Identifier: Apache-2.0

// The one place that wires the adapters to the core.

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "agent/agent.hpp"
#include "agent/commands/arguments.hpp"
#include "agent/commands/check.hpp"
#include "agent/commands/once.hpp"
#include "agent/commands/queue_export.hpp"
#include "agent/commands/queue_list.hpp"
#include "agent/commands/queue_purge.hpp"
#include "agent/commands/status.hpp"
#include "agent/memory_plan.hpp"
#include "agent/status_file.hpp"
#include "platform/counted_heap.hpp"
#include "platform/curl_http.hpp"
#include "platform/deflate_compressor.hpp"
#include "platform/directory_lock.hpp"
#include "platform/event_loop.hpp"
#include "platform/linux_clock.hpp"
#include "platform/linux_random.hpp"
#include "platform/linux_system_info.hpp"
#include "platform/mbedtls_cipher.hpp"
#include "platform/paho_mqtt.hpp"
#include "platform/posix_directory.hpp"
#include "platform/posix_files.hpp"
#include "platform/posix_storage.hpp"
#include "platform/process.hpp"
#include "platform/stderr_log.hpp"
#include "platform/versions.hpp"

namespace {

using depotlink::platform::EventLoop;

constexpr std::string_view kVersion = DEPOTLINK_VERSION;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

void Print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

// Each of these three: what is wrong has been logged where it is false.
bool LoadSettings(const std::string& path, depotlink::Logger& log,
                  depotlink::settings::Settings& settings) {
  depotlink::platform::PosixFiles files;
  std::vector<std::string> messages;
  auto loaded = depotlink::commands::LoadSettings(path, files, messages);
  for (const std::string& message : messages) log.Error(message);
  if (!loaded.ok()) return false;
  settings = std::move(loaded.value());
  log.set_level(settings.log.level);
  return true;
}

bool ReadSecret(const char* key, const std::string& file, depotlink::Logger& log,
                depotlink::Secret& out) {
  if (file.empty()) return true;
  auto secret = depotlink::platform::PosixFiles().ReadSecret(file);
  if (!secret.ok()) {
    log.Error("a secret cannot be read", {{"key", key}, {"why", secret.status().message()}});
    return false;
  }
  out = std::move(secret.value());
  return true;
}

bool Load(const std::string& path, depotlink::Logger& log, depotlink::settings::Settings& settings,
          depotlink::AgentSecrets& secrets) {
  return LoadSettings(path, log, settings) &&
         ReadSecret("api.key_file", settings.api.key_file, log, secrets.api) &&
         ReadSecret("api.user.password_file", settings.api.user.password_file, log, secrets.api) &&
         ReadSecret("api.panel.password_file", settings.api.panel.password_file, log,
                    secrets.panel) &&
         ReadSecret("mqtt.password_file", settings.mqtt.password_file, log,
                    secrets.mqtt_password) &&
         ReadSecret("queue.key_file", settings.queue.key_file, log, secrets.queue_key);
}

bool FitsBudget(const depotlink::settings::Settings& settings, depotlink::Logger& log) {
  const std::string fault = depotlink::MemoryFault(settings);
  if (fault.empty()) return true;
  log.Error("memory.budget is too small", {{"why", fault}});
  return false;
}

constexpr depotlink::DurationMs kTellRefusedMs = depotlink::kMinuteMs;

// Says that allocations were refused, now and then.
void TellRefused(std::uint64_t& told, depotlink::MonoTime& at, depotlink::MonoTime now,
                 depotlink::Logger& log) {
  const depotlink::platform::HeapUse heap = depotlink::platform::ReadHeap();
  if (heap.refused == told || now < at) return;
  log.Error("memory.budget is spent: allocations failed",
            {{"refused", heap.refused - told}, {"heap_kib", heap.live_bytes / 1024}});
  told = heap.refused;
  at = now + kTellRefusedMs;
}

// False where another agent is at work there. Other trouble with the directory is the agent's to
// tell, which does without it.
bool TakeLock(depotlink::platform::DirectoryLock& lock, const std::string& path,
              depotlink::Logger& log) {
  const depotlink::Status status = lock.Take(path);
  if (status.code() != depotlink::Code::kReject) return true;
  log.Error("another depotlink runs with this queue; end it, or give each its own directories",
            {{"why", status.message()}});
  return false;
}

depotlink::platform::CurlHttpOptions HttpOptions(const depotlink::settings::Settings& settings) {
  depotlink::platform::CurlHttpOptions options;
  options.user_agent = "depotlink/" + std::string(kVersion);
  options.ca_file = settings.api.ca_file;
  options.pin = settings.api.pin;
  options.allow_http = settings.api.url.compare(0, 7, "http://") == 0;
  return options;
}

bool IsStop(int signal) {
  return signal == SIGTERM || signal == SIGINT;
}

int Run(const std::string& config, depotlink::Logger& log) {
  EventLoop loop;  // before any thread
  depotlink::settings::Settings settings;
  depotlink::AgentSecrets secrets;
  if (!Load(config, log, settings, secrets) || !FitsBudget(settings, log)) return kFailed;
  depotlink::platform::SetHeapCeiling(depotlink::HeapCeiling(settings));
  depotlink::platform::DirectoryLock disk_lock;
  depotlink::platform::DirectoryLock ram_lock;
  if (!TakeLock(disk_lock, settings.queue.dir, log) ||
      !TakeLock(ram_lock, settings.queue.runtime_dir, log)) {
    return kFailed;
  }
  depotlink::platform::LinuxClock clock;
  depotlink::platform::LinuxRandom random;
  depotlink::platform::LinuxSystemInfo system;
  depotlink::platform::PosixFiles files;
  depotlink::platform::CurlHttp http(HttpOptions(settings));
  depotlink::platform::PahoMqtt mqtt([&loop] { loop.Wake(); });
  if (!loop.ready().ok() || !http.ready().ok()) {
    log.Error("the system gives no descriptors or memory to start with");
    return kFailed;
  }
  depotlink::platform::PosixStorage disk(settings.queue.dir);
  depotlink::platform::PosixStorage ram(settings.queue.runtime_dir);
  depotlink::platform::MbedtlsCipher cipher;
  depotlink::platform::DeflateCompressor compressor;
  depotlink::AgentPorts ports{
      &clock, &random, &http, &mqtt, &system, &files, {&disk, &ram, &cipher, &compressor}};
  depotlink::Agent agent(settings, std::move(secrets), ports, log, kVersion);
  bool stopping = false;
  std::uint64_t refused_told = 0;
  depotlink::MonoTime tell_refused_at{};
  while (!agent.stopped()) {
    const depotlink::MonoTime next = agent.Step();
    if (agent.stopped()) break;
    loop.Wait(http, next - clock.Now());
    TellRefused(refused_told, tell_refused_at, clock.Now(), log);
    const int signal = loop.TakeSignal();
    if (signal == SIGHUP) log.Warn("this version cannot reload its config; restart it instead");
    if (IsStop(signal) && !std::exchange(stopping, true)) {
      log.Info("stopping");
      agent.BeginStop();
    }
  }
  log.Info("stopped", {{"unpublished", static_cast<std::uint64_t>(agent.unpublished())}});
  return 0;
}

int Once(const std::string& config, depotlink::Logger& log) {
  EventLoop loop;
  depotlink::settings::Settings settings;
  depotlink::AgentSecrets secrets;
  if (!Load(config, log, settings, secrets)) return kFailed;
  depotlink::platform::LinuxClock clock;
  depotlink::platform::LinuxRandom random;
  depotlink::platform::PosixFiles files;
  depotlink::platform::CurlHttp http(HttpOptions(settings));
  if (!loop.ready().ok() || !http.ready().ok()) return kFailed;
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
    return kFailed;
  }
  if (!yes && isatty(STDIN_FILENO) == 0) {
    log.Error("this is no terminal to ask at; give --yes where that is meant");
    return kFailed;
  }
  QueueTools tools(settings);
  const auto ask = [yes](std::string_view question) { return yes || Confirm(question); };
  return depotlink::commands::RunQueuePurge(tools.ports, ask, Print);
}

int Queue(const depotlink::commands::Arguments& arguments, depotlink::Logger& log) {
  depotlink::settings::Settings settings;
  depotlink::Secret key;
  if (!LoadSettings(arguments.config, log, settings)) return kFailed;
  if (!depotlink::platform::DirectoryExists(settings.queue.dir)) {
    log.Error("there is no queue", {{"queue.dir", settings.queue.dir}});
    return kFailed;
  }
  if (arguments.command == depotlink::commands::Command::kQueuePurge) {
    return Purge(settings.queue, arguments.yes, log);
  }
  if (!ReadSecret("queue.key_file", settings.queue.key_file, log, key)) return kFailed;
  QueueTools tools(settings.queue);
  if (arguments.command == depotlink::commands::Command::kQueueList) {
    return depotlink::commands::RunQueueList(tools.ports, key, Print);
  }
  return depotlink::commands::RunQueueExport(settings, tools.ports, key, log, Print);
}

int ShowStatus(const depotlink::commands::Arguments& arguments, depotlink::Logger& log) {
  constexpr std::size_t kReportBytes = 16 * 1024;
  depotlink::settings::Settings settings;
  if (!LoadSettings(arguments.config, log, settings)) return kFailed;
  const std::string& directory = settings.queue.runtime_dir;
  depotlink::commands::StatusInput input;
  input.json = arguments.json;
  input.running = depotlink::platform::DirectoryLock::IsHeld(directory);
  input.now = depotlink::platform::LinuxClock().WallNow();
  input.report = depotlink::platform::PosixFiles().ReadText(
      directory + "/" + std::string(depotlink::kStatusFileName), kReportBytes);
  return depotlink::commands::RunStatus(input, Print);
}

void PrintVersion() {
  std::string text = "depotlink " + std::string(kVersion) + "\n";
  for (const auto& library : depotlink::platform::LibraryVersions()) {
    text += "  " + library.name + " " + library.version + "\n";
  }
  Print(text);
}

int Check(const std::string& config) {
  depotlink::platform::PosixFiles files;
  std::string out;
  const int code = depotlink::commands::RunCheck(config, files, out);
  Print(out);
  return code;
}

int Dispatch(int argc, char** argv, depotlink::Logger& log) {
  const auto arguments = depotlink::commands::ParseArguments(argc, argv);
  switch (arguments.command) {
    case depotlink::commands::Command::kRun:
      return Run(arguments.config, log);
    case depotlink::commands::Command::kOnce:
      return Once(arguments.config, log);
    case depotlink::commands::Command::kCheck:
      return Check(arguments.config);
    case depotlink::commands::Command::kStatus:
      return ShowStatus(arguments, log);
    case depotlink::commands::Command::kQueueList:
    case depotlink::commands::Command::kQueueExport:
    case depotlink::commands::Command::kQueuePurge:
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
  try {
    return Dispatch(argc, argv, log);
  } catch (const std::exception& error) {
    log.Error("stopped by an unexpected fault", {{"why", error.what()}});
  }
  return kFailed;
}
