// SPDX-License-Identifier: Apache-2.0
#pragma once

// Takes records from two windows to the broker, live ones before late ones, and owns everything
// about that: connecting and reconnecting, how many are in flight, what an acknowledgement, a
// refusal or a lost connection means.
//
// - A record leaves the window when the broker acknowledged it with a good reason code.
// - One record of a topic is in flight at a time, so whatever is repeated or refused, the order
// within
//   a topic holds and a retained state never goes back in time.
// - What the broker refuses is tried kTries times, then given up and told; it never blocks the
// rest.
// - `status` is retained: `online` ahead of all else after each connect, `offline` as the last will
// and
//   on a clean stop.

#include <array>
#include <cstdint>
#include <string>

#include "agent/base/backoff.hpp"
#include "agent/base/limits.hpp"
#include "agent/base/log.hpp"
#include "agent/base/secret.hpp"
#include "agent/ports/mqtt.hpp"
#include "agent/ports/random.hpp"
#include "agent/publish/contest.hpp"
#include "agent/queue/window.hpp"

namespace depotlink::publish {

inline constexpr std::string_view kOnline = "online";
inline constexpr std::string_view kOffline = "offline";

// Of who looks what stands retained (retained_look.hpp), through the publisher's connection.
inline constexpr ports::MqttToken kLookToken = limits::kInFlight + 2;

struct PublisherConfig {
  ports::MqttTransport transport = ports::MqttTransport::kTcp;
  std::string host;
  std::uint16_t port = 1883;
  std::string client_id;
  std::string username;
  Secret password;
  bool try_mqtt5 = true;
  bool try_mqtt311 = true;
  std::string status_topic;
  std::string health_topic;
  // The longest wait for the next try where nobody answered; a broker that says no is asked less
  // often, at most kConnectWaitMostMs.
  DurationMs unanswered_wait_most_ms = 10 * kSecondMs;
};

// Where to connect, and as whom; no will, and the port's defaults for the rest. Its views are of
// `config`, which must outlive the call that takes them.
ports::MqttConnect MakeConnect(const PublisherConfig& config, ports::MqttVersion version);

enum class BrokerState : std::uint8_t { kNeverConnected, kConnected, kAway };

struct PublishCounters {
  std::uint64_t acknowledged = 0;  // records, not status and health
  std::uint64_t sent = 0;          // repeats included
  std::uint64_t refused = 0;       // refusals by the broker, each try counted
  std::uint64_t given_up = 0;      // records given up after refusals
  std::uint64_t connects = 0;
  std::uint64_t withheld = 0;  // their time had run out before they could be sent
  std::uint64_t out_of_scope = 0;
};

class PublishObserver {
 public:
  virtual ~PublishObserver() = default;
  // Connected again, to a broker that kept nothing of us: what was retained there is gone.
  virtual void OnBrokerForgot() = 0;
  // A record was given up, for the reason `why`. The views hold only during the call.
  virtual void OnGivenUp(const queue::Record& record, std::string_view why) = 0;
  // What the broker said was taken in; more is about to be sent.
  virtual void BeforeSending() {}
  // kAcked, kRefused or kNotSent of kLookToken.
  virtual void OnLookAnswer(const ports::MqttEvent& event) { static_cast<void>(event); }
  // False: live records must wait for late ones.
  virtual bool LiveMayGo() const { return true; }
};

class Publisher {
 public:
  // All references must outlive this. `late`: records of the backlog, sent where no live one waits.
  Publisher(PublisherConfig config, ports::Mqtt& mqtt, queue::Window& live, queue::Window& late,
            ports::Random& random, Logger& log, PublishObserver& observer);

  // Does what there is to do at `now`; returns when to call again at the latest. Call it also
  // whenever the mqtt port has events or the window has news.
  MonoTime Step(MonoTime now);
  // Publishes `payload` as health, retained, outside the window: health that waits is stale.
  void PublishHealth(std::string_view payload, MonoTime now);
  // Begins a clean end: no reconnecting any more, and `offline` once the window is empty or
  // `say_by` is reached.
  void BeginStop(MonoTime say_by);
  // True once `offline` was acknowledged or cannot be any more.
  bool stopped() const { return stopped_; }

