// SPDX-License-Identifier: Apache-2.0
#include "platform/startup.hpp"

#include <sys/stat.h>

#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "agent/commands/check.hpp"
#include "agent/memory_plan.hpp"
#include "platform/agent_user.hpp"
#include "platform/posix_files.hpp"
#include "platform/root_store.hpp"
#include "platform/tls_client.hpp"

namespace depotlink::platform {

bool ReadSecret(const char* key, const std::string& file, ports::FileReader& files, Logger& log,
                Secret& out) {
  if (file.empty()) return true;
  auto secret = files.ReadSecret(file);
  if (!secret.ok()) {
    log.Error("a secret cannot be read", {{"key", key}, {"why", secret.status().message()}});
    return false;
  }
  out = std::move(secret.value());
  return true;
}

void BecomeWhoRunsIt(const std::string& path) {
  const AgentUser user = FindAgentUser();
  if (user.name.empty()) return;
  PosixFiles files;
  std::vector<std::string> unsaid;
  const auto loaded = commands::LoadSettings(path, files, unsaid);
  if (!loaded.ok()) return;
  const settings::Settings& settings = loaded.value();
  for (const std::string& name :
       {settings.api.key_file, settings.api.user.password_file, settings.queue.dir}) {
    struct stat info {};
    if (stat(name.c_str(), &info) != 0 || info.st_uid != user.uid) continue;
    // Where the system will not, root finds out by itself what it may not read.
    static_cast<void>(BecomeUser(user));
    return;
  }
}

bool LoadSettings(const std::string& path, Logger& log, settings::Settings& settings) {
  PosixFiles files;
  std::vector<std::string> messages;
  auto loaded = commands::LoadSettings(path, files, messages);
  for (const std::string& message : messages) log.Error(message);
  if (!loaded.ok()) return false;
  settings = std::move(loaded.value());
  log.set_level(settings.log.level);
  return true;
}

bool Load(const std::string& path, ports::FileReader& files, Logger& log,
          settings::Settings& settings, AgentSecrets& secrets) {
  if (!LoadSettings(path, log, settings)) return false;
  const auto read = [&](const char* key, const std::string& file, Secret& out) {
    return ReadSecret(key, file, files, log, out);
  };
  return read("api.key_file", settings.api.key_file, secrets.api) &&
         read("api.user.password_file", settings.api.user.password_file, secrets.api) &&
         read("api.panel.password_file", settings.api.panel.password_file, secrets.panel) &&
         read("mqtt.password_file", settings.mqtt.password_file, secrets.mqtt_password) &&
         read("queue.key_file", settings.queue.key_file, secrets.queue_key);
}

bool FitsBudget(const settings::Settings& settings, Logger& log) {
  const std::string fault = MemoryFault(settings);
  if (fault.empty()) return true;
  log.Error("memory.budget is too small", {{"why", fault}});
  return false;
}

bool TakeLock(DirectoryLock& lock, const std::string& path, Logger& log) {
  const Status status = lock.Take(path);
  if (status.code() != Code::kReject) return true;
  log.Error("another depotlink runs with this queue; end it, or give each its own directories",
            {{"why", status.message()}});
  return false;
}

CurlHttpOptions HttpOptions(const settings::Settings& settings) {
  CurlHttpOptions options;
  options.user_agent = "depotlink/" + std::string(kVersion);
  options.ca_file = settings.api.ca_file;
  options.pin = settings.api.pin;
  options.allow_http = settings.api.url.compare(0, 7, "http://") == 0;
  return options;
}

bool SetUpMqtt(const settings::Mqtt& settings, ports::FileReader& files, PahoMqtt& mqtt,
               Logger& log) {
  if (settings.scheme != settings::MqttScheme::kMqtts) return true;
  TlsClientOptions options;
  options.ca_file = settings.ca_file.empty() ? SystemCaFile() : settings.ca_file;
  options.cert_file = settings.cert_file;
  options.protocol = "mqtt";
  Secret key;
  if (!settings.private_key_file.empty()) {
    auto read = files.ReadPrivateKey(settings.private_key_file);
    if (!read.ok()) {
      log.Error("a secret cannot be read",
                {{"key", "mqtt.private_key_file"}, {"why", read.status().message()}});
      return false;
    }
    key = std::move(read.value());
  }
  const Status status = mqtt.UseTls(options, key);
  if (!status.ok()) log.Error("no TLS to the broker", {{"why", status.message()}});
  return status.ok();
}

Status JudgeIdentity(const std::string& cert_file, const Secret& key) {
  TlsClientOptions options;
  options.cert_file = cert_file;
  return TlsClient(options, key).ready();
}

bool IsStop(int signal) {
  return signal == SIGTERM || signal == SIGINT;
}

}  // namespace depotlink::platform
