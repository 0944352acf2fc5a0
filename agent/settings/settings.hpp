// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the config says, validated, with every default filled in. Plain values; secrets are not
// here, only the names of the files that hold them.

#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/limits.hpp"
#include "agent/base/log.hpp"
#include "agent/base/time.hpp"

namespace depotlink::settings {

struct Login {
  std::string login;  // empty: none
  std::string password_file;
};

struct Api {
  std::string url;       // as given, without a trailing slash: https://api.eu.navixy.com/v2
  std::string key_file;  // empty where there is a user's login instead
  Login user;
  Login panel;
  std::string panel_path;   // of the panel's API on that host; empty: that of the URL, and /panel
  std::string ca_file;      // empty: the system's bundle
  std::string pin;          // sha256//..., several with ; between; empty: any key
  bool allow_http = false;  // http:// to a host that is not this machine
  double requests_per_second = 5;
  DurationMs timeout_ms = 30 * kSecondMs;
};

enum class MqttVersionChoice : std::uint8_t { kAuto, k5, k311 };
enum class MqttScheme : std::uint8_t { kMqtt, kMqtts, kUnix };

struct Mqtt {
  MqttScheme scheme = MqttScheme::kMqtt;
  std::string host;           // kUnix: the socket's path
  std::uint16_t port = 1883;  // kUnix: 0
  MqttVersionChoice version =
      MqttVersionChoice::kAuto;  // "5" first, 3.1.1 where the broker knows no better
  std::string client_id;         // default: depotlink-<site>
  std::string username;
  std::string password_file;
  std::string ca_file;           // kMqtts only; empty: the system's bundle
  std::string cert_file;         // likewise; empty: no client certificate
  std::string private_key_file;  // given where cert_file is
  std::string topic_prefix = "depotlink";
};

struct Poll {
  DurationMs fleet_ms = 10 * kMinuteMs;
  DurationMs moving_ms = 10 * kSecondMs;
  DurationMs stopped_ms = 30 * kSecondMs;
  DurationMs parked_ms = 60 * kSecondMs;
  DurationMs offline_ms = 5 * kMinuteMs;
  DurationMs backfill_ms = 24 * kHourMs;  // how far back missed positions are read; 0: not at all
  DurationMs links_ms = 0;  // 0: geo links are not polled; where the scope names some, never 0
};

// Trackers and groups, or links; none of all: the whole fleet.
struct Scope {
  std::vector<std::uint64_t> trackers;
  std::vector<std::uint64_t> groups;
  std::vector<std::uint64_t> links;
};

// Which part of the account, by a hash of each tracker's number: 1 of 1 is the whole.
struct Shard {
  std::uint32_t index = 1;  // 1 .. count
  std::uint32_t count = 1;
};

// Something else to ask the API for, now and then, and to publish below `extra/<topic>`.
struct Extra {
  std::string path;  // in navixy::AllReadable()
  DurationMs every_ms = kHourMs;
  std::string topic;
  std::string params;  // JSON, one object; empty: none
  bool split = false;  // an element a message; else the whole answer in one
  bool retain = true;
};

struct Publish {
  bool snapshots = false;  // pages of many trackers' states
  DurationMs snapshot_every_ms = kHourMs;
  std::uint64_t page_bytes = limits::kSnapshotBytes;
  bool snapshot_retain = true;
};

struct Queue {
  std::string dir = "/var/lib/depotlink/queue";
  std::string runtime_dir = "/run/depotlink";
  std::string key_file;  // empty: a key of its own in `dir`
  std::uint64_t max_bytes = 256ULL * 1024 * 1024;
  std::uint64_t min_free_bytes = 64ULL * 1024 * 1024;
  DurationMs max_age_ms = 30 * 24 * kHourMs;
  DurationMs flush_interval_ms = kSecondMs;
  bool replay_to_state = false;
  bool keep_newest = false;  // all but the newest record of each tracker go; else the oldest
};

struct Memory {
  std::uint64_t budget_bytes = 8ULL * 1024 * 1024;
  std::uint32_t max_trackers = limits::kDefaultMaxTrackers;
};

struct Log {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
};

struct Settings {
  std::string site;
  Api api;
  Mqtt mqtt;
  Poll poll;
  Scope scope;
  Shard shard;
  std::vector<Extra> extra;  // at most limits::kExtras
  Publish publish;
  Queue queue;
  Memory memory;
  Log log;
};

}  // namespace depotlink::settings
