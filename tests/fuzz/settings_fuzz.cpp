// SPDX-License-Identifier: Apache-2.0
// A config's text: faults have a place within it, and what has none can be run with.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "agent/encode/topics.hpp"
#include "agent/settings/reader.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace depotlink::fuzz {
namespace {

class Lines {
 public:
  explicit Lines(std::string_view text) {
    for (const char c : text) {
      if (c == '\n') {
        bytes_.push_back(0);
      } else {
        ++bytes_.back();
      }
    }
  }
  bool Hold(int line, int column) const {
    if (line < 1 || static_cast<std::size_t>(line) > bytes_.size() || column < 1) return false;
    return static_cast<std::size_t>(column) <= bytes_[static_cast<std::size_t>(line) - 1] + 1;
  }

 private:
  std::vector<std::size_t> bytes_{0};
};

}  // namespace

void SettingsText(std::string_view bytes) {
  const settings::ReadOutcome outcome = settings::ReadSettings(bytes);
  const Lines lines(bytes);
  Require(outcome.faults.size() <= settings::kMaxFaults + 1, "faults keep to their bound");
  for (const settings::Fault& fault : outcome.faults) {
    Require(lines.Hold(fault.line, fault.column), "a fault stands within the text");
    Require(!fault.message.empty(), "a fault says what is wrong");
  }
  for (const settings::Place& place : outcome.places) {
    Require(lines.Hold(place.line, place.column), "a value stands within the text");
  }
  if (!outcome.faults.empty()) return;
  const settings::Settings& settings = outcome.settings;
  Require(encode::TopicBuilder(settings.mqtt.topic_prefix, settings.site).ok(),
          "what is read makes topics");
  Require(!settings.mqtt.host.empty() && settings.mqtt.port != 0, "what is read names a broker");
  Require(settings.api.url.substr(0, 4) == "http", "what is read names an API");
}

}  // namespace depotlink::fuzz
