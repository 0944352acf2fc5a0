// SPDX-License-Identifier: Apache-2.0
#pragma once

// A broker of the test's making behind ports::Mqtt. The test decides what becomes of each connect
// and each message, in whatever order; the broker's retained messages are kept, so that a test can
// say what must stand there in the end.
//
// A message that was published is on its way (outstanding) until the test acknowledges or refuses
// it. The broker takes it when it is acknowledged, or when Take() says that it arrived though no
// acknowledgement came back. As over TCP, what arrives before a loss is always a front part.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/limits.hpp"
#include "agent/ports/mqtt.hpp"

namespace depotlink::fakes {

class FakeMqtt : public ports::Mqtt {
 public:
  struct Attempt {
    std::string host;
    std::uint16_t port = 0;
    std::string client_id;
    std::string username;
    std::string password;
    ports::MqttVersion version = ports::MqttVersion::k5;
    std::string will_topic;
    std::string will_payload;
    std::uint32_t session_expiry_s = 0;
  };
  struct Message {
    ports::MqttToken token = 0;
    std::string topic;
    std::string payload;
    bool retain = false;
    bool taken = false;  // it has arrived
    std::uint32_t expiry_s = 0;
  };
  struct Acceptance {
    bool session_present = false;
    std::uint16_t receive_maximum = 65535;
    std::uint32_t maximum_packet_bytes = 0;
  };

  // --- ports::Mqtt
  Status Connect(const ports::MqttConnect& connect) override {
    attempts_.push_back({std::string(connect.host), connect.port, std::string(connect.client_id),
                         std::string(connect.username), std::string(connect.password),
                         connect.version, std::string(connect.will_topic),
                         std::string(connect.will_payload), connect.session_expiry_s});
    outstanding_.clear();
    connected_ = connecting_ = false;
    if (!unusable_.empty()) return {Code::kReject, unusable_};
    connecting_ = true;
    return Status::Ok();
  }
  Status Publish(ports::MqttToken token, const ports::MqttMessage& message) override {
    if (!connected_ || library_full_) return {Code::kRetryLater, "no connection, or full"};
    if (!rejection_.empty()) return {Code::kReject, rejection_};
    if (outstanding_.size() >= limits::kInFlight + 4) ++violations_;
    if (outstanding_.size() >= acceptance_.receive_maximum) ++violations_;
    outstanding_.push_back({token, std::string(message.topic), std::string(message.payload),
                            message.retain, false, message.expiry_s});
    sent_.push_back(outstanding_.back());
    return Status::Ok();
  }
  void Disconnect(DurationMs) override {
    ++disconnects_;
    outstanding_.clear();
    connected_ = connecting_ = false;
  }
  bool NextEvent(ports::MqttEvent& out) override {
    if (events_.empty()) return false;
    out = events_.front();
    events_.pop_front();
    // What stands retained comes behind the answer.
    if (out.kind == ports::MqttEventKind::kAcked && out.token == asked_ && !filter_.empty()) {
      asked_ = kNothingAsked;
      std::size_t left = burst_most_;
      for (std::size_t time = 0; time < times_; ++time) {
        for (const auto& [topic, payload] : retained_) {
          if (Matches(topic) && left > 0) --left, Arrive(topic, true);
        }
      }
    }
    return true;
  }

  Status Subscribe(ports::MqttToken token, std::string_view filter,
                   const ports::MqttListening& listening) override {
    if (!connected_ || library_full_) return {Code::kRetryLater, "no connection, or full"};
    filters_.emplace_back(filter);
    if (subscribe_refusal_ != 0) {
      Happen(ports::MqttEventKind::kRefused, token, subscribe_refusal_, "not authorized");
      return Status::Ok();
    }
    filter_ = filter;
    own_ = listening.own;
    times_ = listening.times;
    asked_ = token;
    Happen(ports::MqttEventKind::kAcked, token, 0, {});
    return Status::Ok();
  }
  void Unsubscribe(std::string_view filter) override {
    if (filter_ == filter) filter_.clear();
    asked_ = kNothingAsked;
    arrivals_.clear();
    lost_ = 0;
  }
  bool NextArrival(ports::MqttArrival& out) override {
    if (arrivals_.empty() && lost_ == 0) return false;
    out.lost = std::exchange(lost_, 0);
    out.topic.Clear();
    if (arrivals_.empty()) return true;
    out.topic.Assign(arrivals_.front().first);
    out.retained = arrivals_.front().second;
    arrivals_.pop_front();
    return true;
  }

