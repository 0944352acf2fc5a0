// SPDX-License-Identifier: Apache-2.0
#include "platform/paho_connection.hpp"

#include <MQTTAsync.h>
#include <MQTTReasonCodes.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>
#include <vector>

#include "platform/paho_sender.hpp"
#include "platform/paho_socket.hpp"

namespace depotlink::platform {

namespace {

// Paho's send thread stalls for a second when as many messages wait as it may have in flight.
constexpr int kMaxInflight = 64;
static_assert(static_cast<std::size_t>(kMaxInflight) > kMostTokens + 4);
constexpr DurationMs kMeanwhileMs = 5;

int PahoVersion(ports::MqttVersion version) {
  return version == ports::MqttVersion::k5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
}

std::string ServerUri(const std::string& address, std::uint16_t port, std::uint16_t offered) {
  if (offered != 0) return std::string("tcp://") + kOfferedHost + ':' + std::to_string(offered);
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? "tcp://[" + address + "]:" : "tcp://" + address + ":") + std::to_string(port);
}

mqtt::create_options CreateOptions(ports::MqttVersion version) {
  mqtt::create_options options(PahoVersion(version), kMaxInflight);
  options.set_send_while_disconnected(false);
  return options;
}

void* ToContext(ports::MqttToken token) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): never followed; the library only carries it
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(token));
}

ports::MqttToken ToToken(const mqtt::token& token) {
  return static_cast<ports::MqttToken>(reinterpret_cast<std::uintptr_t>(token.get_user_context()));
}

const char* ConnackText(int code) {
  switch (code) {
    case 1:
      return "unacceptable protocol version";
    case 2:
      return "client identifier rejected";
    case 3:
      return "server unavailable";
    case 4:
      return "bad user name or password";
    case 5:
      return "not authorized";
    default:
      return "unknown reason";
  }
}

}  // namespace

std::string DescribeReason(ports::MqttVersion version, int code) {
  const char* text = nullptr;
  // A broker that knows 3.1.1 only answers an MQTT 5 connect with a code of 3.1.1.
  if (version == ports::MqttVersion::k311 || code < 0x80) {
    text = ConnackText(code);
  } else {
    text = MQTTReasonCode_toString(static_cast<MQTTReasonCodes>(code));
  }
  char line[100];
  std::snprintf(line, sizeof(line), "refused: %s (0x%02X)",
                text != nullptr ? text : "unknown reason", static_cast<unsigned>(code));
  return line;
}

PahoConnection::PahoConnection(const PahoParameters& parameters, const std::string& address,
                               std::uint16_t offered, MqttRing& ring, std::uint32_t generation,
                               ArrivalRing& arrivals, std::function<void()> wake)
    : ring_(&ring),
      arrivals_(&arrivals),
      wake_(std::move(wake)),
      generation_(generation),
      version_(parameters.version),
      address_(address),
      connect_listener_(*this),
      publish_listener_(*this),
      client_(ServerUri(address, parameters.port, offered), parameters.client_id,
              CreateOptions(parameters.version)) {
  client_.set_message_callback(
      [this](const mqtt::const_message_ptr& message) { OnMessage(message); });
  client_.set_connection_lost_handler([this](const std::string& cause) { OnLost(cause); });
  if (version_ == ports::MqttVersion::k5) {
    client_.set_disconnected_handler(
        [this](const mqtt::properties& properties, mqtt::ReasonCode code) {
          OnDisconnected(properties, code);
        });
  }
}

PahoConnection::~PahoConnection() = default;

