// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/once.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "agent/agent.hpp"

namespace depotlink::commands {
namespace {

constexpr DurationMs kOnceMs = 24 * kHourMs;
constexpr DurationMs kLogoutMs = 2 * kSecondMs;

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

// What is read again changes nothing that was printed.
class NoReader : public LinkReader {
 public:
  void ReadLinkSoon(model::LinkId /*id*/) override {}
};

}  // namespace

int RunOnce(const settings::Settings& settings, Secret api_secret, const OncePorts& ports,
            Logger& log, const std::function<void(std::string_view)>& print,
            const std::function<bool(MonoTime)>& wait_until) {
  fleet::Table table(settings.memory.max_trackers);
  fleet::Groups groups;
  // Each tracker once: nobody is due again before a large fleet behind a slow line is through.
  std::array<DurationMs, fleet::kPaceCount> periods_ms{};
  periods_ms.fill(kOnceMs);
  fleet::Schedule schedule(table, periods_ms, ports.clock->Now());
  json::ElementReader reader;
  const encode::TopicBuilder topics(settings.mqtt.topic_prefix, settings.site);
  Printer printer(print);
  fleet::Scope scope = MakeScope(settings.scope);
  const std::string run = MakeRunId(*ports.random);
  Pipeline pipeline(table, groups, schedule, scope, reader, topics, run, printer, *ports.clock,
                    log);
  poll::PollerConfig config;
  config.requests_per_second = settings.api.requests_per_second;
  poll::Session session(MakeSessionConfig(settings.api), std::move(api_secret), *ports.files,
                        reader, *ports.random, log);
  poll::FleetJob fleet_job(kOnceMs, pipeline, *ports.random, log);
  poll::StatesJob states_job(limits::kDefaultBatch, pipeline);
  poll::Poller poller(config, {settings.api.url, settings.api.timeout_ms}, *ports.http, reader,
                      *ports.clock, *ports.random, log);
  poller.Add(session);
  poller.Add(fleet_job);
  poller.Add(states_job);
  NoReader nobody;
  std::unique_ptr<LinkStage> links;
  std::unique_ptr<poll::LinksJob> links_job;
  if (settings.poll.links_ms > 0) {
    links = std::make_unique<LinkStage>(scope, pipeline, reader, topics, run, printer, nobody,
                                        poller.server_clock(), *ports.clock, log);
    links_job =
        std::make_unique<poll::LinksJob>(kOnceMs, settings.scope.links, *links, *ports.random);
    poller.Add(*links_job);
  }
  const auto done = [&] {
    const bool links_read = links_job == nullptr || links_job->read_once();
    return fleet_job.listed() && links_read && states_job.Idle(ports.clock->Now());
  };
  const auto failed = [&] {
    return poller.state() == poll::ApiState::kFailing ||
           poller.state() == poll::ApiState::kCredential ||
           (links_job != nullptr && links_job->troubled());
  };
  bool wanted = true;
  while (wanted && !done() && !failed()) {
    const MonoTime next = poller.Step(ports.clock->Now());
    if (links != nullptr) links->Step(ports.clock->Now(), false);
    if (pipeline.TakeListWanted()) fleet_job.AskSoon();
    if (!done()) wanted = wait_until(next);
  }
  const bool good = done();
  const MonoTime end = ports.clock->Now() + kLogoutMs;
  for (poller.Stop(); !poller.stopped() && ports.clock->Now() < end;) {
    static_cast<void>(wait_until(std::min(poller.Step(ports.clock->Now()), end)));
  }
  return good ? 0 : 1;
}

}  // namespace depotlink::commands
