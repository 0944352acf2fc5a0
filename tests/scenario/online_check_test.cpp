// SPDX-License-Identifier: Apache-2.0
// `depotlink check --online` over the simulated platform and broker, on virtual time.
#include "agent/commands/online_check.hpp"

#include <map>
#include <string>
#include <vector>

#include "agent/commands/online_burst.hpp"

#include "tests/fakes/fake_files.hpp"
#include "tests/fakes/fake_random.hpp"
#include "tests/fakes/fake_storage.hpp"
#include "tests/scenario/simulated_api.hpp"
#include "tests/scenario/simulated_broker.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::DurationMs;
using depotlink::kHourMs;
using depotlink::kMinuteMs;
using depotlink::kSecondMs;
using depotlink::MonoTime;
using depotlink::Secret;
using depotlink::Status;
using depotlink::commands::ReportStyle;
using depotlink::commands::RunOnlineCheck;

namespace {

class TestNames : public depotlink::ports::Names {
 public:
  Status Start(const std::string& host) override {
    asked = host;
    return Status::Ok();
  }
  bool Take(depotlink::ports::NameAnswer& out) override {
    if (silent) return false;
    out = answer;
    return true;
  }
  bool silent = false;
  depotlink::ports::NameAnswer answer{"192.0.2.7", ""};
  std::string asked;
};

class TestBrokerFiles : public depotlink::ports::BrokerFiles {
 public:
  std::vector<std::string> MosquittoConfigs() override { return configs; }
  std::vector<std::string> configs{"persistence true\nlistener 1883 127.0.0.1\n"};
};

}  // namespace

TEST_GROUP(OnlineCheck) {
  depotlink::fakes::FakeClock clock;
  depotlink::fakes::FakeHttp http;
  depotlink::fakes::FakeMqtt mqtt;
  depotlink::fakes::SeededRandom random{1};
  depotlink::fakes::FakeFiles files;
  depotlink::fakes::FakeStorage disk;
  TestNames names;
  TestBrokerFiles broker_files;
  depotlink::scenario::SimulatedApi api{http, clock};
  depotlink::scenario::SimulatedBroker broker{mqtt};
  depotlink::settings::Settings settings;
  std::string key = "0123456789abcdef0123456789abcdef";
  ReportStyle style = ReportStyle::kPlain;
  DurationMs answer_ms = 5;
  bool http_silent = false;
  bool tls_failed = false;
  std::string tls_words;
  int stop_after = 20000;
  std::string out;
  DurationMs spent = 0;
  std::map<std::string, std::string> marks;
  std::map<std::string, std::string> lines;     // the findings
  std::map<std::string, std::string> remedies;  // where there is one

  void setup() override {
    settings.site = "yard";
    settings.api.url = "https://api.example/v2";
    settings.api.key_file = "/key";
    settings.mqtt.host = "bus.example";
    settings.mqtt.client_id = "depotlink-yard";
    settings.memory.max_trackers = 100;
    settings.queue.dir = "/queue";
    settings.queue.max_bytes = 32 * 1024 * 1024;
    settings.queue.min_free_bytes = 8 * 1024 * 1024;
    api.trackers = 30;
    http.server_time_ms = clock.WallNow().ms;
    disk.set_capacity(100 * 1024 * 1024);
  }

  void ServeHttp() {
    clock.Advance(answer_ms);
    if (http_silent) {
      clock.Advance(kSecondMs);
    } else if (tls_failed) {
      http.Fail(depotlink::ports::HttpEnd::kTlsFailed, tls_words);
    } else {
      api.Serve();
    }
  }

  int Run() {
    const MonoTime begun = clock.Now();
    const int code = RunOnlineCheck(
        settings, {Secret(std::string(key)), Secret(std::string("panelword")), Secret()},
        {&clock, &random, &http, &mqtt, &files, &names, &disk, &broker_files}, style,
        [this](std::string_view text) { out += text; },
        [this](MonoTime next) {
          if (http.busy()) {
            ServeHttp();
            if (http_silent) http.Deliver();
          } else if (broker.Serve()) {
            clock.Advance(1);
          } else {
            clock.AdvanceTo(next);
          }
          return --stop_after > 0;
        });
    spent = clock.Now() - begun;
    CHECK(out.find(key) == std::string::npos);
    CHECK(out.find("panelword") == std::string::npos);
    if (style == ReportStyle::kPlain) Take();
    return code;
  }

  void Take() {
    std::string last;
    for (std::size_t at = 0; at < out.size();) {
      const std::size_t end = out.find('\n', at);
      const std::string line = out.substr(at, end - at);
      at = end + 1;
      if (line.size() < 20) continue;
      if (line[0] == ' ') {
        remedies[last] = line.substr(20);
        continue;
      }
      last = line.substr(6, line.find(' ', 6) - 6);
      marks[last] = line.substr(0, line.find(' '));
      lines[last] = line.substr(20);
    }
  }

  void Fails(const char* probe, const char* words, const char* remedy) {
    STRCMP_EQUAL("FAIL", marks[probe].c_str());
    STRCMP_CONTAINS(words, lines[probe].c_str());
    STRCMP_CONTAINS(remedy, remedies[probe].c_str());
  }
  void Is(const char* mark, const char* probe, const char* words) {
    STRCMP_EQUAL(mark, marks[probe].c_str());
    STRCMP_CONTAINS(words, lines[probe].c_str());
  }
};

