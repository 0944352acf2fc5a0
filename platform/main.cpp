// SPDX-License-Identifier: Apache-2.0

// The one place that wires the adapters to the core.

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/agent.hpp"
#include "agent/base/limits.hpp"
#include "agent/commands/arguments.hpp"
#include "agent/commands/check.hpp"
#include "agent/commands/once.hpp"
#include "agent/commands/online_check.hpp"
#include "agent/commands/queue_export.hpp"
#include "agent/commands/queue_list.hpp"
#include "agent/commands/queue_purge.hpp"
#include "agent/commands/reload.hpp"
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
#include "platform/online_tools.hpp"
#include "platform/paho_mqtt.hpp"
#include "platform/posix_directory.hpp"
#include "platform/posix_files.hpp"
#include "platform/posix_storage.hpp"
#include "platform/process.hpp"
#include "platform/service_notify.hpp"
#include "platform/stderr_log.hpp"
#include "platform/tls_client.hpp"
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

bool ReadSecret(const char* key, const std::string& file, depotlink::ports::FileReader& files,
                depotlink::Logger& log, depotlink::Secret& out) {
  if (file.empty()) return true;
  auto secret = files.ReadSecret(file);
  if (!secret.ok()) {
    log.Error("a secret cannot be read", {{"key", key}, {"why", secret.status().message()}});
    return false;
  }
  out = std::move(secret.value());
  return true;
}

