// SPDX-License-Identifier: Apache-2.0
#pragma once

// Configs for the tests of the reader: one that is good, with something put into a section.

#include <string>
#include <string_view>

#include "agent/settings/fault.hpp"
#include "agent/settings/reader.hpp"

namespace depotlink::settings {

// The faults of `text`, a line each, with the file's name `c`.
inline std::string FaultsOf(std::string_view text) {
  std::string lines;
  for (const Fault& fault : ReadSettings(text).faults) lines += FormatFault("c", fault) + '\n';
  return lines;
}

// A config that is good but for what stands in the pieces: members with a comma before each. All on
// one line per section: site on line 1, api on 2, mqtt on 3, the rest on 4.
struct ConfigText {
  std::string api = R"("url": "https://api.example.com/v2", "key_file": "/etc/api.key")";
  std::string mqtt = R"("url": "mqtt://localhost:1883")";
  std::string rest;
  std::string site = "north-depot";

  std::string Text() const {
    return "{\"site\": \"" + site + "\",\n\"api\": {" + api + "},\n\"mqtt\": {" + mqtt + "},\n" +
           rest + "}\n";
  }
};

inline std::string WithApi(const std::string& members) {
  ConfigText config;
  config.api += ", " + members;
  return config.Text();
}
inline std::string WithMqtt(const std::string& members) {
  ConfigText config;
  config.mqtt += ", " + members;
  return config.Text();
}
inline std::string WithApiUrl(const std::string& url) {
  ConfigText config;
  config.api = "\"url\": \"" + url + "\", \"key_file\": \"/etc/api.key\"";
  return config.Text();
}
inline std::string WithBroker(const std::string& url) {
  ConfigText config;
  config.mqtt = "\"url\": \"" + url + '"';
  return config.Text();
}
inline std::string WithRest(const std::string& members) {
  ConfigText config;
  config.rest = members;
  return config.Text();
}

}  // namespace depotlink::settings
