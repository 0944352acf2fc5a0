// SPDX-License-Identifier: Apache-2.0
#pragma once

// The whole agent as one object that is stepped: it owns no thread, never sleeps and takes its time
// from the clock port, so that a week of outage can be tested in milliseconds. This is the only
// file that knows the order of the stages:
//
//   Poller -> Caller -> Pipeline (compare, decode, encode) -> OfflineQueue -> Publisher
//                    -> Backfill (what was missed; publishes through the pipeline)
//                    -> LinkStage (geo links; tells the pipeline what they share)
//                    -> Snapshots (pages of many states, from the pipeline beside the bus)

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/backfill.hpp"
#include "agent/base/log.hpp"
#include "agent/base/secret.hpp"
#include "agent/clock_watch.hpp"
#include "agent/encode/health.hpp"
#include "agent/encode/topics.hpp"
#include "agent/error_book.hpp"
#include "agent/extras.hpp"
#include "agent/fleet/groups.hpp"
#include "agent/fleet/schedule.hpp"
#include "agent/fleet/scope.hpp"
#include "agent/fleet/table.hpp"
#include "agent/json/element_reader.hpp"
#include "agent/link_stage.hpp"
#include "agent/login_book.hpp"
#include "agent/pipeline.hpp"
#include "agent/poll/backfill_job.hpp"
#include "agent/poll/extra_job.hpp"
#include "agent/poll/fleet_job.hpp"
#include "agent/poll/links_job.hpp"
#include "agent/poll/poller.hpp"
#include "agent/poll/session.hpp"
#include "agent/poll/states_job.hpp"
#include "agent/ports/clock.hpp"
#include "agent/ports/files.hpp"
#include "agent/ports/http.hpp"
#include "agent/ports/mqtt.hpp"
#include "agent/ports/random.hpp"
#include "agent/ports/system_info.hpp"
#include "agent/publish/publisher.hpp"
#include "agent/publish/retained_look.hpp"
#include "agent/queue/offline_queue.hpp"
#include "agent/settings/settings.hpp"
#include "agent/snapshots.hpp"
#include "agent/stage_configs.hpp"