  BrokerState state() const { return state_; }
  bool connected() const { return state_ == BrokerState::kConnected; }
  ports::MqttVersion version() const { return version_; }
  const std::string& last_error() const { return last_error_; }
  const PublishCounters& counters() const { return counters_; }
  // Whether another client has this one's name.
  const Contest& contest() const { return contest_; }

 private:
  static constexpr int kTries = 3;
  static constexpr DurationMs kAckTimeoutMs = 20 * kSecondMs;
  static constexpr DurationMs kStableMs = kMinuteMs;
  // The broker is the depot's own, often on this machine: an attempt costs nobody anything, and
  // while the bus waits for us, each record wears flash.
  static constexpr DurationMs kConnectWaitMostMs = 10 * kSecondMs;
  static constexpr std::uint32_t kSessionExpiryS = 24 * 3600;
  static constexpr ports::MqttToken kStatusToken = limits::kInFlight;
  static constexpr ports::MqttToken kHealthToken = limits::kInFlight + 1;
  static constexpr std::size_t kTokens = limits::kInFlight + 2;
  // Fixed header, topic length, packet id and properties of a PUBLISH, at most.
  static constexpr std::size_t kPacketOverheadBytes = 16;
  // Places in flight that late records leave to live ones.
  static constexpr std::size_t kLiveReserve = 4;

  struct Slot {
    bool used = false;
    MonoTime sent_at;
    queue::Window* from = nullptr;  // null: status or health
    queue::Window::Ref ref = 0;
    std::uint64_t topic = 0;
  };

  void TakeEvents(MonoTime now);
  void OnConnected(const ports::MqttEvent& event, MonoTime now);
  void OnConnectFailed(const ports::MqttEvent& event, MonoTime now);
  DurationMs NextWait(bool unanswered);
  void OnLost(std::string_view why, MonoTime now);
  void OnAcked(ports::MqttToken token);
  void OnRefused(const ports::MqttEvent& event);
  void GiveUp(queue::Window& from, queue::Window::Ref ref, std::string_view why);

  void Connect(MonoTime now);
  void Pump(MonoTime now);
  bool SendNext(queue::Window& from, MonoTime now);
  bool SayStatus(std::string_view status, MonoTime now);
  void SayOnline(MonoTime now);
  void CheckAcks(MonoTime now);
  void StepStop(MonoTime now);
  bool TopicInFlight(std::uint64_t topic) const;
  void FreeSlots();
  MonoTime NextStep(MonoTime now) const;

  PublisherConfig config_;
  ports::Mqtt* mqtt_;
  queue::Window* live_;
  queue::Window* late_;
  ports::Random* random_;
  Logger* log_;
  PublishObserver* observer_;

  BrokerState state_ = BrokerState::kNeverConnected;
  bool connecting_ = false;
  MonoTime connect_at_{};  // when to try next, while neither connected nor connecting
  MonoTime connected_at_{};
  MonoTime connect_deadline_{};
  Backoff backoff_{500, kConnectWaitMostMs};
  Contest contest_;
  ports::MqttVersion version_ = ports::MqttVersion::k5;
  bool downgrade_told_ = false;
  std::string last_error_;

  std::array<Slot, kTokens> slots_;
  std::size_t in_flight_ = 0;
  std::size_t in_flight_most_ = limits::kInFlight;
  std::uint32_t packet_most_bytes_ = 0;
  bool online_due_ = false;
  bool held_ = false;  // the library took no more; try again a little later
  int refusal_told_ = 0;

  bool stopping_ = false;
  bool offline_said_ = false;
  bool stopped_ = false;
  MonoTime say_offline_by_{};
  PublishCounters counters_;
};

}  // namespace depotlink::publish
