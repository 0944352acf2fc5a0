// SPDX-License-Identifier: Apache-2.0
// Extra polls behind the poll: what becomes of their elements on the bus.
#include "agent/extras.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/log_capture.hpp"
#include "tests/unit/encode/round_trip.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Extras;
using depotlink::Logger;
using depotlink::LogLevel;
using depotlink::queue::Record;
using depotlink::queue::RecordKind;
namespace limits = depotlink::limits;

namespace {

class Bus : public depotlink::queue::RecordSink, public depotlink::ExtraBus {
 public:
  void Push(const Record& record) override {
    last = record;
    CHECK(record.kind == RecordKind::kExtra);
    topic = std::string(record.topic);
    payload = std::string(record.payload);
    last.topic = topic;
    last.payload = payload;
    ++pushed;
    ++times[topic];
    retained[topic] = payload;
    if (payload.empty()) retained.erase(topic);
    most = std::max(most, payload.size());
  }
  bool Ready() const override { return true; }
  bool Up() const override { return up; }
  bool HasRoomFor(std::size_t bytes) const override { return bytes <= room; }
  std::uint64_t TakeSeq() override { return ++seq; }

  bool up = true;
  std::size_t room = SIZE_MAX;
  std::uint64_t seq = 0;
  std::size_t pushed = 0;
  std::size_t most = 0;
  Record last;
  std::string topic;
  std::string payload;
  std::map<std::string, int> times;
  std::map<std::string, std::string> retained;
};

std::string Element(std::uint64_t id, const std::string& name = "n") {
  return "{\"id\":" + std::to_string(id) + ",\"name\":\"" + name + "\"}";
}

depotlink::settings::Extra MakeExtra(const char* path, const char* topic, bool split,
                                     bool retain = true) {
  depotlink::settings::Extra extra;
  extra.path = path;
  extra.topic = topic;
  extra.split = split;
  extra.retain = retain;
  return extra;
}

}  // namespace

TEST_GROUP(Extras) {
  Bus bus;
  depotlink::fakes::FakeClock clock;
  depotlink::fakes::LogCapture logs;
  Logger log{logs, LogLevel::kDebug};
  depotlink::json::ElementReader reader;
  depotlink::encode::TopicBuilder topics{"depotlink", "yard"};
  std::vector<depotlink::settings::Extra> config{
      MakeExtra("tag/list", "tags", false), MakeExtra("zone/list", "zones", true),
      MakeExtra("file/stats/read", "files", false), MakeExtra("task/list", "tasks", true, false),
      MakeExtra("garage/list", "garages", false, false)};
  Extras extras{config, reader, topics, "k3v9", bus, bus, clock, log};
  enum : std::size_t { kTags = 0, kZones = 1, kFiles = 2, kTasks = 3, kGarages = 4 };

  bool Poll(std::size_t extra, const std::vector<std::string>& elements, bool whole = true) {
    extras.Begin(extra);
    for (const std::string& element : elements) extras.Take(element);
    return extras.End(whole);
  }
  // What stands on a topic, without its tail.
  std::string Body(const char* name) {
    const std::string text = bus.retained["depotlink/yard/extra/" + std::string(name)];
    return text.substr(0, text.find(",\"poll_time\""));
  }
};

TEST(Extras, AWholeListStandsInOneMessage) {
  CHECK(Poll(kTags, {Element(1), Element(2, "x")}));
  STRCMP_EQUAL("depotlink/yard/extra/tags", bus.topic.c_str());
  STRCMP_EQUAL(R"({"path":"tag/list","list":[{"id":1,"name":"n"},{"id":2,"name":"x"}],"count":2)",
               Body("tags").c_str());
  CHECK(bus.payload.find("\"run\":\"k3v9\",\"seq\":1}") != std::string::npos);
  CHECK(bus.last.retain);
  CHECK(Poll(kTags, {}));
  STRCMP_EQUAL(R"({"path":"tag/list","list":[],"count":0)", Body("tags").c_str());
}

TEST(Extras, AValueStandsInOneMessageWhateverItIs) {
  for (const char* value : {"{\"a\":1}", "42.5", "null", "\"text\"", "[1,2]", "{}"}) {
    CHECK(Poll(kFiles, {value}));
    STRCMP_EQUAL((R"({"path":"file/stats/read","value":)" + std::string(value)).c_str(),
                 Body("files").c_str());
  }
}

