// SPDX-License-Identifier: Apache-2.0
#pragma once

// The whole agent between a simulated platform and a simulated broker, in virtual time: a day costs
// as long as what happens in it takes to compute.

#include <algorithm>
#include <functional>
#include <memory>
#include <string>

#include "agent/agent.hpp"
#include "tests/fakes/fake_cipher.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/fake_compressor.hpp"
#include "tests/fakes/fake_files.hpp"
#include "tests/fakes/fake_http.hpp"
#include "tests/fakes/fake_mqtt.hpp"
#include "tests/fakes/fake_random.hpp"
#include "tests/fakes/fake_storage.hpp"
#include "tests/fakes/fake_system_info.hpp"
#include "tests/fakes/log_capture.hpp"
#include "tests/scenario/simulated_api.hpp"
#include "tests/scenario/simulated_broker.hpp"

namespace depotlink::scenario {

inline constexpr const char* kApiKey = "0123456789abcdef0123456789abcdef";
inline constexpr const char* kBrokerPassword = "broker-password";

class World {
 public:
  explicit World(model::TrackerId trackers, std::uint64_t seed = 1) : random(seed) {
    api.trackers = trackers;
    settings.site = "yard";
    settings.api.url = "https://api.example/v2";
    settings.mqtt.host = "broker";
    settings.mqtt.client_id = "depotlink-yard";
    settings.memory.max_trackers = 1000;
    settings.poll.backfill_ms = 0;  // a day of outages is a lot to read back
    ram.set_in_memory(true);
  }

  // Starts the agent, anew where it runs already (then without a word to the broker).
  void Start() {
    agent.reset();
    AgentSecrets secrets;
    secrets.api = Secret(std::string(kApiKey));
    secrets.mqtt_password = Secret(std::string(kBrokerPassword));
    agent = std::make_unique<Agent>(
        settings, std::move(secrets),
        AgentPorts{
            &clock, &random, &http, &mqtt, &system, &files, {&disk, &ram, &cipher, &compressor}},
        log, "1.0");
  }
  // SIGKILL, and a new start.
  void Kill() {
    End();
    Start();
  }
  // The power goes: nothing is left of what was in memory, and of what was on its way to the disk
  // anything may be.
  void PowerCut(fakes::SeededRandom& chance) {
    End();
    disk.PowerCut(chance);
    for (const std::string& name : ram.Names()) ram.Erase(name);
    Start();
  }
  // Lets `ms` go by. `each`: is called after each step of the agent.
  void Run(
      DurationMs ms, const std::function<void()>& each = [] {}) {
    if (agent == nullptr) Start();
    const MonoTime end = clock.Now() + ms;
    while (clock.Now() < end && !agent->stopped()) {
      const MonoTime next = agent->Step();
      ++steps;
      each();
      const bool api_did = api.Serve();
      const bool broker_did = broker.Serve();
      if (api_did || broker_did) {
        clock.Advance(kLatencyMs);
      } else {
        if (next <= clock.Now()) ++spins;
        clock.AdvanceTo(std::max(clock.Now() + 1, std::min(next, end)));
      }
    }
    Settle();
  }
  // Until all that was begun has come to its end: no test looks into the midst of a poll.
  void Settle() {
    for (int i = 0; i < 1000 && !agent->stopped(); ++i) {
      agent->Step();
      const bool api_did = api.Serve();
      if (!broker.Serve() && !api_did) return;
      clock.Advance(kLatencyMs);
    }
  }
  // How many trackers do not stand on the bus with the newest state that was served of them.
  std::size_t Stale() const {
    std::size_t stale = 0;
    for (model::TrackerId id = 1; id <= api.trackers; ++id) {
      const bool wanted = api.gone.count(id) == 0 && api.blocked.count(id) == 0;
      const std::string state = mqtt.Retained(Topic(id, "state"));
      const std::string info = mqtt.Retained(Topic(id, "info"));
      if (state.empty() == wanted || info.empty() == wanted) {
        ++stale;
      } else if (wanted &&
                 Member(state, "altitude_m") != SimulatedApi::Altitude(api.ServedNumber(id))) {
        ++stale;
      }
    }
    return stale;
  }
  // How many states were served and never came to the bus, neither live nor late.
  std::size_t Missing() const {
    std::size_t missing = 0;
    for (const auto& [id, numbers] : api.all_served()) {
      for (const std::int64_t number : numbers) {
        if (!broker.HasSeen(id, SimulatedApi::Altitude(number))) ++missing;
      }
    }
    return missing;
  }
  static std::string Topic(model::TrackerId id, const char* what) {
    return "depotlink/yard/tracker/" + std::to_string(id) + '/' + what;
  }
  std::string Health(std::string_view name) const {
    return Member(mqtt.Retained("depotlink/yard/health"), name);
  }
  std::string Status() const { return mqtt.Retained("depotlink/yard/status"); }

  fakes::FakeClock clock;
  fakes::FakeFiles files;
  fakes::FakeHttp http;
  fakes::FakeMqtt mqtt;
  fakes::SeededRandom random;
  fakes::FakeSystemInfo system;
  fakes::FakeStorage disk;
  fakes::FakeStorage ram;
  fakes::FakeCipher cipher;
  fakes::FakeCompressor compressor;
  fakes::LogCapture logs;
  Logger log{logs, LogLevel::kInfo};
  SimulatedApi api{http, clock};
  SimulatedBroker broker{mqtt};
  settings::Settings settings;
  std::size_t steps = 0;
  std::size_t spins = 0;  // steps after which the agent wanted another one at once, for nothing
  std::unique_ptr<Agent> agent;

 private:
  void End() {
    agent.reset();
    http.Forget();
    disk.Kill();
    ram.Kill();
    if (mqtt.connected()) mqtt.Lose();
  }

  static constexpr DurationMs kLatencyMs = 5;
};

}  // namespace depotlink::scenario
