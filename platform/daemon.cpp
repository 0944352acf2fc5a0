// SPDX-License-Identifier: Apache-2.0
#include "platform/daemon.hpp"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "agent/base/limits.hpp"
#include "agent/base/time.hpp"
#include "agent/commands/reload.hpp"
#include "agent/memory_plan.hpp"
#include "platform/counted_heap.hpp"
#include "platform/deflate_compressor.hpp"
#include "platform/directory_lock.hpp"
#include "platform/linux_random.hpp"
#include "platform/linux_system_info.hpp"
#include "platform/mbedtls_cipher.hpp"
#include "platform/posix_storage.hpp"
#include "platform/process.hpp"
#include "platform/startup.hpp"
#include "platform/tls_heap.hpp"

namespace depotlink::platform {
namespace {

constexpr DurationMs kTellRefusedMs = kMinuteMs;
constexpr DurationMs kGiveBackMs = kMinuteMs;

// Says that allocations were refused, now and then.
void TellRefused(std::uint64_t& told, MonoTime& at, MonoTime now, Logger& log) {
  const HeapUse heap = ReadHeap();
  if (heap.refused == told || now < at) return;
  log.Error("memory.budget is spent: allocations failed",
            {{"refused", heap.refused - told}, {"heap_kib", heap.live_bytes / 1024}});
  told = heap.refused;
  at = now + kTellRefusedMs;
}

// Tells the manager that we get on: a loop that turns without doing anything hangs, too.
class Watchdog {
 public:
  explicit Watchdog(ServiceNotify& notify) : notify_(&notify) {}

  void Look(const Agent& agent, MonoTime now, MonoTime next) {
    if (!notify_->Due(now)) return;
    const std::uint64_t work = agent.work_done();
    const bool waits = now < next;
    if (waits || work != last_work_) notify_->Alive(now, agent.Summary());
    last_work_ = work;
  }

 private:
  ServiceNotify* notify_;
  std::uint64_t last_work_ = 0;
};

}  // namespace

Daemon::Daemon(std::string path, Logger& log) : path_(std::move(path)), log_(&log) {}

int Daemon::Run() {
  if (!LoadConfig(config_)) return kExitFailed;
  int code = RunAgent();
  while (next_.has_value()) {
    config_ = std::move(*next_);
    next_.reset();
    code = RunAgent();
  }
  return code;
}

bool Daemon::LoadConfig(Config& config) {
  auto text = files_.ReadText(path_, limits::kConfigFileBytes);
  if (text.ok()) config.text = std::move(text.value());  // else Load tells why
  if (!Load(path_, files_, *log_, config.settings, config.secrets)) return false;
  log_->set_format(config.settings.log.format);
  return FitsBudget(config.settings, *log_);
}

// A config that is sound is taken up by a new agent; what waits for the bus waits on.
void Daemon::Reload(Agent& agent) {
  commands::Reload reload = commands::PlanReload(path_, config_.text, files_, JudgeIdentity);
  switch (reload.kind) {
    case commands::ReloadKind::kRefused:
      log_->Error("the config is not taken up: the agent goes on with the one that it has");
      agent.NoteError(ErrorKind::kConfig, reload.faults);
      for (std::size_t at = 0; at < reload.faults.size();) {
        const std::size_t end = std::min(reload.faults.find('\n', at), reload.faults.size());
        log_->Error(reload.faults.substr(at, end - at));
        at = end + 1;
      }
      return;
    case commands::ReloadKind::kNothing:
      return log_->Info("the config says what it said: nothing changes");
    case commands::ReloadKind::kLog:
      config_.text = std::move(reload.text);
      log_->Info("the config is taken up", {{"changed", reload.changed}});
      log_->set_format(reload.settings.log.format);
      return log_->set_level(reload.settings.log.level);
    case commands::ReloadKind::kAgent:
      break;
  }
  Config next;
  if (!LoadConfig(next)) {
    return agent.NoteError(ErrorKind::kConfig, "a reload was not taken up; the log tells why");
  }
  log_->Info("the config is taken up by a new agent", {{"changed", reload.changed}});
  next_ = std::move(next);
  notify_.Reloading();
  agent.BeginStop();
}

void Daemon::Serve(Agent& agent, CurlHttp& http, PahoMqtt& mqtt) {
  Watchdog watchdog(notify_);
  bool stopping = false;
  bool ready = false;
  std::uint64_t refused_told = 0;
  MonoTime tell_refused_at{};
  MonoTime give_back_at = clock_.Now() + kGiveBackMs;
  while (!agent.stopped()) {
    const MonoTime next = agent.Step();
    if (agent.stopped()) break;
    if (!std::exchange(ready, true)) notify_.Ready(agent.Summary());
    watchdog.Look(agent, clock_.Now(), next);
    loop_.Wait(http, std::min(next, notify_.due()) - clock_.Now(), &mqtt);
    TellRefused(refused_told, tell_refused_at, clock_.Now(), *log_);
    if (give_back_at <= clock_.Now()) {  // no wait is cut short for it
      GiveBackHeap();
      give_back_at = clock_.Now() + kGiveBackMs;
    }
    const int signal = loop_.TakeSignal();
    if (signal == SIGUSR1 && !stopping) agent.AskSnapshot();
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
  const settings::Settings& settings = config_.settings;
  CountTlsHeap();
  SetHeapCeiling(HeapCeiling(settings));
  DirectoryLock disk_lock;
  DirectoryLock ram_lock;
  if (!TakeLock(disk_lock, settings.queue.dir, *log_) ||
      !TakeLock(ram_lock, settings.queue.runtime_dir, *log_)) {
    return kExitFailed;
  }
  LinuxRandom random;
  LinuxSystemInfo system;
  CurlHttp http(HttpOptions(settings));
  PahoMqtt mqtt([this] { loop_.Wake(); });
  if (!loop_.ready().ok() || !http.ready().ok()) {
    log_->Error("the system gives no descriptors or memory to start with");
    return kExitFailed;
  }
  if (!SetUpMqtt(settings.mqtt, files_, mqtt, *log_)) return kExitFailed;
  PosixStorage disk(settings.queue.dir);
  PosixStorage ram(settings.queue.runtime_dir);
  MbedtlsCipher cipher;
  DeflateCompressor compressor;
  AgentPorts ports{
      &clock_, &random, &http, &mqtt, &system, &files_, {&disk, &ram, &cipher, &compressor}};
  Agent agent(settings, std::move(config_.secrets), ports, *log_, kVersion);
  Serve(agent, http, mqtt);
  log_->Info("stopped", {{"unpublished", static_cast<std::uint64_t>(agent.unpublished())}});
  return 0;
}

}  // namespace depotlink::platform
