// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/init_config.hpp"

#include "agent/json/json_writer.hpp"
#include "agent/settings/fault.hpp"
#include "agent/settings/keys.hpp"
#include "agent/settings/reader.hpp"

namespace depotlink::commands {
namespace {

// A JSON string; each byte takes six at most.
std::string JsonText(std::string_view text) {
  std::string buffer(6 * text.size() + 8, '\0');
  json::JsonWriter writer(buffer.data(), buffer.size());
  writer.Text(text);
  return std::string(writer.view());
}

std::string ConfigLine(std::string_view indent, std::string_view name, std::string_view text) {
  if (text.empty()) return {};
  return std::string(indent) + '"' + std::string(name) + "\": " + JsonText(text) + ",\n";
}

std::string ApiSection(const FirstConfig& config) {
  std::string text = "  \"api\": {\n" + ConfigLine("    ", "url", config.api_url);
  if (config.login.empty()) {
    text += ConfigLine("    ", "key_file", config.secret_file);
  } else {
    text += "    \"user\": {\n" + ConfigLine("      ", "login", config.login) +
            ConfigLine("      ", "password_file", config.secret_file) + "    },\n";
  }
  return text + ConfigLine("    ", "ca_file", config.ca_file) + "  },\n";
}

std::string QueueSection(const FirstConfig& config) {
  if (config.queue_dir.empty() && config.runtime_dir.empty()) return {};
  return "\n  // What the broker does not take waits here: on disk, and in memory what is on its "
         "way.\n"
         "  \"queue\": {\n" +
         ConfigLine("    ", "dir", config.queue_dir) +
         ConfigLine("    ", "runtime_dir", config.runtime_dir) + "  },\n";
}

void FillIn(std::string& text, std::string_view key, std::string_view asked) {
  if (text.empty() && key != asked) text = settings::FindKey(key)->example;
}

}  // namespace

std::string_view SecretKey(const FirstConfig& config) {
  return config.login.empty() ? "api.key_file" : "api.user.password_file";
}

std::string FirstConfigText(const FirstConfig& config) {
  return "// Written by `depotlink init`. Look over changes with `depotlink check`; a running "
         "agent "
         "takes\n"
         "// them up on SIGHUP (`systemctl reload depotlink`). All keys: man depotlink.json, or\n"
         "// config/README.md of depotlink.\n"
         "{\n"
         "  // The name of this depot, a level of every topic: depotlink/<site>/...\n" +
         ConfigLine("  ", "site", config.site) +
         "\n"
         "  // Where the trackers are asked for. The secret stands alone in a file of its own, "
         "mode "
         "0600.\n" +
         ApiSection(config) +
         "\n"
         "  // Where they are published.\n"
         "  \"mqtt\": {\n" +
         ConfigLine("    ", "url", config.mqtt_url) +
         "    // \"username\": \"depotlink\",\n"
         "    // \"password_file\": \"/etc/depotlink/mqtt.password\",\n"
         "  },\n" +
         QueueSection(config) +
         "\n"
         "  // What is often changed, with its default. Take the slashes away to change it.\n"
         "  // \"poll\": { \"moving\": \"10s\", \"stopped\": \"30s\", \"parked\": \"1m\", "
         "\"offline\": "
         "\"5m\" },\n"
         "  // \"memory\": { \"max_trackers\": 25000 },\n"
         "  // \"log\": { \"level\": \"info\" },\n"
         "}\n";
}

std::string FaultOf(const FirstConfig& config, std::string_view key) {
  FirstConfig whole = config;
  FillIn(whole.site, "site", key);
  FillIn(whole.api_url, "api.url", key);
  FillIn(whole.secret_file, SecretKey(config), key);
  FillIn(whole.mqtt_url, "mqtt.url", key);
  for (const settings::Fault& fault : settings::ReadSettings(FirstConfigText(whole)).faults) {
    if (fault.path == key) return fault.message;
  }
  return {};
}

}  // namespace depotlink::commands
