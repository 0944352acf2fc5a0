// SPDX-License-Identifier: Apache-2.0
#pragma once

// A publisher over a fake broker, in time that the test moves.

#include <string>
#include <vector>

#include "agent/publish/publisher.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/fake_mqtt.hpp"
#include "tests/fakes/fake_random.hpp"
#include "tests/fakes/log_capture.hpp"

namespace depotlink::publish {

inline constexpr std::uint64_t kLeastWait = 0;  // a draw that gives the shortest wait

class PublisherFixture : private PublishObserver, private queue::DropObserver {
 public:
  explicit PublisherFixture(bool try_mqtt5 = true, bool try_mqtt311 = true,
                            DurationMs unanswered_wait_most_ms = 10 * kSecondMs)
      : publisher(Config(try_mqtt5, try_mqtt311, unanswered_wait_most_ms), mqtt, window, late,
                  random, log, *this) {}

  // Time goes on by `ms`, then a step. Returns when the publisher wants the next one.
  MonoTime Step(DurationMs ms = 0) {
    clock.Advance(ms);
    next = publisher.Step(clock.Now());
    return next;
  }
  void Push(const std::string& topic, const std::string& payload,
            queue::RecordKind kind = queue::RecordKind::kState) {
    queue::Record record;
    record.kind = kind;
    record.topic = topic;
    record.payload = payload;
    window.Push(record, *this);
  }
  // Pushes `count` records, each to a topic of its own.
  void PushMany(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) Push("t/" + std::to_string(i), std::to_string(i));
  }
  // From nothing to connected, with `online` acknowledged.
  void Connect() { Connect(fakes::FakeMqtt::Acceptance{}); }
  void Connect(const fakes::FakeMqtt::Acceptance& acceptance) {
    Step();
    mqtt.Accept(acceptance);
    Step();
    mqtt.AckAll();
    Step();
    mqtt.ForgetSent();
  }
  // What was handed to the library since the last look, `topic=payload` each.
  std::vector<std::string> TakeSent() {
    std::vector<std::string> texts;
    for (const fakes::FakeMqtt::Message& message : mqtt.sent()) {
      texts.push_back(message.topic + '=' + message.payload);
    }
    mqtt.ForgetSent();
    return texts;
  }
  // Goes from step to step until `publisher` has tried to connect once more.
  void StepToNextAttempt() {
    const std::size_t before = mqtt.attempts().size();
    while (mqtt.attempts().size() == before) {
      clock.AdvanceTo(next);
      Step();
    }
  }

  fakes::FakeClock clock;
  fakes::FakeMqtt mqtt;
  fakes::FixedRandom random{kLeastWait};
  fakes::LogCapture logs;
  Logger log{logs, LogLevel::kDebug};
  queue::Window window{64 * 1024, 200};
  queue::Window late{64 * 1024, 200};
  bool live_may_go = true;
  MonoTime next{};
  std::size_t forgot = 0;
  std::vector<std::string> given_up;  // topics
  Publisher publisher;

 private:
  static PublisherConfig Config(bool try_mqtt5, bool try_mqtt311, DurationMs unanswered) {
    PublisherConfig config;
    config.host = "broker";
    config.port = 1884;
    config.client_id = "depotlink-yard";
    config.username = "agent";
    config.password = Secret(std::string("pass"));
    config.unanswered_wait_most_ms = unanswered;
    config.try_mqtt5 = try_mqtt5;
    config.try_mqtt311 = try_mqtt311;
    config.status_topic = "d/status";
    config.health_topic = "d/health";
    return config;
  }
  void OnBrokerForgot() override { ++forgot; }
  void OnGivenUp(const queue::Record& record, std::string_view) override {
    given_up.emplace_back(record.topic);
  }
  bool LiveMayGo() const override { return live_may_go; }
  void OnDropped(const queue::Record&) override {}
};

}  // namespace depotlink::publish
