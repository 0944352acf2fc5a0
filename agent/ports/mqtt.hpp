// SPDX-License-Identifier: Apache-2.0
#pragma once

// One connection to one MQTT broker. The adapter never retries, reconnects, buffers or reorders:
// who calls it owns all of that.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/base/fixed_string.hpp"
#include "agent/base/limits.hpp"
#include "agent/base/status.hpp"
#include "agent/base/time.hpp"

namespace depotlink::ports {

enum class MqttVersion : std::uint8_t { k311, k5 };
enum class MqttTransport : std::uint8_t {
  kTcp,
  kTls,  // whom to trust, and a certificate of our own, are the adapter's to know
  kUnix  // a socket in the file system
};

// Views must stay valid until Connect returns; the adapter copies.
struct MqttConnect {
  MqttTransport transport = MqttTransport::kTcp;
  std::string_view host;      // name or address, without brackets; kUnix: the socket's path
  std::uint16_t port = 1883;  // not with kUnix
  std::string_view client_id;
  std::string_view username;  // empty: none
  std::string_view password;  // a secret; empty: none
  MqttVersion version = MqttVersion::k5;
  std::string_view will_topic;  // retained, QoS 1
  std::string_view will_payload;
  int keep_alive_s = 30;
  DurationMs timeout_ms = 10 * kSecondMs;
  // MQTT 5: ask the broker to keep the (empty) session for a while, so that `session_present` tells
  // on the next connect whether the broker kept its memory. 0: a clean start each time.
  std::uint32_t session_expiry_s = 0;
};

struct MqttMessage {
  std::string_view topic;    // no wildcard, no control character, valid UTF-8, at most kTopicBytes
  std::string_view payload;  // empty with `retain` clears the retained message
  bool retain = false;
  // MQTT 5: the broker lets go of it after so long, as a retained message as well. 0: never. At
  // most 2^31 - 1.
  std::uint32_t expiry_s = 0;
};

// Chosen by the caller, given back with the outcome.
using MqttToken = std::uint32_t;

enum class MqttEventKind : std::uint8_t {
  kConnected,      // session_present, receive_maximum and maximum_packet_bytes are set
  kConnectFailed,  // reason_code from CONNACK where there was one; text says why
  kLost,           // the connection is gone; tokens outstanding get no outcome any more
  kAcked,          // token: PUBACK with a reason code below 0x80
  kRefused,        // token: PUBACK with reason_code 0x80 or above; the connection stays
  kNotSent         // token: the library could not send it; the connection is as good as lost
};

struct MqttEvent {
  MqttEventKind kind = MqttEventKind::kLost;
  MqttToken token = 0;
  int reason_code = 0;
  bool session_present = false;
  std::uint16_t receive_maximum =
      65535;  // publishes in flight that the broker takes (MQTT 5, 3.2.2.3.3)
  std::uint32_t maximum_packet_bytes = 0;  // 0: the broker named no limit
  FixedString<200> text;                   // for people
};

// A message that came because of Subscribe. Only its topic is kept.
struct MqttArrival {
  FixedString<limits::kTopicBytes> topic;  // empty where only `lost` is to be told
  bool retained = false;                   // it stood there; else it is new
  std::uint32_t lost = 0;                  // so many ahead of it found no room
};

// How to ask for messages.
struct MqttListening {
  bool own = false;            // also what this client publishes; else MQTT 5 leaves that out
  bool at_least_once = false;  // at QoS 1; else at QoS 0
  // How often the one request names the filter: what stands retained comes as often, in one burst
  // (MQTT 5, 3.8.4: as if each stood in a request of its own). Above 1 with `own` only.
  std::uint16_t times = 1;
};

class Mqtt {
 public:
  virtual ~Mqtt() = default;
  // Begins to connect; the outcome comes as an event. A connection that is still there is dropped
  // first, without an event. kReject where the parameters are unusable.
  virtual Status Connect(const MqttConnect& connect) = 0;
  // QoS 1. kRetryLater where there is no connection or the library is full; then no event follows.
  // At most limits::kInFlight + 4 tokens may be outstanding.
  virtual Status Publish(MqttToken token, const MqttMessage& message) = 0;
  // Asks for messages at topics that match `filter`: what stands retained first. The outcome comes
  // as kAcked or kRefused (kNotSent: as with Publish) of `token`, which counts among those
  // outstanding. One filter at a time.
  virtual Status Subscribe(MqttToken token, std::string_view filter,
                           const MqttListening& listening) = 0;
  // Ends that, and forgets what has arrived; no event.
  virtual void Unsubscribe(std::string_view filter) = 0;
  // Takes the oldest message that has arrived, in a bounded ring like the events; messages without
  // a payload are not told.
  virtual bool NextArrival(MqttArrival& out) = 0;
  // Sends DISCONNECT (so that no will is published) and forgets outstanding tokens; no event. Waits
  // at most `timeout_ms`.
  virtual void Disconnect(DurationMs timeout_ms) = 0;
  // Takes the oldest event that has not been taken yet. False where there is none. Events come from
  // the library's threads; the adapter holds them in a bounded ring and wakes the loop.
  virtual bool NextEvent(MqttEvent& out) = 0;
};

}  // namespace depotlink::ports
