// SPDX-License-Identifier: Apache-2.0
#include "agent/agent.hpp"

#include <algorithm>
#include <utility>

#include "agent/memory_plan.hpp"
#include "agent/settings/urls.hpp"

namespace depotlink {
std::string MakeRunId(ports::Random& random) {
  constexpr std::string_view kLetters = "0123456789abcdefghjkmnpqrstvwxyz";
  std::uint64_t bits = random.Next();
  std::string run;
  for (int i = 0; i < 4; ++i, bits >>= 5U) run += kLetters[bits & 31U];
  return run;
}

Agent::Agent(const settings::Settings& settings, AgentSecrets secrets, const AgentPorts& ports,
             Logger& log, std::string_view version)
    : ports_(ports),
      log_(&log),
      site_(settings.site),
      version_(version),
      budget_bytes_(settings.memory.budget_bytes),
      planned_bytes_(PlanMemory(settings).bytes),
      shard_(settings.shard),
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
      backfill_(MakeBackfillConfig(settings), table_, schedule_, pipeline_, *this, *ports.clock,
                *ports.queue.ram, *ports.queue.disk, log),
      backfill_job_(settings.api.requests_per_second, backfill_, *ports.random),
      extras_(settings.extra, reader_, topics_, run_, *this, *this, *ports.clock, log),
      snapshots_(MakeSnapshotConfig(settings), table_, topics_, run_, *this, *this,
                 *ports.queue.disk, log),
      poller_(MakePollerConfig(settings, FirstCallAt(started_, *ports.random)),
              MakeApiAccess(settings.api), *ports.http, reader_, *ports.clock, *ports.random, log),
      queue_(MakeQueueConfig(settings), std::move(secrets.queue_key), ports.queue, *this, log),
      publisher_(MakePublisherConfig(settings, topics_, std::move(secrets.mqtt_password)),
                 *ports.mqtt, queue_.window(), queue_.backlog(), *ports.random, log, *this),
      look_(*ports.mqtt, *this, log) {
  log_->Info("agent started", {{"version", version_}, {"site", site_}, {"run", run_}});
  WarnOfPlainApi(settings.api.url);
  AddJobs(settings, std::move(secrets.panel));
  AddLook();
  pipeline_.KeepTo(MakeShard(settings.shard));
  queue_.Start(started_);
  clock_watch_.Recall(*ports.queue.disk);
  login_book_.Recall(started_);
  backfill_.Recall(started_);
  snapshots_.Recall();
  if (snapshots_.on()) pipeline_.ShowTo(snapshots_);
}

Agent::~Agent() = default;

// `check` says so too, but who looks for a leak looks into the log.
void Agent::WarnOfPlainApi(const std::string& api_url) {
  if (!settings::IsInTheClear(api_url)) return;
  log_->Warn("the API is called without TLS: who listens on the way reads the key; use https://",
             {{"api", api_url}});
}

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
  if (backfill_.on()) poller_.Add(backfill_job_);
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

void Agent::AddLook() {
  for (const auto kind : {encode::RetainedTopic::kInfo, encode::RetainedTopic::kState,
                          encode::RetainedTopic::kLink}) {
    std::array<char, limits::kTopicBytes> filter;
    look_.Add(topics_.Filter(kind, filter.data(), filter.size()));
  }
}

// Only who knows the whole fleet, and each link, can tell what is left over.
MonoTime Agent::StepLook(MonoTime now) {
  if (!publisher_.connected()) return kNever;  // the next connection begins it anew
  const bool links_known = links_ == nullptr || links_job_->listed_whole();
  return look_.Step(now, fleet_job_.listed_whole() && links_known && MayClear(now));
}

bool Agent::OnRetained(std::string_view topic) {
  const encode::RetainedAt at = topics_.Read(topic);
  if (at.id == 0) return true;
  if (!Ready() || !MayClear(ports_.clock->Now())) return false;
  if (at.kind != encode::RetainedTopic::kLink) {
    const bool state = at.kind == encode::RetainedTopic::kState;
    pipeline_.ClearStray(state ? queue::RecordKind::kClearState : queue::RecordKind::kClearInfo,
                         at.id);
  } else if (links_ != nullptr) {
    links_->ClearStray(at.id);
  } else {
    queue::Record record;
    record.kind = queue::RecordKind::kClearLink;
    record.tracker = at.id;
    record.topic = topic;
    Push(record);
  }
  return true;
}

MonoTime Agent::StepLinks(MonoTime now) {
  pipeline_.NoteBus(MayClear(now));
  if (pipeline_.TakeListWanted()) fleet_job_.AskSoon();
  if (links_ == nullptr) return kNever;
  const bool bus_up = MayClear(now);
  if (bus_up && links_->TakeReadAgain()) links_job_->AskSoon();
  return links_->Step(now, bus_up);
}

// Of a narrower scope nothing wider may stand on the bus, not even until the next page is full.
MonoTime Agent::StepSnapshots(MonoTime now) {
  if (scope_shown_ != scope_.version()) {
    scope_shown_ = scope_.version();
    snapshots_.Retract();
  }
  const bool links_read = !scope_.by_links() || links_job_->read_once();
  return snapshots_.Step(now, fleet_job_.listed() && links_read);
}

bool Agent::MayClear(MonoTime now) const {
  return publisher_.connected() && queue_.LiveMayGo() && clear_at_ <= now;
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
  if (MayClear(now)) pipeline_.ClearGone();
  if (info_dropped_ && publisher_.connected()) {
    info_dropped_ = false;
    fleet_job_.AskSoon();
  }
  next = std::min({next, StepLinks(now), StepLook(now), StepSnapshots(now)});
  if (AwaitingFirstConnect(now)) return std::min(next, started_ + kFirstConnectMs);
  backfill_.Step({now, RecordTimeMs(now), fleet_job_.listed()});
  next = std::min(next, poller_.Step(now));
  first_round_done_ = first_round_done_ || RoundDone(now);
  const bool paused = !Ready();
  next = std::min(next, queue_.Step(now, publisher_.connected()));
  // What the stages above have put into the windows goes out at once, not after the next wait.
  if (queue_.window().waiting() + queue_.backlog().waiting() > 0) {
    next = std::min(next, publisher_.Step(now));
  }
  if (paused && Ready()) next = now;  // room was made, on the disk or the bus: reading goes on
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
  if (std::exchange(closed_, true)) return now;
  queue_.Close(now);
  backfill_.Close();
  return now;
}

bool Agent::AwaitingFirstConnect(MonoTime now) const {
  return publisher_.state() == publish::BrokerState::kNeverConnected &&
         publisher_.last_error().empty() && now < started_ + kFirstConnectMs;
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
  look_.Restart();
  pipeline_.RepublishBehind();
}

void Agent::Push(const queue::Record& record) {
  queue_.Push(record, RecordTimeMs(ports_.clock->Now()));
}

std::int64_t Agent::RecordTimeMs(MonoTime now) const {
  const poll::ServerClock& server = poller_.server_clock();
  return server.known() ? server.Now(now).ms : ports_.clock->WallNow().ms;
}

bool Agent::MayReadBack(bool urgent) const {
  return Up() && poller_.state() == poll::ApiState::kOk && queue_.depth() < kPointsWaiting / 2 &&
         (urgent || ports_.clock->Now() < schedule_.NextDue());
}

bool Agent::HasRoomForPoint() const {
  return Ready() && queue_.window().waiting() < kPointsWaiting;
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
  if (record.kind == queue::RecordKind::kSnapshot) return snapshots_.Forget(record);
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

queue::InScope Agent::IsInScope(model::TrackerId tracker) {
  // What waits may say more of a tracker than its links grant.
  if (scope_.by_links()) return queue::InScope::kNo;
  if (scope_.Holds(tracker, 0)) return queue::InScope::kYes;
  if (!scope_.by_groups()) return queue::InScope::kNo;
  if (!fleet_job_.listed()) return queue::InScope::kNotKnownYet;
  return table_.Find(tracker) != nullptr ? queue::InScope::kYes : queue::InScope::kNo;
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
  snapshots_.ForgetAll();
  fleet_job_.AskSoon();
}

void Agent::OnGivenUp(const queue::Record& record, std::string_view why) {
  if (record.kind == queue::RecordKind::kExtra) return extras_.OnGivenUp(record, why);
  if (record.kind == queue::RecordKind::kSnapshot) return snapshots_.OnGivenUp(record, why);
  error_book_.Note(ErrorKind::kRefused, why, ports_.clock->Now());
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

}  // namespace depotlink