TEST(OnlineCheck, WhereAllIsWellItSaysSoInATechniciansOrder) {
  LONGS_EQUAL(0, Run());
  std::size_t at = 0;
  for (const char* probe : {"ok    clock", "ok    dns", "ok    tcp", "ok    tls",
                            "ok    credential", "ok    permissions", "ok    fleet", "ok    traffic",
                            "ok    broker", "ok    publish", "ok    disk", "all is well"}) {
    const std::size_t found = out.find(probe, at);
    CHECK_TEXT(found != std::string::npos, probe);
    at = found;
  }
  Is("ok", "dns", "api.example is 192.0.2.7");
  Is("ok", "fleet", "30 trackers");
  Is("ok", "broker", "bus.example port 1883 takes depotlink-yard-check by MQTT 5");
  CHECK(out.find('\x1b') == std::string::npos);
  CHECK(spent < 10 * kSecondMs);
}

TEST(OnlineCheck, ItLeavesNothingBehind) {
  LONGS_EQUAL(0, Run());
  LONGS_EQUAL(1, mqtt.attempts().size());
  STRCMP_EQUAL("depotlink-yard-check", mqtt.attempts()[0].client_id.c_str());
  STRCMP_EQUAL("", mqtt.attempts()[0].will_topic.c_str());
  LONGS_EQUAL(0, mqtt.attempts()[0].session_expiry_s);
  STRCMP_EQUAL("depotlink/yard/check", mqtt.sent()[0].topic.c_str());
  CHECK(mqtt.retained().empty());
  CHECK(mqtt.filter().empty());
  CHECK_FALSE(mqtt.sent()[0].retain);
  LONGS_EQUAL(1, mqtt.disconnects());
  LONGS_EQUAL(0, disk.Names().size());
  LONGS_EQUAL(0, disk.open_handles());
  LONGS_EQUAL(1024 * 1024, disk.bytes_synced());
  CHECK(disk.violations().empty());
}

TEST(OnlineCheck, AClockThatLagsBehindTheApisFails) {
  http.server_time_ms = clock.WallNow().ms + kHourMs;
  LONGS_EQUAL(1, Run());
  Fails("clock", "this machine says 2024-08-01T13:46:40Z; the API says 2024-08-01T14:46",
        "timedatectl");
}

TEST(OnlineCheck, AClockThatIsPastForSureFailsWithoutTheApi) {
  clock.SetWall({0});
  api.away = true;
  LONGS_EQUAL(1, Run());
  Fails("clock", "1970-01-01", "timedatectl");
}

TEST(OnlineCheck, ANameThatIsNotFoundLeavesTheRestOfTheApiOut) {
  names.answer = {"", "Name or service not known"};
  LONGS_EQUAL(1, Run());
  Fails("dns", "api.example was not found: Name or service not known", "name server");
  for (const char* probe : {"tcp", "tls", "credential", "permissions", "fleet", "traffic"}) {
    STRCMP_EQUAL("skip", marks[probe].c_str());
  }
  STRCMP_EQUAL("ok", marks["broker"].c_str());
  LONGS_EQUAL(0, http.requests().size());
}

