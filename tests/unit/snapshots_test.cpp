// SPDX-License-Identifier: Apache-2.0
// Rounds of pages, with the polls and the bus in the test's hands.
#include "agent/snapshots.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/fakes/fake_random.hpp"
#include "tests/fakes/fake_storage.hpp"
#include "tests/fakes/log_capture.hpp"
#include "tests/unit/encode/round_trip.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::kHourMs;
using depotlink::kMinuteMs;
using depotlink::kNever;
using depotlink::kSecondMs;
using depotlink::MonoTime;
using depotlink::SnapshotConfig;
using depotlink::Snapshots;
using depotlink::model::TrackerId;
using depotlink::queue::Record;
using depotlink::queue::RecordKind;
namespace limits = depotlink::limits;

namespace {

class PageBus : public depotlink::queue::RecordSink, public depotlink::ExtraBus {
 public:
  void Push(const Record& record) override {
    CHECK(record.kind == RecordKind::kSnapshot);
    const std::string topic(record.topic);
    pages[topic] = std::string(record.payload);
    if (record.payload.empty()) {
      pages.erase(topic);
      ++cleared;
    } else {
      ++pushed;
      last_until = record.until;
      retain = record.retain;
      largest = std::max(largest, record.payload.size());
    }
  }
  bool Ready() const override { return true; }
  bool Up() const override { return up; }
  bool HasRoomFor(std::size_t bytes) const override { return bytes <= room; }
  std::uint64_t TakeSeq() override { return ++seq; }

  bool up = true;
  std::size_t room = SIZE_MAX;
  std::uint64_t seq = 0;
  std::map<std::string, std::string> pages;
  int pushed = 0;
  int cleared = 0;
  MonoTime last_until;
  bool retain = false;
  std::size_t largest = 0;
};

}  // namespace

TEST_GROUP(Snapshots) {
  PageBus bus;
  depotlink::fakes::LogCapture logs;
  depotlink::Logger log{logs, depotlink::LogLevel::kDebug};
  depotlink::fleet::Table table{2000};
  depotlink::encode::TopicBuilder topics{"d", "yard"};
  depotlink::fakes::FakeStorage disk;
  SnapshotConfig config;
  depotlink::model::TrackerState state;
  MonoTime now{kHourMs};

  void setup() override {
    CHECK(disk.Open().ok());
    config.on = true;
    config.every_ms = kMinuteMs;
    config.page_bytes = limits::kSnapshotLeastBytes;
    state.lat_deg.Set(45.5);
    state.lng_deg.Set(10.25);
  }
  Snapshots Make() {
    return Snapshots(config, table, topics, "k3v9", bus, bus, disk, log);
  }
  void Fleet(TrackerId trackers) {
    for (TrackerId id = 1; id <= trackers; ++id) table.Add(id);
    for (TrackerId id = trackers + 1; table.size() > trackers; ++id) table.Remove(id);
  }
  void Poll(Snapshots & snapshots, TrackerId id, MonoTime until = kNever,
            std::size_t label_bytes = 20) {
    const std::string label(label_bytes, 'x');
    depotlink::encode::StateRecord record;
    record.id = id;
    record.label = label;
    record.state = &state;
    record.run = "k3v9";
    record.seq = 1;
    depotlink::fleet::Tracker& tracker = *table.Find(id);
    if (snapshots.Wants(tracker)) snapshots.Take(tracker, record, until);
    snapshots.OnAsked(&id, 1);
  }
  void Round(Snapshots & snapshots, std::size_t label_bytes = 20) {
    snapshots.Step(now, true);
    for (TrackerId id = 1; id <= table.size(); ++id) Poll(snapshots, id, kNever, label_bytes);
    snapshots.Step(now, true);
  }
  // Of all pages on the bus; checks that they are one whole round.
  std::multiset<TrackerId> Shown() {
    std::multiset<TrackerId> ids;
    std::set<std::string> rounds;
    std::uint64_t last = 0;
    for (const auto& [topic, payload] : bus.pages) {
      CHECK(depotlink::encode::SurvivesRoundTrip(payload));
      Json::Value page;
      CHECK(depotlink::encode::ReadStrictly(payload, page));
      STRCMP_EQUAL(topic.c_str(), ("d/yard/snapshot/" + page["page"].asString()).c_str());
      LONGS_EQUAL(page["states"].size(), page["count"].asUInt64());
      rounds.insert(page["run"].asString() + page["round"].asString());
      if (page.isMember("pages")) last = page["pages"].asUInt64();
      for (const Json::Value& each : page["states"]) {
        CHECK(!each.isMember("run") && !each.isMember("seq"));
        ids.insert(each["id"].asUInt64());
      }
    }
    LONGS_EQUAL(1, rounds.size());
    LONGS_EQUAL(bus.pages.size(), last);
    return ids;
  }
  bool Whole() {
    const std::multiset<TrackerId> ids = Shown();
    std::multiset<TrackerId> wanted;
    for (std::uint32_t i = 0; i < table.size(); ++i) wanted.insert(table.At(i).id);
    return ids == wanted;
  }
};

