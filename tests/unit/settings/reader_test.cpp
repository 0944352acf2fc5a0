// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/reader.hpp"

#include <string>

#include "tests/unit/settings/config_text.hpp"

#include "CppUTest/TestHarness.h"

using namespace depotlink;
using namespace depotlink::settings;

TEST_GROUP(Reader){};

TEST(Reader, ThreeKeysAreEnough) {
  const ReadOutcome outcome = ReadSettings(
      "{ \"site\": \"north-depot\",\n"
      "  \"api\":  { \"url\": \"https://api.eu.navixy.com/v2\", \"key_file\": "
      "\"/etc/depotlink/api.key\" },\n"
      "  \"mqtt\": { \"url\": \"mqtt://localhost:1883\" } }\n");
  CHECK(outcome.faults.empty());
  const Settings& s = outcome.settings;
  STRCMP_EQUAL("north-depot", s.site.c_str());
  STRCMP_EQUAL("https://api.eu.navixy.com/v2", s.api.url.c_str());
  STRCMP_EQUAL("/etc/depotlink/api.key", s.api.key_file.c_str());
  STRCMP_EQUAL("", s.api.ca_file.c_str());
  CHECK_FALSE(s.api.allow_http);
  DOUBLES_EQUAL(5, s.api.requests_per_second, 0);
  CHECK_EQUAL(30000, s.api.timeout_ms);
  STRCMP_EQUAL("localhost", s.mqtt.host.c_str());
  CHECK_EQUAL(1883, s.mqtt.port);
  CHECK(s.mqtt.version == MqttVersionChoice::kAuto);
  STRCMP_EQUAL("depotlink-north-depot", s.mqtt.client_id.c_str());
  STRCMP_EQUAL("depotlink", s.mqtt.topic_prefix.c_str());
  CHECK_EQUAL(600000, s.poll.fleet_ms);
  CHECK_EQUAL(10000, s.poll.moving_ms);
  STRCMP_EQUAL("/var/lib/depotlink/queue", s.queue.dir.c_str());
  STRCMP_EQUAL("/run/depotlink", s.queue.runtime_dir.c_str());
  STRCMP_EQUAL("", s.queue.key_file.c_str());
  CHECK_EQUAL(268435456, s.queue.max_bytes);
  CHECK_EQUAL(67108864, s.queue.min_free_bytes);
  CHECK_EQUAL(30LL * 24 * 3600000, s.queue.max_age_ms);
  CHECK_EQUAL(1000, s.queue.flush_interval_ms);
  CHECK_FALSE(s.queue.replay_to_state);
  CHECK_FALSE(s.queue.keep_newest);
  CHECK_EQUAL(8388608, s.memory.budget_bytes);
  CHECK_EQUAL(25000, s.memory.max_trackers);
  CHECK(s.log.level == LogLevel::kInfo);
}

TEST(Reader, EveryKeyArrives) {
  const ReadOutcome outcome = ReadSettings(R"({
    "$schema": "./depotlink.schema.json", "site": "s",
    "api": {"url": "http://h:1/v2", "key_file": "/k", "ca_file": "/c", "allow_http": true,
            "requests_per_second": 0.5, "timeout": "10s"},
    "mqtt": {"url": "mqtt://h:2", "version": "3.1.1", "client_id": "i", "username": "u",
             "password_file": "/p", "topic_prefix": "a/b"},
    "poll": {"fleet": "1s", "moving": "2s", "stopped": "3s", "parked": "4s", "offline": "5s"},
    "queue": {"dir": "/d", "runtime_dir": "/r", "key_file": "/q", "max_size": "1MiB",
              "min_free": "0MiB", "max_age": "1h", "flush_interval": "0s", "drop": "all_but_newest",
              "replay_to": "state"},
    "memory": {"budget": "7MiB", "max_trackers": 9}, "log": {"level": "debug"}})");
  CHECK(outcome.faults.empty());
  const Settings& s = outcome.settings;
  STRCMP_EQUAL("s", s.site.c_str());
  STRCMP_EQUAL("http://h:1/v2", s.api.url.c_str());
  STRCMP_EQUAL("/k", s.api.key_file.c_str());
  STRCMP_EQUAL("/c", s.api.ca_file.c_str());
  CHECK(s.api.allow_http);
  DOUBLES_EQUAL(0.5, s.api.requests_per_second, 0);
  CHECK_EQUAL(10000, s.api.timeout_ms);
  STRCMP_EQUAL("h", s.mqtt.host.c_str());
  CHECK_EQUAL(2, s.mqtt.port);
  CHECK(s.mqtt.version == MqttVersionChoice::k311);
  STRCMP_EQUAL("i", s.mqtt.client_id.c_str());
  STRCMP_EQUAL("u", s.mqtt.username.c_str());
  STRCMP_EQUAL("/p", s.mqtt.password_file.c_str());
  STRCMP_EQUAL("a/b", s.mqtt.topic_prefix.c_str());
  CHECK_EQUAL(1000, s.poll.fleet_ms);
  CHECK_EQUAL(2000, s.poll.moving_ms);
  CHECK_EQUAL(3000, s.poll.stopped_ms);
  CHECK_EQUAL(4000, s.poll.parked_ms);
  CHECK_EQUAL(5000, s.poll.offline_ms);
  STRCMP_EQUAL("/d", s.queue.dir.c_str());
  STRCMP_EQUAL("/r", s.queue.runtime_dir.c_str());
  STRCMP_EQUAL("/q", s.queue.key_file.c_str());
  CHECK_EQUAL(1048576, s.queue.max_bytes);
  CHECK_EQUAL(0, s.queue.min_free_bytes);
  CHECK_EQUAL(3600000, s.queue.max_age_ms);
  CHECK_EQUAL(0, s.queue.flush_interval_ms);
  CHECK(s.queue.replay_to_state);
  CHECK(s.queue.keep_newest);
  CHECK_EQUAL(7340032, s.memory.budget_bytes);
  CHECK_EQUAL(9, s.memory.max_trackers);
  CHECK(s.log.level == LogLevel::kDebug);
}