TEST(OnlineCheck, ASilentNameServerIsWaitedForTenSeconds) {
  names.silent = true;
  LONGS_EQUAL(1, Run());
  Fails("dns", "no name server answered", "name server");
  CHECK(spent < 12 * kSecondMs);
}

TEST(OnlineCheck, NoConnectionFailsAtTcp) {
  api.away = true;
  LONGS_EQUAL(1, Run());
  Fails("tcp", "no route to host", "api.example port 443");
  STRCMP_EQUAL("skip", marks["tls"].c_str());
  LONGS_EQUAL(1, http.requests().size());
}

TEST(OnlineCheck, EachFaultOfACertificateHasItsRemedy) {
  const std::pair<const char*, const char*> rows[] = {
      {"the server's certificate has expired (at 2024)", "timedatectl"},
      {"the server's certificate is not valid yet", "timedatectl"},
      {"the server's certificate is for another host", "api.url"},
      {"no trusted root vouches for the server's certificate", "api.ca_file"},
      {"the server's public key is not the one that api.pin names", "api.pin"},
      {"something else", "right port"}};
  tls_failed = true;
  for (const auto& [words, remedy] : rows) {
    out.clear();
    tls_words = words;
    LONGS_EQUAL(1, Run());
    Is("ok", "tcp", "takes connections");
    Fails("tls", words, remedy);
    STRCMP_EQUAL("skip", marks["credential"].c_str());
  }
}

TEST(OnlineCheck, ARefusedKeyIsAskedForOnce) {
  api.refuse_all_code = 4;
  LONGS_EQUAL(1, Run());
  Fails("credential", "does not know this credential", "the key was revoked");
  STRCMP_CONTAINS("/key", remedies["credential"].c_str());
  LONGS_EQUAL(1, http.requests().size());
}

TEST(OnlineCheck, WhatIsNoKeyIsToldByItsLooks) {
  key = "hunter2-password";
  api.refuse_all_code = 3;
  LONGS_EQUAL(1, Run());
  Fails("credential", "does not know", "/key holds is no API key, which has 32 hexadecimal digits");
}

TEST(OnlineCheck, TheWrongKindOfCredentialIsNamed) {
  api.refuse_all_code = 276;
  LONGS_EQUAL(1, Run());
  Fails("credential", "this kind of credential may not make this call", "admin panel");
}

TEST(OnlineCheck, ACaptivePortalIsRecognised) {
  api.others["tracker/list"] = "<html>sign in</html>";
  LONGS_EQUAL(1, Run());
  Fails("credential", "a web page came instead of the API's answer", "captive portal");
}

TEST(OnlineCheck, AnApiThatSaysNothingIsGivenUpInTime) {
  http_silent = true;
  LONGS_EQUAL(1, Run());
  Fails("credential", "did not answer in time", "api.example");
  CHECK(spent < 40 * kSecondMs);
}

TEST(OnlineCheck, AUsersLoginIsEndedAgain) {
  settings.api.key_file.clear();
  settings.api.user = {"me@example", "/user"};
  api.others["user/auth"] = R"({"success":true,"hash":"44eac1c27af4be7b9d04da2ce1af111b"})";
  api.others["user/logout"] = R"({"success":true})";
  LONGS_EQUAL(0, Run());
  Is("ok", "credential", "the user's login is accepted");
  LONGS_EQUAL(1, api.others_asked["user/auth"]);
  LONGS_EQUAL(1, api.others_asked["user/logout"]);
  CHECK(out.find("44eac1c2") == std::string::npos);
}

TEST(OnlineCheck, AWrongPasswordIsTriedOnce) {
  settings.api.key_file.clear();
  settings.api.user = {"me@example", "/user"};
  api.others["user/auth"] = R"({"success":false,"status":{"code":102}})";
  LONGS_EQUAL(1, Run());
  Fails("credential", "login or password wrong", "api.user.password_file");
  LONGS_EQUAL(1, http.requests().size());
}

