// SPDX-License-Identifier: Apache-2.0
#pragma once

// What each command needs before it can begin: the config, its secrets, and the adapters that
// depend on them. What is wrong is logged, with the remedy, by who returns false.

#include <string>
#include <string_view>

#include "agent/agent.hpp"
#include "agent/base/log.hpp"
#include "agent/base/secret.hpp"
#include "agent/base/status.hpp"
#include "agent/ports/files.hpp"
#include "agent/settings/settings.hpp"
#include "platform/curl_http.hpp"
#include "platform/directory_lock.hpp"
#include "platform/paho_mqtt.hpp"

namespace depotlink::platform {

inline constexpr std::string_view kVersion = DEPOTLINK_VERSION;
inline constexpr int kExitFailed = 1;  // an exit code

// The config at `path`; the log takes its level.
bool LoadSettings(const std::string& path, Logger& log, settings::Settings& settings);

// A command that root types by hand is the agent's user's from now on, where what the config names
// belongs to that user: it then sees what the agent sees, and leaves nothing that the agent may not
// touch. Says nothing of a config with faults: who reads it next does.
void BecomeWhoRunsIt(const std::string& path);

// The secret that `key` of the config names; empty where `file` is.
bool ReadSecret(const char* key, const std::string& file, ports::FileReader& files, Logger& log,
                Secret& out);

// The config, and every secret that it names.
bool Load(const std::string& path, ports::FileReader& files, Logger& log,
          settings::Settings& settings, AgentSecrets& secrets);

// Whether memory.budget has room for what the config asks for.
bool FitsBudget(const settings::Settings& settings, Logger& log);

// False where another agent is at work there. Other trouble with the directory is the agent's to
// tell, which does without it.
bool TakeLock(DirectoryLock& lock, const std::string& path, Logger& log);

CurlHttpOptions HttpOptions(const settings::Settings& settings);

// Gives `mqtt` what it needs for mqtts://; nothing to do for other addresses.
bool SetUpMqtt(const settings::Mqtt& settings, ports::FileReader& files, PahoMqtt& mqtt,
               Logger& log);

// Whether a client certificate and its key can be used together.
Status JudgeIdentity(const std::string& cert_file, const Secret& key);

// Of SIGTERM and SIGINT.
bool IsStop(int signal);

}  // namespace depotlink::platform