TEST(Snapshots, APageLooksLikeThis) {
  Fleet(2);
  Snapshots snapshots = Make();
  snapshots.Step(now, true);
  depotlink::encode::StateRecord record;
  record.state = &state;
  record.poll_time_trusted = false;
  for (const TrackerId id : {TrackerId{1}, TrackerId{2}}) {
    record.id = id;
    snapshots.Take(*table.Find(id), record, kNever);
  }
  snapshots.Step(now, true);
  STRCMP_EQUAL(R"({"page":1,"round":1,"states":[{"id":1,"lat":45.5,"lng":10.25},)"
               R"({"id":2,"lat":45.5,"lng":10.25}],"count":2,"pages":1,"run":"k3v9","seq":1})",
               bus.pages["d/yard/snapshot/1"].c_str());
  CHECK(bus.retain);
}

TEST(Snapshots, EachTrackerStandsOnOnePageOfARound) {
  Fleet(500);
  Snapshots snapshots = Make();
  Round(snapshots);
  CHECK(bus.pages.size() > 4);
  CHECK(Whole());
  LONGS_EQUAL(500, snapshots.counters().states);
  LONGS_EQUAL(bus.pages.size(), snapshots.counters().pages);
  Round(snapshots);  // not due yet
  LONGS_EQUAL(1, snapshots.counters().rounds);
  now = now + kMinuteMs;
  Round(snapshots);
  LONGS_EQUAL(2, snapshots.counters().rounds);
  CHECK(Whole());
  LONGS_EQUAL(bus.pushed, bus.seq);  // no gap for what was not published
}

// Each length of label, so that a page ends at each byte of its bound.
TEST(Snapshots, ThePageKeepsToItsBoundToTheByte) {
  Fleet(300);
  Snapshots snapshots = Make();
  for (std::size_t length = 1; length < 120; ++length, now = now + kMinuteMs) {
    Round(snapshots, length);
    CHECK(Whole());
  }
  CHECK(bus.largest <= config.page_bytes && bus.largest > config.page_bytes - 100);
}

TEST(Snapshots, AnEmptyFleetIsAnEmptyPage) {
  Snapshots snapshots = Make();
  snapshots.Step(now, false);
  LONGS_EQUAL(0, bus.pushed);  // it was not listed yet
  Round(snapshots);
  LONGS_EQUAL(1, bus.pages.size());
  CHECK(Shown().empty());
}

TEST(Snapshots, WhoIsNotAnsweredForOrBlockedIsNotWaitedFor) {
  Fleet(5);
  Snapshots snapshots = Make();
  snapshots.Step(now, true);
  table.Find(1)->Set(depotlink::fleet::Tracker::kBlocked);
  table.Find(2)->Set(depotlink::fleet::Tracker::kGone);
  const TrackerId silent = 3;
  snapshots.OnAsked(&silent, 1);
  snapshots.OnRefused(*table.Find(4));
  LONGS_EQUAL(0, bus.pushed);
  Poll(snapshots, 5);
  snapshots.Step(now, true);
  CHECK(Shown() == std::multiset<TrackerId>{5});
}

TEST(Snapshots, WhoWasNotPolledInTimeIsAskedFor) {
  Fleet(3);
  for (TrackerId id = 1; id <= 3; ++id) table.Find(id)->due_s = 1000;
  Snapshots snapshots = Make();
  const MonoTime next = snapshots.Step(now, true);
  CHECK(next == now + kMinuteMs / 2);
  Poll(snapshots, 2);
  LONGS_EQUAL(1000, table.Find(1)->due_s);
  snapshots.Step(next, true);
  LONGS_EQUAL(0, table.Find(1)->due_s);
  LONGS_EQUAL(1000, table.Find(2)->due_s);
  LONGS_EQUAL(0, table.Find(3)->due_s);
}

TEST(Snapshots, ARequestAsksForAllAtOnce) {
  Fleet(3);
  Snapshots snapshots = Make();
  Round(snapshots);
  for (TrackerId id = 1; id <= 3; ++id) table.Find(id)->due_s = 1000;
  snapshots.AskNow();
  snapshots.Step(now, true);
  for (TrackerId id = 1; id <= 3; ++id) {
    LONGS_EQUAL(0, table.Find(id)->due_s);
    Poll(snapshots, id);
  }
  snapshots.Step(now, true);
  LONGS_EQUAL(2, snapshots.counters().rounds);
  config.on = false;
  Make().AskNow();
  LONGS_EQUAL(1, logs.Count(depotlink::LogLevel::kWarn, "snapshots are off"));
}