TEST(OnlineCheck, WhatThePanelMayNotReadIsNamed) {
  settings.api.panel = {"20410", "/panel"};
  settings.extra.resize(1);
  settings.extra[0].path = "panel/user/list";
  settings.extra[0].topic = "users";
  api.others["panel/account/auth"] =
      R"({"success":true,"hash":"44eac1c27af4be7b9d04da2ce1af111b","permissions":{"tariffs":["read"]}})";
  api.others["panel/account/logout"] = R"({"success":true})";
  LONGS_EQUAL(1, Run());
  Is("ok", "panel", "accepted");
  Fails("permissions", "panel/user/list: the panel's login lacks the permission users: read",
        "right");
  LONGS_EQUAL(1, api.others_asked["panel/account/logout"]);
}

TEST(OnlineCheck, ACallThatIsForbiddenFailsAndGroupsOnlyWarn) {
  settings.extra.resize(1);
  settings.extra[0].path = "tag/list";
  settings.extra[0].topic = "tags";
  api.others["tag/list"] = R"({"success":false,"status":{"code":13}})";
  LONGS_EQUAL(1, Run());
  Fails("permissions", "tag/list: the credential may not make this call", "right");
  settings.extra.clear();
  api.refuse_groups_code = 13;
  out.clear();
  LONGS_EQUAL(0, Run());
  Is("warn", "permissions", "tracker/group/list");
}

TEST(OnlineCheck, ACallThatStumblesIsNoMatterOfRights) {
  settings.extra.resize(1);
  settings.extra[0].path = "tag/list";
  settings.extra[0].topic = "tags";
  api.others["tag/list"] = R"({"success":false,"status":{"code":6}})";
  LONGS_EQUAL(1, Run());
  Fails("permissions", "tag/list: the API failed unexpectedly", "try again later");
}

TEST(OnlineCheck, AfterTwoMinutesNothingMoreIsBegun) {
  settings.api.key_file.clear();
  settings.api.user = {"me@example", "/user"};
  settings.poll.links_ms = kMinuteMs;
  settings.extra.resize(8);
  for (auto& extra : settings.extra) extra.path = "tag/list";
  answer_ms = 25 * kSecondMs;
  api.others["user/auth"] = R"({"success":true,"hash":"44eac1c27af4be7b9d04da2ce1af111b"})";
  api.others["tag/list"] = R"({"success":true,"list":[]})";
  api.others["link/list"] = R"({"success":true,"list":[]})";
  LONGS_EQUAL(1, Run());
  CHECK(spent < 2 * kMinuteMs + 30 * kSecondMs);
  STRCMP_EQUAL("FAIL", marks["permissions"].c_str());
  for (const char* probe : {"broker", "publish", "burst", "disk"})
    Is("skip", probe, "no time left");
  LONGS_EQUAL(0, mqtt.attempts().size());
}

TEST(OnlineCheck, AFleetThatDoesNotFitFails) {
  settings.memory.max_trackers = 29;
  LONGS_EQUAL(1, Run());
  Fails("fleet", "30 trackers, memory.max_trackers is 29", "raise memory.max_trackers");
}

TEST(OnlineCheck, AScopeCountsWhatItHolds) {
  settings.memory.max_trackers = 29;
  settings.scope.trackers = {3, 7};
  LONGS_EQUAL(0, Run());
  Is("ok", "fleet", "2 trackers");
  settings.scope.trackers = {77};
  out.clear();
  LONGS_EQUAL(0, Run());
  Is("warn", "fleet", "0 trackers");
}

TEST(OnlineCheck, WhatTheRateDoesNotLetThroughIsWarnedOf) {
  settings.api.requests_per_second = 0.05;
  LONGS_EQUAL(0, Run());
  Is("warn", "traffic", "8640 requests");
}

TEST(OnlineCheck, ABrokerThatIsAwayFails) {
  broker.away = true;
  LONGS_EQUAL(1, Run());
  Fails("broker", "connection refused", "is the broker running");
  STRCMP_EQUAL("skip", marks["publish"].c_str());
  STRCMP_EQUAL("ok", marks["disk"].c_str());
}

