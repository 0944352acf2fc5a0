// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/keys.hpp"

namespace depotlink::settings {
namespace {

using Setter = void (*)(Settings&, const Parsed&);

constexpr double kPaceLow = kSecondMs;
constexpr double kPaceHigh = 24 * kHourMs;
constexpr double kMiB = 1024 * 1024;
constexpr std::uint16_t kMqttPort = 1883;
constexpr std::uint16_t kMqttsPort = 8883;

constexpr KeySpec Section(std::string_view path) {
  KeySpec key;
  key.path = path;
  return key;
}

// An object in a list; `set` makes room for it.
constexpr KeySpec Item(std::string_view path, Setter set) {
  KeySpec key = Section(path);
  key.set = set;
  return key;
}

constexpr std::string_view kRemoveIt = "remove it";

// `help` says what to do, or what to know, until then.
constexpr KeySpec Later(std::string_view path, std::string_view help = kRemoveIt) {
  KeySpec key;
  key.path = path;
  key.supported = false;
  key.help = help;
  return key;
}

constexpr KeySpec Key(std::string_view path, KeyType type, double low, double high,
                      std::string_view default_text, std::string_view example,
                      std::string_view help, Setter set) {
  KeySpec key;
  key.path = path;
  key.type = type;
  key.low = low;
  key.high = high;
  key.default_text = default_text;
  key.example = example;
  key.help = help;
  key.set = set;
  return key;
}

constexpr KeySpec Required(KeySpec key) {
  key.required = true;
  return key;
}

constexpr KeySpec Choice(std::string_view path, std::string_view choices,
                         std::string_view default_text, std::string_view help, Setter set) {
  KeySpec key = Key(path, KeyType::kChoice, 0, 0, default_text, {}, help, set);
  key.choices = choices;
  return key;
}

constexpr KeySpec Pace(std::string_view path, std::string_view default_text, std::string_view help,
                       Setter set) {
  return Key(path, KeyType::kDuration, kPaceLow, kPaceHigh, default_text, default_text, help, set);
}

constexpr KeySpec List(std::string_view path, double most, std::string_view help) {
  return Key(path, KeyType::kList, 1, most, {}, {}, help, nullptr);
}

constexpr double kIdMost = 9007199254740992;  // 2^53

constexpr KeySpec Id(std::string_view path, std::string_view help, Setter set) {
  return Key(path, KeyType::kWhole, 1, kIdMost, {}, "1234567", help, set);
}

std::uint64_t AsId(const Parsed& v) {
  return static_cast<std::uint64_t>(v.whole);
}

void SetBroker(Settings& s, const Parsed& v) {
  s.mqtt.scheme = v.scheme;
  s.mqtt.host = v.text;
  s.mqtt.port = static_cast<std::uint16_t>(v.whole);
  if (v.whole != 0 || v.scheme == MqttScheme::kUnix) return;
  s.mqtt.port = v.scheme == MqttScheme::kMqtts ? kMqttsPort : kMqttPort;
}

void SetVersion(Settings& s, const Parsed& v) {
  s.mqtt.version = v.text == "5" ? MqttVersionChoice::k5 : MqttVersionChoice::k311;
}

void SetLevel(Settings& s, const Parsed& v) {
  for (const LogLevel level :
       {LogLevel::kError, LogLevel::kWarn, LogLevel::kInfo, LogLevel::kDebug}) {
    if (v.text == LogLevelName(level)) s.log.level = level;
  }
}

void SetShardIndex(Settings& s, const Parsed& v) {
  s.shard.index = static_cast<std::uint32_t>(v.whole);
}

void SetShardCount(Settings& s, const Parsed& v) {
  s.shard.count = static_cast<std::uint32_t>(v.whole);
}

void SetSnapshotEvery(Settings& s, const Parsed& v) {
  s.publish.snapshots = true;
  s.publish.snapshot_every_ms = v.whole;
}

void SetSnapshotPage(Settings& s, const Parsed& v) {
  s.publish.page_bytes = static_cast<std::uint64_t>(v.whole);
}

constexpr KeySpec kKeys[] = {
    Key("$schema", KeyType::kIgnored, 0, 1024, "", "./depotlink.schema.json",
        "the schema's place, for editors; the agent ignores it", [](Settings&, const Parsed&) {}),
    Required(Key("site", KeyType::kSite, 1, 64, "", "north-depot",
                 "the name of this depot, a level of every topic",
                 [](Settings& s, const Parsed& v) { s.site = v.text; })),

    Section("api"),
    Required(Key("api.url", KeyType::kApiUrl, 0, 0, "", "https://api.eu.navixy.com/v2",
                 "the address of the Navixy API",
                 [](Settings& s, const Parsed& v) { s.api.url = v.text; })),
    Required(Key("api.key_file", KeyType::kSecretPath, 2, 1024, "", "/etc/depotlink/api.key",
                 "the file that holds the API key",
                 [](Settings& s, const Parsed& v) { s.api.key_file = v.text; })),
    Key("api.ca_file", KeyType::kPath, 2, 1024, "", "/etc/depotlink/ca.pem",
        "certificates to trust instead of the system's",
        [](Settings& s, const Parsed& v) { s.api.ca_file = v.text; }),
    Key("api.allow_http", KeyType::kSwitch, 0, 0, "false", "true",
        "http:// to another machine, which sends the key in the clear",
        [](Settings& s, const Parsed& v) { s.api.allow_http = v.flag; }),
    Key("api.requests_per_second", KeyType::kDecimal, 0.1, 50, "5", "5",
        "the most requests a second",
        [](Settings& s, const Parsed& v) { s.api.requests_per_second = v.decimal; }),
    Key("api.timeout", KeyType::kDuration, kSecondMs, 10 * kMinuteMs, "30s", "30s",
        "the longest wait for a whole answer",
        [](Settings& s, const Parsed& v) { s.api.timeout_ms = v.whole; }),
    Key("api.pin", KeyType::kPin, limits::kPinCharacters, 4 * (limits::kPinCharacters + 1) - 1, "",
        "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "the server's public key, beside all other checks",
        [](Settings& s, const Parsed& v) { s.api.pin = v.text; }),
    Section("api.user"),
    Key("api.user.login", KeyType::kName, 1, limits::kLoginCharacters, "", "depot@example.com",
        "the login of a user, for accounts without API keys",
        [](Settings& s, const Parsed& v) { s.api.user.login = v.text; }),
    Key("api.user.password_file", KeyType::kSecretPath, 2, 1024, "", "/etc/depotlink/user.password",
        "the file that holds the user's password",
        [](Settings& s, const Parsed& v) { s.api.user.password_file = v.text; }),
    Section("api.panel"),
    Key("api.panel.login", KeyType::kName, 1, limits::kLoginCharacters, "", "20410",
        "the login of the admin panel, for what only its API tells",
        [](Settings& s, const Parsed& v) { s.api.panel.login = v.text; }),
    Key("api.panel.password_file", KeyType::kSecretPath, 2, 1024, "",
        "/etc/depotlink/panel.password", "the file that holds the panel's password",
        [](Settings& s, const Parsed& v) { s.api.panel.password_file = v.text; }),
    Key("api.panel.path", KeyType::kUrlPath, 2, 100, "", "/panel/v2",
        "where the panel's API stands on its server",
        [](Settings& s, const Parsed& v) { s.api.panel_path = v.text; }),

    Section("mqtt"),
    Required(Key("mqtt.url", KeyType::kBrokerUrl, 0, 0, "", "mqtt://localhost:1883",
                 "the address of the MQTT broker", SetBroker)),
    Choice("mqtt.version", "5|3.1.1", "", "the version of MQTT to insist on", SetVersion),
    Key("mqtt.client_id", KeyType::kToken, 1, 128, "", "depotlink-north-depot",
        "the name under which the broker knows the agent",
        [](Settings& s, const Parsed& v) { s.mqtt.client_id = v.text; }),
    Key("mqtt.username", KeyType::kName, 1, 128, "", "depotlink", "the user name at the broker",
        [](Settings& s, const Parsed& v) { s.mqtt.username = v.text; }),
    Key("mqtt.password_file", KeyType::kSecretPath, 2, 1024, "", "/etc/depotlink/mqtt.password",
        "the file that holds the password at the broker",
        [](Settings& s, const Parsed& v) { s.mqtt.password_file = v.text; }),
    Key("mqtt.topic_prefix", KeyType::kTopicPrefix, 1, 100, "depotlink", "fleet/positions",
        "what stands before the site in every topic",
        [](Settings& s, const Parsed& v) { s.mqtt.topic_prefix = v.text; }),
    Key("mqtt.ca_file", KeyType::kPath, 2, 1024, "", "/etc/depotlink/broker-ca.pem",
        "certificates to trust at the broker instead of the system's",
        [](Settings& s, const Parsed& v) { s.mqtt.ca_file = v.text; }),
    Key("mqtt.cert_file", KeyType::kPath, 2, 1024, "", "/etc/depotlink/client.pem",
        "the agent's own certificate, where the broker asks for one",
        [](Settings& s, const Parsed& v) { s.mqtt.cert_file = v.text; }),
    Key("mqtt.private_key_file", KeyType::kSecretPath, 2, 1024, "", "/etc/depotlink/client.key",
        "the file that holds the private key of that certificate",
        [](Settings& s, const Parsed& v) { s.mqtt.private_key_file = v.text; }),

    Section("poll"),
    Pace("poll.fleet", "10m", "how often the list of trackers is read",
         [](Settings& s, const Parsed& v) { s.poll.fleet_ms = v.whole; }),
    Pace("poll.moving", "10s", "how often a tracker on the move is asked",
         [](Settings& s, const Parsed& v) { s.poll.moving_ms = v.whole; }),
    Pace("poll.stopped", "30s", "how often a tracker that stands is asked",
         [](Settings& s, const Parsed& v) { s.poll.stopped_ms = v.whole; }),
    Pace("poll.parked", "1m", "how often a parked tracker is asked",
         [](Settings& s, const Parsed& v) { s.poll.parked_ms = v.whole; }),
    Pace("poll.offline", "5m", "how often a silent tracker is asked",
         [](Settings& s, const Parsed& v) { s.poll.offline_ms = v.whole; }),
    Key("poll.links", KeyType::kDuration, kPaceLow, kPaceHigh, "", "5m",
        "how often the geo links are read",
        [](Settings& s, const Parsed& v) { s.poll.links_ms = v.whole; }),
    Key("poll.backfill", KeyType::kDuration, 0, 30 * 24.0 * kHourMs, "24h", "3d",
        "how far back positions that were missed are read; 0s: not at all",
        [](Settings& s, const Parsed& v) { s.poll.backfill_ms = v.whole; }),

    Section("scope"),
    List("scope.trackers", limits::kScopeTrackers, "the numbers of the trackers to publish"),
    Id("scope.trackers[]", "the number of a tracker",
       [](Settings& s, const Parsed& v) { s.scope.trackers.push_back(AsId(v)); }),
    List("scope.groups", limits::kMaxGroups, "the numbers of the groups whose trackers to publish"),
    Id("scope.groups[]", "the number of a group",
       [](Settings& s, const Parsed& v) { s.scope.groups.push_back(AsId(v)); }),
    List("scope.links", limits::kScopeLinks,
         "the numbers of the geo links to publish what they share"),
    Id("scope.links[]", "the number of a geo link",
       [](Settings& s, const Parsed& v) { s.scope.links.push_back(AsId(v)); }),

    Section("shard"),
    Key("shard.index", KeyType::kWhole, 1, limits::kShards, "", "1",
        "which of the gateways this one is, from 1 on", SetShardIndex),
    Key("shard.count", KeyType::kWhole, 1, limits::kShards, "", "3",
        "how many gateways share the account", SetShardCount),

    Key("extra", KeyType::kList, 0, limits::kExtras, "", "",
        "what else to ask the API for, and to publish", nullptr),
    Item("extra[]", [](Settings& s, const Parsed&) { s.extra.emplace_back(); }),
    Required(Key("extra[].path", KeyType::kToken, 1, 128, "", "retranslator/list",
                 "the read-only action to ask for",
                 [](Settings& s, const Parsed& v) { s.extra.back().path = v.text; })),
    Required(Key("extra[].topic", KeyType::kTopicPrefix, 1, limits::kExtraTopicCharacters, "",
                 "retranslators", "where the answer is published, below `extra/`",
                 [](Settings& s, const Parsed& v) { s.extra.back().topic = v.text; })),
    Key("extra[].every", KeyType::kDuration, 10 * kSecondMs, 30 * 24.0 * kHourMs, "1h", "1h",
        "how often it is asked for",
        [](Settings& s, const Parsed& v) { s.extra.back().every_ms = v.whole; }),
    Key("extra[].params", KeyType::kJson, 0, 0, "", "", "what is asked, as the API documents it",
        [](Settings& s, const Parsed& v) { s.extra.back().params = v.text; }),
    Key("extra[].split", KeyType::kSwitch, 0, 0, "false", "true",
        "each element of the list in a message of its own",
        [](Settings& s, const Parsed& v) { s.extra.back().split = v.flag; }),
    Key("extra[].retain", KeyType::kSwitch, 0, 0, "true", "false",
        "the broker keeps the last answer for whoever comes later",
        [](Settings& s, const Parsed& v) { s.extra.back().retain = v.flag; }),

    Section("publish"),
    Key("publish.snapshot_every", KeyType::kDuration, 10 * kSecondMs, kPaceHigh, "", "1h",
        "how often pages of all trackers' states are published", SetSnapshotEvery),
    Key("publish.snapshot_page", KeyType::kSize, limits::kSnapshotLeastBytes,
        limits::kSnapshotBytes, "32KiB", "16KiB", "the largest page", SetSnapshotPage),
    Key("publish.snapshot_retain", KeyType::kSwitch, 0, 0, "true", "false",
        "the broker keeps the pages for whoever comes later",
        [](Settings& s, const Parsed& v) { s.publish.snapshot_retain = v.flag; }),
    Later("publish.formats"),
    Later("publish.heartbeat"),
    Later("publish.min_distance_m"),

    Section("queue"),
    Key("queue.dir", KeyType::kPath, 2, 1024, "/var/lib/depotlink/queue", "/data/depotlink/queue",
        "the directory on disk for what the bus does not take",
        [](Settings& s, const Parsed& v) { s.queue.dir = v.text; }),
    Key("queue.runtime_dir", KeyType::kPath, 2, 1024, "/run/depotlink", "/run/depotlink",
        "the directory in memory that outlives the agent, not a reboot",
        [](Settings& s, const Parsed& v) { s.queue.runtime_dir = v.text; }),
    Key("queue.key_file", KeyType::kSecretPath, 2, 1024, "", "/etc/depotlink/queue.key",
        "the file that holds the queue's key, 64 hexadecimal digits",
        [](Settings& s, const Parsed& v) { s.queue.key_file = v.text; }),
    Key("queue.max_size", KeyType::kSize, kMiB, 1024 * 1024 * kMiB, "256MiB", "1GiB",
        "the most that the queue takes on disk",
        [](Settings& s,
           const Parsed& v) { s.queue.max_bytes = static_cast<std::uint64_t>(v.whole); }),
    Key("queue.min_free", KeyType::kSize, 0, 1024 * 1024 * kMiB, "64MiB", "200MiB",
        "the space on that disk that the queue leaves to others",
        [](Settings& s,
           const Parsed& v) { s.queue.min_free_bytes = static_cast<std::uint64_t>(v.whole); }),
    Key("queue.max_age", KeyType::kDuration, kHourMs, 3660 * 24.0 * kHourMs, "30d", "7d",
        "the age at which records go undelivered",
        [](Settings& s, const Parsed& v) { s.queue.max_age_ms = v.whole; }),
    Key("queue.flush_interval", KeyType::kDuration, 0, 10 * kMinuteMs, "1s", "5s",
        "how much a power cut may cost while the bus is away",
        [](Settings& s, const Parsed& v) { s.queue.flush_interval_ms = v.whole; }),
    Choice("queue.replay_to", "history|state", "history",
           "where what waited is published: beside the live states, or in line with them",
           [](Settings& s, const Parsed& v) { s.queue.replay_to_state = v.text == "state"; }),
    Choice("queue.drop", "oldest|all_but_newest", "oldest",
           "what goes when the queue is full: the oldest, or all but the newest of each tracker",
           [](Settings& s, const Parsed& v) { s.queue.keep_newest = v.text == "all_but_newest"; }),

    Section("memory"),
    Key("memory.budget", KeyType::kSize, 6 * kMiB, 1024 * kMiB, "8MiB", "8MiB",
        "the most memory that the agent may hold",
        [](Settings& s,
           const Parsed& v) { s.memory.budget_bytes = static_cast<std::uint64_t>(v.whole); }),
    Key("memory.max_trackers", KeyType::kWhole, 1, limits::kMaxTrackers, "25000", "1000",
        "the largest fleet that the plan makes room for",
        [](Settings& s,
           const Parsed& v) { s.memory.max_trackers = static_cast<std::uint32_t>(v.whole); }),

    Section("log"),
    Choice("log.level", "error|warn|info|debug", "info", "the least grave event that is logged",
           SetLevel),
    Choice("log.format", "text|json", "text",
           "lines for people and journald, or an object of JSON a line",
           [](Settings& s, const Parsed& v) {
             s.log.format = v.text == "json" ? LogFormat::kJson : LogFormat::kText;
           }),

};

}  // namespace

KeyTable AllKeys() {
  return {kKeys, sizeof kKeys / sizeof kKeys[0]};
}

const KeySpec* FindKey(std::string_view path) {
  for (const KeySpec& key : AllKeys()) {
    if (key.path == path) return &key;
  }
  return nullptr;
}

std::string_view SectionOf(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? std::string_view{} : path.substr(0, dot);
}

std::string_view LeafOf(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

}  // namespace depotlink::settings
