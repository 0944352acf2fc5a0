// SPDX-License-Identifier: Apache-2.0
#pragma once

// One connection, used once: a Paho client object that lives from one connect to the next. A fresh
// object is the only way to be sure that the library holds no message of the last connection (with
// an MQTT 5 session that outlives it, Paho would send those again by itself).
//
// Paho's callbacks come on its two threads, under its global lock. They do nothing but push into
// the ring: no library call, no lock of ours beyond the ring's. The destructor must not run in a
// callback; after it, none comes. Its handlers are set once, before the connect, and not by
// set_callback, whose lock order is the wrong way round (paho.mqtt.cpp#356).

#include <cstdint>
#include <functional>
#include <string>

#include <mqtt/async_client.h>

#include "agent/base/secret.hpp"
#include "agent/base/status.hpp"
#include "agent/ports/mqtt.hpp"
#include "platform/arrival_ring.hpp"
#include "platform/mqtt_ring.hpp"

namespace depotlink::platform {

// ports::MqttConnect with copies of its own.
struct PahoParameters {
  ports::MqttTransport transport = ports::MqttTransport::kTcp;
  std::string host;
  std::uint16_t port = 0;
  std::string client_id;
  std::string username;
  Secret password;
  ports::MqttVersion version = ports::MqttVersion::k5;
  std::string will_topic;
  std::string will_payload;
  int keep_alive_s = 30;
  std::uint32_t session_expiry_s = 0;
};

class PahoConnection {
 public:
  // May throw mqtt::exception or std::bad_alloc, as may Begin, Publish and SendDisconnect: the
  // callers in paho_mqtt.cpp stop them; Subscribe and Unsubscribe too. `address` is numeric; where
  // a socket is `offered` (paho_socket.hpp, its port; else 0) it is what events say only. `ring`
  // and `arrivals` must outlive the object; `wake` is called after arrivals, from Paho's thread.
  PahoConnection(const PahoParameters& parameters, const std::string& address,
                 std::uint16_t offered, MqttRing& ring, std::uint32_t generation,
                 ArrivalRing& arrivals, std::function<void()> wake);
  ~PahoConnection();
  PahoConnection(const PahoConnection&) = delete;
  PahoConnection& operator=(const PahoConnection&) = delete;

  void Begin(const PahoParameters& parameters, DurationMs timeout_ms);
  // `hold_sender`: ReleaseSender() follows.
  void Publish(ports::MqttToken token, const ports::MqttMessage& message, bool hold_sender);
  void Subscribe(ports::MqttToken token, const std::string& filter,
                 const ports::MqttListening& listening);
  void Unsubscribe(const std::string& filter);
  // Sends DISCONNECT and waits until it is out, at most `timeout_ms`; calls `meanwhile` now and
  // then, if there is any.
  void SendDisconnect(DurationMs timeout_ms, const std::function<void()>& meanwhile);

 private:
  class ConnectListener : public mqtt::iaction_listener {
   public:
    explicit ConnectListener(PahoConnection& owner) : owner_(&owner) {}
    void on_success(const mqtt::token& token) override;
    void on_failure(const mqtt::token& token) override;

   private:
    PahoConnection* owner_;
  };
  class PublishListener : public mqtt::iaction_listener {
   public:
    explicit PublishListener(PahoConnection& owner) : owner_(&owner) {}
    void on_success(const mqtt::token& token) override;
    void on_failure(const mqtt::token& token) override;

   private:
    PahoConnection* owner_;
  };

  void OnLost(const std::string& cause);
  void OnDisconnected(const mqtt::properties& properties, mqtt::ReasonCode code);

  void OnMessage(const mqtt::const_message_ptr& message);

  MqttRing* ring_;
  ArrivalRing* arrivals_;
  std::function<void()> wake_;
  std::uint32_t generation_;
  ports::MqttVersion version_;
  std::string address_;
  ConnectListener connect_listener_;
  PublishListener publish_listener_;
  // Last, so that it goes first: until it is gone callbacks may come.
  mqtt::async_client client_;
};

// For people: `refused: not authorized (0x87)`. `code` as in CONNACK, PUBACK or DISCONNECT.
std::string DescribeReason(ports::MqttVersion version, int code);

}  // namespace depotlink::platform
