// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/suggest.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "agent/settings/keys.hpp"
#include "agent/settings/nearest.hpp"

namespace depotlink::settings {
namespace {

constexpr std::string_view kKeyNames[] = {"key", "hash", "token", "secret"};
constexpr std::string_view kPasswordNames[] = {"password", "passwd", "pass", "pwd"};

// `password`, `mqttpassword`.
template <std::size_t kCount>
bool EndsWithOne(std::string_view name, const std::string_view (&endings)[kCount]) {
  return std::any_of(std::begin(endings), std::end(endings), [name](std::string_view ending) {
    return name.size() >= ending.size() && name.substr(name.size() - ending.size()) == ending;
  });
}

// What others call these things.
struct Alias {
  std::string_view section;
  std::string_view leaf;
  std::string_view path;
};
constexpr Alias kAliases[] = {
    {"mqtt", "host", "mqtt.url"},    {"mqtt", "server", "mqtt.url"},
    {"mqtt", "broker", "mqtt.url"},  {"mqtt", "port", "mqtt.url"},
    {"mqtt", "address", "mqtt.url"}, {"api", "host", "api.url"},
    {"api", "server", "api.url"},    {"api", "address", "api.url"},
    {"api", "baseurl", "api.url"},   {"api", "rate", "api.requests_per_second"},
    {"", "depot", "site"},           {"", "broker", "mqtt"},
    {"", "logging", "log"},          {"", "navixy", "api"},
};

// An object of a list, which has no name.
bool IsItem(const KeySpec& key) {
  return key.path.back() == ']';
}

// Lower is nearer; kNoSlip: not at all.
std::size_t Rank(std::string_view section, std::string_view leaf, const KeySpec& key) {
  const std::size_t slip = SlipDistance(leaf, LeafOf(key.path));
  if (slip == kNoSlip || IsItem(key)) return kNoSlip;
  const std::size_t later = key.supported ? 0 : 1;
  if (SectionOf(key.path) == section) return slip * 2 + later;
  constexpr std::size_t kOtherSection = 8;
  // A part of a name, or a loose likeness, means nothing across sections.
  return slip > 1 ? kNoSlip : kOtherSection + slip * 2 + later;
}

}  // namespace

std::vector<std::string_view> Suggest(std::string_view section, std::string_view leaf) {
  for (const Alias& alias : kAliases) {
    if (alias.section == section && alias.leaf == FoldName(leaf)) return {alias.path};
  }
  std::vector<std::string_view> nearest;
  std::size_t best = kNoSlip;
  for (const KeySpec& key : AllKeys()) {
    const std::size_t rank = Rank(section, leaf, key);
    if (rank == kNoSlip || rank > best) continue;
    if (rank < best) nearest.clear();
    best = rank;
    nearest.push_back(key.path);
  }
  return nearest;
}

std::string_view SecretFileKey(std::string_view section, std::string_view leaf) {
  const std::string name = FoldName(leaf);
  const bool key = EndsWithOne(name, kKeyNames);
  const bool password = EndsWithOne(name, kPasswordNames);
  if (!key && !password) return {};
  if (section == "api.user") return "api.user.password_file";
  if (section == "api.panel") return "api.panel.password_file";
  if (section == "mqtt") {
    return name == "privatekey" ? "mqtt.private_key_file" : "mqtt.password_file";
  }
  if (section == "queue") return "queue.key_file";
  return key || section == "api" ? "api.key_file" : "mqtt.password_file";
}

std::string ListKeys(std::string_view section) {
  std::vector<std::string_view> names;
  for (const KeySpec& key : AllKeys()) {
    const bool wanted = key.supported && key.type != KeyType::kIgnored && !IsItem(key);
    if (wanted && SectionOf(key.path) == section) names.push_back(LeafOf(key.path));
  }
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) list += i + 1 == names.size() ? " and " : ", ";
    list += '"' + std::string(names[i]) + '"';
  }
  return list;
}

}  // namespace depotlink::settings
