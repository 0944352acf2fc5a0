// SPDX-License-Identifier: Apache-2.0
// Each key's good and bad values.
#include "agent/settings/values.hpp"

#include <string>

#include "agent/settings/keys.hpp"
#include "tests/unit/settings/config_text.hpp"

#include "CppUTest/TestHarness.h"

using namespace depotlink;
using namespace depotlink::settings;

TEST_GROUP(Values){// What is said of `json` as the value of `path`; empty where it is good.
                   static std::string Judge(const std::string& path, const std::string& json){
                       const std::string leaf(LeafOf(path));
const std::string section(SectionOf(path));
const std::string text = section.empty()
                             ? "{\"" + leaf + "\": " + json + '}'
                             : "{\"" + section + "\": {\"" + leaf + "\": " + json + "}}";
for (const Fault& fault : ReadSettings(text).faults) {
  if (fault.path == path) return fault.message;
}
return {};
}
static void Good(const char* path, std::initializer_list<const char*> values) {
  for (const char* value : values) STRCMP_EQUAL_TEXT("", Judge(path, value).c_str(), value);
}
static void Bad(const char* path, std::initializer_list<const char*> values) {
  for (const char* value : values) CHECK_TEXT(!Judge(path, value).empty(), value);
}
static std::string Quoted(std::size_t length, const char* before = "") {
  return '"' + std::string(before) + std::string(length, 'x') + '"';
}
}
;

TEST(Values, Site) {
  Good("site", {R"("a")", R"("north-depot")", R"("N_1.2-3")"});
  Bad("site", {R"("")", R"("a/b")", R"("a b")", R"("#")", R"("+")", R"("ü")", "5", "null", "[]",
               "{}", "true"});
  STRCMP_EQUAL("", Judge("site", Quoted(64)).c_str());
  STRCMP_EQUAL(
      "found \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\" (it has 65 characters); expected 1 to 64 "
      "of A-Z a-z 0-9 . _ -, such as \"north-depot\"",
      Judge("site", Quoted(65)).c_str());
  STRCMP_EQUAL(
      "found \"N\xC3\xB6rd\\u000a\" (it holds a control character); expected 1 to 64 of A-Z a-z "
      "0-9 . _ -, such as \"north-depot\"",
      Judge("site", "\"N\xC3\xB6rd\\n\"").c_str());
  Bad("site", {R"("a\u0000")", R"("\udc00")"});
}

