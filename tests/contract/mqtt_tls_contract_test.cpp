// SPDX-License-Identifier: Apache-2.0
// What agent/ports/mqtt.hpp promises, over TLS and over a UNIX socket: with a real mosquitto, and
// with servers that never get to the end of a handshake. Whom to believe stands in
// tests/e2e/test_tls.py.

#include <poll.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "platform/paho_mqtt.hpp"
#include "platform/tls_client.hpp"
#include "tests/contract/loopback_server.hpp"
#include "tests/contract/mosquitto_broker.hpp"
#include "tests/contract/wait_until.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::DurationMs;
using depotlink::Secret;
using depotlink::contract::Connection;
using depotlink::contract::Deadline;
using depotlink::contract::LoopbackServer;
using depotlink::contract::MosquittoBroker;
using depotlink::platform::kMostTokens;
using depotlink::platform::PahoMqtt;
using depotlink::platform::TlsClientOptions;
using depotlink::platform::Watched;
using depotlink::ports::MqttConnect;
using depotlink::ports::MqttEvent;
using depotlink::ports::MqttEventKind;
using depotlink::ports::MqttToken;
using depotlink::ports::MqttTransport;

namespace {

// Paho takes its time for each: DEPOTLINK_RECONNECTS says how many, for a longer look.
int Reconnects() {
  const char* given = std::getenv("DEPOTLINK_RECONNECTS");
  return given != nullptr ? std::atoi(given) : 40;
}

std::size_t OpenDescriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

}  // namespace

TEST_GROUP(MqttTlsContract) {
  std::unique_ptr<PahoMqtt> mqtt;

  void setup() override {
    mqtt = std::make_unique<PahoMqtt>([] {});
  }
  void teardown() override {
    mqtt.reset();
  }

  void Trust(const std::string& ca_file) {
    TlsClientOptions options;
    options.ca_file = ca_file;
    options.protocol = "mqtt";
    CHECK(mqtt->UseTls(options, Secret()).ok());
  }
  static MqttConnect To(MqttTransport transport, std::string_view host, std::uint16_t port) {
    MqttConnect connect;
    connect.transport = transport;
    connect.host = host;
    connect.port = port;
    connect.client_id = "depotlink-test";
    connect.will_topic = "depotlink/test/status";
    connect.will_payload = "offline";
    return connect;
  }
  static MqttConnect ToTls(std::uint16_t port) {
    return To(MqttTransport::kTls, "localhost", port);
  }
  // One turn of an event loop.
  void Turn(DurationMs most_ms) {
    std::array<pollfd, Watched::kMostDescriptors> fds{};
    const std::size_t count = mqtt->Watch(fds.data());
    poll(fds.data(), count, static_cast<int>(std::min(most_ms, mqtt->WatchMs())));
    mqtt->Drive();
  }
  MqttEvent Await() {
    const Deadline deadline;
    MqttEvent event;
    while (!deadline.over()) {
      if (mqtt->NextEvent(event)) return event;
      Turn(5);
    }
    FAIL("no event came");
    return event;
  }
  void AwaitKind(MqttEventKind kind) {
    const MqttEvent event = Await();
    CHECK_TEXT(event.kind == kind, std::string(event.text.view()).c_str());
  }
  void Connected(const MqttConnect& connect) {
    CHECK(mqtt->Connect(connect).ok());
    AwaitKind(MqttEventKind::kConnected);
  }
  void RoundOfPublishes() {
    const std::string payload(8000, 'x');
    for (MqttToken token = 0; token < kMostTokens; ++token) {
      CHECK(mqtt->Publish(token, {"depotlink/a/" + std::to_string(token), payload, true}).ok());
    }
    for (MqttToken token = 0; token < kMostTokens; ++token) AwaitKind(MqttEventKind::kAcked);
  }
  // A connect to a server that plays so ends by itself.
  void Fails(const LoopbackServer::Play& play) {
    LoopbackServer server(play);
    MqttConnect connect = To(MqttTransport::kTls, "127.0.0.1", server.port());
    connect.timeout_ms = 300;
    CHECK(mqtt->Connect(connect).ok());
    const MqttEvent event = Await();
    CHECK(event.kind == MqttEventKind::kConnectFailed);
    CHECK_FALSE(event.text.empty());
    CHECK(mqtt->Publish(1, {"a", "b", false}).code() == Code::kRetryLater);
  }
};