TEST(Reader, AScopeIsByLinksOrByTrackersAndGroups) {
  const auto read = [](const char* members) { return ReadSettings(WithRest(members)); };
  const ReadOutcome some = read(R"("scope": {"trackers": [1234567, 5], "groups": [167]})");
  CHECK(some.faults.empty());
  CHECK(some.settings.scope.trackers == (std::vector<std::uint64_t>{1234567, 5}));
  CHECK(some.settings.scope.groups == (std::vector<std::uint64_t>{167}));
  CHECK_EQUAL(0, some.settings.poll.links_ms);
  const ReadOutcome links = read(R"("scope": {"links": [103, 104]})");
  CHECK(links.faults.empty());
  CHECK(links.settings.scope.links == (std::vector<std::uint64_t>{103, 104}));
  CHECK_EQUAL(60000, links.settings.poll.links_ms);
  CHECK_EQUAL(5000,
              read(R"("scope": {"links": [1]}, "poll": {"links": "5s"})").settings.poll.links_ms);
  STRCMP_EQUAL(
      "c:4:20: scope.links: a scope is by geo links, or by trackers and groups; remove one\n",
      FaultsOf(WithRest(R"("scope": {"links": [1], "groups": [2]})")).c_str());
  STRCMP_CONTAINS(
      "queue.replay_to: with \"scope.links\" only \"history\"",
      FaultsOf(WithRest(R"("scope": {"links": [1]}, "queue": {"replay_to": "state"})")).c_str());
  STRCMP_CONTAINS("extra: with \"scope.links\" nothing else of the account is published",
                  FaultsOf(WithRest(R"("scope": {"links": [1]}, "extra": [{"path": "tag/list", )"
                                    R"("topic": "tags"}])"))
                      .c_str());
  STRCMP_CONTAINS("scope.links: found an array of 0; expected an array of 1 to 32 items",
                  FaultsOf(WithRest(R"("scope": {"links": []})")).c_str());
  STRCMP_CONTAINS("scope.links[1]: found 1.5; expected a whole number",
                  FaultsOf(WithRest(R"("scope": {"links": [1, 1.5]})")).c_str());
}

TEST(Reader, FaultsAreWrittenAsCompilersDo) {
  STRCMP_EQUAL(
      "/etc/depotlink/depotlink.json:4:12: mqtt.ulr: unknown key",
      FormatFault("/etc/depotlink/depotlink.json", {4, 12, "mqtt.ulr", "unknown key"}).c_str());
  STRCMP_EQUAL("c:1:1: text", FormatFault("c", {1, 1, "", "text"}).c_str());
}