TEST(Values, ApiUrl) {
  Good("api.url", {R"("https://api.eu.navixy.com/v2")", R"("https://api.eu.navixy.com/v2/")",
                   R"("https://h")", R"("https://h:8443/a/b-c_d.e~f")", R"("https://[::1]:1/v2")",
                   R"("http://localhost:8080")", R"("http://127.0.0.1/v2")", R"("http://[::1]")"});
  Bad("api.url", {R"("")",
                  R"("api.eu.navixy.com")",
                  R"("ftp://h")",
                  R"("HTTPS://h")",
                  R"("https://")",
                  R"("https:///v2")",
                  R"("https://h:0")",
                  R"("https://h:65536")",
                  R"("https://h:")",
                  R"("https://h:01")",
                  R"("https://u@h")",
                  R"("https://h?a=b")",
                  R"("https://h#a")",
                  R"("https://h//v2")",
                  R"("https://h/v2//")",
                  R"("https://h/a b")",
                  R"("https://h/%41")",
                  R"("https://ü.de")",
                  R"("https://-h")",
                  R"("https://h..de")",
                  R"("https://h.")",
                  R"("https://::1/")",
                  R"("https://[::1")",
                  R"("https://[::1]x")",
                  R"("https://[h]")",
                  "5",
                  "null"});
  Bad("api.url", {R"("http://h")", R"("http://127.0.0.1.example.com")", R"("http://127.1")",
                  R"("http://localhost.example.com")", R"("http://[::2]")",
                  R"("http://127.0.0.1111")", R"("http://10.0.0.1/v2")"});
  STRCMP_EQUAL(
      "http:// to another machine sends the key in the clear; use https://, or set "
      "\"api.allow_http\": true where that is meant",
      Judge("api.url", R"("http://10.0.0.1/v2")").c_str());
  STRCMP_EQUAL(
      "found \"api.eu.navixy.com\" (the scheme is missing); expected https://host[:port][/path], "
      "such as \"https://api.eu.navixy.com/v2\"",
      Judge("api.url", R"("api.eu.navixy.com")").c_str());
  Bad("api.url", {Quoted(300, "https://h/").c_str()});
  Good("api.url", {Quoted(246, "https://h/").c_str()});
  Bad("api.url", {Quoted(247, "https://h/").c_str()});
}

TEST(Values, ApiUrlLosesItsTrailingSlash) {
  STRCMP_EQUAL("https://h/v2", ReadSettings(WithApiUrl("https://h/v2/")).settings.api.url.c_str());
  STRCMP_EQUAL("https://h", ReadSettings(WithApiUrl("https://h/")).settings.api.url.c_str());
}

TEST(Values, AllowHttp) {
  Good("api.allow_http", {"true", "false"});
  Bad("api.allow_http", {"0", R"("true")", "null"});
  ConfigText config;
  config.api = R"("url": "http://10.0.0.1", "key_file": "/k", "allow_http": true)";
  STRCMP_EQUAL("", FaultsOf(config.Text()).c_str());
  config.api = R"("url": "http://10.0.0.1", "key_file": "/k", "allow_http": false)";
  CHECK(!FaultsOf(config.Text()).empty());
}

TEST(Values, Files) {
  for (const char* path : {"api.key_file", "api.ca_file", "mqtt.password_file"}) {
    if (std::string(path) != "mqtt.password_file") {
      Good(path, {R"("/k")", R"("/etc/depotlink/a b.key")", R"("/ü")"});
    }
    Bad(path, {R"("")", R"("k")", R"("./k")", R"("~/k")", R"("/")", R"("/etc/")", R"("/a\nb")", "5",
               "null", "[]"});
    Bad(path, {Quoted(1024, "/").c_str()});
  }
  Good("api.key_file", {Quoted(1023, "/").c_str()});
  Bad("api.ca_file", {R"("$CA")", R"("$CREDENTIALS_DIRECTORY/ca")"});
  STRCMP_EQUAL("", FaultsOf(WithMqtt(R"("username": "u", "password_file": "/p")")).c_str());
  STRCMP_EQUAL(
      "found \"ca.pem\" (it does not begin with /); expected the absolute path of a file, such as "
      "\"/etc/depotlink/ca.pem\"",
      Judge("api.ca_file", R"("ca.pem")").c_str());
}

TEST(Values, Pins) {
  const std::string pin = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  const auto quoted = [](const std::string& text) { return '"' + text + '"'; };
  Good("api.pin", {quoted(pin).c_str(), quoted(pin + ";" + pin).c_str()});
  Bad("api.pin", {R"("")", R"("sha256//")", quoted(pin + ";").c_str(), quoted(";" + pin).c_str(),
                  quoted(pin + pin).c_str(), quoted("md5" + pin.substr(3)).c_str(), "5"});
}

TEST(Values, SecretsThatStandInNoFileOfOurs) {
  Good("api.key_file",
       {R"("$CREDENTIALS_DIRECTORY/api.key")", R"("$DEPOTLINK_API_KEY")", R"("$_")", R"("$K9")"});
  Bad("api.key_file",
      {R"("$")", R"("$9K")", R"("$key")", R"("$A B")", R"("$A/b")", R"("${A}")", "\"$(id)\"",
       R"("$CREDENTIALS_DIRECTORY")", R"("$CREDENTIALS_DIRECTORY/")",
       R"("$CREDENTIALS_DIRECTORY/..")", R"("$CREDENTIALS_DIRECTORY/.")",
       R"("$CREDENTIALS_DIRECTORY/../k")", R"("$CREDENTIALS_DIRECTORY/a/b")", R"("$$")"});
}

TEST(Values, RequestsPerSecond) {
  Good("api.requests_per_second", {"0.1", "1", "5.5", "50", "50.0", "1e1"});
  Bad("api.requests_per_second", {"0.09", "0", "-1", "50.01", "1e9", R"("5")", "null", "true"});
  STRCMP_EQUAL("found 51 (too much); expected a number from 0.1 to 50",
               Judge("api.requests_per_second", "51").c_str());
}

TEST(Values, Durations) {
  Good("api.timeout", {R"("1s")", R"("1000ms")", R"("10m")", R"("600s")"});
  Bad("api.timeout", {R"("999ms")", R"("601s")", R"("11m")", R"("1h")", "30", R"("30")"});
  for (const char* path :
       {"poll.fleet", "poll.moving", "poll.stopped", "poll.parked", "poll.offline"}) {
    Good(path, {R"("1s")", R"("90s")", R"("24h")", R"("1d")", R"("86400s")"});
    Bad(path, {R"("0s")", R"("999ms")", R"("25h")", R"("2d")", R"("86401s")", "10", R"("")",
               R"("fast")", "null"});
  }
  STRCMP_EQUAL(
      "found 10 (the unit is missing); expected a duration of 1s to 24h in quotes (ms, s, m, h, "
      "d), "
      "such as \"10s\"",
      Judge("poll.moving", "10").c_str());
  STRCMP_EQUAL(
      "found \"10 sec\"; expected a duration of 1s to 24h in quotes (ms, s, m, h, d), such as "
      "\"10s\"",
      Judge("poll.moving", R"("10 sec")").c_str());
}

TEST(Values, BrokerUrl) {
  Good("mqtt.url", {R"("mqtt://localhost")", R"("mqtt://localhost:1883/")", R"("mqtt://[fe80::1]")",
                    R"("mqtt://10.0.0.1:65535")", R"("mqtt://my_broker.lan")"});
  Bad("mqtt.url", {R"("")", R"("localhost")", R"("tcp://h")", R"("mqtt://")", R"("mqtt://h:0")",
                   R"("mqtt://h:1883/topic")", R"("mqtt://u:p@h")", R"("mqtt://fe80::1")",
                   R"("mqtt://h h")", "1883", "null"});
  Good("mqtt.url", {R"("mqtts://h")", R"("mqtts://[::1]:8884/")", R"("unix:///run/m.sock")"});
  Bad("mqtt.url", {R"("mqtts://")", R"("mqtts://u:p@h")", R"("unix://")", R"("unix:///")",
                   R"("unix:///run/")", R"("unix:///run//m")", R"("unix:///a\u0000")",
                   R"("mqttss://h")", Quoted(107, "unix:///").c_str()});
  STRCMP_EQUAL("", Judge("mqtt.url", Quoted(106, "unix:///")).c_str());
  STRCMP_EQUAL(
      "found \"unix://run/m.sock\" (an absolute path follows unix://, which makes three slashes); "
      "expected mqtt://host[:port], mqtts://host[:port] or unix:///path, such as "
      "\"mqtt://localhost:1883\"",
      Judge("mqtt.url", R"("unix://run/m.sock")").c_str());
  STRCMP_EQUAL(
      "found \"mqtt://***@h\" (no user name or password belongs in it; use \"mqtt.username\" and "
      "\"mqtt.password_file\"); expected mqtt://host[:port], mqtts://host[:port] or unix:///path, "
      "such as \"mqtt://localhost:1883\"",
      Judge("mqtt.url", R"("mqtt://u:p@h")").c_str());
}

TEST(Values, BrokerUrlIsTakenApart) {
  const Mqtt with_port = ReadSettings(WithBroker("mqtt://[::1]:1884")).settings.mqtt;
  STRCMP_EQUAL("::1", with_port.host.c_str());
  CHECK_EQUAL(1884, with_port.port);
  const Mqtt without = ReadSettings(WithBroker("mqtt://broker.lan/")).settings.mqtt;
  STRCMP_EQUAL("broker.lan", without.host.c_str());
  CHECK_EQUAL(1883, without.port);
  CHECK(without.scheme == MqttScheme::kMqtt);
  const Mqtt tls = ReadSettings(WithBroker("mqtts://broker.lan/")).settings.mqtt;
  STRCMP_EQUAL("broker.lan", tls.host.c_str());
  CHECK_EQUAL(8883, tls.port);
  CHECK(tls.scheme == MqttScheme::kMqtts);
  const Mqtt local = ReadSettings(WithBroker("unix:///run/m.sock")).settings.mqtt;
  STRCMP_EQUAL("/run/m.sock", local.host.c_str());
  CHECK_EQUAL(0, local.port);
  CHECK(local.scheme == MqttScheme::kUnix);
}

TEST(Values, MqttNames) {
  Good("mqtt.version", {R"("5")", R"("3.1.1")"});
  Bad("mqtt.version", {"5", "3.1", R"("")", R"("3.1")", R"("auto")"});
  STRCMP_EQUAL("found 5; expected \"5\" or \"3.1.1\"", Judge("mqtt.version", "5").c_str());
  Good("mqtt.client_id", {R"("a")", R"("a/b:c@d")", Quoted(128).c_str()});
  Bad("mqtt.client_id", {R"("")", R"("a b")", R"("ü")", "1", Quoted(129).c_str()});
  Good("mqtt.username", {R"("a b")", R"("ü")", Quoted(128).c_str()});
  Bad("mqtt.username", {R"("")", R"("a\tb")", "1", Quoted(129).c_str()});
  Good("mqtt.topic_prefix", {R"("a")", R"("a/b.c/d_e-f")", Quoted(100).c_str()});
  Bad("mqtt.topic_prefix", {R"("")", R"("/a")", R"("a/")", R"("a//b")", R"("$SYS")", R"("a/+")",
                            R"("#")", R"("a b")", R"("ü")", "1", Quoted(101).c_str()});
}

TEST(Values, Memory) {
  Good("memory.budget", {R"("6MiB")", R"("6144KiB")", R"("7MB")", R"("1GiB")", R"("1GB")"});
  Bad("memory.budget", {R"("5MiB")", R"("6143KiB")", R"("6MB")", R"("1025MiB")", R"("2GB")",
                        "8388608", R"("8388608")", R"("8M")", "null"});
  Good("memory.max_trackers", {"1", "60000", "1e3", "100.0"});
  Bad("memory.max_trackers",
      {"0", "-1", "60001", "1.5", R"("100")", "1e300", "null", "99999999999999999999"});
  STRCMP_EQUAL("found 1.5; expected a whole number from 1 to 60000",
               Judge("memory.max_trackers", "1.5").c_str());
}

TEST(Values, LogLevel) {
  Good("log.level", {R"("error")", R"("warn")", R"("info")", R"("debug")"});
  Bad("log.level", {R"("trace")", "3", "null", R"("")"});
  STRCMP_EQUAL(
      "found \"Warning\"; expected \"error\", \"warn\", \"info\" or \"debug\"; did you mean "
      "\"warn\"?",
      Judge("log.level", R"("Warning")").c_str());
}

// A default in the table is the default in settings.hpp: giving it changes nothing.
TEST(Values, DefaultsOfTheTableAreTheSettings) {
  for (const KeySpec& key : AllKeys()) {
    if (key.default_text.empty()) continue;
    Entry entry;
    entry.text = std::string(key.default_text);
    const bool number = key.type == KeyType::kDecimal || key.type == KeyType::kWhole;
    entry.kind = number                         ? ValueKind::kNumber
                 : key.type == KeyType::kSwitch ? ValueKind::kBoolean
                                                : ValueKind::kText;
    entry.flag = key.default_text == "true";
    if (number) entry.number = std::stod(entry.text);
    Parsed value;
    const std::string path(key.path);
    STRCMP_EQUAL_TEXT("", ReadValue(key, entry, value).c_str(), path.c_str());
    Settings s;
    s.api.requests_per_second = 0;
    s.api.timeout_ms = s.poll.fleet_ms = s.poll.moving_ms = s.poll.stopped_ms = 0;
    s.poll.parked_ms = s.poll.offline_ms = 0;
    s.memory = {0, 0};
    s.queue = {"", "", "", 0, 0, 0, 0, true, true};
    s.extra = {Extra{"", 0, "", "", true, false}};
    s.mqtt.topic_prefix.clear();
    s.log.level = LogLevel::kError;
    key.set(s, value);
    const Settings d;
    const Extra e;
    const bool same =
        s.api.requests_per_second == d.api.requests_per_second ||
        s.api.timeout_ms == d.api.timeout_ms || s.poll.fleet_ms == d.poll.fleet_ms ||
        s.poll.moving_ms == d.poll.moving_ms || s.poll.stopped_ms == d.poll.stopped_ms ||
        s.extra[0].every_ms == e.every_ms || s.extra[0].split == e.split ||
        s.extra[0].retain == e.retain || s.poll.parked_ms == d.poll.parked_ms ||
        s.poll.offline_ms == d.poll.offline_ms || s.poll.backfill_ms == d.poll.backfill_ms ||
        s.queue.dir == d.queue.dir || s.queue.runtime_dir == d.queue.runtime_dir ||
        s.queue.max_bytes == d.queue.max_bytes ||
        s.queue.min_free_bytes == d.queue.min_free_bytes ||
        s.queue.max_age_ms == d.queue.max_age_ms ||
        s.queue.flush_interval_ms == d.queue.flush_interval_ms ||
        s.queue.replay_to_state == d.queue.replay_to_state ||
        s.queue.keep_newest == d.queue.keep_newest ||
        s.memory.budget_bytes == d.memory.budget_bytes ||
        s.memory.max_trackers == d.memory.max_trackers ||
        s.mqtt.topic_prefix == d.mqtt.topic_prefix || s.log.level == d.log.level ||
        key.path == "api.allow_http";
    CHECK_TEXT(same, path.c_str());
  }
}

// Each example in the table is a good value: messages must not mislead.
TEST(Values, ExamplesOfTheTableAreGood) {
  for (const KeySpec& key : AllKeys()) {
    if (key.example.empty() || key.type == KeyType::kSwitch || key.type == KeyType::kDecimal ||
        key.type == KeyType::kWhole || key.path == "mqtt.password_file" ||
        key.path == "mqtt.cert_file" || key.path == "mqtt.private_key_file") {
      continue;
    }
    const std::string path(key.path);
    STRCMP_EQUAL_TEXT("", Judge(path, '"' + std::string(key.example) + '"').c_str(), path.c_str());
  }
}
