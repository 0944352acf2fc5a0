// SPDX-License-Identifier: Apache-2.0
#pragma once

// ports::Mqtt on Paho MQTT C++. TLS is ours: Paho's bytes go through a TlsLink, whose descriptors
// the event loop watches, and whose failures are told in its words. Paho gets a hand in it once the
// server is trusted, and not before. Main thread only; Paho's two threads wake the loop. Bounds:
// one connection, kMostTokens publishes outstanding, a ring of as many events. Paho waits for up to
// a second in idle polls of its own, so the process makes a system call or two a second.
//
// A connect takes a second where there was one before: Paho looks for new sockets that often. The
// time-out of a connect is noticed by the next NextEvent, or by Paho up to three seconds late.
//
// No call blocks, with two exceptions: Disconnect, for as long as it is told, and the destructor
// after a Connect, for about a second (Paho's threads look only then whether they should end).

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "agent/base/secret.hpp"
#include "agent/ports/mqtt.hpp"
#include "platform/arrival_ring.hpp"
#include "platform/event_loop.hpp"
#include "platform/host_resolver.hpp"
#include "platform/mqtt_ring.hpp"

namespace depotlink::platform {

class PahoConnection;
class TlsLink;
struct PahoParameters;
struct TlsClientOptions;

class PahoMqtt final : public ports::Mqtt, public Watched {
 public:
  // `wake` is called from other threads whenever NextEvent may have something; it must not block,
  // and must be callable until the object is destroyed.
  explicit PahoMqtt(std::function<void()> wake);
  ~PahoMqtt() override;

  // Before a connect with MqttTransport::kTls. `key`: of our own certificate, if any. kAskPerson
  // where the two cannot be used. From then on the event loop must watch this object.
  Status UseTls(const TlsClientOptions& options, const Secret& key);

  Status Connect(const ports::MqttConnect& connect) override;
  Status Publish(ports::MqttToken token, const ports::MqttMessage& message) override;
  Status Subscribe(ports::MqttToken token, std::string_view filter,
                   const ports::MqttListening& listening) override;
  void Unsubscribe(std::string_view filter) override;
  bool NextArrival(ports::MqttArrival& out) override { return arrivals_.Pop(out); }
  void Disconnect(DurationMs timeout_ms) override;
  bool NextEvent(ports::MqttEvent& out) override;

  std::size_t Watch(pollfd* out) override;
  DurationMs WatchMs() override;
  void Drive() override;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  enum class State : std::uint8_t {
    kIdle,
    kResolving,
    kLinking,     // TCP and TLS, before Paho has a part in it
    kConnecting,  // by Paho
    kConnected
  };

  void Drop();
  DurationMs GatherMs();
  void GoOnConnecting();
  void GoOnLinking();
  bool TryNextAddress(std::string& failure);
  bool TryUnixSocket(std::string& failure);
  bool Begin(const std::string& address, std::uint16_t offered, DurationMs timeout_ms,
             std::string& failure);
  void Fail(const std::string& text);
  bool NoteFailure(ports::MqttEvent& event);
  void TellWhy(ports::MqttEvent& event);
  bool Note(ports::MqttEvent& event);

  std::function<void()> wake_;
  MqttRing ring_;
  ArrivalRing arrivals_;
  HostResolver resolver_;
  HostResolver::Addresses addresses_;
  std::size_t next_address_ = 0;
  std::unique_ptr<PahoParameters> parameters_;
  std::unique_ptr<TlsLink> link_;  // null: no TLS
  std::string address_;            // that is being tried
  std::string telling_;  // a failure that says more than a connection that did not come about
  std::unique_ptr<PahoConnection> connection_;
  SteadyTime deadline_{};          // of the connect under way
  SteadyTime address_deadline_{};  // of this address's share of it
  State state_ = State::kIdle;
  std::size_t outstanding_ = 0;
  bool in_loop_ = false;   // WatchMs() is called before each wait
  bool progress_ = false;  // something was sent or acknowledged since the last wait
  SteadyTime gather_until_{};
};

}  // namespace depotlink::platform
