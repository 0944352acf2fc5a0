// SPDX-License-Identifier: Apache-2.0
#include "agent/agent.hpp"

#include <algorithm>
#include <utility>

#include "agent/status_file.hpp"

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

// Where power comes back, all the boxes of a town boot at once: they spread their first calls. One
// that a person starts begins at once.
MonoTime FirstCallAt(MonoTime now, ports::Random& random) {
  constexpr MonoTime kJustBooted{2 * kMinuteMs};
  constexpr std::uint64_t kSpreadMs = 15 * kSecondMs;
  if (kJustBooted < now) return now;
  return now + static_cast<DurationMs>(random.Next() % kSpreadMs);
}

poll::PollerConfig MakePollerConfig(const settings::Settings& settings, MonoTime begin) {
  poll::PollerConfig config;
  config.begin = begin;
  config.requests_per_second = settings.api.requests_per_second;
  return config;
}

queue::QueueConfig MakeQueueConfig(const settings::Settings& settings) {
  const settings::Queue& given = settings.queue;
  queue::QueueConfig config;
  config.limits.max_bytes = given.max_bytes;
  config.limits.min_free_bytes = given.min_free_bytes;
  config.limits.max_age_ms = given.max_age_ms;
  if (given.keep_newest) config.limits.drop = queue::DropPolicy::kAllButNewest;
  config.limits.max_trackers = settings.memory.max_trackers;
  config.flush_interval_ms = given.flush_interval_ms;
  config.replay_to_state = given.replay_to_state;
  return config;
}

