// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/once.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "agent/agent.hpp"

namespace depotlink::commands {
namespace {

constexpr DurationMs kOnceMs = 24 * kHourMs;
constexpr DurationMs kLogoutMs = 2 * kSecondMs;

// The bus of all extras: the terminal.
class Printer : public queue::RecordSink, public ExtraBus {
 public:
  explicit Printer(const std::function<void(std::string_view)>& print) : print_(&print) {}
  // Whose numbers extras take as well. It must outlive this.
  void NumberAs(Pipeline& pipeline) { pipeline_ = &pipeline; }
  void Push(const queue::Record& record) override {
    line_.assign(record.topic).append("\t").append(record.payload).append("\n");
    (*print_)(line_);
  }
  bool Ready() const override { return true; }
  bool Up() const override { return true; }
  bool HasRoomFor(std::size_t) const override { return true; }
  std::uint64_t TakeSeq() override { return pipeline_->TakeSeq(); }

 private:
  const std::function<void(std::string_view)>* print_;
  std::string line_;
  Pipeline* pipeline_ = nullptr;
};

bool OfPanel(std::string_view path) {
  return navixy::ApiOf(path) == navixy::Api::kPanel;
}

// What is asked for beside the fleet. `session`: of the user API.
class ExtraPolls {
 public:
  ExtraPolls(Extras& extras, const settings::Settings& settings, Secret panel_password,
             const OncePorts& ports, poll::Session& session, json::ElementReader& reader,
             Logger& log)
      : extras_(&extras) {
    const bool any_of_panel =
        std::any_of(settings.extra.begin(), settings.extra.end(),
                    [](const settings::Extra& extra) { return OfPanel(extra.path); });
    if (any_of_panel) {
      const settings::Login& login = settings.api.panel;
      panel_.emplace(
          poll::SessionConfig{poll::CredentialKind::kPanelLogin, login.login, login.password_file},
          std::move(panel_password), *ports.files, reader, *ports.random, log);
    }
    jobs_.reserve(settings.extra.size());
    for (std::size_t i = 0; i < settings.extra.size(); ++i) {
      jobs_.emplace_back(MakeExtraPlan(settings.extra[i], i), extras,
                         OfPanel(settings.extra[i].path) ? *panel_ : session, *ports.random, log);
    }
  }

  void AddTo(poll::Poller& poller) {
    if (panel_.has_value()) poller.Add(*panel_);
    for (poll::ExtraJob& job : jobs_) poller.Add(job);
  }
  // Each was printed, or will not be.
  bool Done() const {
    return std::all_of(jobs_.begin(), jobs_.end(),
                       [this](const poll::ExtraJob& job) { return job.done() || !Good(job); });
  }
  bool Good() const {
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      if (!Good(jobs_[i]) || !extras_->trouble(i).empty()) return false;
    }
    return true;
  }

 private:
  bool Good(const poll::ExtraJob& job) const {
    return job.trouble().empty() && (!OfPanel(job.path()) || panel_->trouble().empty());
  }

  Extras* extras_;
  std::optional<poll::Session> panel_;
  std::vector<poll::ExtraJob> jobs_;
};

// What is read again changes nothing that was printed.
class NoReader : public LinkReader {
 public:
  void ReadLinkSoon(model::LinkId /*id*/) override {}
};

}  // namespace

int RunOnce(const settings::Settings& settings, OnceSecrets secrets, const OncePorts& ports,
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
  printer.NumberAs(pipeline);
  pipeline.KeepTo(MakeShard(settings.shard));
  poll::PollerConfig config;
  config.requests_per_second = settings.api.requests_per_second;
  poll::Session session(MakeSessionConfig(settings.api), std::move(secrets.api), *ports.files,
                        reader, *ports.random, log);
  poll::FleetJob fleet_job(kOnceMs, pipeline, *ports.random, log);
  poll::StatesJob states_job(limits::kDefaultBatch, pipeline);
  poll::Poller poller(config, MakeApiAccess(settings.api), *ports.http, reader, *ports.clock,
                      *ports.random, log);
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
  Extras extras(settings.extra, reader, topics, run, printer, printer, *ports.clock, log);
  ExtraPolls extra_polls(extras, settings, std::move(secrets.panel), ports, session, reader, log);
  extra_polls.AddTo(poller);
  const auto done = [&] {
    const bool links_read = links_job == nullptr || links_job->read_once();
    const MonoTime now = ports.clock->Now();
    const bool listed = fleet_job.listed() && now < fleet_job.Due();
    return listed && links_read && states_job.Idle(now) && extra_polls.Done();
  };
  const auto failed = [&] {
    return poller.state() == poll::ApiState::kFailing ||
           poller.state() == poll::ApiState::kCredential ||
           (links_job != nullptr && links_job->troubled());
  };
  bool wanted = true;
  while (wanted && !done() && !failed()) {
    const MonoTime next = poller.Step(ports.clock->Now());
    if (!done()) wanted = wait_until(next);
    // What the answer brought may ask for more.
    if (links != nullptr) links->Step(ports.clock->Now(), false);
    if (pipeline.TakeListWanted()) fleet_job.AskSoon();
  }
  const bool good = done() && extra_polls.Good();
  const MonoTime end = ports.clock->Now() + kLogoutMs;
  for (poller.Stop(); !poller.stopped() && ports.clock->Now() < end;) {
    static_cast<void>(wait_until(std::min(poller.Step(ports.clock->Now()), end)));
  }
  return good ? 0 : 1;
}

}  // namespace depotlink::commands