TEST(Extras, EveryPayloadIsReadBackByOthers) {
  const std::string wild =
      "{\"id\":9,\"l\":\"\\\"\\\\ \xE2\x80\xAE \\u0000\",\"big\":12345678901234567890}";
  CHECK(Poll(kTags, {wild, "[[1e300]]", "null", "\"x\""}));
  CHECK(depotlink::encode::SurvivesRoundTrip(bus.payload));
  CHECK(Poll(kZones, {wild}));
  CHECK(depotlink::encode::SurvivesRoundTrip(bus.payload));
}

TEST(Extras, RetainedIsPublishedWhenItChanged) {
  CHECK(Poll(kTags, {Element(1)}));
  CHECK(Poll(kTags, {Element(1)}));
  LONGS_EQUAL(1, bus.pushed);
  LONGS_EQUAL(1, extras.counters().unchanged);
  CHECK(Poll(kTags, {Element(1, "m")}));
  LONGS_EQUAL(2, bus.pushed);
  LONGS_EQUAL(2, bus.seq);  // no gap for what was not published
}

TEST(Extras, NotRetainedIsPublishedEachTime) {
  for (int i = 0; i < 3; ++i) {
    CHECK(Poll(kGarages, {Element(1)}));
    CHECK(Poll(kTasks, {Element(1), Element(2)}));
  }
  LONGS_EQUAL(9, bus.pushed);
  CHECK_FALSE(bus.last.retain);
  CHECK(Poll(kTasks, {}));  // nothing stands there that were to be cleared
  LONGS_EQUAL(9, bus.pushed);
}

TEST(Extras, SplitPublishesEachElementByItsId) {
  CHECK(Poll(kZones, {Element(7), Element(9007199254740992)}));
  STRCMP_EQUAL(R"({"path":"zone/list","item":{"id":7,"name":"n"})", Body("zones/7").c_str());
  LONGS_EQUAL(1, bus.retained.count("depotlink/yard/extra/zones/9007199254740992"));
  CHECK(Poll(kZones, {Element(7, "m"), Element(9007199254740992)}));
  LONGS_EQUAL(3, bus.pushed);
}

TEST(Extras, WhatIsGoneIsClearedOnceTheAnswerIsWhole) {
  CHECK(Poll(kZones, {Element(1), Element(2), Element(3)}));
  CHECK(Poll(kZones, {Element(2)}, false));
  LONGS_EQUAL(3, bus.retained.size());
  CHECK(Poll(kZones, {Element(2)}));
  LONGS_EQUAL(1, bus.retained.size());
  LONGS_EQUAL(2, bus.times["depotlink/yard/extra/zones/3"]);
  CHECK(Poll(kZones, {Element(2)}));
  LONGS_EQUAL(2, bus.times["depotlink/yard/extra/zones/3"]);
  CHECK(Poll(kZones, {Element(2), Element(3)}));
  LONGS_EQUAL(2, bus.retained.size());
  CHECK(Poll(kZones, {}));
  LONGS_EQUAL(0, bus.retained.size());
}

TEST(Extras, ElementsOfOtherExtrasAreLetBe) {
  config.push_back(MakeExtra("vehicle/list", "vehicles", true));
  Extras both(config, reader, topics, "k3v9", bus, bus, clock, log);
  for (const std::size_t extra : {std::size_t{kZones}, std::size_t{5}}) {
    both.Begin(extra);
    both.Take(Element(1));
    both.Take(Element(2));
    CHECK(both.End(true));
  }
  LONGS_EQUAL(4, bus.retained.size());
  both.Begin(kZones);
  CHECK(both.End(true));
  LONGS_EQUAL(2, bus.retained.size());
  LONGS_EQUAL(1, bus.retained.count("depotlink/yard/extra/vehicles/2"));
}

TEST(Extras, WithoutAnIdAnElementIsLeftOutAndTold) {
  for (int i = 0; i < 2; ++i) {
    CHECK(
        Poll(kZones, {"{\"name\":\"x\"}", "5", "{\"id\":\"7\"}", "{\"id\":0}", "{\"id\":1.5}",
                      "{\"id\":-1}", "{\"id\":9007199254740993}", "{\"id\":\"+/#\"}", Element(3)}));
  }
  LONGS_EQUAL(1, bus.pushed);
  LONGS_EQUAL(1, logs.Count(LogLevel::kWarn, "8 elements have no"));
  STRCMP_CONTAINS("\"split\": false", extras.trouble(kZones).c_str());
  LONGS_EQUAL(16, extras.counters().left_out);
  CHECK(Poll(kZones, {Element(3)}));
  STRCMP_EQUAL("", extras.trouble(kZones).c_str());
}

