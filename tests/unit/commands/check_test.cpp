// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/check.hpp"

#include <string>
#include <vector>

#include "agent/base/limits.hpp"
#include "agent/memory_plan.hpp"
#include "agent/settings/reader.hpp"
#include "tests/fakes/fake_files.hpp"

#include "CppUTest/TestHarness.h"

using namespace depotlink;

namespace {

constexpr const char* kConfig = R"({ "site": "north-depot",
  "api":  { "url": "https://api.eu.navixy.com/v2", "key_file": "/k" },
  "mqtt": { "url": "mqtt://localhost:1883" } })";
constexpr const char* kFullConfig = R"({ "site": "s",
  "api":  { "url": "https://h/v2/", "key_file": "/k", "ca_file": "/ca", "requests_per_second": 0.5 },
  "mqtt": { "url": "mqtt://[::1]:1884", "version": "3.1.1", "username": "u",
            "password_file": "/p", "client_id": "me", "topic_prefix": "a/b" },
  "poll": { "moving": "90s" }, "memory": { "budget": "16MiB", "max_trackers": 100 } })";
constexpr const char* kKey = "0123456789abcdef0123456789ABCDEF\n";

}  // namespace

TEST_GROUP(Check) {
  fakes::FakeFiles files;
  std::string out;
  Status identity;  // what the TLS library says of certificate and key

  void setup() override {
    files.Put("c.json", kConfig);
    files.Put("/k", kKey);
  }
  int Run() {
    out.clear();
    const auto judge = [this](const std::string&, const Secret&) { return identity; };
    return commands::RunCheck("c.json", files, judge, out);
  }
};

TEST(Check, SaysWhatTheScopeIs) {
  const auto with = [this](const std::string& scope) {
    std::string config = kConfig;
    config.insert(config.rfind('}'), ", \"scope\": {" + scope + "}");
    files.Put("c.json", config);
    CHECK_EQUAL(0, Run());
  };
  with("\"links\": [103, 104]");
  STRCMP_CONTAINS("  scope     what is shared by geo link 103 104, as long as it is\n",
                  out.c_str());
  STRCMP_CONTAINS("list of trackers 10m, geo links 1m\n", out.c_str());
  with("\"trackers\": [1], \"groups\": [2, 3]");
  STRCMP_CONTAINS("  scope     1 tracker and the trackers of 2 groups\n", out.c_str());
  with("\"trackers\": [1, 2]");
  STRCMP_CONTAINS("  scope     2 trackers\n", out.c_str());
}

TEST(Check, SaysOkAndWhatWillBeDone) {
  CHECK_EQUAL(0, Run());
  out.resize(out.find("  memory"));
  STRCMP_EQUAL(
      "c.json: OK\n"
      "  site      north-depot\n"
      "  api       https://api.eu.navixy.com/v2, at most 5 requests a second\n"
      "  access    with an API key\n"
      "  broker    mqtt://localhost:1883 as depotlink-north-depot, MQTT 5, or 3.1.1 where the "
      "broker knows no better\n"
      "  topics    below depotlink/north-depot/\n"
      "  polls     moving 10s, stopped 30s, parked 1m, offline 5m, list of trackers 10m\n"
      "  wan       about 92 MB a day for 100 trackers that all move, 31 MB stopped, 15 MB parked, "
      "3.1 MB offline; 1.3 MB for their list\n"
      "  scope     the whole fleet\n"
      "  queue     at most 256MiB in /var/lib/depotlink/queue, for 30d; flushed every 1s while the "
      "bus is away\n",
      out.c_str());
}

TEST(Check, PrintsTheMemoryPlan) {
  CHECK_EQUAL(0, Run());
  const MemoryPlan plan = PlanMemory(settings::ReadSettings(kConfig).settings);
  const std::string table = out.substr(out.find("  memory"));
  STRCMP_CONTAINS(("at most " + std::to_string(InKib(plan.bytes)) + " KiB for 25000").c_str(),
                  table.c_str());
  for (const MemoryPart& part : plan.parts) {
    const std::string line =
        " " + std::to_string(InKib(part.bytes)) + " KiB  " + std::string(part.name) + '\n';
    CHECK_EQUAL(part.bytes > 0, table.find(line) != std::string::npos);
  }
}