TEST(Reader, AllFaultsAreToldAtOnceInTheOrderOfTheFile) {
  STRCMP_EQUAL(
      "c:2:11: site: found \"a/b\"; expected 1 to 64 of A-Z a-z 0-9 . _ -, such as "
      "\"north-depot\"\n"
      "c:3:9: api.url: missing; it is the address of the Navixy API, such as "
      "\"https://api.eu.navixy.com/v2\"\n"
      "c:3:25: api.timeout: found \"1h\" (too much); expected a duration of 1s to 10m in quotes "
      "(ms, s, m, h, d), such as \"30s\"\n"
      "c:4:3: key_file: unknown key; did you mean \"api.key_file\" or \"queue.key_file\"?\n"
      "c:5:13: mqtt.ulr: unknown key; did you mean \"mqtt.url\"?\n"
      "c:6:3: poll: given twice, first on line 4; remove one\n"
      "c:6:11: poll: found a number; expected an object: \"poll\": { ... }\n"
      "c:7:3: zebra: unknown key; known here are \"site\", \"api\", \"mqtt\", \"poll\", "
      "\"scope\", \"shard\", \"extra\", \"publish\", \"queue\", \"memory\" and \"log\"\n",
      FaultsOf("{\n"
               "  \"site\": \"a/b\",\n"
               "  \"api\":{ \"timeout\":    \"1h\" },\n"
               "  \"key_file\": \"/k\", \"poll\": {},\n"
               "  \"mqtt\": { \"ulr\": \"mqtt://h\" },\n"
               "  \"poll\": 5,\n"
               "  \"zebra\": null,\n"
               "}\n")
          .c_str());
}

TEST(Reader, EverythingMissingIsAskedFor) {
  STRCMP_EQUAL(
      "c:1:2: site: missing; it is the name of this depot, a level of every topic, such as "
      "\"north-depot\"\n"
      "c:1:2: api.url: missing; it is the address of the Navixy API, such as "
      "\"https://api.eu.navixy.com/v2\"\n"
      "c:1:2: api.key_file: missing; it is the file that holds the API key, such as "
      "\"/etc/depotlink/api.key\"\n"
      "c:1:2: mqtt.url: missing; it is the address of the MQTT broker, such as "
      "\"mqtt://localhost:1883\"\n",
      FaultsOf(" {}").c_str());
}

TEST(Reader, MisspeltSectionIsReadAsMeant) {
  STRCMP_EQUAL(
      "c:2:1: mqt: unknown key; did you mean \"mqtt\"?\n"
      "c:2:9: mqt.ulr: unknown key; did you mean \"mqtt.url\"?\n"
      "c:2:27: mqt.version: found \"6\"; expected \"5\" or \"3.1.1\"\n",
      FaultsOf("{\"site\": \"a\", \"api\": {\"url\": \"https://h\", \"key_file\": "
               "\"/k\"},\n\"mqt\": {\"ulr\":1,\"version\":\"6\"}}")
          .c_str());
}

TEST(Reader, SectionInTheWrongPlaceIsNamed) {
  STRCMP_EQUAL("c:2:74: api.log: unknown key; did you mean \"log\"?\n",
               FaultsOf(WithApi(R"("log": {"level": "info"})")).c_str());
}

