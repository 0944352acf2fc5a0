// SPDX-License-Identifier: Apache-2.0
#include "platform/paho_mqtt.hpp"

#include <algorithm>
#include <exception>
#include <limits>
#include <utility>

#include "platform/paho_connection.hpp"

namespace depotlink::platform {

namespace {

constexpr std::size_t kMostTextBytes = std::numeric_limits<std::uint16_t>::max();

bool IsPlain(std::string_view text) {
  return text.size() <= kMostTextBytes && text.find('\0') == std::string_view::npos;
}

Status Check(const ports::MqttConnect& connect) {
  if (connect.host.empty() || !IsPlain(connect.host) || connect.port == 0) {
    return {Code::kReject, "the broker's address is unusable"};
  }
  if (connect.client_id.empty() || !IsPlain(connect.client_id)) {
    return {Code::kReject, "the MQTT client id is unusable"};
  }
  if (!IsPlain(connect.username) || connect.password.size() > kMostTextBytes ||
      !IsPlain(connect.will_topic) || connect.will_payload.size() > kMostTextBytes) {
    return {Code::kReject, "user name, password or will of the MQTT connection is unusable"};
  }
  const bool good =
      connect.keep_alive_s >= 0 && connect.keep_alive_s <= 65535 && connect.timeout_ms > 0;
  return good ? Status::Ok() : Status(Code::kReject, "keep-alive or time-out is out of range");
}

DurationMs Remaining(std::chrono::steady_clock::time_point deadline) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(deadline -
                                                               std::chrono::steady_clock::now())
      .count();
}

}  // namespace

PahoMqtt::PahoMqtt(std::function<void()> wake) : ring_(wake), resolver_(std::move(wake)) {
  MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);  // else it keeps the last 400 trace lines, 125 kB
}

PahoMqtt::~PahoMqtt() {
  resolver_.Drop();
  ring_.Close();
}

Status PahoMqtt::Connect(const ports::MqttConnect& connect) {
  if (Status status = Check(connect); !status.ok()) return status;
  auto parameters = std::make_unique<PahoParameters>();
  parameters->host = connect.host;
  parameters->port = connect.port;
  parameters->client_id = connect.client_id;
  parameters->username = connect.username;
  parameters->password = Secret(std::string(connect.password));
  parameters->version = connect.version;
  parameters->will_topic = connect.will_topic;
  parameters->will_payload = connect.will_payload;
  parameters->keep_alive_s = connect.keep_alive_s;
  parameters->session_expiry_s = connect.session_expiry_s;
  // The old client, if any, stays until there is a new one: while Paho has a client its threads go
  // on, and starting them anew would take a second.
  ring_.Close();
  outstanding_ = 0;
  addresses_ = {};
  next_address_ = 0;
  parameters_ = std::move(parameters);
  deadline_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(connect.timeout_ms);
  state_ = State::kResolving;
  Status status = resolver_.Start(parameters_->host);
  if (!status.ok()) state_ = State::kIdle;
  return status;
}

Status PahoMqtt::Publish(ports::MqttToken token, const ports::MqttMessage& message) {
  if (state_ != State::kConnected) return {Code::kRetryLater, "no connection to the broker"};
  if (outstanding_ >= kMostTokens) return {Code::kRetryLater, "too many publishes are under way"};
  if (message.topic.empty() || !IsPlain(message.topic)) return {Code::kReject, "unusable topic"};
  try {
    connection_->Publish(token, message);
  } catch (const mqtt::exception& e) {
    const bool bad = e.get_return_code() == MQTTASYNC_BAD_UTF8_STRING;
    return {bad ? Code::kReject : Code::kRetryLater, e.what()};
  } catch (const std::exception& e) {
    return {Code::kRetryLater, e.what()};
  }
  ++outstanding_;
  return Status::Ok();
}

void PahoMqtt::Disconnect(DurationMs timeout_ms) {
  const bool connected = state_ == State::kConnected;
  resolver_.Drop();
  ring_.Close();
  outstanding_ = 0;
  parameters_.reset();
  state_ = State::kIdle;
  if (!connected) return;
  try {
    connection_->SendDisconnect(timeout_ms);
  } catch (const std::exception&) {
    return;  // it is gone already, which is all that was wanted
  }
}

bool PahoMqtt::NextEvent(ports::MqttEvent& out) {
  for (;;) {
    GoOnConnecting();
    if (!ring_.Pop(out)) return false;
    if (Note(out)) return true;
  }
}

// Starts what waits for the look-up, and keeps the deadline (Paho looks at its own every three
// seconds only, and the name server may take as long as it likes).
void PahoMqtt::GoOnConnecting() {
  if (state_ != State::kResolving && state_ != State::kConnecting) return;
  if (Remaining(deadline_) <= 0) {
    Fail(parameters_->host + (state_ == State::kResolving ? ": the look-up of its name timed out"
                                                          : ": connecting timed out"));
    return;
  }
  if (state_ != State::kResolving || !resolver_.Take(addresses_)) return;
  if (addresses_.count == 0) {
    Fail(parameters_->host + ": " + addresses_.failure);
    return;
  }
  std::string failure;
  if (!TryNextAddress(failure)) Fail(failure);
}

bool PahoMqtt::TryNextAddress(std::string& failure) {
  const std::size_t left = addresses_.count - next_address_;
  const std::string address = addresses_.text[next_address_++];
  const DurationMs time = Remaining(deadline_) / static_cast<DurationMs>(left);
  try {
    auto fresh = std::make_unique<PahoConnection>(*parameters_, address, ring_, ring_.Open());
    connection_.swap(fresh);
    fresh.reset();  // closes the old connection, while the new client keeps Paho's threads alive
    connection_->Begin(*parameters_, std::max(time, kSecondMs));
  } catch (const std::exception& e) {
    failure = address + ": " + e.what();
    return false;
  }
  state_ = State::kConnecting;
  return true;
}

void PahoMqtt::Fail(const std::string& text) {
  resolver_.Drop();
  ports::MqttEvent event;
  event.kind = ports::MqttEventKind::kConnectFailed;
  event.text.Assign(text);
  addresses_.count = next_address_;  // no further address
  ring_.Push(ring_.Open(), event);
}

// Follows what an event means for the connection. False where the event stays inside.
bool PahoMqtt::Note(const ports::MqttEvent& event) {
  switch (event.kind) {
    case ports::MqttEventKind::kConnected:
      state_ = State::kConnected;
      parameters_.reset();  // the password with it
      return true;
    case ports::MqttEventKind::kConnectFailed: {
      std::string failure;
      const bool refused = event.reason_code > 0;  // by a broker: another address is no remedy
      if (!refused && next_address_ < addresses_.count && TryNextAddress(failure)) return false;
      state_ = State::kIdle;
      parameters_.reset();
      return true;
    }
    case ports::MqttEventKind::kLost:
      state_ = State::kIdle;
      outstanding_ = 0;
      return true;
    case ports::MqttEventKind::kAcked:
    case ports::MqttEventKind::kRefused:
    case ports::MqttEventKind::kNotSent:
      if (outstanding_ > 0) --outstanding_;
      return true;
  }
  return true;
}

}  // namespace depotlink::platform