TEST(Snapshots, WhereLiveRecordsNeedTheRoomItWaits) {
  Fleet(500);
  Snapshots snapshots = Make();
  bus.room = limits::kWindowBytes / 4 + limits::kSnapshotLeastBytes;
  Round(snapshots);
  LONGS_EQUAL(0, bus.pushed);
  bus.room = SIZE_MAX;
  for (int i = 0; i < 2; ++i) {
    now = now + kMinuteMs;
    Round(snapshots);
  }
  CHECK(Whole());
  LONGS_EQUAL(bus.pushed, bus.seq);
}

TEST(Snapshots, WhileAFullPageWaitsReadingDoesForASecondAtMost) {
  Fleet(500);
  Snapshots snapshots = Make();
  snapshots.Step(now, true);
  bus.room = 0;
  TrackerId id = 0;
  while (snapshots.Ready()) Poll(snapshots, ++id);
  CHECK(id > 10 && table.Find(id)->shown);  // nothing had to be left for the next poll
  LONGS_EQUAL(0, bus.pushed);
  CHECK(snapshots.Step(now, true) == now + kSecondMs);
  snapshots.Step(now + kSecondMs - 1, true);
  CHECK_FALSE(snapshots.Ready());
  snapshots.Step(now + kSecondMs, true);
  CHECK(snapshots.Ready());
  bus.room = SIZE_MAX;
  snapshots.Step(now + kSecondMs, true);
  bus.room = 0;
  CHECK_FALSE(snapshots.Ready());
  bus.room = SIZE_MAX;
  CHECK(snapshots.Ready());
  bus.up = false;
  bus.room = 0;
  snapshots.Step(now, true);
  CHECK(snapshots.Ready());
}

TEST(Snapshots, AStateThatIsLargerThanAPageIsLeftOutAndCounted) {
  Fleet(3);
  Snapshots snapshots = Make();
  snapshots.Step(now, true);
  Poll(snapshots, 1);
  Poll(snapshots, 2, kNever, 9000);
  Poll(snapshots, 3);
  snapshots.Step(now, true);
  CHECK((Shown() == std::multiset<TrackerId>{1, 3}));
  LONGS_EQUAL(1, snapshots.counters().left_out);
}

TEST(Snapshots, APageMayNotBeSeenBeyondTheFirstEndOfWhatStandsOnIt) {
  Fleet(500);
  Snapshots snapshots = Make();
  snapshots.Step(now, true);
  const MonoTime end = now + kHourMs;
  Poll(snapshots, 1, end + 1);
  Poll(snapshots, 2, end);
  Poll(snapshots, 3);
  for (TrackerId id = 4; bus.pushed == 0; ++id) Poll(snapshots, id);
  CHECK(bus.last_until == end);
  for (TrackerId id = 4; id <= 500; ++id) Poll(snapshots, id);
  snapshots.Step(now, true);
  CHECK(bus.last_until == kNever);
}

TEST(Snapshots, PagesOfALargerFleetAreCleared) {
  Fleet(500);
  Snapshots snapshots = Make();
  Round(snapshots);
  const std::size_t before = bus.pages.size();
  Fleet(100);
  snapshots.NoteGone();
  now = now + kMinuteMs;
  Round(snapshots);
  snapshots.Step(now, true);
  CHECK(Whole());
  CHECK(bus.pages.size() < before);
  LONGS_EQUAL(before - bus.pages.size(), bus.cleared);
}

TEST(Snapshots, WhoIsGoneDoesNotStayUntilTheNextDay) {
  config.every_ms = 24 * kHourMs;
  Fleet(5);
  Snapshots snapshots = Make();
  Round(snapshots);
  Fleet(4);
  snapshots.NoteGone();
  snapshots.Step(now, true);
  LONGS_EQUAL(5, Shown().size());
  now = now + kMinuteMs;
  Round(snapshots);
  CHECK(Whole());
}

TEST(Snapshots, PagesOfAnEarlierRunAreCleared) {
  Fleet(500);
  {
    Snapshots snapshots = Make();
    snapshots.Recall();
    Round(snapshots);
  }
  Fleet(10);
  Snapshots snapshots = Make();
  snapshots.Recall();
  CHECK(bus.pages.size() > 4);  // they stand until there are better ones
  Round(snapshots);
  snapshots.Step(now, true);
  CHECK(Whole());
}

TEST(Snapshots, AFleetThatStaysAsLargeCostsNoWrite) {
  Fleet(500);
  Snapshots snapshots = Make();
  snapshots.Recall();
  Round(snapshots);
  const std::size_t calls = disk.calls();
  for (int i = 0; i < 5; ++i) {
    now = now + kMinuteMs;
    Round(snapshots);
  }
  LONGS_EQUAL(6, snapshots.counters().rounds);
  LONGS_EQUAL(calls, disk.calls());
}

