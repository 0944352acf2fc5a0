// SPDX-License-Identifier: Apache-2.0
#pragma once

// The process of `depotlink run`: one agent, and after a reload of the config another one.

#include <optional>
#include <string>

#include "agent/agent.hpp"
#include "agent/base/log.hpp"
#include "agent/settings/settings.hpp"
#include "platform/curl_http.hpp"
#include "platform/event_loop.hpp"
#include "platform/linux_clock.hpp"
#include "platform/online_tools.hpp"
#include "platform/paho_mqtt.hpp"
#include "platform/service_notify.hpp"

namespace depotlink::platform {

class Daemon {
 public:
  // To be constructed before any other thread exists. `log` must outlive this.
  Daemon(std::string path, Logger& log);

  // Until SIGTERM or SIGINT; returns the exit code. SIGHUP takes up the config at `path` anew,
  // SIGUSR1 asks for a snapshot.
  int Run();

 private:
  // What one agent after the other runs with.
  struct Config {
    std::string text;
    settings::Settings settings;
    AgentSecrets secrets;
  };

  bool LoadConfig(Config& config);
  int RunAgent();
  void Serve(Agent& agent, CurlHttp& http, PahoMqtt& mqtt);
  void Reload(Agent& agent);

  std::string path_;
  Logger* log_;
  EventLoop loop_;  // before any thread
  ServiceNotify notify_;
  RememberingFiles files_;  // a reload wants the secrets again
  LinuxClock clock_;
  Config config_;
  std::optional<Config> next_;  // for the agent that comes after this one
};

}  // namespace depotlink::platform
