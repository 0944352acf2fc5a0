// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/online_bus.hpp"

#include <algorithm>
#include <utility>

#include "agent/commands/online_api.hpp"
#include "agent/commands/online_burst.hpp"
#include "agent/encode/topics.hpp"
#include "agent/stage_configs.hpp"

namespace depotlink::commands {
namespace {

constexpr DurationMs kConnectMs = 10 * kSecondMs;
constexpr DurationMs kAckMs = 10 * kSecondMs;
constexpr DurationMs kGoodbyeMs = kSecondMs;
constexpr DurationMs kArrivalMs = 5 * kSecondMs;
constexpr ports::MqttToken kToken = 1;
constexpr ports::MqttToken kListenToken = 2;
constexpr std::string_view kPayload = "{\"check\":true}";
// CONNACK (MQTT 3.1.1, 3.2.2.3; MQTT 5, 3.2.2.2).
constexpr int kBadVersion311 = 1;
constexpr int kBadVersion5 = 0x84;

bool IsWhoYouAre(int code) {
  return code == 4 || code == 5 || code == 0x86 || code == 0x87 || code == 0x8C;
}

bool IsVersion(int code) {
  return code == kBadVersion311 || code == kBadVersion5;
}

std::string Number(std::uint64_t value) {
  return std::to_string(value);
}

}  // namespace

BusProbes::BusProbes(const settings::Settings& settings, Secret password, ports::Mqtt& mqtt,
                     Patience& patience, OnlineReport& report)
    : settings_(&settings),
      mqtt_(&mqtt),
      patience_(&patience),
      report_(&report),
      config_(MakePublisherConfig(settings,
                                  encode::TopicBuilder(settings.mqtt.topic_prefix, settings.site),
                                  std::move(password))) {
  config_.client_id += "-check";
}

void BusProbes::Run(std::int64_t trackers) {
  trackers_ = trackers;
  if (patience_->over()) {
    report_->Add("broker", Finding::Skipped("there was no time left"));
    for (const char* probe : {"publish", "burst"}) {
      report_->Add(probe, Finding::Skipped("there was no time left"));
    }
    return;
  }
  const Finding broker = Connect();
  report_->Add("broker", broker);
  const Finding publish = broker.good() ? Publish() : Finding::Skipped("no broker");
  report_->Add("publish", publish);
  report_->Add("burst", publish.good() ? Burst() : Finding::Skipped("nothing can be published"));
  mqtt_->Disconnect(kGoodbyeMs);
}

bool BusProbes::Await(MonoTime deadline, ports::MqttEvent& out) {
  while (!mqtt_->NextEvent(out)) {
    if (!patience_->Wait(deadline)) return mqtt_->NextEvent(out);
  }
  return true;
}

std::string BusProbes::Where() const {
  return config_.transport == ports::MqttTransport::kUnix
             ? config_.host
             : config_.host + " port " + Number(config_.port);
}

bool BusProbes::ConnectWith(ports::MqttVersion version, ports::MqttEvent& out) {
  version_ = version;
  ports::MqttConnect connect = publish::MakeConnect(config_, version);
  connect.timeout_ms = kConnectMs;
  const Status begun = mqtt_->Connect(connect);
  out = ports::MqttEvent{};
  out.kind = ports::MqttEventKind::kConnectFailed;
  if (!begun.ok()) {
    out.text.Assign(begun.message());
    return false;
  }
  ports::MqttEvent event;
  // The port's own time-out comes first.
  if (!Await(patience_->Now() + kConnectMs + kSecondMs, event)) {
    out.text.Assign("no answer in time");
    return false;
  }
  out = event;
  receive_maximum_ = std::max<std::uint16_t>(event.receive_maximum, 1);
  return event.kind == ports::MqttEventKind::kConnected;
}

Finding BusProbes::Connect() {
  ports::MqttEvent event;
  if (config_.try_mqtt5) {
    if (ConnectWith(ports::MqttVersion::k5, event)) return Connected(event);
    if (!config_.try_mqtt311 || !IsVersion(event.reason_code)) return Refused(event);
  }
  return ConnectWith(ports::MqttVersion::k311, event) ? Connected(event) : Refused(event);
}

Finding BusProbes::Connected(const ports::MqttEvent& event) const {
  const std::string says = Where() + " takes " + config_.client_id;
  if (event.maximum_packet_bytes != 0 && event.maximum_packet_bytes < limits::kPayloadBytes) {
    return Finding::Warn(
        says + ", but no packet above " + Number(event.maximum_packet_bytes) + " bytes",
        "let the broker take packets of " + Number(limits::kPayloadBytes) +
            " bytes (mosquitto: max_packet_size), or large records are set aside");
  }
  if (version_ == ports::MqttVersion::k311) {
    return Finding::Warn(says + " by MQTT 3.1.1, where a refused publish is acknowledged like any",
                         "use a broker with MQTT 5 (mosquitto 1.6 or later)");
  }
  return Finding::Ok(says + " by MQTT 5");
}

Finding BusProbes::Refused(const ports::MqttEvent& event) const {
  const std::string why(event.text.view());
  const std::string text = Where() + ": " + why;
  if (IsWhoYouAre(event.reason_code)) {
    return Finding::Fail(text,
                         "see to mqtt.username and the password in mqtt.password_file, and "
                         "let the broker take the client ids " +
                             settings_->mqtt.client_id + " and " + config_.client_id);
  }
  if (event.reason_code > 0) {
    return Finding::Fail(text, "see to the broker's log: it answered, and would not have it");
  }
  if (config_.transport == ports::MqttTransport::kTls &&
      (why.find("certificate") != std::string::npos || why.find("TLS") != std::string::npos)) {
    return Finding::Fail(text, TlsRemedy(why, "mqtt"));
  }
  return Finding::Fail(text,
                       "is the broker running, does it listen for other machines where it is on "
                       "another, and is mqtt.url right?");
}

std::string BusProbes::Topic() const {
  return settings_->mqtt.topic_prefix + '/' + settings_->site + "/check";
}

Finding BusProbes::Burst() {
  if (patience_->over()) return Finding::Skipped("there was no time left");
  mqtt_->Unsubscribe(Topic());
  const auto most = static_cast<std::uint32_t>(limits::kInFlight);
  BurstProbe burst(*mqtt_, *patience_, Topic(), std::min<std::uint32_t>(receive_maximum_, most));
  return burst.Run(trackers_);
}

Finding BusProbes::Publish() {
  const std::string topic = Topic();
  ports::MqttMessage message;
  message.topic = topic;
  message.payload = kPayload;
  const std::string remedy =
      "let the broker take publishes below " + settings_->mqtt.topic_prefix + '/' +
      settings_->site + "/ from " +
      (config_.username.empty() ? "this client" : "the user of mqtt.username") + " (its ACL)";
  const bool listening = Listen(topic);
  const Status sent = mqtt_->Publish(kToken, message);
  if (!sent.ok()) return Finding::Fail(sent.message(), remedy);
  ports::MqttEvent event;
  if (!Await(patience_->Now() + kAckMs, event)) {
    return Finding::Fail("the broker did not acknowledge it within 10 s",
                         "see to the broker's load, its disk and its log");
  }
  if (event.kind == ports::MqttEventKind::kRefused) {
    return Finding::Fail(topic + " is refused: " + std::string(event.text.view()), remedy);
  }
  if (event.kind != ports::MqttEventKind::kAcked) {
    return Finding::Fail("the connection broke: " + std::string(event.text.view()), remedy);
  }
  return listening ? Arrival(topic) : Unheard(topic);
}

// False where this client may not read there, which is the broker's good right.
bool BusProbes::Listen(const std::string& topic) {
  ports::MqttEvent event;
  ports::MqttListening listening;
  listening.own = true;
  return mqtt_->Subscribe(kListenToken, topic, listening).ok() &&
         Await(patience_->Now() + kAckMs, event) && event.kind == ports::MqttEventKind::kAcked;
}

Finding BusProbes::Arrival(const std::string& topic) {
  const MonoTime deadline = patience_->Now() + kArrivalMs;
  ports::MqttArrival arrival;
  for (bool more = true; more; more = patience_->Wait(deadline)) {
    while (mqtt_->NextArrival(arrival)) {
      if (arrival.topic.view() == topic) return Finding::Ok(topic + " is taken, and arrives");
    }
  }
  return Unheard(topic);
}

Finding BusProbes::Unheard(const std::string& topic) const {
  if (version_ == ports::MqttVersion::k311) {
    return Finding::Warn(topic + " is acknowledged, which proves nothing with MQTT 3.1.1",
                         "look with mosquitto_sub whether " + topic + " arrives");
  }
  return Finding::Warn(
      topic + " is taken by the broker, but did not arrive here",
      "let the broker's ACL allow reading it, or look with mosquitto_sub whether " + topic +
          " arrives");
}

}  // namespace depotlink::commands
