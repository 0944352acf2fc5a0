// SPDX-License-Identifier: Apache-2.0
#pragma once

// ports::Mqtt on Paho MQTT C++. Main thread only; Paho's two threads wake the loop. Bounds: one
// connection, kMostTokens publishes outstanding, a ring of as many events. Paho waits for up to a
// second in idle polls of its own, so the process makes a system call or two a second.
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

#include "agent/ports/mqtt.hpp"
#include "platform/host_resolver.hpp"
#include "platform/mqtt_ring.hpp"

namespace depotlink::platform {

class PahoConnection;
struct PahoParameters;

class PahoMqtt final : public ports::Mqtt {
 public:
  // `wake` is called from other threads whenever NextEvent may have something; it must not block,
  // and must be callable until the object is destroyed.
  explicit PahoMqtt(std::function<void()> wake);
  ~PahoMqtt() override;

  Status Connect(const ports::MqttConnect& connect) override;
  Status Publish(ports::MqttToken token, const ports::MqttMessage& message) override;
  void Disconnect(DurationMs timeout_ms) override;
  bool NextEvent(ports::MqttEvent& out) override;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  enum class State : std::uint8_t { kIdle, kResolving, kConnecting, kConnected };

  void GoOnConnecting();
  bool TryNextAddress(std::string& failure);
  void Fail(const std::string& text);
  bool Note(const ports::MqttEvent& event);

  MqttRing ring_;
  HostResolver resolver_;
  HostResolver::Addresses addresses_;
  std::size_t next_address_ = 0;
  std::unique_ptr<PahoParameters> parameters_;
  std::unique_ptr<PahoConnection> connection_;
  SteadyTime deadline_{};  // of the connect under way
  State state_ = State::kIdle;
  std::size_t outstanding_ = 0;
};

}  // namespace depotlink::platform