TEST(Reader, SectionOfAnotherTypeIsOneFault) {
  STRCMP_EQUAL(
      "c:1:23: api: found a text of 9 characters; expected an object: \"api\": { ... }\n"
      "c:1:43: mqtt: found an array; expected an object: \"mqtt\": { ... }\n",
      FaultsOf(R"({"site": "a", "api" : "https://h", "mqtt":[{"url": "x"}]})").c_str());
}

TEST(Reader, DottedKeysAreExplained) {
  STRCMP_EQUAL(
      "c:4:1: log.level: unknown key; a section is an object: \"log\": { \"level\": ... }\n",
      FaultsOf(WithRest(R"("log.level": "info")")).c_str());
}

TEST(Reader, RepeatedKeysAreFoundAtEachDepth) {
  STRCMP_EQUAL("c:2:86: api.timeout: given twice, first on line 2; remove one\n",
               FaultsOf(WithApi(R"("timeout":5,"timeout": "5s")")).c_str());
  STRCMP_EQUAL(
      "c:4:18: log: given twice, first on line 4; remove one\n"
      "c:4:27: log: given twice, first on line 4; remove one\n",
      FaultsOf(WithRest(R"("log": {"x": 1}, "log":5, "log": {"level": "info"})")).c_str());
}

TEST(Reader, AKeyOrALoginAndALoginHasTwoHalves) {
  const char* rest = R"(, "mqtt": {"url": "mqtt://h"}})";
  const std::string begin = R"({"site": "s", "api": {"url": "https://h")";
  const std::string user = R"(, "user": {"login": "a", "password_file": "/p"})";
  STRCMP_EQUAL("", FaultsOf(begin + user + "}" + rest).c_str());
  STRCMP_EQUAL(
      "", FaultsOf(begin +
                   R"(, "key_file": "/k", "panel": {"login": "1", "password_file": "/q"}})" + rest)
              .c_str());
  STRCMP_CONTAINS("api.key_file: missing", FaultsOf(begin + "}" + rest).c_str());
  STRCMP_CONTAINS("api.key_file: both a key and \"api.user\" are given; remove one",
                  FaultsOf(begin + user + R"(, "key_file": "/k"})" + rest).c_str());
  for (const char* section : {"user", "panel"}) {
    const std::string path = std::string("api.") + section;
    const std::string half = begin + R"(, ")" + section + R"(": {)";
    STRCMP_CONTAINS((path + ".login: missing; it is the login").c_str(),
                    FaultsOf(half + R"("password_file": "/p"}})" + rest).c_str());
    STRCMP_CONTAINS((path + ".password_file: missing; it is the file").c_str(),
                    FaultsOf(half + R"("login": "a"}})" + rest).c_str());
    const std::string secret = FaultsOf(half + R"("login": "a", "password": "hunter2"}})" + rest);
    STRCMP_CONTAINS(("name that file in \"" + path + ".password_file\"").c_str(), secret.c_str());
    CHECK(secret.find("hunter2") == std::string::npos);
  }
  STRCMP_CONTAINS(
      "the same file as \"api.user.password_file\"",
      FaultsOf(begin + user + R"(, "panel": {"login": "1", "password_file": "/p"}})" + rest)
          .c_str());
}

TEST(Reader, KeysOfLaterVersionsAreRefused) {
  STRCMP_CONTAINS("not supported by this version yet; remove it\n",
                  FaultsOf(WithRest(R"("publish": {"formats": [{"a": 1, "a": 2}]})")).c_str());
}

TEST(Reader, WhatIsForTlsNeedsAnAddressWithIt) {
  const auto faults = [](const char* url, const char* members) {
    return FaultsOf(
        R"({"site": "s", "api": {"url": "https://h", "key_file": "/k"}, "mqtt": {"url": ")" +
        std::string(url) + "\", " + members + "}}");
  };
  const char* both = R"("cert_file": "/c", "private_key_file": "/p")";
  STRCMP_EQUAL("", faults("mqtts://h", both).c_str());
  STRCMP_EQUAL("", faults("mqtts://h", R"("ca_file": "/c")").c_str());
  for (const char* url : {"mqtt://h", "unix:///a"}) {
    STRCMP_CONTAINS("mqtt.cert_file: only an address with mqtts:// has a use for it",
                    faults(url, both).c_str());
    STRCMP_CONTAINS("mqtt.ca_file: only an address", faults(url, R"("ca_file": "/c")").c_str());
  }
  STRCMP_CONTAINS("mqtt.cert_file: it needs \"mqtt.private_key_file\" beside it",
                  faults("mqtts://h", R"("cert_file": "/c")").c_str());
  STRCMP_CONTAINS("mqtt.private_key_file: it needs \"mqtt.cert_file\" beside it",
                  faults("mqtts://h", R"("private_key_file": "/p")").c_str());
  STRCMP_CONTAINS("the same file as \"api.key_file\"",
                  faults("mqtts://h", R"("cert_file": "/c", "private_key_file": "/k")").c_str());
  // One fault, not two.
  CHECK(faults("mqtts://h h", both).find("has a use for it") == std::string::npos);
}

TEST(Reader, SecretsAreRefusedWithTheRemedyAndNeverShown) {
  const char* const kRemedy =
      "a secret does not belong in this file; put it alone into a file of its own with mode 0600 "
      "and name that file in \"";
  for (const char* key : {"key", "api_key", "hash", "token", "password", "secret"}) {
    const std::string faults = FaultsOf(WithApi('"' + std::string(key) + "\": \"hunter2\""));
    STRCMP_CONTAINS((kRemedy + std::string("api.key_file\"")).c_str(), faults.c_str());
    CHECK(faults.find("hunter2") == std::string::npos);
  }
  for (const char* key : {"password", "pass", "passwd", "mqtt_password"}) {
    const std::string faults = FaultsOf(WithMqtt('"' + std::string(key) + "\": \"hunter2\""));
    STRCMP_CONTAINS((kRemedy + std::string("mqtt.password_file\"")).c_str(), faults.c_str());
    CHECK(faults.find("hunter2") == std::string::npos);
  }
}

// A canary in every place where somebody could put a secret.
TEST(Reader, NoFaultHoldsASecret) {
  const std::string kCanary = "0123456789abcdef0123456789abcdef";
  const std::string quoted = '"' + kCanary + '"';
  for (const std::string& text : {WithApi("\"ca_file\": " + quoted),
                                  WithApi("\"timeout\": " + quoted),
                                  WithApi("\"key_file\": " + quoted),
                                  WithApi("\"pin\": " + quoted),
                                  WithApi("\"keyy\": " + quoted),
                                  WithApi("\"user\": {\"password\": " + quoted + '}'),
                                  WithApi(quoted + ": 1"),
                                  WithApi(quoted + " 1"),
                                  WithApi("\"key\": " + kCanary),
                                  WithMqtt("\"password_file\": " + quoted),
                                  WithMqtt("\"version\": " + quoted),
                                  WithMqtt("\"password\": [" + quoted + ']'),
                                  WithMqtt("\"username\": [" + quoted + ']'),
                                  WithMqtt("\"topic_prefix\": \" " + kCanary + '"'),
                                  WithMqtt("\"client_id\": \" " + kCanary + '"'),
                                  WithRest("\"key\": " + quoted),
                                  WithRest("\"api\": " + quoted),
                                  WithRest("\"log\": {\"level\": " + quoted + '}'),
                                  WithRest("\"$schema\": [" + quoted + ']'),
                                  WithApiUrl("https://u:" + kCanary + "@h"),
                                  WithApiUrl("https://h?hash=" + kCanary),
                                  WithApiUrl("ftp://h/" + kCanary),
                                  WithBroker("mqtt://" + kCanary + "@h"),
                                  WithBroker("mqtt://u:" + kCanary + "@h:1883"),
                                  WithBroker("x://h/?" + kCanary)}) {
    const std::string faults = FaultsOf(text);
    CHECK_TEXT(!faults.empty(), text.c_str());
    CHECK_TEXT(faults.find("0123456789abcdef") == std::string::npos, faults.c_str());
  }
}

TEST(Reader, KeysAreCheckedAgainstEachOther) {
  STRCMP_EQUAL("c:3:59: mqtt.password_file: a password needs \"mqtt.username\" beside it\n",
               FaultsOf(WithMqtt(R"("password_file": "/p")")).c_str());
  STRCMP_EQUAL(
      "c:3:76: mqtt.password_file: the same file as \"api.key_file\"; each secret stands in a file "
      "of its own\n",
      FaultsOf(WithMqtt(R"("username": "u", "password_file": "/etc/api.key")")).c_str());
  STRCMP_EQUAL(
      "c:4:25: queue.key_file: the same file as \"api.key_file\"; each secret stands in a file of "
      "its "
      "own\n",
      FaultsOf(WithRest(R"("queue": {"key_file":   "/etc/api.key"})")).c_str());
}

TEST(Reader, TheQueueNeedsTwoDirectories) {
  const char* const kFault =
      ": \"queue.dir\" and \"queue.runtime_dir\" are the same directory; the first belongs on a "
      "disk, the second in memory, such as \"/run/depotlink\"\n";
  STRCMP_EQUAL(("c:4:38: queue.runtime_dir" + std::string(kFault)).c_str(),
               FaultsOf(WithRest(R"("queue": {"dir": "/q", "runtime_dir":"/q"})")).c_str());
  STRCMP_EQUAL(("c:4:17: queue.dir" + std::string(kFault)).c_str(),
               FaultsOf(WithRest(R"("queue": {"dir":"/run/depotlink"})")).c_str());
}

TEST(Reader, ManyFaultsAreCutShort) {
  std::string members;
  for (int i = 0; i < 150; ++i) {
    members += (i > 0 ? ",\n\"" : "\"") + std::to_string(i) + "\": 1";
  }
  const ReadOutcome outcome = ReadSettings(WithRest(members));
  CHECK_EQUAL(kMaxFaults + 1, outcome.faults.size());
  STRCMP_EQUAL("and 50 more faults from here on", outcome.faults.back().message.c_str());
}

TEST(Reader, LongKeysAreShortened) {
  const std::string faults = FaultsOf(WithRest('"' + std::string(5000, 'z') + "\": 1"));
  CHECK(faults.size() < 200);
}
