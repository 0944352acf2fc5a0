// SPDX-License-Identifier: Apache-2.0
// Geo links on the bus: what is news, what time changes, what is cleared.
#include "agent/link_stage.hpp"

#include <string>
#include <vector>

#include "tests/unit/link_fixture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::kHourMs;
using depotlink::kNever;
using depotlink::kSecondMs;
using depotlink::LinkEntry;
using depotlink::LinkFixture;
using depotlink::LogLevel;
using depotlink::MonoTime;
using Texts = std::vector<std::string>;

TEST_GROUP(LinkStage) {
  LinkFixture links;
  LinkEntry entry;

  void setup() override {
    entry.trackers = {{15, "Jane Doe", "\"speed\""}};
  }
  bool Says(const char* text, depotlink::model::LinkId id = 103) {
    return links.Link(id).find(text) != std::string::npos;
  }
};

TEST(LinkStage, ALinkIsPublishedOnce) {
  links.ListLinks({entry});
  STRCMP_EQUAL(
      R"({"id":103,"description":"Yard","status":"enabled","trackers":[{"id":15,"alias":"Jane Doe"}],)"
      R"("run":"r1","seq":1})",
      links.Link(103).c_str());
  CHECK(links.pushed[0].retain);
  links.ListLinks({entry});
  CHECK(links.TakeNames() == (Texts{"link d/yard/link/103"}));
  LONGS_EQUAL(1, links.stage.known());
  LONGS_EQUAL(1, links.stage.active());
  entry.enabled = false;
  links.ListLinks({entry});
  CHECK(Says(R"("status":"disabled")"));
  LONGS_EQUAL(0, links.stage.active());
}

TEST(LinkStage, ItsStatusFollowsTimeWithoutAPoll) {
  const std::int64_t now = links.True();
  entry.from_ms = now + 60 * kSecondMs;
  entry.to_ms = now + 120 * kSecondMs;
  links.Read(entry);
  CHECK(Says(R"("status":"inactive")"));
  links.StepToChange();
  CHECK(entry.from_ms <= links.True());
  CHECK(links.True() < entry.from_ms + kSecondMs);
  STRCMP_EQUAL(
      R"({"id":103,"status":"enabled","from":"2024-08-01T13:47:40Z","to":"2024-08-01T13:48:40Z",)"
      R"("run":"r1","seq":2})",
      links.Link(103).c_str());
  LONGS_EQUAL(1, links.asked.size());
  links.Read(entry);
  CHECK(Says("Jane Doe"));
  links.StepToChange();
  CHECK(Says(R"("status":"expired")"));
  CHECK(links.True() < entry.to_ms);
  CHECK(entry.to_ms - 3 * kSecondMs < links.True());
  CHECK(links.Step() == kNever);
}

TEST(LinkStage, TheMachinesClockDecidesNothing) {
  const std::int64_t now = links.True();
  entry.from_ms = now - kHourMs;
  entry.to_ms = now + kHourMs;
  links.Read(entry);
  for (const std::int64_t wrong :
       {std::int64_t{0}, std::int64_t{4102444800000}, now + 2 * kHourMs}) {
    links.clock.SetWall({wrong});
    links.clock.Advance(kSecondMs);
    links.Step();
    CHECK(Says(R"("status":"enabled")"));
  }
  links.clock.SetWall({0});
  links.clock.Advance(kHourMs);
  links.Step();
  CHECK(Says(R"("status":"expired")"));
}

// A second in five thousand: what is not heard of the API for a day costs 17 seconds.
TEST(LinkStage, WithTheApiAwayForLongItEndsEarlierStill) {
  entry.to_ms = links.True() + 24 * kHourMs;
  links.Read(entry);
  links.clock.Advance(24 * kHourMs - 20 * kSecondMs);
  links.Step();
  CHECK(Says(R"("status":"enabled")"));
  links.clock.Advance(2 * kSecondMs);
  links.Step();
  CHECK(Says(R"("status":"expired")"));
}

TEST(LinkStage, WithoutATimeALifetimeIsNotJudged) {
  links.server = {};
  entry.to_ms = links.True() + kHourMs;
  LinkEntry forever = entry;
  forever.id = 104;
  forever.to_ms = 0;
  links.ListLinks({entry, forever});
  CHECK(Says(R"("clock":"unknown")") && !Says("status"));
  CHECK(Says(R"("status":"enabled")", 104));
  links.TellTime();
  links.clock.Advance(kSecondMs);
  links.Step();
  CHECK(Says(R"("status":"enabled")"));
}