void PahoConnection::Begin(const PahoParameters& parameters, DurationMs timeout_ms) {
  ForgetPublished();
  const bool v5 = version_ == ports::MqttVersion::k5;
  const bool keep_session = parameters.session_expiry_s > 0;
  mqtt::connect_options options;
  options.set_mqtt_version(PahoVersion(version_));
  if (v5) {
    options.set_clean_start(!keep_session);
  } else {
    options.set_clean_session(!keep_session);
  }
  if (v5 && keep_session) {
    mqtt::properties properties;
    properties.add(mqtt::property(mqtt::property::SESSION_EXPIRY_INTERVAL,
                                  static_cast<std::int32_t>(parameters.session_expiry_s)));
    options.set_properties(std::move(properties));
  }
  options.set_keep_alive_interval(parameters.keep_alive_s);
  options.set_connect_timeout(
      static_cast<int>(std::clamp<DurationMs>((timeout_ms + 999) / kSecondMs, 1, 3600)));
  options.set_automatic_reconnect(false);
  options.set_max_inflight(kMaxInflight);
  if (!parameters.username.empty()) options.set_user_name(parameters.username);
  if (!parameters.password.empty()) {
    // Paho keeps copies of its own for as long as the client lives; they cannot be wiped from here.
    options.set_password(mqtt::binary_ref(std::string(parameters.password.Reveal())));
  }
  if (!parameters.will_topic.empty()) {
    options.set_will_message(mqtt::message(parameters.will_topic, parameters.will_payload.data(),
                                           parameters.will_payload.size(), 1, true));
  }
  // A copy, not a move: a moved connect_options of 1.2.0 loses its properties (the C struct inside
  // goes on pointing to the empty shell, here to `options`).
  client_.connect(options, nullptr, connect_listener_);
}

void PahoConnection::Publish(ports::MqttToken token, const ports::MqttMessage& message,
                             bool hold_sender) {
  const mqtt::message_ptr paho_message =
      mqtt::make_message(std::string(message.topic), message.payload.data(), message.payload.size(),
                         1, message.retain);
  if (message.expiry_s > 0 && version_ == ports::MqttVersion::k5) {
    mqtt::properties properties;
    properties.add(
        {mqtt::property::MESSAGE_EXPIRY_INTERVAL, static_cast<std::int32_t>(message.expiry_s)});
    paho_message->set_properties(properties);
  }
  NotePublished();
  try {
    const HeldSender hold(hold_sender);
    client_.publish(paho_message, ToContext(token), publish_listener_);
  } catch (...) {
    NotePublished(-1);
    throw;
  }
}

void PahoConnection::Subscribe(ports::MqttToken token, const std::string& filter,
                               const ports::MqttListening& listening) {
  const bool no_local = !listening.own && version_ == ports::MqttVersion::k5;
  const mqtt::subscribe_options options(no_local);
  const int qos = listening.at_least_once ? 1 : 0;
  if (listening.times <= 1) {
    client_.subscribe(filter, qos, ToContext(token), publish_listener_, options);
    return;
  }
  const std::size_t times = listening.times;
  const auto filters = mqtt::string_collection::create(std::vector<std::string>(times, filter));
  // Without options, which are then those of the standard: Paho C++ 1.2.0 copies the count of a
  // list of them, and not the list.
  client_.subscribe(filters, mqtt::async_client::qos_collection(times, qos), ToContext(token),
                    publish_listener_);
}

void PahoConnection::Unsubscribe(const std::string& filter) {
  client_.unsubscribe(filter);
}

void PahoConnection::SendDisconnect(DurationMs timeout_ms, const std::function<void()>& meanwhile) {
  const mqtt::token_ptr token = client_.disconnect(0);
  const DurationMs slice = meanwhile ? kMeanwhileMs : timeout_ms;
  for (DurationMs left = std::max<DurationMs>(timeout_ms, 0);; left -= slice) {
    if (token->wait_for(std::chrono::milliseconds(std::min(left, slice))) || left <= slice) return;
    meanwhile();
  }
}

// The handlers below run on Paho's threads; nothing may be thrown through its C frames.

