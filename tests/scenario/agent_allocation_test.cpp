// SPDX-License-Identifier: Apache-2.0
// In the steady state nothing is allocated: not while unchanged states pass through splitter and
// comparison, nor while records pass through window and publisher. (JsonCpp allocates where a
// changed state is decoded; that is its own.)
#include <cstdlib>
#include <memory>
#include <new>
#include <string>

#include "agent/json/element_splitter.hpp"
#include "agent/publish/publisher.hpp"
#include "tests/fakes/fake_random.hpp"
#include "tests/fakes/log_capture.hpp"
#include "tests/unit/pipeline_fixture.hpp"

#include "CppUTest/TestHarness.h"

namespace {

std::size_t allocations = 0;

void* Allocate(std::size_t bytes) {
  ++allocations;
  void* place = std::malloc(bytes == 0 ? 1 : bytes);
  if (place == nullptr) std::abort();
  return place;
}

}  // namespace

void* operator new(std::size_t bytes) {
  return Allocate(bytes);
}
void* operator new[](std::size_t bytes) {
  return Allocate(bytes);
}
void operator delete(void* place) noexcept {
  std::free(place);
}
void operator delete[](void* place) noexcept {
  std::free(place);
}
void operator delete(void* place, std::size_t) noexcept {
  std::free(place);
}
void operator delete[](void* place, std::size_t) noexcept {
  std::free(place);
}

namespace {

using depotlink::PipelineFixture;
using depotlink::StateText;
using depotlink::json::ElementSplitter;
using depotlink::json::SplitFlow;

class ToPipeline : public depotlink::json::SplitHandler {
 public:
  explicit ToPipeline(depotlink::Pipeline& pipeline) : pipeline_(&pipeline) {}
  SplitFlow OnElement(std::size_t, std::string_view key, std::string_view text) override {
    pipeline_->OnState(key, text);
    return SplitFlow::kContinue;
  }
  void OnValue(std::string_view, std::string_view) override {}
  void OnSkipped(std::size_t, std::string_view, depotlink::json::SkipReason) override { ++skipped; }

  int skipped = 0;

 private:
  depotlink::Pipeline* pipeline_;
};

// Takes everything and acknowledges it at the next look. Allocates nothing itself.
class EagerMqtt : public depotlink::ports::Mqtt {
 public:
  depotlink::Status Connect(const depotlink::ports::MqttConnect&) override {
    connected_ = true;
    return depotlink::Status::Ok();
  }
  depotlink::Status Publish(depotlink::ports::MqttToken token,
                            const depotlink::ports::MqttMessage&) override {
    tokens_[count_++] = token;
    return depotlink::Status::Ok();
  }
  depotlink::Status Subscribe(depotlink::ports::MqttToken, std::string_view,
                              const depotlink::ports::MqttListening&) override {
    return depotlink::Status::Ok();
  }
  void Unsubscribe(std::string_view) override {}
  bool NextArrival(depotlink::ports::MqttArrival&) override { return false; }
  void Disconnect(depotlink::DurationMs) override {}
  bool NextEvent(depotlink::ports::MqttEvent& out) override {
    if (connected_) {
      connected_ = false;
      out.kind = depotlink::ports::MqttEventKind::kConnected;
      return true;
    }
    if (count_ == 0) return false;
    out.kind = depotlink::ports::MqttEventKind::kAcked;
    out.token = tokens_[--count_];
    return true;
  }

 private:
  bool connected_ = false;
  std::array<depotlink::ports::MqttToken, 64> tokens_{};
  std::size_t count_ = 0;
};

class NoObserver : public depotlink::publish::PublishObserver,
                   public depotlink::queue::DropObserver {
 public:
  void OnBrokerForgot() override {}
  void OnGivenUp(const depotlink::queue::Record&, std::string_view) override {}
  void OnDropped(const depotlink::queue::Record&) override {}
};

}  // namespace

TEST_GROUP(AgentAllocation){};

TEST(AgentAllocation, TheCounterCounts) {
  const std::size_t before = allocations;
  const auto one = std::make_unique<int>(1);
  CHECK(allocations > before);
}

TEST(AgentAllocation, UnchangedStatesAllocateNothing) {
  PipelineFixture fixture(1000);
  std::string body = "{\"states\":{";
  for (depotlink::model::TrackerId id = 1; id <= 1000; ++id) {
    fixture.List({{id, "t"}}, false);
    body += (id == 1 ? "\"" : ",\"") + std::to_string(id) +
            "\":" + StateText(static_cast<double>(id) / 100, "2024-08-01T13:45:01Z");
  }
  body += "},\"success\":true}";
  const auto splitter = std::make_unique<ElementSplitter>();
  ToPipeline handler(fixture.pipeline);
  constexpr std::string_view kContainers[] = {"states"};
  const auto pass = [&] {
    splitter->Begin(kContainers, 1, handler);
    for (std::size_t at = 0; at < body.size(); at += 1400) {
      splitter->Feed(std::string_view(body).substr(at, 1400));
    }
    CHECK(splitter->End() == depotlink::json::BodyEnd::kComplete);
  };
  pass();
  LONGS_EQUAL(2000, fixture.pushed.size());
  const std::size_t before = allocations;
  pass();
  const std::size_t after = allocations;
  LONGS_EQUAL(0, after - before);
  LONGS_EQUAL(1000, fixture.pipeline.counters().unchanged);
  LONGS_EQUAL(0, handler.skipped);
}

TEST(AgentAllocation, RecordsOnTheirWayToTheBrokerAllocateNothing) {
  EagerMqtt mqtt;
  NoObserver observer;
  depotlink::queue::Window window(64 * 1024, 100);
  depotlink::queue::Window late(1024, 10);
  depotlink::fakes::FixedRandom random(0);
  depotlink::fakes::LogCapture logs;
  depotlink::Logger log(logs, depotlink::LogLevel::kInfo);
  depotlink::publish::PublisherConfig config;
  config.status_topic = "d/status";
  depotlink::publish::Publisher publisher(std::move(config), mqtt, window, late, random, log,
                                          observer);
  depotlink::MonoTime now{1000};
  publisher.Step(now);
  publisher.Step(now);
  CHECK(publisher.connected());
  const std::size_t before = allocations;
  char topic[] = "d/yard/tracker/0000/state";
  const std::string_view payload = "{\"id\":1,\"lat\":45.5}";
  for (int i = 0; i < 1000; ++i) {
    topic[18] = static_cast<char>('0' + i % 10);
    depotlink::queue::Record record;
    record.topic = topic;
    record.payload = payload;
    window.Push(record, observer);
    if (i % 7 == 0) publisher.Step(now = now + 1);
  }
  for (int i = 0; i < 50; ++i) publisher.Step(now = now + 1);
  const std::size_t after = allocations;
  LONGS_EQUAL(1000, publisher.counters().acknowledged);
  LONGS_EQUAL(0, after - before);
}