TEST(OnlineCheck, ABrokerThatRefusesPublishesFails) {
  broker.refuse_topics = "/check";
  LONGS_EQUAL(1, Run());
  Fails("publish", "depotlink/yard/check is refused: not authorized", "ACL");
}

TEST(OnlineCheck, ABrokerThatDoesNotAcknowledgeIsGivenUpInTime) {
  broker.silent = true;
  LONGS_EQUAL(1, Run());
  Fails("publish", "did not acknowledge", "broker");
  CHECK(spent < 15 * kSecondMs);
}

TEST(OnlineCheck, SmallPacketsAreWarnedOf) {
  broker.acceptance.maximum_packet_bytes = 1000;
  LONGS_EQUAL(0, Run());
  Is("warn", "broker", "no packet above 1000 bytes");
}

TEST(OnlineCheck, Mqtt311IsWarnedOf) {
  settings.mqtt.version = depotlink::settings::MqttVersionChoice::k311;
  LONGS_EQUAL(0, Run());
  Is("warn", "broker", "3.1.1");
  Is("ok", "publish", "arrives");
}

TEST(OnlineCheck, WhoMayNotReadCannotTellWhetherItArrives) {
  mqtt.RefuseSubscribe(0x87);
  LONGS_EQUAL(0, Run());
  Is("warn", "publish", "did not arrive here");
  settings.mqtt.version = depotlink::settings::MqttVersionChoice::k311;
  LONGS_EQUAL(0, Run());
  Is("warn", "publish", "proves nothing");
}

TEST(OnlineCheck, ABrokerThatTakesAndDropsIsSeen) {
  mqtt.KeepArrivals(0);
  LONGS_EQUAL(0, Run());
  Is("warn", "publish", "did not arrive here");
}

TEST(OnlineCheck, ABurstAsLargeAsTheFleetIsHeardAndCleared) {
  broker.acceptance.receive_maximum = 20;
  LONGS_EQUAL(0, Run());
  Is("ok", "burst", "60 retained messages at once arrive whole");
  for (const auto& message : mqtt.sent()) {
    CHECK(message.topic.find("depotlink/yard/check") == 0);
    CHECK(!message.retain || message.payload.empty() || message.expiry_s > 0);
  }
  CHECK(mqtt.retained().empty());
  CHECK(mqtt.filter().empty());
  LONGS_EQUAL(0, mqtt.violations());
}

TEST(OnlineCheck, ALargeFleetsBurstTakesAFewTopicsManyTimes) {
  api.trackers = 2500;
  settings.memory.max_trackers = 25000;
  mqtt.KeepArrivals(300);  // the agent's own room: what finds none there has come, too
  LONGS_EQUAL(0, Run());
  Is("ok", "burst", "5600 retained messages at once arrive whole");
  CHECK(mqtt.sent().size() < 1700);
  mqtt.DropBurstsAbove(1020);
  out.clear();
  LONGS_EQUAL(0, Run());
  Is("warn", "burst", "of 5600 retained messages at once 1020 came");
  STRCMP_CONTAINS("max_queued_messages", remedies["burst"].c_str());
  CHECK(mqtt.retained().empty());
}

TEST(OnlineCheck, ABrokerThatAnswersAFilterOnceTellsOfThatOnly) {
  api.trackers = 2500;
  settings.memory.max_trackers = 25000;
  mqtt.DropBurstsAbove(depotlink::commands::kMostTopics);
  LONGS_EQUAL(0, Run());
  Is("ok", "burst", "800 retained messages at once arrive whole; not known of the 5000");
}

TEST(OnlineCheck, ARefusedBurstFailsAndNothingStays) {
  broker.refuse_topics = "/check/burst/7";
  LONGS_EQUAL(1, Run());
  Fails("burst", "not authorized", "let the broker take retained messages");
  CHECK(mqtt.retained().empty());
}

TEST(OnlineCheck, WhoStopsABurstLeavesNothingRetained) {
  api.trackers = 400;
  settings.memory.max_trackers = 25000;
  std::size_t put = 0;
  for (stop_after = 5; put < 100 && stop_after < 100; ++stop_after) {
    const int before = stop_after;
    mqtt.ForgetSent();
    Run();
    stop_after = before;
    put = 0;
    for (const auto& message : mqtt.sent()) put += message.retain && !message.payload.empty();
    CHECK(mqtt.retained().empty());
  }
  CHECK(put >= 100 && put < 800);
}