TEST(Extras, ANameGivenTwiceCostsThatElement) {
  CHECK(Poll(kTags, {"{\"id\":1,\"id\":2}", Element(3)}));
  STRCMP_EQUAL(R"({"path":"tag/list","list":[{"id":3,"name":"n"}],"count":1,"partial":true)",
               Body("tags").c_str());
}

TEST(Extras, AnAnswerOverTheBoundIsNotPublishedAndToldOnce) {
  CHECK(Poll(kTags, {Element(1)}));
  std::vector<std::string> many;
  for (std::uint64_t i = 1; i <= 1000; ++i) many.push_back(Element(i, std::string(60, 'x')));
  CHECK(Poll(kTags, many));
  CHECK(Poll(kTags, many));
  LONGS_EQUAL(1, bus.pushed);
  LONGS_EQUAL(2, extras.counters().too_large);
  LONGS_EQUAL(1, logs.Count(LogLevel::kWarn, "at most 32 KiB"));
  STRCMP_CONTAINS("the answer has 79 KiB", extras.trouble(kTags).c_str());
  STRCMP_CONTAINS("\"split\": true", extras.trouble(kTags).c_str());
  CHECK(Poll(kTags, {Element(2)}));
  LONGS_EQUAL(2, bus.pushed);
  STRCMP_EQUAL("", extras.trouble(kTags).c_str());
}

// Each length around the bound, so that one of them ends at each byte of it.
TEST(Extras, TheBoundHoldsToTheByte) {
  std::size_t published = 0;
  for (std::size_t length = 16190; length < 16260; ++length) {
    const std::size_t before = bus.pushed;
    CHECK(Poll(kTags, {Element(1, std::string(length, 'x')), Element(2, std::string(16300, 'y'))}));
    published += bus.pushed - before;
  }
  CHECK(published > 10 && published < 60);
  CHECK(bus.most <= limits::kExtraBytes && bus.most > limits::kExtraBytes - 120);
}

TEST(Extras, ElementsOverTheBoundAreNotPublished) {
  std::vector<std::string> many;
  for (std::uint64_t i = 1; i <= limits::kExtraItems + 5; ++i) many.push_back(Element(i));
  CHECK(Poll(kZones, many));
  LONGS_EQUAL(limits::kExtraItems, bus.pushed);
  STRCMP_CONTAINS("more than 10000", extras.trouble(kZones).c_str());
  LONGS_EQUAL(5, extras.counters().left_out);
  CHECK(Poll(kZones, many));
  LONGS_EQUAL(limits::kExtraItems, bus.pushed);
}

TEST(Extras, WhileTheBusIsAwayNothingIsAskedAndWhatComesIsAskedForAgain) {
  bus.up = false;
  CHECK_FALSE(extras.MayAsk(kTags));
  CHECK_FALSE(Poll(kTags, {Element(1)}));
  CHECK_FALSE(Poll(kZones, {Element(1)}));
  LONGS_EQUAL(0, bus.pushed);
  LONGS_EQUAL(0, bus.seq);
  bus.up = true;
  CHECK(extras.MayAsk(kTags));
  CHECK(Poll(kTags, {Element(1)}));
  CHECK(Poll(kZones, {Element(1)}));
  LONGS_EQUAL(2, bus.pushed);
}

TEST(Extras, ABusThatGoesAwayMeanwhileDoesNotStopTheReading) {
  extras.Begin(kZones);
  extras.Take(Element(1));
  bus.up = false;
  bus.room = 0;
  CHECK(extras.HasRoom());
  extras.Take(Element(2));
  bus.up = true;
  bus.room = SIZE_MAX;
  extras.Take(Element(3));
  CHECK_FALSE(extras.End(true));
  LONGS_EQUAL(1, bus.pushed);
  CHECK(Poll(kZones, {Element(1), Element(2), Element(3)}));
  LONGS_EQUAL(3, bus.pushed);
}

TEST(Extras, OneAtATimeAndOnlyWhereThereIsRoom) {
  CHECK(extras.MayAsk(kTags));
  extras.Begin(kTags);
  CHECK(extras.MayAsk(kTags));
  CHECK_FALSE(extras.MayAsk(kZones));
  extras.Abandon();
  CHECK(extras.MayAsk(kZones));
  bus.room = limits::kTopicBytes + limits::kExtraBytes;
  CHECK(extras.MayAsk(kTags));
  CHECK_FALSE(extras.MayAsk(kZones));  // the largest element and what stands around it
  bus.room = limits::kExtraBytes;
  CHECK_FALSE(extras.MayAsk(kTags));
  bus.room = limits::kElementBytes;
  extras.Begin(kZones);
  CHECK_FALSE(extras.HasRoom());
  extras.Abandon();
  extras.Begin(kTags);
  CHECK(extras.HasRoom());  // it only fills the buffer
  extras.Take(Element(1));
  CHECK_FALSE(extras.End(true));
  LONGS_EQUAL(0, bus.pushed);
}