  // --- what stands retained, to be looked at
  // As by an earlier run.
  void PutRetained(const std::string& topic, const std::string& payload) { Retain(topic, payload); }
  // Each Subscribe is refused with this reason from now on; 0: no more.
  void RefuseSubscribe(int reason_code) { subscribe_refusal_ = reason_code; }
  // So many arrivals are kept, and the rest of them is lost.
  void KeepArrivals(std::size_t most) { arrivals_most_ = most; }
  // The broker sends so many retained messages for one request, and drops the rest of them.
  void DropBurstsAbove(std::size_t most) { burst_most_ = most; }
  // All that was ever asked for, in order.
  const std::vector<std::string>& filters() const { return filters_; }
  // What is asked for now; empty: nothing.
  const std::string& filter() const { return filter_; }

  // --- the connection
  void Accept() { Accept(Acceptance{}); }
  void Accept(const Acceptance& acceptance) {
    acceptance_ = acceptance;
    connected_ = true;
    connecting_ = false;
    ports::MqttEvent event;
    event.kind = ports::MqttEventKind::kConnected;
    event.session_present = acceptance.session_present;
    event.receive_maximum = acceptance.receive_maximum;
    event.maximum_packet_bytes = acceptance.maximum_packet_bytes;
    events_.push_back(event);
  }
  void RefuseConnect(int reason_code, std::string_view text) {
    connecting_ = false;
    Happen(ports::MqttEventKind::kConnectFailed, 0, reason_code, text);
  }
  // The connection breaks; the first `arrived` of the outstanding messages were taken before.
  void Lose(std::size_t arrived = 0, std::string_view text = "connection reset") {
    for (std::size_t i = 0; i < std::min(arrived, outstanding_.size()); ++i) {
      TakeMessage(outstanding_[i]);
    }
    outstanding_.clear();
    Unsubscribe(filter_);
    if (connected_ && !attempts_.empty()) {
      Retain(attempts_.back().will_topic, attempts_.back().will_payload);
    }
    connected_ = connecting_ = false;
    Happen(ports::MqttEventKind::kLost, 0, 0, text);
  }
  // The library gives up on a message; nothing of it arrives.
  void FailToSend(ports::MqttToken token) {
    Erase(token);
    Happen(ports::MqttEventKind::kNotSent, token, 0, "not sent");
  }
  // The broker loses its memory.
  void ForgetRetained() { retained_.clear(); }
  // Connect is refused as unusable from now on; empty: no more.
  void CallUnusable(std::string why) { unusable_ = std::move(why); }
  // Publish says kRetryLater from now on.
  void FillLibrary(bool full) { library_full_ = full; }
  // Publish says kReject from now on; empty: no more.
  void RejectPublishes(std::string why) { rejection_ = std::move(why); }

  // --- messages on their way
  const std::vector<Message>& outstanding() const { return outstanding_; }
  void Ack(ports::MqttToken token) {
    Take(token);
    Erase(token);
    Happen(ports::MqttEventKind::kAcked, token, 0, {});
  }
  void AckAll() {
    while (!outstanding_.empty()) Ack(outstanding_.front().token);
  }
  // It arrives, but its acknowledgement is held back.
  void Take(ports::MqttToken token) {
    const auto at = Find(token);
    if (at != outstanding_.end()) TakeMessage(*at);
  }
  void Refuse(ports::MqttToken token, int reason_code, std::string_view text = "refused") {
    Erase(token);
    Happen(ports::MqttEventKind::kRefused, token, reason_code, text);
  }
  // An outcome out of nothing, as from a connection that is long gone.
  void Happen(ports::MqttEventKind kind, ports::MqttToken token, int reason_code,
              std::string_view text) {
    ports::MqttEvent event;
    event.kind = kind;
    event.token = token;
    event.reason_code = reason_code;
    event.text.Assign(text);
    events_.push_back(event);
  }

