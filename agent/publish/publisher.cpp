// SPDX-License-Identifier: Apache-2.0
#include "agent/publish/publisher.hpp"

#include <algorithm>
#include <utility>

#include "agent/base/fingerprint.hpp"

namespace depotlink::publish {
namespace {

constexpr DurationMs kConnectTimeoutMs = 10 * kSecondMs;
constexpr DurationMs kHoldMs = 50;
constexpr DurationMs kOfflineWaitMs = 500;
constexpr int kUnsupportedVersion5 = 0x84;  // MQTT 5, table 3-1
constexpr int kUnsupportedVersion311 = 1;   // MQTT 3.1.1, table 3.1

std::string_view VersionName(ports::MqttVersion version) {
  return version == ports::MqttVersion::k5 ? "5" : "3.1.1";
}

// Rounded up: the second is among those by which links end early.
std::uint32_t ExpiryS(MonoTime until, MonoTime now) {
  if (until == kNever) return 0;
  const DurationMs seconds = (until - now + kSecondMs - 1) / kSecondMs;
  return static_cast<std::uint32_t>(std::min<DurationMs>(seconds, INT32_MAX));
}

}  // namespace

Publisher::Publisher(PublisherConfig config, ports::Mqtt& mqtt, queue::Window& live,
                     queue::Window& late, ports::Random& random, Logger& log,
                     PublishObserver& observer)
    : config_(std::move(config)),
      mqtt_(&mqtt),
      live_(&live),
      late_(&late),
      random_(&random),
      log_(&log),
      observer_(&observer),
      version_(config_.try_mqtt5 ? ports::MqttVersion::k5 : ports::MqttVersion::k311) {}

MonoTime Publisher::Step(MonoTime now) {
  held_ = false;
  TakeEvents(now);
  if (connecting_ && connect_deadline_ <= now) {
    ports::MqttEvent late;
    late.text.Assign("no answer to CONNECT in time");
    mqtt_->Disconnect(0);
    OnConnectFailed(late, now);
  }
  observer_->BeforeSending();
  if (connected()) {
    CheckAcks(now);
    if (online_due_) SayOnline(now);
    if (!online_due_) Pump(now);
  }
  if (stopping_) StepStop(now);
  if (!stopping_ && !connected() && !connecting_ && connect_at_ <= now) Connect(now);
  return NextStep(now);
}

MonoTime Publisher::NextStep(MonoTime now) const {
  MonoTime next = kNever;
  const auto at = [&next](MonoTime time) { next = std::min(next, time); };
  if (stopping_) at(!offline_said_ && now < say_offline_by_ ? say_offline_by_ : now + kHoldMs);
  if (connecting_) at(connect_deadline_);
  if (!connected() && !connecting_ && !stopping_) at(connect_at_);
  if (held_) at(now + kHoldMs);
  for (const Slot& slot : slots_) {
    if (slot.used) at(slot.sent_at + kAckTimeoutMs);
  }
  return next;
}

void Publisher::TakeEvents(MonoTime now) {
  ports::MqttEvent event;
  while (mqtt_->NextEvent(event)) {
    if (event.token == kLookToken) {
      observer_->OnLookAnswer(event);
      continue;
    }
    switch (event.kind) {
      case ports::MqttEventKind::kConnected:
        OnConnected(event, now);
        break;
      case ports::MqttEventKind::kConnectFailed:
        OnConnectFailed(event, now);
        break;
      case ports::MqttEventKind::kLost:
      case ports::MqttEventKind::kNotSent:
        if (connected() && event.kind == ports::MqttEventKind::kNotSent) {
          contest_.OnLeft();
        } else if (connected()) {
          contest_.OnLost(event.reason_code, now - connected_at_);
        }
        OnLost(event.text.empty() ? "the connection was closed" : event.text.view(), now);
        break;
      case ports::MqttEventKind::kAcked:
        OnAcked(event.token);
        break;
      case ports::MqttEventKind::kRefused:
        OnRefused(event);
        break;
    }
  }
}

ports::MqttConnect MakeConnect(const PublisherConfig& config, ports::MqttVersion version) {
  ports::MqttConnect connect;
  connect.transport = config.transport;
  connect.host = config.host;
  connect.port = config.port;
  connect.client_id = config.client_id;
  connect.username = config.username;
  connect.password = config.password.Reveal();
  connect.version = version;
  return connect;
}

void Publisher::Connect(MonoTime now) {
  ports::MqttConnect connect = MakeConnect(config_, version_);
  connect.will_topic = config_.status_topic;
  connect.will_payload = kOffline;
  connect.timeout_ms = kConnectTimeoutMs;
  connect.session_expiry_s = version_ == ports::MqttVersion::k5 ? kSessionExpiryS : 0;
  const Status status = mqtt_->Connect(connect);
  if (!status.ok()) {
    ports::MqttEvent failed;
    failed.text.Assign(status.message());
    OnConnectFailed(failed, now);
    return;
  }
  connecting_ = true;
  // The port's own timeout comes first; this one is for a library that says nothing at all.
  connect_deadline_ = now + 2 * kConnectTimeoutMs;
}

void Publisher::OnConnected(const ports::MqttEvent& event, MonoTime now) {
  const bool again = counters_.connects > 0;
  connecting_ = false;
  state_ = BrokerState::kConnected;
  connected_at_ = now;
  refusal_told_ = 0;
  last_error_.clear();
  ++counters_.connects;
  in_flight_most_ = std::clamp<std::size_t>(event.receive_maximum, 1, limits::kInFlight);
  packet_most_bytes_ = event.maximum_packet_bytes;
  log_->Info("broker connected", {{"mqtt", VersionName(version_)},
                                  {"waiting", static_cast<std::uint64_t>(live_->waiting())}});
  if (stopping_) return;
  SayOnline(now);
  if (again && !event.session_present) observer_->OnBrokerForgot();
}

void Publisher::OnConnectFailed(const ports::MqttEvent& event, MonoTime now) {
  connecting_ = false;
  contest_.OnConnectFailed();
  const bool version_refused =
      event.reason_code == kUnsupportedVersion5 || event.reason_code == kUnsupportedVersion311;
  if (version_refused && version_ == ports::MqttVersion::k5 && config_.try_mqtt311) {
    if (!downgrade_told_) {
      log_->Warn(
          "the broker knows no MQTT 5; going on with 3.1.1, where a refused publish cannot be "
          "told from a delivered one");
    }
    downgrade_told_ = true;
    version_ = ports::MqttVersion::k311;
    connect_at_ = now;
    return;
  }
  if (config_.try_mqtt5) version_ = ports::MqttVersion::k5;
  const DurationMs wait_ms = NextWait(event.reason_code <= 0);
  connect_at_ = now + wait_ms;
  const bool news = last_error_ != event.text.view();
  last_error_ = event.text.view();
  log_->Write(news ? LogLevel::kWarn : LogLevel::kDebug,
              "broker not reachable; records wait, trying again",
              {{"broker", config_.host},
               {"port", static_cast<int>(config_.port)},
               {"why", event.text.view()},
               {"retry_ms", wait_ms}});
}

DurationMs Publisher::NextWait(bool unanswered) {
  const DurationMs wait_ms = backoff_.Next(random_->Next());
  return unanswered ? std::min(wait_ms, config_.unanswered_wait_most_ms) : wait_ms;
}

void Publisher::OnLost(std::string_view why, MonoTime now) {
  if (connecting_) {
    ports::MqttEvent failed;
    failed.text.Assign(why);
    return OnConnectFailed(failed, now);
  }
  if (!connected()) return;
  state_ = BrokerState::kAway;
  FreeSlots();
  online_due_ = false;
  if (kStableMs <= now - connected_at_) backoff_.Reset();
  live_->UnsendAll();
  late_->UnsendAll();
  if (config_.try_mqtt5) version_ = ports::MqttVersion::k5;
  const DurationMs wait_ms = contest_.on() ? contest_.NextWait(random_->Next()) : NextWait(true);
  connect_at_ = now + wait_ms;
  last_error_ = contest_.on() ? contest_.Explain(config_.client_id) : std::string(why);
  if (contest_.on()) {
    log_->Error("thrown out at the broker; records wait, trying again",
                {{"why", last_error_}, {"retry_ms", wait_ms}});
    return;
  }
  log_->Warn("broker connection lost; records wait, trying again",
             {{"why", why},
              {"waiting", static_cast<std::uint64_t>(live_->waiting())},
              {"retry_ms", wait_ms}});
}

void Publisher::FreeSlots() {
  for (Slot& slot : slots_) slot.used = false;
  in_flight_ = 0;
}

void Publisher::OnAcked(ports::MqttToken token) {
  if (token >= slots_.size() || !slots_[token].used) return;
  slots_[token].used = false;
  --in_flight_;
  if (slots_[token].from == nullptr) return;
  ++counters_.acknowledged;
  slots_[token].from->Finish(slots_[token].ref);
}

void Publisher::OnRefused(const ports::MqttEvent& event) {
  if (event.token >= slots_.size() || !slots_[event.token].used) return;
  slots_[event.token].used = false;
  --in_flight_;
  ++counters_.refused;
  if (refusal_told_ != event.reason_code) {
    refusal_told_ = event.reason_code;
    log_->Warn("the broker refuses a publish; check its access rules and limits",
               {{"reason_code", event.reason_code}, {"why", event.text.view()}});
  }
  queue::Window* const from = slots_[event.token].from;
  if (from == nullptr) return;
  const queue::Window::Ref ref = slots_[event.token].ref;
  if (from->CountRefusal(ref) < kTries) {
    from->Unsend(ref);
  } else {
    GiveUp(*from, ref, event.text.view());
  }
}

void Publisher::GiveUp(queue::Window& from, queue::Window::Ref ref, std::string_view why) {
  const queue::Record record = from.Get(ref);
  ++counters_.given_up;
  log_->Debug("a record was given up", {{"topic", record.topic}, {"why", why}});
  observer_->OnGivenUp(record, why);
  from.Finish(ref);
}

// The last place in flight is left to `health`, which a backlog would shut out else; a few more are
// left to live records, which late ones must not delay.
void Publisher::Pump(MonoTime now) {
  const std::size_t most = std::max<std::size_t>(1, in_flight_most_ - 1);
  const bool live_may_go = observer_->LiveMayGo();
  while (live_may_go && in_flight_ < most && SendNext(*live_, now)) {
  }
  const std::size_t late_most = most > 2 * kLiveReserve ? most - kLiveReserve : most;
  while (!stopping_ && !held_ && in_flight_ < late_most && SendNext(*late_, now)) {
  }
}

// False where there is nothing to send for now. What is on its way spans no more than kInFlight
// records, however long the oldest takes: a crash repeats no more.
bool Publisher::SendNext(queue::Window& from, MonoTime now) {
  const queue::Window::Ref ref = from.NextUnsent();
  if (ref == queue::Window::kNone || ref - from.first() >= limits::kInFlight) return false;
  const queue::Record record = from.Get(ref);
  const std::uint64_t topic = Fingerprint(record.topic);
  if (TopicInFlight(topic)) return false;
  if (record.until <= now) {
    ++(record.until == queue::kNeverShown ? counters_.out_of_scope : counters_.withheld);
    from.Finish(ref);
    return true;
  }
  const std::size_t packet = record.topic.size() + record.payload.size() + kPacketOverheadBytes;
  if (packet_most_bytes_ != 0 && packet > packet_most_bytes_) {
    GiveUp(from, ref, "larger than the broker takes");
    return true;
  }
  const auto free = std::find_if(slots_.begin(), slots_.begin() + limits::kInFlight,
                                 [](const Slot& slot) { return !slot.used; });
  const auto token = static_cast<ports::MqttToken>(free - slots_.begin());
  const Status status = mqtt_->Publish(
      token, {record.topic, record.payload, record.retain, ExpiryS(record.until, now)});
  if (status.code() == Code::kRetryLater) {
    held_ = true;
    return false;
  }
  if (!status.ok()) {
    GiveUp(from, ref, status.message());
    return true;
  }
  from.MarkSent(ref);
  *free = {true, now, &from, ref, topic};
  ++in_flight_;
  ++counters_.sent;
  return true;
}

bool Publisher::TopicInFlight(std::uint64_t topic) const {
  return std::any_of(slots_.begin(), slots_.begin() + limits::kInFlight,
                     [topic](const Slot& slot) { return slot.used && slot.topic == topic; });
}

bool Publisher::SayStatus(std::string_view status, MonoTime now) {
  if (!mqtt_->Publish(kStatusToken, {config_.status_topic, status, true}).ok()) return false;
  if (!slots_[kStatusToken].used) ++in_flight_;
  slots_[kStatusToken] = {true, now, nullptr, 0, 0};
  return true;
}

// Ahead of all else; where the library takes nothing yet, all else waits.
void Publisher::SayOnline(MonoTime now) {
  online_due_ = !SayStatus(kOnline, now);
  held_ = online_due_;
}

void Publisher::PublishHealth(std::string_view payload, MonoTime now) {
  if (!connected() || slots_[kHealthToken].used || in_flight_ >= in_flight_most_) return;
  if (!mqtt_->Publish(kHealthToken, {config_.health_topic, payload, true}).ok()) return;
  slots_[kHealthToken] = {true, now, nullptr, 0, 0};
  ++in_flight_;
}

// A broker that takes bytes and answers nothing (stopped, or a half-open connection) is left.
void Publisher::CheckAcks(MonoTime now) {
  const bool late = std::any_of(slots_.begin(), slots_.end(), [now](const Slot& slot) {
    return slot.used && kAckTimeoutMs <= now - slot.sent_at;
  });
  if (!late) return;
  mqtt_->Disconnect(0);
  contest_.OnLeft();
  OnLost("no acknowledgement in time", now);
}

void Publisher::BeginStop(MonoTime say_by) {
  stopping_ = true;
  online_due_ = false;
  say_offline_by_ = say_by;
}

void Publisher::StepStop(MonoTime now) {
  if (!connected()) {
    mqtt_->Disconnect(0);
    stopped_ = true;
    return;
  }
  const bool drained = live_->waiting() + live_->sent() + late_->sent() == 0;
  if (!offline_said_ && (drained || say_offline_by_ <= now)) {
    offline_said_ = SayStatus(kOffline, now) || say_offline_by_ + kOfflineWaitMs <= now;
    held_ = held_ || !offline_said_;
  }
  if (offline_said_ && (!slots_[kStatusToken].used || say_offline_by_ + kOfflineWaitMs <= now)) {
    mqtt_->Disconnect(kOfflineWaitMs);
    state_ = BrokerState::kAway;
    stopped_ = true;
  }
}

}  // namespace depotlink::publish