TEST(Snapshots, SwitchedOffNothingIsLeft) {
  Fleet(500);
  {
    Snapshots snapshots = Make();
    Round(snapshots);
  }
  config.on = false;
  for (int i = 0; i < 2; ++i) {
    Snapshots snapshots = Make();
    snapshots.Recall();
    bus.up = false;
    snapshots.Step(now, true);
    bus.up = true;
    snapshots.Step(now, true);
    LONGS_EQUAL(0, bus.pages.size());
  }
  CHECK(bus.cleared < 64);  // once
}

TEST(Snapshots, AnotherScopeClearsBeforeItSaysAnything) {
  Fleet(100);
  {
    Snapshots snapshots = Make();
    Round(snapshots);
  }
  config.scope = 77;
  for (int i = 0; i < 2; ++i) {  // as a run that ends before its first page
    Snapshots snapshots = Make();
    snapshots.Recall();
    snapshots.Step(now, false);
    LONGS_EQUAL(0, bus.pages.size());
    if (i == 1) Round(snapshots);
  }
  Snapshots snapshots = Make();
  snapshots.Recall();
  snapshots.Step(now, false);
  CHECK(Whole());
}

TEST(Snapshots, WhatIsSharedNoMoreIsClearedAtOnce) {
  Fleet(100);
  config.by_links = true;
  Snapshots snapshots = Make();
  snapshots.Recall();
  Round(snapshots);
  now = now + kMinuteMs;
  snapshots.Step(now, true);
  Poll(snapshots, 1);
  snapshots.Retract();
  Fleet(99);
  snapshots.Step(now, false);
  LONGS_EQUAL(0, bus.pages.size());
  Round(snapshots);
  CHECK(Whole());
}

TEST(Snapshots, ABusThatWentAwayGetsAWholeRoundAfter) {
  Fleet(500);
  Snapshots snapshots = Make();
  snapshots.Step(now, true);
  for (TrackerId id = 1; id <= 250; ++id) Poll(snapshots, id);
  bus.up = false;
  CHECK(snapshots.Step(now, true) == kNever);
  for (TrackerId id = 251; id <= 500; ++id) Poll(snapshots, id);
  bus.up = true;
  Round(snapshots);
  CHECK(Whole());
  Record lost;
  lost.kind = RecordKind::kSnapshot;
  lost.tracker = 2;
  lost.payload = "{}";
  snapshots.Forget(lost);
  Round(snapshots);
  LONGS_EQUAL(2, snapshots.counters().rounds);
  snapshots.ForgetAll();
  bus.pages.clear();
  Round(snapshots);
  CHECK(Whole());
}

TEST(Snapshots, AClearThatWasLostIsDoneAgain) {
  Fleet(500);
  Snapshots snapshots = Make();
  Round(snapshots);
  const std::string kept = bus.pages.rbegin()->second;
  Fleet(10);
  now = now + kMinuteMs;
  Round(snapshots);
  snapshots.Step(now, true);
  Record lost;
  lost.kind = RecordKind::kSnapshot;
  lost.tracker = 3;
  bus.pages["d/yard/snapshot/3"] = kept;
  snapshots.Forget(lost);
  Round(snapshots);
  CHECK(Whole());
}

TEST(Snapshots, APageThatTheBrokerRefusesIsToldOnceAndTriedAtTheNextRound) {
  Fleet(3);
  Snapshots snapshots = Make();
  Round(snapshots);
  Record refused;
  refused.kind = RecordKind::kSnapshot;
  refused.topic = "d/yard/snapshot/1";
  refused.payload = "{}";
  for (int i = 0; i < 3; ++i) snapshots.OnGivenUp(refused, "not authorized");
  LONGS_EQUAL(1, logs.Count(depotlink::LogLevel::kWarn, "the broker refuses a page"));
  STRCMP_EQUAL("not authorized", snapshots.trouble().c_str());
  Round(snapshots);
  LONGS_EQUAL(1, snapshots.counters().rounds);
  now = now + kMinuteMs;
  Round(snapshots);
  LONGS_EQUAL(2, snapshots.counters().rounds);
}

TEST(Snapshots, NotRetainedNothingIsLeftBehind) {
  config.retain = false;
  Fleet(500);
  Snapshots snapshots = Make();
  snapshots.Recall();
  Round(snapshots);
  CHECK_FALSE(bus.retain);
  CHECK(Whole());
  Fleet(10);
  now = now + kMinuteMs;
  Round(snapshots);
  LONGS_EQUAL(0, bus.cleared);
}
