// SPDX-License-Identifier: Apache-2.0
// What agent/ports/mqtt.hpp promises, held against the adapter for Paho: with a real mosquitto, and
// with a server of the test's that says what no sane broker does.

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "agent/ports/mqtt.hpp"
#include "platform/mqtt_ring.hpp"
#include "platform/paho_mqtt.hpp"
#include "platform/versions.hpp"
#include "tests/contract/loopback_server.hpp"
#include "tests/contract/mosquitto_broker.hpp"
#include "tests/contract/system_calls.hpp"
#include "tests/contract/wait_until.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::Status;
using depotlink::contract::Connection;
using depotlink::contract::Deadline;
using depotlink::contract::FreePort;
using depotlink::contract::LoopbackServer;
using depotlink::contract::MosquittoBroker;
using depotlink::platform::kMostTokens;
using depotlink::platform::PahoMqtt;
using depotlink::ports::MqttArrival;
using depotlink::ports::MqttConnect;
using depotlink::ports::MqttEvent;
using depotlink::ports::MqttEventKind;
using depotlink::ports::MqttMessage;
using depotlink::ports::MqttToken;
using depotlink::ports::MqttVersion;
using namespace std::chrono_literals;

namespace {

// Before 1.3.14 Paho takes an MQTT 5 CONNACK without properties for one with properties, and frees
// what it never allocated.
bool PahoReadsTooFar() {
  for (const auto& library : depotlink::platform::LibraryVersions()) {
    if (library.name == "Paho MQTT C") return library.version < "1.3.14";  // all are 1.3.xx
  }
  return false;
}

class Bell {
 public:
  void Ring() {
    const std::lock_guard<std::mutex> lock(mutex_);
    rung_ = true;
    condition_.notify_one();
  }
  void Wait(std::chrono::milliseconds most) {
    std::unique_lock<std::mutex> lock(mutex_);
    condition_.wait_for(lock, most, [this] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool rung_ = false;
};

std::string Bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text.push_back(static_cast<char>(value));
  return text;
}

const std::string kConnack311 = Bytes({0x20, 2, 0, 0});
const std::string kConnack5 = Bytes({0x20, 3, 0, 0, 0});

}  // namespace

TEST_GROUP(MqttContract) {
  Bell bell;
  std::unique_ptr<PahoMqtt> mqtt;

  void setup() override {
    mqtt = std::make_unique<PahoMqtt>([this] { bell.Ring(); });
  }
  void teardown() override {
    mqtt.reset();
  }

  MqttConnect To(std::uint16_t port, MqttVersion version = MqttVersion::k5) {
    MqttConnect connect;
    connect.host = "127.0.0.1";
    connect.port = port;
    connect.client_id = "depotlink-test";
    connect.version = version;
    connect.will_topic = "depotlink/test/status";
    connect.will_payload = "offline";
    return connect;
  }
  MqttEvent Await() {
    const Deadline deadline;
    MqttEvent event;
    while (!deadline.over()) {
      if (mqtt->NextEvent(event)) return event;
      bell.Wait(50ms);
    }
    FAIL("no event came");
    return event;
  }
  void AwaitKind(MqttEventKind kind) {
    const MqttEvent event = Await();
    CHECK_TEXT(event.kind == kind, std::string(event.text.view()).c_str());
  }
  MqttEvent Connect(const MqttConnect& connect) {
    CHECK(mqtt->Connect(connect).ok());
    return Await();
  }
  void Connected(const MqttConnect& connect) {
    const MqttEvent event = Connect(connect);
    CHECK_TEXT(event.kind == MqttEventKind::kConnected, std::string(event.text.view()).c_str());
  }
  MqttEvent ConnectFails(const MqttConnect& connect) {
    const MqttEvent event = Connect(connect);
    CHECK(event.kind == MqttEventKind::kConnectFailed);
    CHECK_FALSE(event.text.empty());
    CHECK(mqtt->Publish(1, {"a", "b", false}).code() == Code::kRetryLater);
    return event;
  }
  void Publish(MqttToken token, std::string_view topic, std::string_view payload = "{}") {
    const Status status = mqtt->Publish(token, {topic, payload, true});
    CHECK_TEXT(status.ok(), status.message().c_str());
  }
  bool Missing(const MosquittoBroker& broker) {
    if (broker.running()) return false;
    UT_PRINT("mosquitto is not installed: skipped");
    return true;
  }
};

TEST(MqttContract, WhatStandsRetainedArrives) {
  const MosquittoBroker broker("", "");
  if (Missing(broker)) return;
  Connected(To(broker.port()));
  for (MqttToken i = 1; i <= 9; ++i) {
    Publish(i, "depotlink/test/tracker/" + std::to_string(i) + "/info", i == 5 ? "" : "{}");
    AwaitKind(MqttEventKind::kAcked);
  }
  for (const MqttVersion version : {MqttVersion::k5, MqttVersion::k311}) {
    Connected(To(broker.port(), version));
    for (int turn = 0; turn < 2; ++turn) {  // asked again, all of it comes again
      CHECK(mqtt->Subscribe(40, "depotlink/test/tracker/+/info", {}).ok());
      AwaitKind(MqttEventKind::kAcked);
      std::set<std::string> topics;
      const Deadline deadline;
      MqttArrival arrival;
      while (topics.size() < 8 && !deadline.over()) {
        if (mqtt->NextArrival(arrival)) {
          CHECK(arrival.retained && arrival.lost == 0);
          CHECK(topics.emplace(arrival.topic.view()).second);
        } else {
          bell.Wait(50ms);
        }
      }
      LONGS_EQUAL(8, topics.size());
      // Its own are not told again.
      Publish(1, "depotlink/test/tracker/5/info", "");
      AwaitKind(MqttEventKind::kAcked);
      CHECK_FALSE(mqtt->NextArrival(arrival));
      mqtt->Unsubscribe("depotlink/test/tracker/+/info");
    }
  }
}

TEST(MqttContract, EveryTokenIsAckedOnce) {
  const MosquittoBroker broker("", "");
  if (Missing(broker)) return;
  for (const MqttVersion version : {MqttVersion::k5, MqttVersion::k311}) {
    Connected(To(broker.port(), version));
    std::set<MqttToken> open;
    for (MqttToken round = 0; round < 5; ++round) {
      for (MqttToken i = 0; i < kMostTokens; ++i) {
        const MqttToken token = 0xFFFF0000U + round * 1000 + i;
        Publish(token, "depotlink/a/" + std::to_string(i), i == 0 ? "" : "{\"id\":1}");
        open.insert(token);
      }
      while (!open.empty()) {
        const MqttEvent event = Await();
        CHECK(event.kind == MqttEventKind::kAcked);
        LONGS_EQUAL(1, open.erase(event.token));
      }
    }
  }
}

// Paho's own turn of a second would come between, were its sender not woken.
TEST(MqttContract, WhatIsPublishedInARowGoesOutAsTheLoopWaits) {
  const MosquittoBroker broker("", "");
  if (Missing(broker)) return;
  Connected(To(broker.port()));
  mqtt->WatchMs();
  const Deadline all;
  for (MqttToken round = 0; round < 30; ++round) {
    for (MqttToken i = 0; i < 3; ++i) Publish(i, "depotlink/a/" + std::to_string(i));
    mqtt->WatchMs();
    for (MqttToken i = 0; i < 3; ++i) AwaitKind(MqttEventKind::kAcked);
  }
  CHECK_FALSE(all.over());
  Publish(0, "depotlink/a/0", "last");
  mqtt->Disconnect(1000);  // what waits for the loop goes out ahead of it
  Connected(To(broker.port()));
  CHECK(mqtt->Subscribe(1, "depotlink/a/0", {true, false, 1}).ok());
  AwaitKind(MqttEventKind::kAcked);
}

TEST(MqttContract, WhatTheBrokersLimitHeldBackFollowsTheAcknowledgements) {
  LoopbackServer server([](Connection& c, int) {
    c.ReadSome();
    c.Send(Bytes({0x20, 6, 0, 0, 3, 0x21, 0, 1}));  // one at a time
    for (std::string packet = c.ReadSome(); packet.size() > 6; packet = c.ReadSome()) {
      c.Send(Bytes({0x40, 2}) + packet.substr(5, 2));  // behind its topic of one byte
    }
  });
  const Deadline all;
  LONGS_EQUAL(1, Connect(To(server.port())).receive_maximum);
  mqtt->WatchMs();
  for (MqttToken i = 0; i < kMostTokens; ++i) Publish(i, "a");
  mqtt->WatchMs();
  for (MqttToken i = 0; i < kMostTokens; ++i) AwaitKind(MqttEventKind::kAcked);
  CHECK_FALSE(all.over());
}

TEST(MqttContract, NamesAndIpv6AreAddressesToo) {
  const MosquittoBroker broker("", "");
  if (Missing(broker)) return;
  for (const char* host : {"localhost", "::1", "127.0.0.1"}) {
    MqttConnect connect = To(broker.port());
    connect.host = host;
    Connected(connect);
    Publish(1, "depotlink/a");
    AwaitKind(MqttEventKind::kAcked);
  }
}

TEST(MqttContract, ARefusedPublishSaysWhyAndTheConnectionStays) {
  const MosquittoBroker broker("topic write depotlink/#\n", "");
  if (Missing(broker)) return;
  Connected(To(broker.port()));
  Publish(7, "elsewhere/a");
  MqttEvent event = Await();
  CHECK(event.kind == MqttEventKind::kRefused);
  LONGS_EQUAL(7, event.token);
  LONGS_EQUAL(0x87, event.reason_code);
  CHECK_FALSE(event.text.empty());
  Publish(8, "depotlink/a");
  event = Await();
  CHECK(event.kind == MqttEventKind::kAcked);
  LONGS_EQUAL(8, event.token);
  // MQTT 3.1.1 has no way to say so: the loss looks like a delivery.
  Connected(To(broker.port(), MqttVersion::k311));
  Publish(9, "elsewhere/a");
  AwaitKind(MqttEventKind::kAcked);
}

TEST(MqttContract, AKilledBrokerIsLostAndComesBackWithoutItsMemory) {
  MosquittoBroker broker("", "");
  if (Missing(broker)) return;
  MqttConnect connect = To(broker.port());
  connect.session_expiry_s = 3600;
  CHECK_FALSE(Connect(connect).session_present);
  CHECK(Connect(connect).session_present);
  Publish(1, "depotlink/a");
  AwaitKind(MqttEventKind::kAcked);
  broker.Kill();
  AwaitKind(MqttEventKind::kLost);
  CHECK(mqtt->Publish(2, {"depotlink/a", "{}", true}).code() == Code::kRetryLater);
  MqttEvent event;
  CHECK_FALSE(mqtt->NextEvent(event));
  broker.Start();
  event = Connect(connect);
  CHECK(event.kind == MqttEventKind::kConnected);
  CHECK_FALSE(event.session_present);
  Publish(3, "depotlink/a");
  AwaitKind(MqttEventKind::kAcked);
}

TEST(MqttContract, WrongPasswordIsToldApart) {
  const MosquittoBroker broker("", "canary");
  if (Missing(broker)) return;
  MqttConnect connect = To(broker.port());
  connect.username = "depot";
  connect.password = "wrong";
  LONGS_EQUAL(0x87, ConnectFails(connect).reason_code);
  connect.version = MqttVersion::k311;
  LONGS_EQUAL(5, ConnectFails(connect).reason_code);
  connect.password = "canary";
  Connected(connect);
}

TEST(MqttContract, NobodyListeningFails) {
  LONGS_EQUAL(0, ConnectFails(To(FreePort())).reason_code);
}

TEST(MqttContract, AnUnknownNameFails) {
  MqttConnect connect = To(1883);
  connect.host = "no-such-host.invalid";
  LONGS_EQUAL(0, ConnectFails(connect).reason_code);
}

TEST(MqttContract, SilenceTimesOut) {
  LoopbackServer server([](Connection& c, int) { c.AwaitClose(); });
  MqttConnect connect = To(server.port());
  connect.timeout_ms = 100;
  LONGS_EQUAL(0, ConnectFails(connect).reason_code);
}

TEST(MqttContract, WhatConnackSaysReachesTheCaller) {
  struct Case {
    MqttVersion version;
    std::string connack;
    int reason;
  };
  const Case cases[] = {
      {MqttVersion::k5, Bytes({0x20, 3, 0, 0x84, 0}), 0x84},
      {MqttVersion::k311, Bytes({0x20, 2, 0, 4}), 4},
      {MqttVersion::k5, Bytes({0x20, 3, 0, 0x88, 0}), 0x88},
      {MqttVersion::k5, Bytes({0x20, 2, 0, 1}), 1},  // a broker that knows 3.1.1 only
  };
  for (const Case& one : cases) {
    const bool short_answer = one.version == MqttVersion::k5 && one.connack.size() == 4;
    if (short_answer && PahoReadsTooFar()) continue;
    LoopbackServer server([&one](Connection& c, int) {
      c.ReadSome();
      c.Send(one.connack);
    });
    LONGS_EQUAL(one.reason, ConnectFails(To(server.port(), one.version)).reason_code);
  }
}

TEST(MqttContract, TheBrokersLimitsReachTheCaller) {
  LoopbackServer server([](Connection& c, int) {
    c.ReadSome();
    c.Send(Bytes({0x20, 11, 1, 0, 8, 0x21, 0, 20, 0x27, 0, 1, 0, 0}));
    c.AwaitClose();
  });
  const MqttEvent event = Connect(To(server.port()));
  CHECK(event.kind == MqttEventKind::kConnected);
  CHECK(event.session_present);
  LONGS_EQUAL(20, event.receive_maximum);
  LONGS_EQUAL(65536, event.maximum_packet_bytes);
}

TEST(MqttContract, TheWillIsRetainedAndADisconnectCancelsIt) {
  std::string seen;
  {
    LoopbackServer server([&seen](Connection& c, int) {
      seen = c.ReadSome();
      c.Send(kConnack5);
      for (std::string more = c.ReadSome(); !more.empty(); more = c.ReadSome()) seen += more;
    });
    Connected(To(server.port()));
    mqtt->Disconnect(5000);
    MqttEvent event;
    CHECK_FALSE(mqtt->NextEvent(event));
  }
  CHECK(seen.size() > 14);
  LONGS_EQUAL(0x10, seen[0]);
  CHECK(seen.find("depotlink/test/status") != std::string::npos);
  // Connect flags, after the protocol name and level: will retain, will QoS 1, will, clean start.
  const std::size_t flags = seen.find("MQTT") + 5;
  LONGS_EQUAL(0x20 | 0x08 | 0x04 | 0x02, static_cast<unsigned char>(seen[flags]));
  const std::size_t disconnect = seen.rfind('\xE0');  // its length and what it counts, then the end
  CHECK(disconnect != std::string::npos && disconnect + 1 < seen.size());
  LONGS_EQUAL(seen.size(), disconnect + 2 + static_cast<unsigned char>(seen[disconnect + 1]));
}

TEST(MqttContract, ADisconnectOfTheBrokersIsALossWithAReason) {
  LoopbackServer server([](Connection& c, int) {
    c.ReadSome();
    c.Send(kConnack5);
    c.ReadSome();
    c.Send(Bytes({0xE0, 1, 0x8B}));
    c.AwaitClose();
  });
  Connected(To(server.port()));
  Publish(1, "depotlink/a");
  const MqttEvent event = Await();
  CHECK(event.kind == MqttEventKind::kLost);
  LONGS_EQUAL(0x8B, event.reason_code);
  MqttEvent more;
  CHECK_FALSE(mqtt->NextEvent(more));
}

TEST(MqttContract, OutstandingTokensGetNoOutcomeAfterALoss) {
  for (const MqttVersion version : {MqttVersion::k5, MqttVersion::k311}) {
    LoopbackServer server([version](Connection& c, int) {
      c.ReadSome();
      c.Send(version == MqttVersion::k5 ? kConnack5 : kConnack311);
      c.ReadSome();
    });
    Connected(To(server.port(), version));
    for (MqttToken token = 0; token < 10; ++token) {
      // The server may have closed already.
      const Status status = mqtt->Publish(token, {"depotlink/a", "{}", false});
      CHECK(status.ok() || status.code() == Code::kRetryLater);
    }
    MqttEvent event = Await();
    while (event.kind == MqttEventKind::kNotSent) event = Await();
    CHECK(event.kind == MqttEventKind::kLost);
    CHECK_FALSE(mqtt->NextEvent(event));
  }
}

#ifdef DEPOTLINK_PAHO_STATIC
// Else Paho would free the message twice (platform/paho_failed_write.cpp).
TEST(MqttContract, AWriteIntoADeadConnectionIsALossLikeAnyOther) {
  MosquittoBroker broker("", "");
  if (Missing(broker)) return;
  Connected(To(broker.port()));
  Publish(1, "depotlink/a");
  AwaitKind(MqttEventKind::kAcked);
  depotlink::contract::NextWritevBreaks() = true;
  Publish(2, "depotlink/a");
  AwaitKind(MqttEventKind::kLost);
  CHECK_FALSE(depotlink::contract::NextWritevBreaks());
  Connected(To(broker.port()));
  Publish(3, "depotlink/a");
  AwaitKind(MqttEventKind::kAcked);
}
#endif

TEST(MqttContract, OnlySoManyTokensAreTaken) {
  LoopbackServer server([](Connection& c, int) {
    c.ReadSome();
    c.Send(kConnack5);
    c.AwaitClose();
  });
  Connected(To(server.port()));
  for (MqttToken token = 0; token < kMostTokens; ++token) Publish(token, "depotlink/a");
  CHECK(mqtt->Publish(99, {"depotlink/a", "", true}).code() == Code::kRetryLater);
}

TEST(MqttContract, AnOldConnectionIsNotHeardAnyMore) {
  // Says "connected" and acknowledges whatever comes, but only once it is the old one.
  LoopbackServer old([](Connection& c, int) {
    c.ReadSome();
    c.Send(kConnack5);
    c.ReadSome();
    c.AwaitClose();
  });
  LoopbackServer fresh([](Connection& c, int) {
    c.ReadSome();
    c.Send(kConnack5);
    c.AwaitClose();
  });
  for (int i = 0; i < 2; ++i) {
    Connected(To(old.port()));
    for (MqttToken token = 0; token < 5; ++token) Publish(token, "depotlink/a");
    Connected(To(fresh.port()));  // the very next event
    MqttEvent event;
    CHECK_FALSE(mqtt->NextEvent(event));
    Publish(1, "depotlink/a");
    CHECK(mqtt->Connect(To(old.port())).ok());
    CHECK(mqtt->Connect(To(old.port())).ok());  // over and over: the last one counts
    AwaitKind(MqttEventKind::kConnected);
    CHECK_FALSE(mqtt->NextEvent(event));
  }
}

TEST(MqttContract, ItCanGoAtAnyMoment) {
  LoopbackServer server([](Connection& c, int) {
    c.ReadSome();
    c.Send(kConnack5);
    c.AwaitClose();
  });
  CHECK(mqtt->Connect(To(server.port())).ok());
  mqtt.reset();  // while looking up or connecting
  setup();
  Connected(To(server.port()));
  for (MqttToken token = 0; token < 10; ++token) Publish(token, "depotlink/a");
  mqtt.reset();  // with tokens outstanding
}

TEST(MqttContract, UnusableParametersAreRejected) {
  MqttConnect connect = To(1883);
  connect.host = {};
  CHECK(mqtt->Connect(connect).code() == Code::kReject);
  connect = To(0);
  CHECK(mqtt->Connect(connect).code() == Code::kReject);
  connect = To(1883);
  connect.client_id = {};
  CHECK(mqtt->Connect(connect).code() == Code::kReject);
  connect = To(1883);
  connect.timeout_ms = 0;
  CHECK(mqtt->Connect(connect).code() == Code::kReject);
  MqttEvent event;
  CHECK_FALSE(mqtt->NextEvent(event));
}
