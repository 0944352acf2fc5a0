// SPDX-License-Identifier: Apache-2.0
#pragma once

// A broker that acknowledges, flaps and forgets, and watches what it is given: per topic nothing
// older behind something newer, and which sequence numbers have come.

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fakes/fake_mqtt.hpp"
#include "tests/fakes/fake_random.hpp"

namespace depotlink::scenario {

// The text of member `name` of a flat payload: `"name":` up to the next comma or brace.
inline std::string Member(std::string_view payload, std::string_view name) {
  const std::string wanted = '"' + std::string(name) + "\":";
  const std::size_t at = payload.find(wanted);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = payload.substr(at + wanted.size());
  return std::string(rest.substr(0, rest.find_first_of(",}")));
}

class SimulatedBroker {
 public:
  explicit SimulatedBroker(fakes::FakeMqtt& mqtt) : mqtt_(&mqtt) {
    mqtt_->OnTaken([this](const fakes::FakeMqtt::Message& message) { Watch(message); });
  }

  bool away = false;
  bool forgets = false;       // the next connect finds a broker without memory
  bool silent = false;        // takes everything, acknowledges nothing
  std::string refuse_topics;  // publishes whose topic ends like this are refused; empty: none
  fakes::FakeMqtt::Acceptance acceptance;

  // Does what there is to do. False where there was nothing.
  bool Serve() {
    if (away) return ServeAway();
    if (mqtt_->connecting()) {
      acceptance.session_present = known_ && !forgets;
      if (forgets) mqtt_->ForgetRetained();
      forgets = false;
      known_ = true;
      mqtt_->Accept(acceptance);
      return true;
    }
    if (mqtt_->outstanding().empty() || silent) return false;
    while (!mqtt_->outstanding().empty()) AckOrRefuse(mqtt_->outstanding().front());
    return true;
  }
  // Breaks the connection in the midst of it: a front part of what is on its way arrives, of which
  // a front part is acknowledged.
  void Flap(fakes::SeededRandom& random) {
    if (!mqtt_->connected()) return;
    const std::size_t acked = random.Below(mqtt_->outstanding().size() + 1);
    for (std::size_t i = 0; i < acked; ++i) AckOrRefuse(mqtt_->outstanding().front());
    const std::size_t arrived = random.Below(mqtt_->outstanding().size() + 1);
    arrived_unsaid_ += arrived;
    mqtt_->Lose(arrived);
    ++flaps_;
  }

  // Each sequence number that has come, repeats counted once, those of all runs.
  std::size_t seqs() const {
    std::size_t count = 0;
    for (const auto& run : seq_seen_) count += run.second.size();
    return count;
  }
  // Whether a state with this altitude has come of this tracker, on whatever topic.
  bool HasSeen(std::uint64_t tracker, const std::string& altitude) const {
    const auto seen = states_seen_.find(tracker);
    return seen != states_seen_.end() && seen->second.count(altitude) != 0;
  }
  // How often one came with this altitude on a topic.
  std::size_t Times(const std::string& topic, const std::string& altitude) const {
    const auto seen = topics_seen_.find(topic);
    return seen == topics_seen_.end() ? 0 : seen->second.count(altitude);
  }
  // Times that something older came behind something newer.
  std::size_t backwards() const { return backwards_; }
  std::size_t repeats() const { return repeats_; }
  // Messages that arrived and whose acknowledgement did not.
  std::size_t arrived_unsaid() const { return arrived_unsaid_; }
  // Connections that Flap() broke.
  std::size_t flaps() const { return flaps_; }

 private:
  bool ServeAway() {
    if (mqtt_->connecting()) {
      mqtt_->RefuseConnect(0, "connection refused");
      return true;
    }
    if (!mqtt_->connected()) return false;
    mqtt_->Lose();
    return true;
  }
  void AckOrRefuse(const fakes::FakeMqtt::Message& message) {
    const std::string& end = refuse_topics;
    const std::string& topic = message.topic;
    const bool refused = !end.empty() && topic.size() >= end.size() &&
                         topic.compare(topic.size() - end.size(), end.size(), end) == 0;
    if (refused) {
      mqtt_->Refuse(message.token, 0x87, "not authorized");
    } else {
      mqtt_->Ack(message.token);
    }
  }
  void Watch(const fakes::FakeMqtt::Message& message) {
    const std::string seq_text = Member(message.payload, "seq");
    if (seq_text.empty()) return;
    const std::size_t seq = std::stoul(seq_text);
    const std::string run = Member(message.payload, "run");
    repeats_ += seq_seen_[run].insert(seq).second ? 0U : 1U;
    if (message.topic.find("/snapshot/") != std::string::npos) return;  // of many trackers
    const std::string altitude = Member(message.payload, "altitude_m");
    if (!altitude.empty()) {
      states_seen_[std::stoull(Member(message.payload, "id"))].insert(altitude);
      topics_seen_[message.topic].insert(altitude);
    }
    Last& last = last_[message.topic];
    std::string time = Member(message.payload, "update_time");
    if (time.empty()) time = Member(message.payload, "fix_time");  // a point
    if ((run == last.run && seq < last.seq) || time < last.time) ++backwards_;
    last = {run, seq, time};
  }

  struct Last {
    std::string run;
    std::size_t seq = 0;
    std::string time;
  };

  fakes::FakeMqtt* mqtt_;
  bool known_ = false;
  std::map<std::string, std::set<std::size_t>> seq_seen_;
  std::map<std::string, Last> last_;
  std::map<std::uint64_t, std::set<std::string>> states_seen_;
  std::map<std::string, std::multiset<std::string>> topics_seen_;
  std::size_t backwards_ = 0;
  std::size_t repeats_ = 0;
  std::size_t flaps_ = 0;
  std::size_t arrived_unsaid_ = 0;
};

}  // namespace depotlink::scenario