  // --- what came of it
  const std::vector<Attempt>& attempts() const { return attempts_; }
  // Everything that was handed to Publish and taken on, repeats included.
  const std::vector<Message>& sent() const { return sent_; }
  void ForgetSent() { sent_.clear(); }
  bool connected() const { return connected_; }
  bool connecting() const { return connecting_; }
  std::size_t disconnects() const { return disconnects_; }
  // Promises of the port that the caller broke: too many outstanding.
  std::size_t violations() const { return violations_; }
  const std::map<std::string, std::string>& retained() const { return retained_; }
  // Empty where nothing is retained there.
  std::string Retained(const std::string& topic) const {
    const auto at = retained_.find(topic);
    return at == retained_.end() ? std::string() : at->second;
  }
  // Is called for each message that the broker takes, repeats included, in the broker's order.
  void OnTaken(std::function<void(const Message&)> listener) { listener_ = std::move(listener); }

 private:
  std::vector<Message>::iterator Find(ports::MqttToken token) {
    return std::find_if(outstanding_.begin(), outstanding_.end(),
                        [token](const Message& message) { return message.token == token; });
  }
  void Arrive(const std::string& topic, bool retained) {
    if (arrivals_.size() < arrivals_most_) {
      arrivals_.emplace_back(topic, retained);
    } else {
      ++lost_;
    }
  }
  // `filter_` has one `+`, for a level, or none.
  bool Matches(const std::string& topic) const {
    const std::size_t plus = filter_.find('+');
    if (plus == std::string::npos) return topic == filter_;
    const std::string_view tail = std::string_view(filter_).substr(plus + 1);
    if (topic.compare(0, plus, filter_, 0, plus) != 0) return false;
    const std::size_t end = std::min(topic.find('/', plus), topic.size());
    return std::string_view(topic).substr(end) == tail;
  }
  void Erase(ports::MqttToken token) {
    const auto at = Find(token);
    if (at != outstanding_.end()) outstanding_.erase(at);
  }
  void TakeMessage(Message& message) {
    if (message.taken) return;
    message.taken = true;
    if (message.retain) Retain(message.topic, message.payload);
    if (own_ && !filter_.empty() && Matches(message.topic)) Arrive(message.topic, false);
    if (listener_) listener_(message);
  }
  void Retain(const std::string& topic, const std::string& payload) {
    if (payload.empty()) {
      retained_.erase(topic);
    } else {
      retained_[topic] = payload;
    }
  }

  std::vector<Attempt> attempts_;
  Acceptance acceptance_;
  bool connected_ = false;
  bool connecting_ = false;
  std::string unusable_;
  bool library_full_ = false;
  std::string rejection_;
  std::vector<Message> outstanding_;
  std::vector<Message> sent_;
  std::deque<ports::MqttEvent> events_;
  std::map<std::string, std::string> retained_;
  static constexpr ports::MqttToken kNothingAsked = UINT32_MAX;
  ports::MqttToken asked_ = kNothingAsked;
  std::string filter_;
  std::vector<std::string> filters_;
  bool own_ = false;
  std::size_t times_ = 1;
  std::size_t burst_most_ = SIZE_MAX;
  std::deque<std::pair<std::string, bool>> arrivals_;
  std::size_t arrivals_most_ = 1000;
  std::uint32_t lost_ = 0;
  int subscribe_refusal_ = 0;
  std::size_t disconnects_ = 0;
  std::size_t violations_ = 0;
  std::function<void(const Message&)> listener_;
};

}  // namespace depotlink::fakes