namespace depotlink {

// What the agent needs from outside. All must outlive it.
struct AgentPorts {
  ports::Clock* clock = nullptr;
  ports::Random* random = nullptr;
  ports::Http* http = nullptr;
  ports::Mqtt* mqtt = nullptr;
  ports::SystemInfo* system = nullptr;
  ports::FileReader* files = nullptr;
  queue::QueuePorts queue;
};

struct AgentSecrets {
  Secret api;            // the API key, or the user's password
  Secret panel;          // the panel's password; empty: no panel
  Secret mqtt_password;  // empty: none
  Secret queue_key;      // empty: the queue makes its own
};

class Agent : private queue::RecordSink,
              private ExtraBus,
              private queue::QueueObserver,
              private publish::PublishObserver,
              private publish::RetainedSink,
              private LinkReader,
              private BackfillGate {
 public:
  Agent(const settings::Settings& settings, AgentSecrets secrets, const AgentPorts& ports,
        Logger& log, std::string_view version);
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;
  ~Agent() override;

  // Does what there is to do now; returns when to call again at the latest. Call it after each wait
  // of the loop, too.
  MonoTime Step();
  // Begins a clean end: no new polls, what waits is published within a second, then `offline`.
  void BeginStop();
  // A snapshot of the whole fleet, as soon as may be.
  void AskSnapshot() { snapshots_.AskNow(); }
  // True once the end is reached; then Step is not called any more.
  bool stopped() const { return closed_; }

  const fleet::Table& table() const { return table_; }
  const Pipeline& pipeline() const { return pipeline_; }
  const publish::Publisher& publisher() const { return publisher_; }
  const poll::Poller& poller() const { return poller_; }
  // The whole fleet was listed, and every tracker of it asked for once.
  bool first_round_done() const { return first_round_done_; }
  const queue::OfflineQueue& queue() const { return queue_; }
  const Snapshots& snapshots() const { return snapshots_; }
  // Records lost, for whatever reason.
  std::uint64_t dropped() const;
  // One line for people: the API, the broker, the fleet, what waits.
  std::string Summary() const;
  // Rises with each request and each record that is sent or acknowledged.
  std::uint64_t work_done() const;
  // An error that only the outside knows of, for `depotlink status`: kConfig.
  void NoteError(ErrorKind kind, std::string_view text);
  // Records that the broker has not acknowledged.
  std::uint64_t unpublished() const { return queue_.depth(); }

 private:
  void Push(const queue::Record& record) override;
  bool Ready() const override;
  void OnSpooled(const queue::Record& record) override { pipeline_.NoteSpooled(record); }
  void OnSetBack(const queue::Record& record) override;
  void OnDropped(const queue::Record& record) override;
  queue::InScope IsInScope(model::TrackerId tracker) override;
  std::string_view TopicOf(queue::RecordKind kind, model::TrackerId tracker, char* out,
                           std::size_t capacity) override;
  void OnBrokerForgot() override;
  void OnGivenUp(const queue::Record& record, std::string_view why) override;
  void BeforeSending() override { queue_.NoteDelivered(); }
  bool LiveMayGo() const override { return queue_.LiveMayGo(); }
  void OnLookAnswer(const ports::MqttEvent& event) override { look_.OnAnswer(event); }
  bool OnRetained(std::string_view topic) override;
  bool Up() const override { return publisher_.connected() && queue_.LiveMayGo(); }
  bool HasRoomFor(std::size_t bytes) const override { return queue_.window().HasRoom(bytes); }
  std::uint64_t TakeSeq() override { return pipeline_.TakeSeq(); }
  bool ClockTrusted() const override { return clock_watch_.finding().trusted; }

  bool MayReadBack(bool urgent) const override;
  bool HasRoomForPoint() const override;

  void ReadLinkSoon(model::LinkId id) override { links_job_->ReadSoon(id); }
  MonoTime StepLinks(MonoTime now);
  // Clears what an earlier run left on the bus of trackers and links that are no more.
  MonoTime StepLook(MonoTime now);
  MonoTime StepSnapshots(MonoTime now);
  // What is cleared would go out at once: not while late records go first.
  bool MayClear(MonoTime now) const;
  void Forget(const queue::Record& record);
  // The whole fleet was listed, the links of a scope were read, and nobody is due.
  bool RoundDone(MonoTime now);

  void WarnOfPlainApi(const std::string& api_url);
  void AddJobs(const settings::Settings& settings, Secret panel_password);
  void AddLinks(const settings::Settings& settings);
  void AddLook();
  encode::ExtrasHealth ExtrasReport() const;
  encode::BackfillHealth BackfillReport() const;
  encode::SnapshotHealth SnapshotReport() const;
  encode::BrokerHealth BrokerReport() const;
  MonoTime FinishStop(MonoTime now);
  // While the first connection is being made, polling waits a little for it: else the window fills
  // and drops what the broker is about to take.
  bool AwaitingFirstConnect(MonoTime now) const;
  void TellDrops(MonoTime now);
  // Health is due at once when what it says of API, broker, disk or the first round has changed.
  void HurryHealth(MonoTime now);
  void PublishHealth(MonoTime now);
  encode::QueueHealth QueueReport() const;
  // For `depotlink status`.
  void KeepStatus(const encode::HealthReport& report, std::string_view health, MonoTime now);
  // What stands as an error in what is reported.
  void NoteErrors(const encode::HealthReport& report, MonoTime now);
  poll::SessionState PanelState() const {
    return panel_session_.has_value() ? panel_session_->state() : poll::SessionState::kStarting;
  }
  std::size_t RefusedLinks() const { return links_ == nullptr ? 0 : links_->refused(); }
  // The bus is there again.
  void OnConnectedAgain();
  // Of a record: the API's time where it is known, for it came with an answer.
  std::int64_t RecordTimeMs(MonoTime now) const;
  void ExpireRecords(MonoTime now);
  void WatchClock(MonoTime now);

  // Points read back that wait to be sent: live records wait behind them.
  static constexpr std::size_t kPointsWaiting = 32;
  static constexpr DurationMs kHealthMs = kMinuteMs;
  static constexpr DurationMs kDropsTellMs = kMinuteMs;
  static constexpr DurationMs kStopMs = kSecondMs;
  static constexpr DurationMs kFirstConnectMs = 2 * kSecondMs;
  static constexpr DurationMs kExpireMs = 10 * kMinuteMs;
  static constexpr DurationMs kClearAgainMs = 10 * kMinuteMs;
  static constexpr DurationMs kStaleMs = 15 * kMinuteMs;

  AgentPorts ports_;
  Logger* log_;
  std::string site_;
  std::string version_;
  std::uint64_t budget_bytes_;
  std::uint64_t planned_bytes_;
  settings::Shard shard_;
  bool replay_to_state_;
  std::string run_;
  MonoTime started_;
  ClockWatch clock_watch_;
  LoginBook login_book_;
  ErrorBook error_book_;

  fleet::Table table_;
  fleet::Groups groups_;
  fleet::Schedule schedule_;
  fleet::Scope scope_;
  json::ElementReader reader_;
  encode::TopicBuilder topics_;
  Pipeline pipeline_;
  poll::Session session_;
  std::optional<poll::Session> panel_session_;
  poll::FleetJob fleet_job_;
  poll::StatesJob states_job_;
  Backfill backfill_;
  poll::BackfillJob backfill_job_;
  Extras extras_;
  Snapshots snapshots_;
  std::vector<poll::ExtraJob> extra_jobs_;  // reserved: the poller knows where they stand
  poll::Poller poller_;
  std::unique_ptr<LinkStage> links_;  // null where links are not polled
  std::unique_ptr<poll::LinksJob> links_job_;
  queue::OfflineQueue queue_;
  publish::Publisher publisher_;
  publish::RetainedLook look_;

  MonoTime health_at_{};
  MonoTime clear_at_{};
  MonoTime expire_at_{};
  std::uint64_t connects_seen_ = 0;
  poll::ApiState api_seen_ = poll::ApiState::kStarting;
  publish::BrokerState broker_seen_ = publish::BrokerState::kNeverConnected;
  queue::DiskState disk_seen_ = queue::DiskState::kStarting;
  bool round_seen_ = false;
  bool clock_seen_ = true;
  std::size_t refused_links_seen_ = 0;
  std::uint64_t extras_failing_seen_ = 0;
  std::uint64_t memory_refused_seen_ = 0;
  std::uint64_t dropped_noted_ = 0;
  poll::SessionState session_seen_ = poll::SessionState::kStarting;
  poll::SessionState panel_seen_ = poll::SessionState::kStarting;
  bool info_dropped_ = false;  // only a reading of the fleet's list brings it back
  std::uint64_t dropped_ = 0;  // from memory
  std::uint64_t dropped_told_ = 0;
  std::uint64_t connects_handled_ = 0;
  bool first_round_done_ = false;
  std::uint64_t scope_shown_ = 0;  // its version, as snapshots have it
  MonoTime stop_by_ = kNever;
  bool closed_ = false;
  MonoTime drops_told_at_{};
};

// A fresh name for a run, four characters of base 32, as it stands in each payload.
std::string MakeRunId(ports::Random& random);

}  // namespace depotlink
