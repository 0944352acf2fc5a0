// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether a broker hands a burst of the fleet's retained topics to a late subscriber whole. Each
// tracker has two, and all of them come at once; what the broker does not queue for a subscriber it
// drops, and tells nobody (mosquitto: max_queued_messages, 1000 where nothing is said).
//
// kMostTopics small messages at most are put retained below `<base>/burst/`, and asked for at QoS 1
// by one request that names the filter as often as makes up the fleet's topics; then they are
// cleared. With MQTT 5 the broker lets go of them by itself where the check is cut off.
// Counts what arrives, and holds nothing of it.

#include <cstdint>
#include <string>

#include "agent/commands/online_patience.hpp"
#include "agent/commands/online_report.hpp"
#include "agent/ports/mqtt.hpp"

namespace depotlink::commands {

inline constexpr std::uint32_t kMostTopics = 800;
inline constexpr DurationMs kBurstMs = 20 * kSecondMs;  // for each of putting, hearing, clearing

class BurstProbe {
 public:
  // References must outlive this. `base`: a topic below the site. `in_flight`: publishes that may
  // be outstanding, at least 1.
  BurstProbe(ports::Mqtt& mqtt, Patience& patience, std::string base, std::uint32_t in_flight)
      : mqtt_(&mqtt), patience_(&patience), base_(std::move(base)), in_flight_(in_flight) {}

  // `trackers`: below 0, it is not known. There must be no other subscription.
  Finding Run(std::int64_t trackers);

 private:
  // Publishes to the first `count` topics. False where the connection broke, time was over or one
  // was refused: `why_` says it.
  bool PublishAll(std::uint32_t count, std::string_view payload);
  bool Outcome(MonoTime deadline, ports::MqttEvent& out);
  bool Note(const ports::MqttEvent& event);
  bool Send(std::uint32_t index, std::string_view payload);
  bool Ask(std::uint16_t times);
  // How many arrived.
  std::uint32_t Hear(std::uint32_t expected);
  Finding Judge(std::uint32_t heard, std::uint32_t tried, std::uint32_t wanted) const;

  ports::Mqtt* mqtt_;
  Patience* patience_;
  std::string base_;
  std::uint32_t in_flight_;
  bool refused_ = false;
  std::string why_;
};

}  // namespace depotlink::commands
