// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/check.hpp"

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <utility>

#include "agent/base/limits.hpp"
#include "agent/commands/init_questions.hpp"
#include "agent/commands/wan_estimate.hpp"
#include "agent/memory_plan.hpp"
#include "agent/navixy/readable.hpp"
#include "agent/queue/queue_key.hpp"
#include "agent/settings/reader.hpp"
#include "agent/settings/units.hpp"
#include "agent/settings/urls.hpp"

namespace depotlink::commands {
namespace {

using settings::Fault;
using settings::FormatFault;
using settings::Place;
using settings::ReadOutcome;
using settings::Settings;

// A system's whole bundle weighs about 230 KB.
constexpr std::size_t kCaFileBytes = std::size_t{1024} * 1024;

void AppendLine(std::string& out, std::string_view line) {
  out += line;
  out += '\n';
}

// A fault at the value of `key`, found out after the config was read.
std::string FaultAt(const std::string& file, const ReadOutcome& outcome, std::string_view key,
                    std::string message) {
  Fault fault;
  fault.path = std::string(key);
  fault.message = std::move(message);
  for (const Place& place : outcome.places) {
    if (place.path != key) continue;
    fault.line = place.line;
    fault.column = place.column;
  }
  return FormatFault(file, fault);
}

// The plan, part by part, its sum and the budget; as lines of the summary.
std::string MemoryTable(const Settings& settings) {
  const MemoryPlan plan = PlanMemory(settings);
  std::string table = "  memory    at most " + std::to_string(InKib(plan.bytes)) + " KiB for " +
                      std::to_string(plan.trackers) + " trackers, of a budget of " +
                      settings::FormatSize(settings.memory.budget_bytes) + "; of these\n";
  for (const MemoryPart& part : plan.parts) {
    if (part.bytes == 0) continue;
    char line[80];
    std::snprintf(line, sizeof line, "            %6llu KiB  %.*s\n",
                  static_cast<unsigned long long>(InKib(part.bytes)),
                  static_cast<int>(part.name.size()), part.name.data());
    table += line;
  }
  return table;
}

// Each check of a file appends at most one line; false where it is a fault.
bool CheckApiKey(const std::string& file, const ReadOutcome& outcome, ports::FileReader& files,
                 std::string& out) {
  if (outcome.settings.api.key_file.empty()) return true;  // a user's login stands for it
  const Result<Secret> key = files.ReadSecret(outcome.settings.api.key_file);
  if (!key.ok()) {
    AppendLine(out, FaultAt(file, outcome, "api.key_file", key.status().message()));
    return false;
  }
  if (!LooksLikeApiKey(key.value().Reveal())) {
    AppendLine(out, FaultAt(file, outcome, "api.key_file",
                            "warning: what the file holds does not look like a Navixy API key, "
                            "which has 32 hexadecimal digits"));
  }
  return true;
}

bool CheckPasswords(const std::string& file, const ReadOutcome& outcome, ports::FileReader& files,
                    std::string& out) {
  const Settings& settings = outcome.settings;
  const std::pair<std::string_view, const std::string*> passwords[] = {
      {"api.user.password_file", &settings.api.user.password_file},
      {"api.panel.password_file", &settings.api.panel.password_file},
      {"mqtt.password_file", &settings.mqtt.password_file},
      {"mqtt.private_key_file", &settings.mqtt.private_key_file}};
  bool good = true;
  for (const auto& [key, path] : passwords) {
    if (path->empty()) continue;
    const Result<Secret> password = path == &settings.mqtt.private_key_file
                                        ? files.ReadPrivateKey(*path)
                                        : files.ReadSecret(*path);
    if (password.ok()) continue;
    AppendLine(out, FaultAt(file, outcome, key, password.status().message()));
    good = false;
  }
  return good;
}

bool CheckQueueKey(const std::string& file, const ReadOutcome& outcome, ports::FileReader& files,
                   std::string& out) {
  const std::string& path = outcome.settings.queue.key_file;
  if (path.empty()) return true;
  const Result<Secret> key = files.ReadSecret(path);
  std::string message = key.status().message();
  if (key.ok()) {
    const std::string_view digits = key.value().Reveal();
    if (digits.size() == queue::kKeyHexDigits &&
        digits.find_first_not_of("0123456789abcdef") == std::string_view::npos) {
      return true;
    }
    message = path +
              " holds no key of the queue: 64 hexadecimal digits (0-9, a-f); `openssl rand " +
              "-hex 32` makes one";
  }
  AppendLine(out, FaultAt(file, outcome, "queue.key_file", message));
  return false;
}

bool CheckCertificateFile(const std::string& file, const ReadOutcome& outcome, std::string_view key,
                          const std::string& path, ports::FileReader& files, std::string& out) {
  if (path.empty()) return true;
  const Result<std::string> text = files.ReadText(path, kCaFileBytes);
  std::string message = text.status().message();
  if (text.ok()) {
    if (text.value().find("-----BEGIN CERTIFICATE-----") != std::string::npos) return true;
    message = path + " holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)";
  }
  AppendLine(out, FaultAt(file, outcome, key, message));
  return false;
}

bool CheckCertificates(const std::string& file, const ReadOutcome& outcome,
                       ports::FileReader& files, std::string& out) {
  const Settings& settings = outcome.settings;
  const std::pair<std::string_view, const std::string*> certificates[] = {
      {"api.ca_file", &settings.api.ca_file},
      {"mqtt.ca_file", &settings.mqtt.ca_file},
      {"mqtt.cert_file", &settings.mqtt.cert_file}};
  bool good = true;
  for (const auto& [key, path] : certificates) {
    good = CheckCertificateFile(file, outcome, key, *path, files, out) && good;
  }
  return good;
}

// Whether certificate and key are usable, and belong together.
bool CheckIdentity(const std::string& file, const ReadOutcome& outcome, ports::FileReader& files,
                   const IdentityCheck& identity, std::string& out) {
  const settings::Mqtt& mqtt = outcome.settings.mqtt;
  // A variable of the environment can be read but once, and was.
  const bool gone = mqtt.private_key_file.compare(0, 1, "$") == 0 &&
                    mqtt.private_key_file.find('/') == std::string::npos;
  if (mqtt.cert_file.empty() || gone || !identity) return true;
  const Result<Secret> key = files.ReadPrivateKey(mqtt.private_key_file);
  const Status status = key.ok() ? identity(mqtt.cert_file, key.value()) : key.status();
  if (status.ok()) return true;
  AppendLine(out, FaultAt(file, outcome, "mqtt.cert_file", status.message()));
  return false;
}

// It warns only: a network may be trusted, and its servers know no TLS.
void WarnOfPlainApi(const std::string& file, const ReadOutcome& outcome, std::string& out) {
  if (!settings::IsInTheClear(outcome.settings.api.url)) return;
  AppendLine(out, FaultAt(file, outcome, "api.url",
                          "warning: key and positions cross the network unencrypted, for whoever "
                          "listens there; use https://"));
}

void WarnOfPlainPassword(const std::string& file, const ReadOutcome& outcome, std::string& out) {
  const settings::Mqtt& mqtt = outcome.settings.mqtt;
  if (mqtt.scheme != settings::MqttScheme::kMqtt || mqtt.password_file.empty() ||
      settings::IsLoopback(mqtt.host)) {
    return;
  }
  AppendLine(out, FaultAt(file, outcome, "mqtt.url",
                          "warning: the password crosses the network unencrypted, for whoever "
                          "listens there; use mqtts:// where the broker has TLS"));
}

// At the budget, or where that is not given, at the fleet's size.
bool CheckMemory(const std::string& file, const ReadOutcome& outcome, std::string& out) {
  const std::string fault = MemoryFault(outcome.settings);
  if (fault.empty()) return true;
  const bool given = std::any_of(outcome.places.begin(), outcome.places.end(),
                                 [](const Place& place) { return place.path == "memory.budget"; });
  AppendLine(out, FaultAt(file, outcome, given ? "memory.budget" : "memory.max_trackers", fault));
  out += MemoryTable(outcome.settings);
  return false;
}

std::string FormatRate(double rate) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", rate);
  return text;
}

std::string BrokerUrl(const settings::Mqtt& mqtt) {
  if (mqtt.scheme == settings::MqttScheme::kUnix) return "unix://" + mqtt.host;
  const bool bracketed = mqtt.host.find(':') != std::string::npos;
  return (mqtt.scheme == settings::MqttScheme::kMqtts ? "mqtts://" : "mqtt://") +
         (bracketed ? '[' + mqtt.host + ']' : mqtt.host) + ':' + std::to_string(mqtt.port);
}

std::string Broker(const settings::Mqtt& mqtt) {
  std::string broker = BrokerUrl(mqtt) + " as " + mqtt.client_id;
  if (!mqtt.cert_file.empty()) broker += " with a certificate";
  switch (mqtt.version) {
    case settings::MqttVersionChoice::kAuto:
      return broker + ", MQTT 5, or 3.1.1 where the broker knows no better";
    case settings::MqttVersionChoice::k5:
      return broker + ", MQTT 5";
    case settings::MqttVersionChoice::k311:
      return broker + ", MQTT 3.1.1";
  }
  return broker;
}

// Logins are not shown: they are half of a secret.
std::string Credential(const settings::Api& api) {
  const std::string user = api.key_file.empty() ? "a user's login" : "an API key";
  return api.panel.login.empty() ? user : user + ", and a panel's login";
}

std::string Count(std::size_t count, const char* what) {
  return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

std::string ScopeText(const settings::Scope& scope) {
  if (!scope.links.empty()) {
    std::string text = "what is shared by geo link";
    for (const std::uint64_t id : scope.links) text += ' ' + std::to_string(id);
    return text + ", as long as it is";
  }
  if (scope.trackers.empty() && scope.groups.empty()) return "the whole fleet";
  if (scope.groups.empty()) return Count(scope.trackers.size(), "tracker");
  const std::string groups = "the trackers of " + Count(scope.groups.size(), "group");
  return scope.trackers.empty() ? groups
                                : Count(scope.trackers.size(), "tracker") + " and " + groups;
}

// A request a poll; where there are pages, one for each.
std::string ExtraLine(const settings::Extra& extra) {
  const navixy::Readable* row = navixy::FindReadable(extra.path);
  const double a_day = 24.0 * kHourMs / static_cast<double>(extra.every_ms);
  return extra.path + " every " + settings::FormatDuration(extra.every_ms) + " (" +
         FormatRate(a_day) + " a day" + (row != nullptr && row->paged ? ", pages apart" : "") +
         ") to extra/" + extra.topic + (extra.split ? "/<id>" : "");
}

void AppendSummary(const Settings& s, std::string& out) {
  using settings::FormatDuration;
  AppendLine(out, "  site      " + s.site);
  AppendLine(out, "  api       " + s.api.url + ", at most " +
                      FormatRate(s.api.requests_per_second) + " requests a second");
  AppendLine(out, "  access    with " + Credential(s.api));
  AppendLine(out, "  broker    " + Broker(s.mqtt));
  AppendLine(out, "  topics    below " + s.mqtt.topic_prefix + '/' + s.site + '/');
  AppendLine(out, "  polls     moving " + FormatDuration(s.poll.moving_ms) + ", stopped " +
                      FormatDuration(s.poll.stopped_ms) + ", parked " +
                      FormatDuration(s.poll.parked_ms) + ", offline " +
                      FormatDuration(s.poll.offline_ms) + ", list of trackers " +
                      FormatDuration(s.poll.fleet_ms) +
                      (s.poll.links_ms == 0 ? std::string()
                                            : ", geo links " + FormatDuration(s.poll.links_ms)));
  AppendLine(out, "  wan       about " + WanText(s.poll));
  AppendLine(out, "  scope     " + ScopeText(s.scope));
  for (std::size_t i = 0; i < s.extra.size(); ++i) {
    AppendLine(out, (i == 0 ? "  extras    " : "            ") + ExtraLine(s.extra[i]));
  }
  AppendLine(out, "  queue     at most " + settings::FormatSize(s.queue.max_bytes) + " in " +
                      s.queue.dir + ", for " + FormatDuration(s.queue.max_age_ms) +
                      "; flushed every " + FormatDuration(s.queue.flush_interval_ms) +
                      " while the bus is away");
  out += MemoryTable(s);
}

}  // namespace

int RunCheck(const std::string& path, ports::FileReader& files, const IdentityCheck& identity,
             std::string& out) {
  const Result<std::string> text = files.ReadText(path, limits::kConfigFileBytes);
  if (!text.ok()) {
    AppendLine(out, text.status().message());
    return 1;
  }
  const ReadOutcome outcome = settings::ReadSettings(text.value());
  for (const Fault& fault : outcome.faults) AppendLine(out, FormatFault(path, fault));
  if (!outcome.faults.empty()) return 1;
  const bool key = CheckApiKey(path, outcome, files, out);
  const bool certificates = CheckCertificates(path, outcome, files, out);
  const bool password = CheckPasswords(path, outcome, files, out);
  const bool queue_key = CheckQueueKey(path, outcome, files, out);
  const bool memory = CheckMemory(path, outcome, out);
  if (!key || !certificates || !password || !queue_key || !memory) return 1;
  if (!CheckIdentity(path, outcome, files, identity, out)) return 1;
  WarnOfPlainApi(path, outcome, out);
  WarnOfPlainPassword(path, outcome, out);
  AppendLine(out, path + ": OK");
  AppendSummary(outcome.settings, out);
  return 0;
}

Result<settings::Settings> LoadSettings(const std::string& path, ports::FileReader& files,
                                        std::vector<std::string>& messages) {
  const Result<std::string> text = files.ReadText(path, limits::kConfigFileBytes);
  if (!text.ok()) {
    messages.push_back(text.status().message());
    return text.status();
  }
  const ReadOutcome outcome = settings::ReadSettings(text.value());
  for (const Fault& fault : outcome.faults) messages.push_back(FormatFault(path, fault));
  if (outcome.faults.empty()) return outcome.settings;
  const std::string count =
      outcome.faults.size() == 1 ? "a fault" : std::to_string(outcome.faults.size()) + " faults";
  return Status(Code::kAskPerson, count + " in " + path);
}

}  // namespace depotlink::commands