TEST(MqttTlsContract, TlsHasToBeSetUp) {
  CHECK(mqtt->Connect(ToTls(8883)).code() == Code::kReject);
}

TEST(MqttTlsContract, EveryTokenIsAckedAndALossIsTold) {
  MosquittoBroker broker("", "", true);
  if (!broker.running()) return;
  Trust(broker.ca_file());
  Connected(ToTls(broker.tls_port()));
  for (int i = 0; i < 3; ++i) RoundOfPublishes();
  CHECK(mqtt->Publish(1, {"depotlink/a", "{}", true}).ok());
  AwaitKind(MqttEventKind::kAcked);
  broker.Kill();
  AwaitKind(MqttEventKind::kLost);
  CHECK(mqtt->Connect(ToTls(broker.tls_port())).ok());
  AwaitKind(MqttEventKind::kConnectFailed);
  broker.Start();
  Connected(ToTls(broker.tls_port()));
  RoundOfPublishes();
  mqtt->Disconnect(2000);
  MqttEvent event;
  CHECK_FALSE(mqtt->NextEvent(event));
}

TEST(MqttTlsContract, AUnixSocketIsAnAddressToo) {
  MosquittoBroker broker("", "", true);
  if (!broker.running()) return;
  const std::string path = broker.unix_path();
  Connected(To(MqttTransport::kUnix, path, 0));
  RoundOfPublishes();
  broker.Kill();
  AwaitKind(MqttEventKind::kLost);
  const std::string missing = path + "-none";
  CHECK(mqtt->Connect(To(MqttTransport::kUnix, missing, 0)).ok());
  MqttEvent event = Await();
  CHECK(event.kind == MqttEventKind::kConnectFailed);
  CHECK(event.text.view().find("No such file") != std::string_view::npos);
  const std::string endless(200, 'x');
  CHECK(mqtt->Connect(To(MqttTransport::kUnix, endless, 0)).ok());
  AwaitKind(MqttEventKind::kConnectFailed);
}

TEST(MqttTlsContract, ConnectionsLeaveNoDescriptor) {
  const MosquittoBroker broker("", "", true);
  if (!broker.running()) return;
  Trust(broker.ca_file());
  Connected(ToTls(broker.tls_port()));
  const std::size_t before = OpenDescriptors();
  for (int i = 0; i < Reconnects(); ++i) {
    const bool fails = i % 10 == 0;
    CHECK(
        mqtt->Connect(To(MqttTransport::kTls, fails ? "127.0.0.2" : "localhost", broker.tls_port()))
            .ok());
    if (i % 7 == 0) continue;  // dropped at whatever point it is
    AwaitKind(fails ? MqttEventKind::kConnectFailed : MqttEventKind::kConnected);
  }
  Connected(ToTls(broker.tls_port()));
  LONGS_EQUAL(before, OpenDescriptors());
}

TEST(MqttTlsContract, AHandshakeThatGoesNowhereEndsInTime) {
  Trust("/dev/null");
  const auto ended = [](Connection& c) { return c.ReadSome().empty(); };
  // Silence; a record that never ends; a byte now and then; none at all.
  const LoopbackServer::Play plays[] = {
      [](Connection& c, int) { c.AwaitClose(); },
      [](Connection& c, int) {
        c.Send(std::string("\x16\x03\x03\x40\x00", 5) + std::string(1000, 'x'));
        c.AwaitClose();
      },
      [&ended](Connection& c, int) {
        while (c.Send(std::string_view("\x16", 1)) && !ended(c)) {
        }
      }};
  for (const auto& play : plays) Fails(play);
}

TEST(MqttTlsContract, WhatIsNoTlsIsTold) {
  Trust("/dev/null");
  Fails([](Connection& c, int) { c.Send(std::string(100, '\0')); });
  Fails([](Connection& c, int) { c.Reset(); });
  Fails([](Connection&, int) {});
}

TEST(MqttTlsContract, ItCanGoAtAnyMoment) {
  const MosquittoBroker broker("", "", true);
  if (!broker.running()) return;
  for (int turns = 0; turns < 6; ++turns) {
    Trust(broker.ca_file());
    CHECK(mqtt->Connect(ToTls(broker.tls_port())).ok());
    MqttEvent event;
    for (int i = 0; i < turns; ++i) {
      mqtt->NextEvent(event);
      Turn(2);
    }
    if (turns % 2 == 0) mqtt->Disconnect(100);
  }
}
