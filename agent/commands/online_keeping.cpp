// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/online_keeping.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/settings/urls.hpp"

namespace depotlink::commands {
namespace {

// As mosquitto.conf(5) has it where nothing is said.
struct Keeping {
  bool listens = false;  // where the agent connects to
  bool persistence = false;
  long autosave = 1800;  // seconds, or changes; 0: at a clean end only
  bool of_changes = false;
  std::string location;  // a directory
};

std::string_view TakeWord(std::string_view& line) {
  const std::size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  line.remove_prefix(begin);
  const std::string_view word = line.substr(0, line.find_first_of(" \t\r"));
  line.remove_prefix(word.size());
  return word;
}

bool IsTrue(std::string_view word) {
  return word == "true" || word == "1";
}

bool Listens(const settings::Mqtt& mqtt, std::string_view port, std::string_view where) {
  if (mqtt.scheme == settings::MqttScheme::kUnix) return port == "0" && where == mqtt.host;
  return port == std::to_string(mqtt.port);
}

Keeping Read(const settings::Mqtt& mqtt, std::string_view config) {
  Keeping found;
  bool any_listener = false;
  while (!config.empty()) {
    std::string_view line = config.substr(0, config.find('\n'));
    config.remove_prefix(std::min(line.size() + 1, config.size()));
    const std::string_view key = TakeWord(line);
    const std::string_view value = TakeWord(line);
    if (key == "listener" || key == "port") {
      any_listener = true;
      found.listens = found.listens || Listens(mqtt, value, TakeWord(line));
    } else if (key == "persistence") {
      found.persistence = IsTrue(value);
    } else if (key == "autosave_interval") {
      found.autosave = std::strtol(std::string(value).c_str(), nullptr, 10);
    } else if (key == "persistence_location") {
      found.location = value;
    } else if (key == "autosave_on_changes") {
      found.of_changes = IsTrue(value);
    }
  }
  if (!any_listener) found.listens = Listens(mqtt, "1883", {});
  return found;
}

Finding NotKnown(const std::string& why) {
  return Finding::Warn("not known: " + why,
                       "look there at what it keeps on disk: the best is nothing, or every change "
                       "at once");
}

bool InMemory(std::string_view location) {
  for (const std::string_view place : {"/run/", "/dev/shm/", "/var/run/"}) {
    if (location.substr(0, place.size()) == place) return true;
  }
  return false;
}

Finding Judge(const Keeping& keeping) {
  if (!keeping.persistence || InMemory(keeping.location)) {
    return Finding::Ok(
        "by its config mosquitto forgets everything with a power cut, the agent's session too: the "
        "agent then publishes the fleet anew; what waits for clients that are away is lost");
  }
  const std::string remedy =
      "persistence false in mosquitto's config, as config/mosquitto/depotlink.conf has it: the "
      "agent then publishes the fleet anew";
  if (keeping.autosave <= 0) {
    return Finding::Warn(
        "by its config mosquitto saves what it knows at a clean end only: a power cut takes it "
        "back to that, and states stand as they were until they change again",
        remedy);
  }
  return Finding::Warn("by its config mosquitto writes all that it knows to disk every " +
                           std::to_string(keeping.autosave) +
                           (keeping.of_changes ? " changes" : " s") +
                           ": a power cut takes it back to that, and states stand as they were "
                           "until they change again",
                       remedy);
}

}  // namespace

Finding ProbeKeeping(const settings::Mqtt& mqtt, ports::BrokerFiles& files) {
  if (mqtt.scheme != settings::MqttScheme::kUnix && !settings::IsLoopback(mqtt.host)) {
    return NotKnown("the broker is on another machine, and MQTT does not tell");
  }
  for (const std::string& config : files.MosquittoConfigs()) {
    const Keeping keeping = Read(mqtt, config);
    if (keeping.listens) return Judge(keeping);
  }
  return NotKnown("no mosquitto runs here whose config this user may read and which listens there");
}

}  // namespace depotlink::commands