TEST(Check, RefusesAFleetThatDoesNotFitTheBudget) {
  std::string config = kConfig;
  config.insert(config.rfind('}'),
                ",\n \"memory\": {\"budget\": \"6MiB\", \"max_trackers\": 60000}");
  files.Put("c.json", config);
  CHECK_EQUAL(1, Run());
  STRCMP_CONTAINS("c.json:4:23: memory.budget: a budget of 6144 KiB is less than the ",
                  out.c_str());
  STRCMP_CONTAINS(" KiB that are planned for 60000 trackers; raise memory.budget to ", out.c_str());
  STRCMP_CONTAINS(" KiB  trackers and their labels\n", out.c_str());
  CHECK(out.find("OK") == std::string::npos);
  config = kConfig;
  config.insert(
      config.rfind('}'),
      ",\n \"memory\": {\"max_trackers\": 60000}, \"queue\": {\"drop\": \"all_but_newest\"}");
  files.Put("c.json", config);
  CHECK_EQUAL(1, Run());
  STRCMP_CONTAINS("c.json:4:29: memory.max_trackers: a budget of 8192 KiB is ", out.c_str());
}

TEST(Check, SaysHowOftenEachExtraIsAskedFor) {
  std::string config = kConfig;
  config.insert(config.rfind('}'), R"(, "extra": [
    {"path": "retranslator/list", "topic": "retranslators", "every": "30m"},
    {"path": "zone/list", "topic": "zones", "every": "2d", "split": true}])");
  files.Put("c.json", config);
  CHECK_EQUAL(0, Run());
  STRCMP_CONTAINS(
      "  extras    retranslator/list every 30m (48 a day) to extra/retranslators\n"
      "            zone/list every 2d (0.5 a day, pages apart) to extra/zones/<id>\n",
      out.c_str());
}

TEST(Check, SaysWhatAFullConfigWillDo) {
  files.Put("c.json", kFullConfig);
  files.Put("/ca", "# ours\n-----BEGIN CERTIFICATE-----\n");
  files.Put("/p", "hunter2");
  CHECK_EQUAL(0, Run());
  STRCMP_CONTAINS("  api       https://h/v2, at most 0.5 requests a second\n", out.c_str());
  STRCMP_CONTAINS("  broker    mqtt://[::1]:1884 as me, MQTT 3.1.1\n", out.c_str());
  STRCMP_CONTAINS("  topics    below a/b/s/\n", out.c_str());
  STRCMP_CONTAINS("  polls     moving 90s, ", out.c_str());
  STRCMP_CONTAINS(" KiB for 100 trackers, of a budget of 16MiB; of these\n", out.c_str());
  CHECK(out.find("hunter2") == std::string::npos);
}

TEST(Check, SaysEveryFault) {
  files.Put("c.json",
            "{\"site\": \"\",\n\"poll\": 1, \"api\": {\"url\": \"https://h\", "
            "\"key_file\": \"/missing\"}, \"mqtt\": {\"url\": \"mqtt://h\"}}");
  CHECK_EQUAL(1, Run());
  STRCMP_EQUAL(
      "c.json:1:10: site: found \"\" (it is empty); expected 1 to 64 of A-Z a-z 0-9 . _ -, such as "
      "\"north-depot\"\n"
      "c.json:2:9: poll: found a number; expected an object: \"poll\": { ... }\n",
      out.c_str());
}

TEST(Check, SaysThatTheConfigCannotBeRead) {
  files.Refuse("c.json", "c.json: no such file");
  CHECK_EQUAL(1, Run());
  STRCMP_EQUAL("c.json: no such file\n", out.c_str());
}

TEST(Check, BoundsTheConfig) {
  files.Put("c.json", std::string(limits::kConfigFileBytes + 1, ' '));
  CHECK_EQUAL(1, Run());
  STRCMP_EQUAL("c.json: too large\n", out.c_str());
}

TEST(Check, ReadsEveryFileThatTheConfigNames) {
  files.Put("c.json", kFullConfig);
  files.Refuse("/k", "/k: others can read it; chmod 0600 /k");
  files.Put("/ca", "no certificate");
  CHECK_EQUAL(1, Run());
  STRCMP_EQUAL(
      "c.json:2:49: api.key_file: /k: others can read it; chmod 0600 /k\n"
      "c.json:2:66: api.ca_file: /ca holds no certificate in PEM form (-----BEGIN "
      "CERTIFICATE-----)\n"
      "c.json:4:30: mqtt.password_file: /p: no such file\n",
      out.c_str());
}

TEST(Check, WarnsOfAKeyThatLooksWrongButShowsNothingOfIt) {
  files.Put("/k", "0123456789abcdef0123456789abcdeg");
  CHECK_EQUAL(0, Run());
  STRCMP_CONTAINS("c.json:2:64: api.key_file: warning: what the file holds does not look like",
                  out.c_str());
  STRCMP_CONTAINS("c.json: OK\n", out.c_str());
  CHECK(out.find("0123456789") == std::string::npos);
}

