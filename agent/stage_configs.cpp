// SPDX-License-Identifier: Apache-2.0
#include "agent/stage_configs.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "agent/base/fingerprint.hpp"
#include "agent/settings/urls.hpp"

namespace depotlink {
namespace {

ports::MqttTransport TransportOf(settings::MqttScheme scheme) {
  switch (scheme) {
    case settings::MqttScheme::kMqtts:
      return ports::MqttTransport::kTls;
    case settings::MqttScheme::kUnix:
      return ports::MqttTransport::kUnix;
    case settings::MqttScheme::kMqtt:
      break;
  }
  return ports::MqttTransport::kTcp;
}

// Whatever order they stand in; 0: the whole fleet.
std::uint64_t ScopeFingerprint(const settings::Scope& scope) {
  std::string text;
  const auto add = [&text](char kind, auto ids) {
    std::sort(ids.begin(), ids.end());
    for (const std::uint64_t id : ids) text += kind + std::to_string(id);
  };
  add('t', scope.trackers);
  add('g', scope.groups);
  add('l', scope.links);
  return text.empty() ? 0 : Fingerprint(text);
}

}  // namespace

publish::PublisherConfig MakePublisherConfig(const settings::Settings& settings,
                                             const encode::TopicBuilder& topics, Secret password) {
  char topic[limits::kTopicBytes];
  publish::PublisherConfig config;
  config.transport = TransportOf(settings.mqtt.scheme);
  config.host = settings.mqtt.host;
  config.port = settings.mqtt.port;
  config.client_id = settings.mqtt.client_id;
  config.username = settings.mqtt.username;
  config.password = std::move(password);
  config.try_mqtt5 = settings.mqtt.version != settings::MqttVersionChoice::k311;
  config.try_mqtt311 = settings.mqtt.version != settings::MqttVersionChoice::k5;
  // A broker on this machine is there again within a second or two, and to ask it costs nothing.
  if (settings.mqtt.scheme == settings::MqttScheme::kUnix ||
      settings::IsLoopback(settings.mqtt.host)) {
    config.unanswered_wait_most_ms = kSecondMs;
  }
  config.status_topic = topics.Status(topic, sizeof topic);
  config.health_topic = topics.Health(topic, sizeof topic);
  return config;
}

// Where power comes back, all the boxes of a town boot at once: they spread their first calls. One
// that a person starts begins at once.
MonoTime FirstCallAt(MonoTime now, ports::Random& random) {
  constexpr MonoTime kJustBooted{2 * kMinuteMs};
  constexpr std::uint64_t kSpreadMs = 15 * kSecondMs;
  if (kJustBooted < now) return now;
  return now + static_cast<DurationMs>(random.Next() % kSpreadMs);
}

poll::PollerConfig MakePollerConfig(const settings::Settings& settings, MonoTime begin) {
  poll::PollerConfig config;
  config.begin = begin;
  config.requests_per_second = settings.api.requests_per_second;
  return config;
}

queue::QueueConfig MakeQueueConfig(const settings::Settings& settings) {
  const settings::Queue& given = settings.queue;
  queue::QueueConfig config;
  config.limits.max_bytes = given.max_bytes;
  config.limits.min_free_bytes = given.min_free_bytes;
  config.limits.max_age_ms = given.max_age_ms;
  if (given.keep_newest) config.limits.drop = queue::DropPolicy::kAllButNewest;
  config.limits.max_trackers = settings.memory.max_trackers;
  config.flush_interval_ms = given.flush_interval_ms;
  config.replay_to_state = given.replay_to_state;
  config.scope = ScopeFingerprint(settings.scope);
  return config;
}

// What a geo link shares is shared from now on, not for what was: nothing is read back in a scope
// by links. Where all is to go to `state`, in line, what is older has no place.
BackfillConfig MakeBackfillConfig(const settings::Settings& settings) {
  constexpr DurationMs kLateMs = 30 * kSecondMs;
  BackfillConfig config;
  config.late_ms = std::max(kLateMs, 2 * settings.poll.moving_ms);
  if (settings.scope.links.empty() && !settings.queue.replay_to_state) {
    config.most_ms = settings.poll.backfill_ms;
  }
  return config;
}

SnapshotConfig MakeSnapshotConfig(const settings::Settings& settings) {
  SnapshotConfig config;
  config.on = settings.publish.snapshots;
  config.every_ms = settings.publish.snapshot_every_ms;
  config.page_bytes = static_cast<std::size_t>(settings.publish.page_bytes);
  config.retain = settings.publish.snapshot_retain;
  config.scope = ScopeFingerprint(settings.scope);
  config.by_links = !settings.scope.links.empty();
  return config;
}

poll::ExtraPlan MakeExtraPlan(const settings::Extra& extra, std::size_t number) {
  poll::ExtraPlan plan;
  plan.row = navixy::FindReadable(extra.path);
  plan.number = number;
  plan.every_ms = extra.every_ms;
  plan.params = extra.params;
  return plan;
}

poll::ApiAccess MakeApiAccess(const settings::Api& api) {
  poll::ApiAccess access;
  access.base_url = api.url;
  access.timeout_ms = api.timeout_ms;
  if (!api.panel_path.empty()) {
    const std::size_t host = api.url.find("://") + 3;
    access.panel_url = api.url.substr(0, api.url.find('/', host)) + api.panel_path;
  }
  return access;
}

poll::SessionConfig MakeSessionConfig(const settings::Api& api) {
  poll::SessionConfig config;
  config.kind = poll::CredentialKind::kApiKey;
  config.secret_file = api.key_file;
  if (api.user.login.empty()) return config;
  config.kind = poll::CredentialKind::kUserLogin;
  config.login = api.user.login;
  config.secret_file = api.user.password_file;
  return config;
}

fleet::Scope MakeScope(const settings::Scope& scope) {
  return {scope.trackers, scope.groups, scope.links};
}

fleet::Shard MakeShard(const settings::Shard& shard) {
  return {shard.index, shard.count};
}

std::array<DurationMs, fleet::kPaceCount> PacePeriods(const settings::Poll& poll) {
  return {poll.moving_ms, poll.stopped_ms, poll.parked_ms, poll.offline_ms};
}

}  // namespace depotlink
