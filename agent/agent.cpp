// SPDX-License-Identifier: Apache-2.0
#include "agent/agent.hpp"

#include <algorithm>
#include <utility>

#include "agent/encode/health.hpp"

namespace depotlink {
namespace {

publish::PublisherConfig MakePublisherConfig(const settings::Settings& settings,
                                             const encode::TopicBuilder& topics, Secret password) {
  char topic[limits::kTopicBytes];
  publish::PublisherConfig config;
  config.host = settings.mqtt.host;
  config.port = settings.mqtt.port;
  config.client_id = settings.mqtt.client_id;
  config.username = settings.mqtt.username;
  config.password = std::move(password);
  config.try_mqtt5 = settings.mqtt.version != settings::MqttVersionChoice::k311;
  config.try_mqtt311 = settings.mqtt.version != settings::MqttVersionChoice::k5;
  config.status_topic = topics.Status(topic, sizeof topic);
  config.health_topic = topics.Health(topic, sizeof topic);
  return config;
}

poll::PollerConfig MakePollerConfig(const settings::Settings& settings) {
  poll::PollerConfig config;
  config.fleet_ms = settings.poll.fleet_ms;
  config.requests_per_second = settings.api.requests_per_second;
  return config;
}

encode::ApiState ApiStateOf(poll::ApiState state) {
  switch (state) {
    case poll::ApiState::kStarting:
      return encode::ApiState::kStarting;
    case poll::ApiState::kOk:
      return encode::ApiState::kOk;
    case poll::ApiState::kFailing:
      return encode::ApiState::kFailing;
    case poll::ApiState::kCredential:
      return encode::ApiState::kCredential;
  }
  return encode::ApiState::kFailing;
}

encode::BrokerState BrokerStateOf(publish::BrokerState state) {
  switch (state) {
    case publish::BrokerState::kNeverConnected:
      return encode::BrokerState::kStarting;
    case publish::BrokerState::kConnected:
      return encode::BrokerState::kConnected;
    case publish::BrokerState::kAway:
      return encode::BrokerState::kUnreachable;
  }
  return encode::BrokerState::kUnreachable;
}

}  // namespace

std::string MakeRunId(ports::Random& random) {
  constexpr std::string_view kLetters = "0123456789abcdefghjkmnpqrstvwxyz";
  std::uint64_t bits = random.Next();
  std::string run;
  for (int i = 0; i < 4; ++i, bits >>= 5U) run += kLetters[bits & 31U];
  return run;
}

std::string MakeAuthorization(const Secret& api_key) {
  std::string value("NVX ");
  value += api_key.Reveal();
  return value;
}

std::array<DurationMs, fleet::kPaceCount> PacePeriods(const settings::Poll& poll) {
  return {poll.moving_ms, poll.stopped_ms, poll.parked_ms, poll.offline_ms};
}

Agent::Agent(const settings::Settings& settings, AgentSecrets secrets, const AgentPorts& ports,
             Logger& log, std::string_view version)
    : ports_(ports),
      log_(&log),
      site_(settings.site),
      version_(version),
      budget_bytes_(settings.memory.budget_bytes),
      authorization_(MakeAuthorization(secrets.api_key)),
      run_(MakeRunId(*ports.random)),
      started_(ports.clock->Now()),
      table_(settings.memory.max_trackers),
      schedule_(table_, PacePeriods(settings.poll), started_),
      topics_(settings.mqtt.topic_prefix, settings.site),
      pipeline_(table_, groups_, schedule_, reader_, topics_, run_, *this, *ports.clock, log),
      poller_(MakePollerConfig(settings),
              {settings.api.url, authorization_, settings.api.timeout_ms}, *ports.http, reader_,
              pipeline_, *ports.clock, *ports.random, log),
      window_(limits::kWindowBytes, limits::kWindowRecords),
      publisher_(MakePublisherConfig(settings, topics_, std::move(secrets.mqtt_password)),
                 *ports.mqtt, window_, *ports.random, log, *this) {
  log_->Info("agent started", {{"version", version_}, {"site", site_}, {"run", run_}});
}

Agent::~Agent() {
  Secret::WipeString(authorization_);
}

MonoTime Agent::Step() {
  const MonoTime now = ports_.clock->Now();
  MonoTime next = publisher_.Step(now);
  if (publisher_.connected() && clear_at_ <= now) pipeline_.ClearGone();
  if (info_dropped_ && publisher_.connected()) {
    info_dropped_ = false;
    poller_.AskFleetSoon();
  }
  if (AwaitingFirstConnect(now)) return std::min(next, started_ + kFirstConnectMs);
  next = std::min(next, poller_.Step(now));
  // What the two stages above have put into the window goes out at once, not after the next wait.
  if (window_.waiting() > 0) next = std::min(next, publisher_.Step(now));
  HurryHealth(now);
  if (health_at_ <= now) PublishHealth(now);
  TellDrops(now);
  return std::min(next, health_at_);
}

bool Agent::AwaitingFirstConnect(MonoTime now) const {
  return publisher_.state() == publish::BrokerState::kNeverConnected &&
         publisher_.last_error().empty() && now < started_ + kFirstConnectMs;
}

void Agent::HurryHealth(MonoTime now) {
  if (publisher_.counters().connects == connects_seen_ && poller_.state() == api_seen_ &&
      poller_.first_round_done() == round_seen_) {
    return;
  }
  connects_seen_ = publisher_.counters().connects;
  api_seen_ = poller_.state();
  round_seen_ = poller_.first_round_done();
  health_at_ = now;
}

void Agent::BeginStop() {
  poller_.Stop();
  publisher_.BeginStop(ports_.clock->Now() + kStopMs);
}

void Agent::Push(const queue::Record& record) {
  window_.Push(record, *this);
}

// Without a broker nothing makes room, so reading goes on and the oldest are dropped.
bool Agent::Ready() const {
  return !publisher_.connected() || window_.HasRoom(limits::kTopicBytes + limits::kPayloadBytes);
}

void Agent::OnDropped(const queue::Record& record) {
  ++dropped_;
  if (record.kind == queue::RecordKind::kInfo) info_dropped_ = true;
  pipeline_.Forget(record);
}

void Agent::OnBrokerForgot() {
  log_->Info("the broker kept nothing of this agent; all is published anew");
  pipeline_.ForgetAll();
  poller_.AskFleetSoon();
}

void Agent::OnGivenUp(const queue::Record& record) {
  pipeline_.Forget(record);
  // What the broker will not clear now, it will not clear in the next millisecond.
  const bool clear =
      record.kind == queue::RecordKind::kClearState || record.kind == queue::RecordKind::kClearInfo;
  if (clear) clear_at_ = ports_.clock->Now() + kClearAgainMs;
}

void Agent::TellDrops(MonoTime now) {
  if (dropped_ == dropped_told_ || now < drops_told_at_) return;
  log_->Warn("records were dropped: the broker is away and the window is full",
             {{"dropped", dropped_ - dropped_told_}, {"dropped_in_all", dropped_}});
  dropped_told_ = dropped_;
  drops_told_at_ = now + kDropsTellMs;
}

void Agent::PublishHealth(MonoTime now) {
  health_at_ = now + kHealthMs;
  const ports::MemoryUse memory = ports_.system->Memory();
  const publish::PublishCounters& sent = publisher_.counters();
  const poll::CallCounters& calls = poller_.calls();
  encode::HealthReport report;
  report.site = site_;
  report.time = ports_.clock->WallNow();
  report.run = run_;
  report.uptime_s = static_cast<std::uint64_t>((now - started_) / kSecondMs);
  report.version = version_;
  report.api.state = ApiStateOf(poller_.state());
  if (poller_.last_success().ms != 0) {
    report.api.last_success_time.Set({report.time.ms - (now - poller_.last_success())});
  }
  report.api.last_error = poller_.last_error();
  report.api.requests = calls.requests;
  report.api.errors = calls.failures;
  report.api.bytes_in = calls.bytes_in;
  report.api.bytes_out = calls.bytes_out;
  report.broker.state = BrokerStateOf(publisher_.state());
  report.broker.protocol = publisher_.version() == ports::MqttVersion::k5 ? "5" : "3.1.1";
  report.broker.connects = sent.connects;
  report.broker.last_error = publisher_.last_error();
  report.trackers = table_.size();
  report.polls = poller_.polls();
  report.records.published = sent.sent;
  report.records.acked = sent.acknowledged;
  report.records.refused = sent.given_up;
  report.records.dropped = dropped_;
  report.records.waiting = window_.waiting() + window_.sent();
  report.skipped_elements = calls.skipped + pipeline_.counters().unreadable;
  report.ignored_fields = pipeline_.notes().ignored_fields;
  report.memory_rss_kib = memory.resident_kib;
  report.memory_peak_kib = memory.peak_kib;
  report.memory_budget_kib = budget_bytes_ / 1024;
  char payload[2048];
  json::JsonWriter out(payload, sizeof payload);
  if (encode::EncodeHealth(report, out)) publisher_.PublishHealth(out.view(), now);
}

}  // namespace depotlink
