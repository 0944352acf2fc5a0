// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/once.hpp"

#include <array>

#include "agent/agent.hpp"

namespace depotlink::commands {
namespace {

constexpr DurationMs kOnceMs = 24 * kHourMs;

class Printer : public queue::RecordSink {
 public:
  explicit Printer(const std::function<void(std::string_view)>& print) : print_(&print) {}
  void Push(const queue::Record& record) override {
    line_.assign(record.topic).append("\t").append(record.payload).append("\n");
    (*print_)(line_);
  }
  bool Ready() const override { return true; }

 private:
  const std::function<void(std::string_view)>* print_;
  std::string line_;
};

}  // namespace

int RunOnce(const settings::Settings& settings, const Secret& api_key, const OncePorts& ports,
            Logger& log, const std::function<void(std::string_view)>& print,
            const std::function<bool(MonoTime)>& wait_until) {
  std::string authorization = MakeAuthorization(api_key);
  fleet::Table table(settings.memory.max_trackers);
  fleet::Groups groups;
  // Each tracker once: nobody is due again before a large fleet behind a slow line is through.
  std::array<DurationMs, fleet::kPaceCount> periods_ms{};
  periods_ms.fill(kOnceMs);
  fleet::Schedule schedule(table, periods_ms, ports.clock->Now());
  json::ElementReader reader;
  const encode::TopicBuilder topics(settings.mqtt.topic_prefix, settings.site);
  Printer printer(print);
  Pipeline pipeline(table, groups, schedule, reader, topics, MakeRunId(*ports.random), printer,
                    *ports.clock, log);
  poll::PollerConfig config;
  config.fleet_ms = kOnceMs;
  config.requests_per_second = settings.api.requests_per_second;
  poll::Poller poller(config, {settings.api.url, authorization, settings.api.timeout_ms},
                      *ports.http, reader, pipeline, *ports.clock, *ports.random, log);
  bool wanted = true;
  while (wanted && !poller.first_round_done() && poller.state() != poll::ApiState::kFailing &&
         poller.state() != poll::ApiState::kCredential) {
    const MonoTime next = poller.Step(ports.clock->Now());
    if (!poller.first_round_done()) wanted = wait_until(next);
  }
  Secret::WipeString(authorization);
  return poller.first_round_done() ? 0 : 1;
}

}  // namespace depotlink::commands