bool Load(const std::string& path, depotlink::ports::FileReader& files, depotlink::Logger& log,
          depotlink::settings::Settings& settings, depotlink::AgentSecrets& secrets) {
  if (!LoadSettings(path, log, settings)) return false;
  const auto read = [&](const char* key, const std::string& file, depotlink::Secret& out) {
    return ReadSecret(key, file, files, log, out);
  };
  return read("api.key_file", settings.api.key_file, secrets.api) &&
         read("api.user.password_file", settings.api.user.password_file, secrets.api) &&
         read("api.panel.password_file", settings.api.panel.password_file, secrets.panel) &&
         read("mqtt.password_file", settings.mqtt.password_file, secrets.mqtt_password) &&
         read("queue.key_file", settings.queue.key_file, secrets.queue_key);
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

// What is wrong has been logged where it is false.
bool SetUpMqtt(const depotlink::settings::Mqtt& settings, depotlink::ports::FileReader& files,
               depotlink::platform::PahoMqtt& mqtt, depotlink::Logger& log) {
  if (settings.scheme != depotlink::settings::MqttScheme::kMqtts) return true;
  depotlink::platform::TlsClientOptions options;
  options.ca_file =
      settings.ca_file.empty() ? depotlink::platform::SystemCaFile() : settings.ca_file;
  options.cert_file = settings.cert_file;
  options.protocol = "mqtt";
  depotlink::Secret key;
  if (!settings.private_key_file.empty()) {
    auto read = files.ReadPrivateKey(settings.private_key_file);
    if (!read.ok()) {
      log.Error("a secret cannot be read",
                {{"key", "mqtt.private_key_file"}, {"why", read.status().message()}});
      return false;
    }
    key = std::move(read.value());
  }
  const depotlink::Status status = mqtt.UseTls(options, key);
  if (!status.ok()) log.Error("no TLS to the broker", {{"why", status.message()}});
  return status.ok();
}

depotlink::Status JudgeIdentity(const std::string& cert_file, const depotlink::Secret& key) {
  depotlink::platform::TlsClientOptions options;
  options.cert_file = cert_file;
  return depotlink::platform::TlsClient(options, key).ready();
}

bool IsStop(int signal) {
  return signal == SIGTERM || signal == SIGINT;
}

// Tells the manager that we get on: a loop that turns without doing anything hangs, too.
class Watchdog {
 public:
  explicit Watchdog(depotlink::platform::ServiceNotify& notify) : notify_(&notify) {}

  void Look(const depotlink::Agent& agent, depotlink::MonoTime now, depotlink::MonoTime next) {
    if (!notify_->Due(now)) return;
    const std::uint64_t work = agent.work_done();
    const bool waits = now < next;
    if (waits || work != last_work_) notify_->Alive(now, agent.Summary());
    last_work_ = work;
  }

 private:
  depotlink::platform::ServiceNotify* notify_;
  std::uint64_t last_work_ = 0;
};

// What one agent after the other runs with.
struct Config {
  std::string text;
  depotlink::settings::Settings settings;
  depotlink::AgentSecrets secrets;
};

bool LoadConfig(const std::string& path, depotlink::Logger& log, Config& config) {
  depotlink::platform::PosixFiles files;
  auto text = files.ReadText(path, depotlink::limits::kConfigFileBytes);
  if (text.ok()) config.text = std::move(text.value());  // else Load tells why
  return Load(path, files, log, config.settings, config.secrets) &&
         FitsBudget(config.settings, log);
}

// The process of `depotlink run`: one agent, and after a reload of the config another one.
class Daemon {
 public:
  Daemon(std::string path, depotlink::Logger& log) : path_(std::move(path)), log_(&log) {}

  int Run() {
    if (!LoadConfig(path_, *log_, config_)) return kFailed;
    int code = RunAgent();
    while (next_.has_value()) {
      config_ = std::move(*next_);
      next_.reset();
      code = RunAgent();
    }
    return code;
  }

 private:
  int RunAgent();
  void Serve(depotlink::Agent& agent, depotlink::platform::CurlHttp& http,
             depotlink::platform::PahoMqtt& mqtt);
  void Reload(depotlink::Agent& agent);

  std::string path_;
  depotlink::Logger* log_;
  EventLoop loop_;  // before any thread
  depotlink::platform::ServiceNotify notify_;
  depotlink::platform::LinuxClock clock_;
  Config config_;
  std::optional<Config> next_;  // for the agent that comes after this one
};

// A config that is sound is taken up by a new agent; what waits for the bus waits on.
void Daemon::Reload(depotlink::Agent& agent) {
  depotlink::platform::PosixFiles files;
  depotlink::commands::Reload reload =
      depotlink::commands::PlanReload(path_, config_.text, files, JudgeIdentity);
  switch (reload.kind) {
    case depotlink::commands::ReloadKind::kRefused:
      log_->Error("the config is not taken up: the agent goes on with the one that it has");
      for (std::size_t at = 0; at < reload.faults.size();) {
        const std::size_t end = std::min(reload.faults.find('\n', at), reload.faults.size());
        log_->Error(reload.faults.substr(at, end - at));
        at = end + 1;
      }
      return;
    case depotlink::commands::ReloadKind::kNothing:
      return log_->Info("the config says what it said: nothing changes");
    case depotlink::commands::ReloadKind::kLog:
      config_.text = std::move(reload.text);
      log_->Info("the config is taken up", {{"changed", reload.changed}});
      return log_->set_level(reload.settings.log.level);
    case depotlink::commands::ReloadKind::kAgent:
      break;
  }
  Config next;
  if (!LoadConfig(path_, *log_, next)) return;
  log_->Info("the config is taken up by a new agent", {{"changed", reload.changed}});
  next_ = std::move(next);
  notify_.Reloading();
  agent.BeginStop();
}

void Daemon::Serve(depotlink::Agent& agent, depotlink::platform::CurlHttp& http,
                   depotlink::platform::PahoMqtt& mqtt) {
  Watchdog watchdog(notify_);
  bool stopping = false;
  bool ready = false;
  std::uint64_t refused_told = 0;
  depotlink::MonoTime tell_refused_at{};
  while (!agent.stopped()) {
    const depotlink::MonoTime next = agent.Step();
    if (agent.stopped()) break;
    if (!std::exchange(ready, true)) notify_.Ready(agent.Summary());
    watchdog.Look(agent, clock_.Now(), next);
    loop_.Wait(http, std::min(next, notify_.due()) - clock_.Now(), &mqtt);
    TellRefused(refused_told, tell_refused_at, clock_.Now(), *log_);
    const int signal = loop_.TakeSignal();
    if (signal == SIGHUP && !stopping && !next_.has_value()) Reload(agent);
    if (IsStop(signal) && !std::exchange(stopping, true)) {
      log_->Info("stopping");
      notify_.Stopping();
      next_.reset();
      agent.BeginStop();
    }
  }
}

int Daemon::RunAgent() {
  const depotlink::settings::Settings& settings = config_.settings;
  depotlink::platform::SetHeapCeiling(depotlink::HeapCeiling(settings));
  depotlink::platform::DirectoryLock disk_lock;
  depotlink::platform::DirectoryLock ram_lock;
  if (!TakeLock(disk_lock, settings.queue.dir, *log_) ||
      !TakeLock(ram_lock, settings.queue.runtime_dir, *log_)) {
    return kFailed;
  }
  depotlink::platform::LinuxRandom random;
  depotlink::platform::LinuxSystemInfo system;
  depotlink::platform::PosixFiles files;
  depotlink::platform::CurlHttp http(HttpOptions(settings));
  depotlink::platform::PahoMqtt mqtt([this] { loop_.Wake(); });
  if (!loop_.ready().ok() || !http.ready().ok()) {
    log_->Error("the system gives no descriptors or memory to start with");
    return kFailed;
  }
  if (!SetUpMqtt(settings.mqtt, files, mqtt, *log_)) return kFailed;
  depotlink::platform::PosixStorage disk(settings.queue.dir);
  depotlink::platform::PosixStorage ram(settings.queue.runtime_dir);
  depotlink::platform::MbedtlsCipher cipher;
  depotlink::platform::DeflateCompressor compressor;
  depotlink::AgentPorts ports{
      &clock_, &random, &http, &mqtt, &system, &files, {&disk, &ram, &cipher, &compressor}};
  depotlink::Agent agent(settings, std::move(config_.secrets), ports, *log_, kVersion);
  Serve(agent, http, mqtt);
  log_->Info("stopped", {{"unpublished", static_cast<std::uint64_t>(agent.unpublished())}});
  return 0;
}

int Once(const std::string& config, depotlink::Logger& log) {
  EventLoop loop;
  depotlink::platform::PosixFiles files;
  depotlink::settings::Settings settings;
  depotlink::AgentSecrets secrets;
  if (!Load(config, files, log, settings, secrets)) return kFailed;
  depotlink::platform::LinuxClock clock;
  depotlink::platform::LinuxRandom random;
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
  depotlink::platform::PosixFiles files;
  if (!ReadSecret("queue.key_file", settings.queue.key_file, files, log, key)) return kFailed;
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

int CheckOnline(const depotlink::commands::Arguments& arguments,
                depotlink::ports::FileReader& files, depotlink::Logger& log) {
  using depotlink::commands::ReportStyle;
  EventLoop loop;  // before any thread
  depotlink::settings::Settings settings;
  depotlink::AgentSecrets secrets;
  if (!Load(arguments.config, files, log, settings, secrets)) return kFailed;
  depotlink::platform::LinuxClock clock;
  depotlink::platform::LinuxRandom random;
  depotlink::platform::CurlHttp http(HttpOptions(settings));
  depotlink::platform::PahoMqtt mqtt([&loop] { loop.Wake(); });
  depotlink::platform::SystemNames names([&loop] { loop.Wake(); });
  if (!loop.ready().ok() || !http.ready().ok()) {
    log.Error("the system gives no descriptors or memory to start with");
    return kFailed;
  }
  if (!SetUpMqtt(settings.mqtt, files, mqtt, log)) return kFailed;
  const depotlink::platform::NoTrace no_trace(settings.queue.dir);
  depotlink::platform::PosixStorage disk(settings.queue.dir);
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
      {&clock, &random, &http, &mqtt, &files, &names, &disk}, style, Print, wait_until);
}

int Check(const depotlink::commands::Arguments& arguments, depotlink::Logger& log) {
  depotlink::platform::RememberingFiles files;
  std::string out;
  const int code = depotlink::commands::RunCheck(arguments.config, files, JudgeIdentity, out);
  // What is to be one JSON object holds nothing else.
  if (!arguments.json) Print(out);
  if (arguments.json && code != 0) std::fputs(out.c_str(), stderr);
  return code != 0 || !arguments.online ? code : CheckOnline(arguments, files, log);
}

int Dispatch(int argc, char** argv, depotlink::Logger& log) {
  const auto arguments = depotlink::commands::ParseArguments(argc, argv);
  switch (arguments.command) {
    case depotlink::commands::Command::kRun:
      return Daemon(arguments.config, log).Run();
    case depotlink::commands::Command::kOnce:
      return Once(arguments.config, log);
    case depotlink::commands::Command::kCheck:
      return Check(arguments, log);
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