TEST(LinkStage, LinksThatVanishAreCleared) {
  LinkEntry other = entry;
  other.id = 104;
  links.ListLinks({entry, other});
  links.ListLinks({other}, false);
  CHECK(!links.Link(103).empty());
  links.ListLinks({other});
  CHECK(links.Link(103).empty() && !links.Link(104).empty());
  links.ListLinks({});
  CHECK(links.Link(104).empty());
  LONGS_EQUAL(0, links.stage.known());
  links.ListLinks({entry});
  CHECK(!links.Link(103).empty());
}

TEST(LinkStage, ABrokerThatForgotIsToldAnew) {
  links.ListLinks({entry});
  CHECK_FALSE(links.stage.TakeReadAgain());
  links.bus.clear();
  links.stage.ForgetAll();
  CHECK(links.stage.TakeReadAgain());
  CHECK_FALSE(links.stage.TakeReadAgain());
  links.ListLinks({entry});
  CHECK(Says("Jane Doe"));
}

TEST(LinkStage, WhatDidNotReachTheBusIsSaidAnew) {
  links.drops = [] { return true; };
  links.ListLinks({entry});
  CHECK_FALSE(links.stage.TakeReadAgain());  // who refused it would do so again
  links.drops = [] { return false; };
  links.ListLinks({entry});
  CHECK(Says("Jane Doe"));
  links.drops = [] { return true; };
  links.ListLinks({});
  CHECK(!links.Link(103).empty());
  links.drops = [] { return false; };
  links.Step();
  CHECK(links.Link(103).empty());
}

TEST(LinkStage, WhileTheBusIsAwayNothingIsCleared) {
  links.ListLinks({entry});
  links.bus_up = false;
  links.ListLinks({});
  CHECK(!links.Link(103).empty());
  links.bus_up = true;
  links.Step();
  CHECK(links.Link(103).empty());
}

TEST(LinkStage, OfMoreThanAreKeptTheFirstAreAndTheRestIsTold) {
  std::vector<LinkEntry> many;
  for (depotlink::model::LinkId id = 1; id <= 1200; ++id) {
    entry.id = id;
    many.push_back(entry);
  }
  links.ListLinks(many);
  LONGS_EQUAL(1000, links.stage.known());
  LONGS_EQUAL(200, links.stage.left_out());
  CHECK(!links.Link(1000).empty() && links.Link(1001).empty());
  LONGS_EQUAL(1, links.logs.Count(LogLevel::kWarn, "more geo links"));
  // A new one ahead of them makes its way in; the last one goes.
  entry.id = 5000;
  many.insert(many.begin(), entry);
  links.ListLinks(many);
  links.ListLinks(many);
  CHECK(!links.Link(5000).empty());
  LONGS_EQUAL(1000, links.stage.known());
  LONGS_EQUAL(1, links.logs.Count(LogLevel::kWarn, "more geo links"));
}

TEST(LinkStage, NoRoomIsWaitedFor) {
  const std::int64_t now = links.True();
  std::vector<LinkEntry> many;
  for (depotlink::model::LinkId id = 1; id <= 50; ++id) {
    entry.id = id;
    entry.to_ms = now + 60 * kSecondMs;
    many.push_back(entry);
  }
  links.ListLinks(many);
  links.clock.Advance(60 * kSecondMs);
  links.room = 20;
  links.Step();
  links.room = SIZE_MAX;
  links.Step();
  for (const LinkEntry& each : many) CHECK(Says(R"("status":"expired")", each.id));
}

TEST(LinkStage, WhatCannotBeReadIsCountedAndTheRestGoesOn) {
  links.stage.OnLinkListBegin();
  LONGS_EQUAL(0, links.stage.OnLink("{\"id\":\"x\"}"));
  LONGS_EQUAL(103, links.stage.OnLink(entry.Text()));
  links.stage.OnLinkListEnd(true);
  LONGS_EQUAL(1, links.stage.unreadable());
  CHECK(!links.Link(103).empty());
}