TEST(Check, WarnsOfAKeyThatTravelsInTheClear) {
  const auto says = [this](const std::string& url) {
    files.Put("c.json", R"({"site": "s", "api": {"url": ")" + url +
                            R"(", "allow_http": true, "key_file": "/k"},)" +
                            R"("mqtt": {"url": "mqtt://localhost"}})");
    CHECK_EQUAL(0, Run());
    return out.find("c.json:1:30: api.url: warning: key and positions cross") != std::string::npos;
  };
  CHECK(says("http://10.0.0.1/v2"));
  for (const char* url : {"https://10.0.0.1/v2", "http://localhost/v2", "http://127.0.0.1"}) {
    CHECK_FALSE_TEXT(says(url), url);
  }
}

TEST(Check, WarnsOfAPasswordThatTravelsInTheClear) {
  const auto says = [this](const std::string& url) {
    files.Put("c.json",
              R"({"site": "s", "api": {"url": "https://h", "key_file": "/k"}, "mqtt": {"url": ")" +
                  url + R"(", "username": "u", "password_file": "/p"}})");
    files.Put("/p", "hunter2");
    CHECK_EQUAL(0, Run());
    return out.find("warning: the password crosses the network unencrypted") != std::string::npos;
  };
  CHECK(says("mqtt://broker.lan"));
  CHECK(says("mqtt://10.0.0.1"));
  for (const char* url : {"mqtt://localhost", "mqtt://127.0.0.1", "mqtt://[::1]", "mqtts://h",
                          "unix:///run/m.sock"}) {
    CHECK_FALSE_TEXT(says(url), url);
  }
}

TEST(Check, ReadsCertificateAndKeyOfTheBroker) {
  files.Put("c.json",
            "{\"site\": \"s\", \"api\": {\"url\": \"https://h\", \"key_file\": \"/k\"},\n\"mqtt\": "
            "{\"url\": \"mqtts://b:8884\", \"ca_file\": \"/ca\", \"cert_file\": \"/c\", "
            "\"private_key_file\": \"/p\"}}");
  files.Put("/ca", "-----BEGIN CERTIFICATE-----");
  files.Put("/c", "no certificate");
  CHECK_EQUAL(1, Run());
  STRCMP_CONTAINS("mqtt.cert_file: /c holds no certificate", out.c_str());
  STRCMP_CONTAINS("mqtt.private_key_file: /p: no such file", out.c_str());
  files.Put("/c", "-----BEGIN CERTIFICATE-----");
  files.Put("/p", "a key");
  CHECK_EQUAL(0, Run());
  STRCMP_CONTAINS("  broker    mqtts://b:8884 as depotlink-s with a certificate, MQTT 5",
                  out.c_str());
  identity = Status(Code::kAskPerson, "the private key is another's");
  CHECK_EQUAL(1, Run());
  STRCMP_CONTAINS("mqtt.cert_file: the private key is another's\n", out.c_str());
}

TEST(Check, RefusesAQueueKeyThatIsNone) {
  files.Put("c.json",
            "{\"site\": \"s\", \"api\": {\"url\": \"https://h\", \"key_file\": \"/k\"}, "
            "\"mqtt\": {\"url\": \"mqtt://h\"},\n\"queue\": {\"key_file\": \"/q\"}}");
  CHECK_EQUAL(1, Run());
  STRCMP_EQUAL("c.json:2:23: queue.key_file: /q: no such file\n", out.c_str());
  const std::string good(64, 'a');
  for (const std::string& bad : {std::string(63, 'a'), std::string(64, 'g'), good + "a"}) {
    files.Put("/q", bad);
    CHECK_EQUAL(1, Run());
    STRCMP_CONTAINS("c.json:2:23: queue.key_file: /q holds no key of the queue", out.c_str());
    CHECK(out.find("aaa") == std::string::npos);
  }
  files.Put("/q", good);
  CHECK_EQUAL(0, Run());
}

TEST(Check, LoadSettingsGivesSettingsOrMessages) {
  std::vector<std::string> messages;
  const Result<settings::Settings> good = commands::LoadSettings("c.json", files, messages);
  CHECK(good.ok());
  CHECK(messages.empty());
  STRCMP_EQUAL("north-depot", good.value().site.c_str());

  files.Put("c.json", "{\"site\": 1, \"api\": 2, \"mqtt\": 3}");
  const Result<settings::Settings> bad = commands::LoadSettings("c.json", files, messages);
  CHECK(bad.status().code() == Code::kAskPerson);
  STRCMP_EQUAL("3 faults in c.json", bad.status().message().c_str());
  CHECK_EQUAL(3, messages.size());
  STRCMP_CONTAINS("c.json:1:10: site: found 1; expected", messages[0].c_str());

  messages.clear();
  const Result<settings::Settings> none = commands::LoadSettings("none", files, messages);
  CHECK_FALSE(none.ok());
  CHECK_EQUAL(1, messages.size());
}