TEST(Extras, WhatTheBusLostIsSaidAnew) {
  CHECK(Poll(kTags, {Element(1)}));
  extras.Forget(bus.last);
  CHECK(extras.TakeAskAgain(kTags));
  CHECK_FALSE(extras.TakeAskAgain(kTags));
  CHECK_FALSE(extras.TakeAskAgain(kZones));
  CHECK(Poll(kTags, {Element(1)}));
  LONGS_EQUAL(2, bus.pushed);
  CHECK(Poll(kZones, {Element(1), Element(2)}));
  extras.Forget(bus.last);
  CHECK(extras.TakeAskAgain(kZones));
  CHECK(Poll(kZones, {Element(1), Element(2)}));
  LONGS_EQUAL(5, bus.pushed);
  STRCMP_EQUAL("depotlink/yard/extra/zones/2", bus.topic.c_str());
}

TEST(Extras, AClearedTopicThatTheBusLostIsClearedAgain) {
  CHECK(Poll(kZones, {Element(1), Element(2)}));
  CHECK(Poll(kZones, {Element(1)}));
  STRCMP_EQUAL("", bus.payload.c_str());
  extras.Forget(bus.last);
  CHECK(Poll(kZones, {Element(1)}));
  LONGS_EQUAL(3, bus.times["depotlink/yard/extra/zones/2"]);
  extras.Forget(bus.last);
  CHECK(Poll(kZones, {Element(1), Element(2)}));  // it is there again
  LONGS_EQUAL(1, bus.retained.count("depotlink/yard/extra/zones/2"));
}

TEST(Extras, ClearingWaitsForRoom) {
  CHECK(Poll(kZones, {Element(1), Element(2)}));
  bus.room = 10;
  CHECK_FALSE(Poll(kZones, {}));
  bus.room = SIZE_MAX;
  CHECK(Poll(kZones, {}));
  LONGS_EQUAL(0, bus.retained.size());
}

TEST(Extras, ABrokerThatForgotIsToldAllOfIt) {
  CHECK(Poll(kTags, {Element(1)}));
  CHECK(Poll(kZones, {Element(1), Element(2)}));
  extras.ForgetAll();
  bus.retained.clear();
  CHECK(extras.TakeAskAgain(kTags) && extras.TakeAskAgain(kZones));
  CHECK(Poll(kTags, {Element(1)}));
  CHECK(Poll(kZones, {Element(1)}));
  LONGS_EQUAL(2, bus.retained.size());
}

TEST(Extras, WhatTheBrokerRefusesIsToldOnceAndNotTriedUntilItChanges) {
  for (int i = 0; i < 3; ++i) {
    CHECK(Poll(kTags, {Element(1)}));
    if (i == 0) extras.OnGivenUp(bus.last, "not authorized");
    CHECK_FALSE(extras.TakeAskAgain(kTags));
    CHECK_FALSE(extras.trouble(kTags).empty());
  }
  LONGS_EQUAL(1, bus.pushed);
  LONGS_EQUAL(1, logs.Count(LogLevel::kWarn, "the broker refuses it (not authorized)"));
  LONGS_EQUAL(1, extras.counters().refused);
  CHECK(Poll(kTags, {Element(2)}));
  LONGS_EQUAL(2, bus.pushed);
  CHECK(extras.trouble(kTags).empty());
}

TEST(Extras, AValueThatCannotBeReadIsNotPublished) {
  CHECK(Poll(kFiles, {R"({"a":1,"a":2})"}));
  LONGS_EQUAL(0, bus.pushed);
  STRCMP_CONTAINS("cannot be read", extras.trouble(kFiles).c_str());
  CHECK(Poll(kFiles, {R"({"a":1})"}));
  LONGS_EQUAL(1, bus.pushed);
}

TEST(Extras, RecordsOfAnotherConfigAreLetBe) {
  Record strange;
  strange.kind = RecordKind::kExtra;
  strange.tracker = std::uint64_t{99} << 54U;
  extras.Forget(strange);
  extras.OnGivenUp(strange, "x");
  LONGS_EQUAL(0, bus.pushed);
}