std::string_view DiskStateName(queue::DiskState state) {
  switch (state) {
    case queue::DiskState::kStarting:
      return "starting";
    case queue::DiskState::kOk:
      return "ok";
    case queue::DiskState::kFull:
      return "full";
    case queue::DiskState::kAskPerson:
      return "refused";
    case queue::DiskState::kFailing:
      break;
  }
  return "failing";
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

poll::ExtraPlan MakeExtraPlan(const settings::Extra& extra, std::size_t number) {
  poll::ExtraPlan plan;
  plan.row = navixy::FindReadable(extra.path);
  plan.number = number;
  plan.every_ms = extra.every_ms;
  plan.params = extra.params;
  return plan;
}

poll::SessionConfig MakeSessionConfig(const settings::Api& api) {
  poll::SessionConfig config;
  config.kind = poll::CredentialKind::kApiKey;
  config.secret_file = api.key_file;
  if (api.user.login.empty()) return config;
  config.kind = poll::CredentialKind::kUserLogin;
  config.login = api.user.login;
  config.secret_file = api.user.password_file;
  return config;
}

fleet::Scope MakeScope(const settings::Scope& scope) {
  return {scope.trackers, scope.groups, scope.links};
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
      replay_to_state_(settings.queue.replay_to_state),
      run_(MakeRunId(*ports.random)),
      started_(ports.clock->Now()),
      clock_watch_(log),
      login_book_(*ports.queue.ram, log),
      table_(settings.memory.max_trackers),
      schedule_(table_, PacePeriods(settings.poll), started_),
      scope_(MakeScope(settings.scope)),
      topics_(settings.mqtt.topic_prefix, settings.site),
      pipeline_(table_, groups_, schedule_, scope_, reader_, topics_, run_, *this, *ports.clock,
                log),
      session_(MakeSessionConfig(settings.api), std::move(secrets.api), *ports.files, reader_,
               *ports.random, log),
      fleet_job_(settings.poll.fleet_ms, pipeline_, *ports.random, log),
      states_job_(limits::kDefaultBatch, pipeline_),
      extras_(settings.extra, reader_, topics_, run_, *this, *this, *ports.clock, log),
      poller_(MakePollerConfig(settings, FirstCallAt(started_, *ports.random)),
              {settings.api.url, settings.api.timeout_ms}, *ports.http, reader_, *ports.clock,
              *ports.random, log),
      queue_(MakeQueueConfig(settings), std::move(secrets.queue_key), ports.queue, *this, log),
      publisher_(MakePublisherConfig(settings, topics_, std::move(secrets.mqtt_password)),
                 *ports.mqtt, queue_.window(), queue_.backlog(), *ports.random, log, *this) {
  log_->Info("agent started", {{"version", version_}, {"site", site_}, {"run", run_}});
  AddJobs(settings, std::move(secrets.panel));
  queue_.Start(started_);
  clock_watch_.Recall(*ports.queue.disk);
  login_book_.Recall(started_);
}

Agent::~Agent() = default;

void Agent::AddJobs(const settings::Settings& settings, Secret panel_password) {
  session_.SetLimit(login_book_);
  poller_.Add(session_);
  const settings::Login& panel = settings.api.panel;
  if (!panel.login.empty()) {
    panel_session_.emplace(
        poll::SessionConfig{poll::CredentialKind::kPanelLogin, panel.login, panel.password_file},
        std::move(panel_password), *ports_.files, reader_, *ports_.random, *log_);
    panel_session_->SetLimit(login_book_);
    poller_.Add(*panel_session_);
  }
  poller_.Add(fleet_job_);
  poller_.Add(states_job_);
  AddLinks(settings);
  extra_jobs_.reserve(settings.extra.size());
  for (std::size_t i = 0; i < settings.extra.size(); ++i) {
    poll::ExtraPlan plan = MakeExtraPlan(settings.extra[i], i);
    const bool of_panel = navixy::ApiOf(plan.row->path) == navixy::Api::kPanel;
    poll::Session& session = of_panel ? *panel_session_ : session_;
    extra_jobs_.emplace_back(std::move(plan), extras_, session, *ports_.random, *log_);
    poller_.Add(extra_jobs_.back());
  }
}

void Agent::AddLinks(const settings::Settings& settings) {
  if (settings.poll.links_ms == 0) return;
  queue::RecordSink& sink = *this;
  LinkReader& link_reader = *this;
  links_ = std::make_unique<LinkStage>(scope_, pipeline_, reader_, topics_, run_, sink, link_reader,
                                       poller_.server_clock(), *ports_.clock, *log_);
  links_->set_stale_ms(std::max(kStaleMs, 3 * settings.poll.links_ms));
  links_job_ = std::make_unique<poll::LinksJob>(settings.poll.links_ms, settings.scope.links,
                                                *links_, *ports_.random);
  poller_.Add(*links_job_);
}

MonoTime Agent::StepLinks(MonoTime now) {
  pipeline_.NoteBus(publisher_.connected());
  if (pipeline_.TakeListWanted()) fleet_job_.AskSoon();
  if (links_ == nullptr) return kNever;
  const bool bus_up = publisher_.connected() && queue_.LiveMayGo() && clear_at_ <= now;
  if (bus_up && links_->TakeReadAgain()) links_job_->AskSoon();
  return links_->Step(now, bus_up);
}

bool Agent::RoundDone(MonoTime now) {
  const bool links_read = !scope_.by_links() || links_job_->read_once();
  return fleet_job_.listed() && links_read && states_job_.Idle(now);
}

MonoTime Agent::Step() {
  const MonoTime now = ports_.clock->Now();
  if (publisher_.stopped()) return FinishStop(now);
  WatchClock(now);
  MonoTime next = publisher_.Step(now);
  if (publisher_.stopped()) return FinishStop(now);
  if (publisher_.connected() && publisher_.counters().connects != connects_handled_) {
    OnConnectedAgain();
  }
  if (publisher_.connected() && clear_at_ <= now) pipeline_.ClearGone();
  if (info_dropped_ && publisher_.connected()) {
    info_dropped_ = false;
    fleet_job_.AskSoon();
  }
  next = std::min(next, StepLinks(now));
  if (AwaitingFirstConnect(now)) return std::min(next, started_ + kFirstConnectMs);
  next = std::min(next, poller_.Step(now));
  first_round_done_ = first_round_done_ || RoundDone(now);
  const bool paused = !Ready();
  next = std::min(next, queue_.Step(now, publisher_.connected()));
  if (paused && Ready()) next = now;  // room was made on the disk: reading goes on
  // What the stages above have put into the windows goes out at once, not after the next wait.
  if (queue_.window().waiting() + queue_.backlog().waiting() > 0) {
    next = std::min(next, publisher_.Step(now));
  }
  ExpireRecords(now);
  HurryHealth(now);
  if (health_at_ <= now) PublishHealth(now);
  TellDrops(now);
  return std::min(next, health_at_);
}

// The bus has heard of the end; now the API's sessions.
MonoTime Agent::FinishStop(MonoTime now) {
  const MonoTime next = std::min(poller_.Step(now), stop_by_);
  if (!poller_.stopped() && now < stop_by_) return next;
  if (!std::exchange(closed_, true)) queue_.Close(now);
  return now;
}

bool Agent::AwaitingFirstConnect(MonoTime now) const {
  return publisher_.state() == publish::BrokerState::kNeverConnected &&
         publisher_.last_error().empty() && now < started_ + kFirstConnectMs;
}

void Agent::HurryHealth(MonoTime now) {
  if (publisher_.counters().connects == connects_seen_ && publisher_.state() == broker_seen_ &&
      poller_.state() == api_seen_ && first_round_done_ == round_seen_ &&
      clock_watch_.finding().trusted == clock_seen_ && queue_.disk_state() == disk_seen_ &&
      session_.state() == session_seen_ && PanelState() == panel_seen_ &&
      RefusedLinks() == refused_links_seen_ && ExtrasReport().failing == extras_failing_seen_) {
    return;
  }
  connects_seen_ = publisher_.counters().connects;
  api_seen_ = poller_.state();
  broker_seen_ = publisher_.state();
  round_seen_ = first_round_done_;
  clock_seen_ = clock_watch_.finding().trusted;
  disk_seen_ = queue_.disk_state();
  session_seen_ = session_.state();
  panel_seen_ = PanelState();
  refused_links_seen_ = RefusedLinks();
  extras_failing_seen_ = ExtrasReport().failing;
  health_at_ = now;
}

void Agent::BeginStop() {
  stop_by_ = ports_.clock->Now() + kStopMs;
  poller_.Stop();
  publisher_.BeginStop(stop_by_);
}

// What went to the disk meanwhile is old news there; the newest state of each tracker belongs on
// the bus.
void Agent::OnConnectedAgain() {
  connects_handled_ = publisher_.counters().connects;
  pipeline_.RepublishBehind();
}

void Agent::Push(const queue::Record& record) {
  queue_.Push(record, RecordTimeMs(ports_.clock->Now()));
}

std::int64_t Agent::RecordTimeMs(MonoTime now) const {
  const poll::ServerClock& server = poller_.server_clock();
  return server.known() ? server.Now(now).ms : ports_.clock->WallNow().ms;
}

void Agent::WatchClock(MonoTime now) {
  const poll::ServerClock& server = poller_.server_clock();
  pipeline_.NoteClock(clock_watch_.Look(now, ports_.clock->WallNow(), server));
  clock_watch_.Remember(now, server, *ports_.queue.disk);
}

// A clock that jumped must not cost a record: only the API's time counts, and without it nothing
// expires.
void Agent::ExpireRecords(MonoTime now) {
  if (now < expire_at_ || !poller_.server_clock().known()) return;
  expire_at_ = now + kExpireMs;
  queue_.Expire(poller_.server_clock().Now(now).ms);
}

bool Agent::Ready() const {
  return queue_.Ready(publisher_.connected());
}

void Agent::OnSetBack(const queue::Record& record) {
  if (record.kind == queue::RecordKind::kExtra) return extras_.Forget(record);
  if (record.kind == queue::RecordKind::kInfo) info_dropped_ = true;
  if (record.kind == queue::RecordKind::kLink && links_ != nullptr) links_->WantReadAgain();
  Forget(record);
}

void Agent::Forget(const queue::Record& record) {
  if (!queue::IsLink(record.kind)) return pipeline_.Forget(record);
  if (links_ != nullptr) links_->Forget(record);
}

void Agent::OnDropped(const queue::Record& record) {
  if (queue::IsPosition(record.kind)) ++dropped_;
  OnSetBack(record);
}

std::uint64_t Agent::dropped() const {
  const queue::SpoolLosses& losses = queue_.spool().losses();
  return dropped_ + losses.quota + losses.age + losses.damaged;
}

std::string_view Agent::TopicOf(queue::RecordKind kind, model::TrackerId tracker, char* out,
                                std::size_t capacity) {
  if (queue::IsLink(kind)) return topics_.Link(tracker, out, capacity);
  const bool info = kind == queue::RecordKind::kInfo || kind == queue::RecordKind::kClearInfo;
  const bool history = kind == queue::RecordKind::kHistory && !replay_to_state_;
  const auto topic =
      info ? encode::TrackerTopic::kInfo
           : (history ? encode::TrackerTopic::kHistory : encode::TrackerTopic::kState);
  return topics_.Tracker(tracker, topic, out, capacity);
}

void Agent::OnBrokerForgot() {
  log_->Info("the broker kept nothing of this agent; all is published anew");
  pipeline_.ForgetAll();
  if (links_ != nullptr) links_->ForgetAll();
  extras_.ForgetAll();
  fleet_job_.AskSoon();
}

void Agent::OnGivenUp(const queue::Record& record, std::string_view why) {
  if (record.kind == queue::RecordKind::kExtra) return extras_.OnGivenUp(record, why);
  queue_.KeepRefused(record, why, RecordTimeMs(ports_.clock->Now()));
  Forget(record);
  // What the broker will not clear now, it will not clear in the next millisecond.
  const bool clear = record.payload.empty();
  if (clear) clear_at_ = ports_.clock->Now() + kClearAgainMs;
}

void Agent::TellDrops(MonoTime now) {
  if (dropped_ == dropped_told_ || now < drops_told_at_) return;
  log_->Warn("records were lost: the bus is away, memory is full and the disk takes nothing",
             {{"dropped", dropped_ - dropped_told_}, {"dropped_in_all", dropped_}});
  dropped_told_ = dropped_;
  drops_told_at_ = now + kDropsTellMs;
}

encode::ExtrasHealth Agent::ExtrasReport() const {
  encode::ExtrasHealth report;
  report.count = extra_jobs_.size();
  for (std::size_t i = 0; i < extra_jobs_.size(); ++i) {
    const poll::ExtraJob& job = extra_jobs_[i];
    const std::string& trouble = job.trouble().empty() ? extras_.trouble(i) : job.trouble();
    if (trouble.empty()) continue;
    if (report.failing++ > 0) continue;
    report.failing_path = job.path();
    report.last_error = trouble;
  }
  return report;
}

encode::QueueHealth Agent::QueueReport() const {
  const queue::SegmentTotals& totals = queue_.spool().totals();
  const queue::SpoolLosses& losses = queue_.spool().losses();
  encode::QueueHealth report;
  report.disk = DiskStateName(queue_.disk_state());
  report.last_error = queue_.disk_error();
  report.journal = queue_.journal_good();
  report.on_disk = totals.records;
  report.bytes = totals.bytes;
  if (totals.records > 0) report.oldest_time.Set({totals.oldest_time_ms});
  report.locked = totals.locked_records;
  report.set_aside = totals.set_aside;
  report.lost_memory = dropped_;
  report.lost_quota = losses.quota;
  report.lost_age = losses.age;
  report.lost_damaged = losses.damaged;
  return report;
}

void Agent::PublishHealth(MonoTime now) {
  health_at_ = now + kHealthMs;
  const ports::MemoryUse memory = ports_.system->Memory();
  const publish::PublishCounters& sent = publisher_.counters();
  const poll::CallCounters& calls = poller_.calls();
  encode::HealthReport report;
  report.site = site_;
  report.time = ports_.clock->WallNow();
  report.time_trusted = clock_watch_.finding().trusted;
  report.run = run_;
  report.uptime_s = static_cast<std::uint64_t>((now - started_) / kSecondMs);
  report.version = version_;
  report.api.state = ApiStateOf(poller_.state());
  if (poller_.last_success().ms != 0) {
    report.api.last_success_time.Set(
        {report.time.ms + clock_watch_.finding().correction_ms - (now - poller_.last_success())});
  }
  report.api.last_error = poller_.last_error();
  report.api.credential = poll::SessionStateName(session_.state());
  if (panel_session_.has_value()) {
    report.panel.credential = poll::SessionStateName(panel_session_->state());
    report.panel.last_error = panel_session_->trouble();
  }
  report.api.requests = calls.requests;
  report.api.errors = calls.failures;
  report.api.bytes_in = calls.bytes_in;
  report.api.bytes_out = calls.bytes_out;
  report.broker.state = BrokerStateOf(publisher_.state());
  report.broker.protocol = publisher_.version() == ports::MqttVersion::k5 ? "5" : "3.1.1";
  report.broker.connects = sent.connects;
  report.broker.last_error = publisher_.last_error();
  if (links_ != nullptr) {
    report.links.polled = true;
    report.links.known = links_->known();
    report.links.active = links_->active();
    report.links.left_out = links_->left_out();
    report.links.refused = links_->refused();
    report.links.last_error = links_->trouble();
    report.skipped_elements += links_->unreadable();
    report.ignored_fields += links_->notes().ignored_fields;
  }
  report.trackers = table_.size();
  report.polls = poller_.polls();
  report.records.published = sent.sent;
  report.records.acked = sent.acknowledged;
  report.records.refused = sent.given_up;
  report.records.dropped = dropped();
  report.records.waiting = queue_.depth();
  report.queue = QueueReport();
  report.extras = ExtrasReport();
  report.skipped_elements += calls.skipped + pipeline_.counters().unreadable;
  report.ignored_fields += pipeline_.notes().ignored_fields;
  report.memory_rss_kib = memory.resident_kib;
  report.memory_peak_kib = memory.peak_kib;
  report.memory_budget_kib = budget_bytes_ / 1024;
  char payload[3584];
  json::JsonWriter out(payload, sizeof payload);
  if (!encode::EncodeHealth(report, out)) return;
  publisher_.PublishHealth(out.view(), now);
  // Trouble with this directory is told by the queue, whose journal stands there as well.
  const Status kept = WriteStatusFile(*ports_.queue.ram, out.view());
  static_cast<void>(kept);
}

}  // namespace depotlink
