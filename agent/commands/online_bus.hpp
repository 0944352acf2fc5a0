// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `check --online` tries at the broker: a connect, as `<client_id>-check` so that a running
// agent keeps its connection, without a last will; and a message that is not retained, on
// `<prefix>/<site>/check`, which it listens for; then a burst below that (online_burst.hpp).

#include <cstdint>
#include <string>

#include "agent/commands/online_check.hpp"
#include "agent/commands/online_patience.hpp"
#include "agent/commands/online_report.hpp"
#include "agent/publish/publisher.hpp"

namespace depotlink::commands {

class BusProbes {
 public:
  // All references must outlive this.
  BusProbes(const settings::Settings& settings, Secret password, ports::Mqtt& mqtt,
            Patience& patience, OnlineReport& report);

  // `trackers`: the size of the fleet; below 0: not known.
  void Run(std::int64_t trackers);

 private:
  // The next event. False where none came in time.
  bool Await(MonoTime deadline, ports::MqttEvent& out);
  // As the publisher does it: MQTT 5 first, where the config has it so.
  Finding Connect();
  bool ConnectWith(ports::MqttVersion version, ports::MqttEvent& out);
  Finding Connected(const ports::MqttEvent& event) const;
  Finding Refused(const ports::MqttEvent& event) const;
  Finding Publish();
  Finding Burst();
  std::string Topic() const;
  bool Listen(const std::string& topic);
  Finding Arrival(const std::string& topic);
  Finding Unheard(const std::string& topic) const;
  std::string Where() const;

  const settings::Settings* settings_;
  ports::Mqtt* mqtt_;
  Patience* patience_;
  OnlineReport* report_;
  publish::PublisherConfig config_;
  ports::MqttVersion version_ = ports::MqttVersion::k5;
  std::uint16_t receive_maximum_ = 1;
  std::int64_t trackers_ = -1;
};

}  // namespace depotlink::commands