TEST(OnlineCheck, WhatMosquittoForgets) {
  broker_files.configs = {"listener 1884\npersistence true\n",
                          "# port 1\npersistence true\npersistence false\n"};
  settings.mqtt.host = "localhost";
  LONGS_EQUAL(0, Run());
  Is("ok", "persistence", "publishes the fleet anew");
  broker_files.configs[1] += "persistence true\nautosave_interval 0\n";
  LONGS_EQUAL(0, Run());
  Is("warn", "persistence", "at a clean end only");
  broker_files.configs[1] += "autosave_interval  60\r\n";
  LONGS_EQUAL(0, Run());
  Is("warn", "persistence", "every 60 s");
  STRCMP_CONTAINS("persistence false", remedies["persistence"].c_str());
  broker_files.configs[1] += "persistence_location /run/mosquitto/\nlistener 0 /run/m.sock";
  LONGS_EQUAL(0, Run());
  Is("warn", "persistence", "not known: no mosquitto runs here");
  settings.mqtt.scheme = depotlink::settings::MqttScheme::kUnix;
  settings.mqtt.host = "/run/m.sock";
  LONGS_EQUAL(0, Run());
  Is("ok", "persistence", "forgets everything");
}

TEST(OnlineCheck, OfABrokerElsewhereItIsNotKnownWhatItForgets) {
  LONGS_EQUAL(0, Run());
  Is("warn", "persistence", "not known: the broker is on another machine");
}

TEST(OnlineCheck, AQueueThatCannotBeWrittenFails) {
  disk.set_open_status({Code::kAskPerson, "/queue: not permitted"});
  LONGS_EQUAL(1, Run());
  Fails("disk", "/queue: not permitted", "give /queue to the user");
}

TEST(OnlineCheck, ADeviceThatWillNotSyncFailsAndNothingStays) {
  depotlink::fakes::StorageFailure failure;
  failure.only = depotlink::fakes::StorageOp::kSync;
  disk.FailCall(1, failure);
  LONGS_EQUAL(1, Run());
  Fails("disk", "Input/output error", "/queue");
  LONGS_EQUAL(0, disk.Names().size());
}

TEST(OnlineCheck, AFullDiskFailsAndASmallOneWarns) {
  disk.set_capacity(8 * 1024 * 1024);
  LONGS_EQUAL(1, Run());
  Fails("disk", "queue.min_free", "make room");
  LONGS_EQUAL(0, disk.bytes_written());
  disk.set_capacity(20 * 1024 * 1024);
  out.clear();
  LONGS_EQUAL(0, Run());
  Is("warn", "disk", "room for 12 MiB of the queue's 32 MiB");
}

TEST(OnlineCheck, AnOutageOfADayMustFit) {
  settings.poll.moving_ms = kSecondMs;
  LONGS_EQUAL(0, Run());
  Is("warn", "disk", "a day's outage takes at most 137 MiB");
  STRCMP_CONTAINS("the queue holds 5 h", lines["disk"].c_str());
}

TEST(OnlineCheck, ASignalEndsItAtOnce) {
  stop_after = 2;
  LONGS_EQUAL(1, Run());
  CHECK(spent < 5 * kSecondMs);
}

TEST(OnlineCheck, JsonIsOneObject) {
  style = ReportStyle::kJson;
  api.refuse_all_code = 4;
  LONGS_EQUAL(1, Run());
  STRCMP_CONTAINS("{\"ok\":false,\"probes\":[{\"probe\":\"clock\",\"mark\":\"ok\",", out.c_str());
  STRCMP_CONTAINS("\"mark\":\"fail\"", out.c_str());
  LONGS_EQUAL(out.size() - 1, out.find('\n'));
}

TEST(OnlineCheck, ColoursStandWhereTheyAreWanted) {
  style = ReportStyle::kColour;
  LONGS_EQUAL(0, Run());
  STRCMP_CONTAINS("\x1b[32mok\x1b[0m    clock", out.c_str());
}