void PahoConnection::ConnectListener::on_success(const mqtt::token& token) {
  ports::MqttEvent event;
  event.kind = ports::MqttEventKind::kConnected;
  try {
    const mqtt::connect_response response = token.get_connect_response();
    event.session_present = response.is_session_present();
    if (owner_->version_ == ports::MqttVersion::k5) {
      const mqtt::properties& properties = response.get_properties();
      if (properties.contains(mqtt::property::RECEIVE_MAXIMUM)) {
        event.receive_maximum =
            mqtt::get<std::uint16_t>(properties, mqtt::property::RECEIVE_MAXIMUM);
      }
      if (properties.contains(mqtt::property::MAXIMUM_PACKET_SIZE)) {
        event.maximum_packet_bytes =
            mqtt::get<std::uint32_t>(properties, mqtt::property::MAXIMUM_PACKET_SIZE);
      }
    }
    event.text.Assign(owner_->address_);
  } catch (...) {  // no memory: connected without what the broker said
    event.receive_maximum = 1;
  }
  owner_->ring_->Push(owner_->generation_, event);
}

void PahoConnection::ConnectListener::on_failure(const mqtt::token& token) {
  ports::MqttEvent event;
  event.kind = ports::MqttEventKind::kConnectFailed;
  // Positive: what CONNACK said, in either version. Negative: Paho's own errors.
  event.reason_code = std::max(token.get_return_code(), 0);
  try {
    std::string text = owner_->address_ + ": ";
    if (event.reason_code > 0) {
      text += DescribeReason(owner_->version_, event.reason_code);
    } else {
      // All that Paho tells of a socket that does not connect is -1.
      text += token.get_return_code() == MQTTASYNC_FAILURE
                  ? "no answer, or the connection was refused"
                  : mqtt::exception::error_str(token.get_return_code());
    }
    event.text.Assign(text);
  } catch (...) {  // the event matters, its text does not
    event.text.Clear();
  }
  owner_->ring_->Push(owner_->generation_, event);
}

void PahoConnection::PublishListener::on_success(const mqtt::token& token) {
  NoteAckTaken();
  ports::MqttEvent event;
  event.kind = ports::MqttEventKind::kAcked;
  event.token = ToToken(token);
  owner_->ring_->Push(owner_->generation_, event);
}

void PahoConnection::PublishListener::on_failure(const mqtt::token& token) {
  ports::MqttEvent event;
  event.token = ToToken(token);
  const int code = token.get_return_code();
  // Paho takes its messages back because the connection is gone: the loss is told by itself.
  if (code == MQTTASYNC_OPERATION_INCOMPLETE) return;
  const int reason =
      owner_->version_ == ports::MqttVersion::k5 ? static_cast<int>(token.get_reason_code()) : 0;
  event.kind = ports::MqttEventKind::kNotSent;
  if (reason >= 0x80) {
    event.kind = ports::MqttEventKind::kRefused;
    event.reason_code = reason;
  }
  try {
    event.text.Assign(reason >= 0x80
                          ? DescribeReason(owner_->version_, reason)
                          : "the library could not send it (" + std::to_string(code) + ")");
  } catch (...) {
    event.text.Clear();
  }
  owner_->ring_->Push(owner_->generation_, event);
}

void PahoConnection::OnMessage(const mqtt::const_message_ptr& message) {
  if (message->get_payload_ref().empty()) return;
  if (arrivals_->Push(message->get_topic(), message->is_retained())) wake_();
}

void PahoConnection::OnLost(const std::string& cause) {
  ports::MqttEvent event;
  event.kind = ports::MqttEventKind::kLost;
  event.text.Assign(cause.empty() ? "the connection broke" : std::string_view(cause));
  ring_->Push(generation_, event);
}

// Paho calls no connection-lost handler after a DISCONNECT of the broker's.
void PahoConnection::OnDisconnected(const mqtt::properties& properties, mqtt::ReasonCode code) {
  ports::MqttEvent event;
  event.kind = ports::MqttEventKind::kLost;
  event.reason_code = static_cast<int>(code);
  try {
    std::string text = "the broker disconnected: ";
    text += event.reason_code >= 0x80 ? DescribeReason(version_, event.reason_code) : "normally";
    if (properties.contains(mqtt::property::REASON_STRING)) {
      text += ": " + mqtt::get<std::string>(properties, mqtt::property::REASON_STRING);
    }
    event.text.Assign(text);
  } catch (...) {
    event.text.Clear();
  }
  ring_->Push(generation_, event);
}

}  // namespace depotlink::platform
