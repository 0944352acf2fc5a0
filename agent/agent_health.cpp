// SPDX-License-Identifier: Apache-2.0
// What the agent says of itself.
#include "agent/agent.hpp"
#include "agent/memory_plan.hpp"
#include "agent/status_file.hpp"

namespace depotlink {
namespace {

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

encode::HeapPartHealth Part(const ports::HeapPartUse& use) {
  return {use.kib, use.peak_kib};
}

}  // namespace

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

encode::BackfillHealth Agent::BackfillReport() const {
  encode::BackfillHealth report;
  report.on = backfill_.on();
  report.gaps = backfill_.gaps();
  report.trackers_left = backfill_.trackers_left();
  report.points = backfill_.counters().points;
  report.refused = backfill_.counters().refused;
  return report;
}

encode::SnapshotHealth Agent::SnapshotReport() const {
  encode::SnapshotHealth report;
  report.on = snapshots_.on();
  report.rounds = snapshots_.counters().rounds;
  report.pages = snapshots_.counters().pages;
  report.states = snapshots_.counters().states;
  report.left_out = snapshots_.counters().left_out;
  report.last_error = snapshots_.trouble();
  return report;
}

encode::BrokerHealth Agent::BrokerReport() const {
  encode::BrokerHealth report;
  report.state = BrokerStateOf(publisher_.state());
  // A person must act.
  const bool thrown_out = !publisher_.connected() && publisher_.contest().on();
  if (thrown_out) report.state = encode::BrokerState::kRefused;
  report.protocol = publisher_.version() == ports::MqttVersion::k5 ? "5" : "3.1.1";
  report.connects = publisher_.counters().connects;
  report.last_error = publisher_.last_error();
  report.takeovers = publisher_.contest().takeovers();
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
  report.out_of_scope = queue_.left_out() + publisher_.counters().out_of_scope;
  return report;
}

std::string Agent::Summary() const {
  return "API " + std::string(encode::ApiStateName(ApiStateOf(poller_.state()))) + ", broker " +
         std::string(encode::BrokerStateName(BrokerStateOf(publisher_.state()))) + ", " +
         std::to_string(table_.size()) + " trackers, " + std::to_string(queue_.depth()) +
         " records wait";
}

std::uint64_t Agent::work_done() const {
  const publish::PublishCounters& sent = publisher_.counters();
  return poller_.calls().requests + sent.sent + sent.acknowledged + sent.connects;
}

void Agent::NoteError(ErrorKind kind, std::string_view text) {
  error_book_.Note(kind, text, ports_.clock->Now());
  health_at_ = ports_.clock->Now();
}

void Agent::NoteErrors(const encode::HealthReport& report, MonoTime now) {
  const bool credential = report.api.state == encode::ApiState::kCredential;
  error_book_.Note(credential ? ErrorKind::kCredential : ErrorKind::kApi, report.api.last_error,
                   now);
  error_book_.Note(ErrorKind::kPanel, report.panel.last_error, now);
  error_book_.Note(ErrorKind::kLinks, report.links.last_error, now);
  error_book_.Note(ErrorKind::kExtras, report.extras.last_error, now);
  error_book_.Note(ErrorKind::kBroker, report.broker.last_error, now);
  error_book_.Note(ErrorKind::kQueue, report.queue.last_error, now);
  if (!report.time_trusted) {
    error_book_.Note(ErrorKind::kClock, "the clock of this machine is wrong", now);
  }
  if (report.memory_refused > memory_refused_seen_) {
    error_book_.Note(ErrorKind::kMemory, "memory.budget is spent: allocations failed", now);
  }
  if (report.records.dropped > dropped_noted_) {
    error_book_.Note(ErrorKind::kLost, "records were lost; what for, the counts of the queue tell",
                     now);
  }
  memory_refused_seen_ = report.memory_refused;
  dropped_noted_ = report.records.dropped;
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
  report.broker = BrokerReport();
  if (links_ != nullptr) {
    report.links.polled = true;
    report.links.known = links_->known();
    report.links.active = links_->active();
    report.links.left_out = links_->left_out();
    report.links.refused = links_->refused();
    report.links.withheld = sent.withheld;
    report.links.last_error = links_->trouble();
    report.skipped_elements += links_->unreadable();
    report.ignored_fields += links_->notes().ignored_fields;
  }
  report.shard = {shard_.index, shard_.count};
  report.trackers = table_.size();
  report.trackers_left_out = pipeline_.counters().overflow;
  report.polls = poller_.polls();
  report.records.published = sent.sent;
  report.records.acked = sent.acknowledged;
  report.records.refused = sent.given_up;
  report.records.dropped = dropped();
  report.records.waiting = queue_.depth();
  report.queue = QueueReport();
  report.extras = ExtrasReport();
  report.backfill = BackfillReport();
  report.snapshot = SnapshotReport();
  report.skipped_elements += calls.skipped + pipeline_.counters().unreadable;
  report.ignored_fields += pipeline_.notes().ignored_fields;
  report.memory_rss_kib = memory.resident_kib;
  report.memory_peak_kib = memory.peak_kib;
  report.memory_heap_kib = memory.heap_kib;
  report.memory_heap_peak_kib = memory.heap_peak_kib;
  report.heap = {Part(memory.agent), Part(memory.http), Part(memory.tls), Part(memory.rest)};
  report.memory_refused = memory.refused;
  report.memory_planned_kib = InKib(planned_bytes_);
  report.memory_budget_kib = budget_bytes_ / 1024;
  char payload[encode::kHealthBytes];
  json::JsonWriter out(payload, sizeof payload);
  if (!encode::EncodeHealth(report, out)) return;
  publisher_.PublishHealth(out.view(), now);
  KeepStatus(report, out.view(), now);
}

// Trouble with this directory is told by the queue, whose journal stands there as well.
void Agent::KeepStatus(const encode::HealthReport& report, std::string_view health, MonoTime now) {
  const Status kept = WriteStatusFile(*ports_.queue.ram, health);
  static_cast<void>(kept);
  NoteErrors(report, now);
  error_book_.Keep(*ports_.queue.ram, {report.time.ms + clock_watch_.finding().correction_ms}, now);
}

}  // namespace depotlink
