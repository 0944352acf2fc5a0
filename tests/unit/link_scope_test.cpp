// SPDX-License-Identifier: Apache-2.0
// Geo links as the scope: never more than they show.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/fakes/fake_random.hpp"
#include "tests/unit/link_fixture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::kHourMs;
using depotlink::kMinuteMs;
using depotlink::kSecondMs;
using depotlink::LinkEntry;
using depotlink::LinkFixture;
using depotlink::LogLevel;
using depotlink::PipelineFixture;
using depotlink::fleet::Scope;
using depotlink::model::TrackerId;
using Texts = std::vector<std::string>;

namespace {

std::string Full(std::int64_t number) {
  char text[depotlink::kIsoTimeMaxBytes];
  const std::string time(text,
                         depotlink::FormatIsoTime({1722500000000 + number * 1000}, false, text));
  return R"({"gps":{"updated":")" + time +
         R"(","location":{"lat":1.5,"lng":2.5},"speed":61,"heading":304,"alt":270},)"
         R"("connection_status":"active","movement_status":"moving","ignition":true,)"
         R"("battery_level":77,"inputs":[true],"additional":{"a":{"value":"secret"}},)"
         R"("gsm":{"network_name":"T-Mobile"},"last_update":")" +
         time + "\"}";
}

}  // namespace

TEST_GROUP(LinkScope) {
  LinkFixture links{{103, 104}};
  LinkEntry first;
  LinkEntry second;
  std::int64_t number = 0;

  void setup() override {
    first.trackers = {{7, "Van 7", "\"speed\""}};
    second.id = 104;
    second.trackers = {{8, "", "\"movement_status\",\"connection_status\""}};
  }
  void Share() {
    links.Read(first);
    links.Read(second);
    links.List({{7, "Truck 7", 5}, {8, "Truck 8", 5}, {9, "Truck 9", 5}});
  }
  void PollAll() {
    ++number;
    for (const TrackerId id : {TrackerId{7}, TrackerId{8}}) links.Poll(id, Full(number));
  }
  // A payload without its run and seq.
  std::string Bare(TrackerId id, const char* what) {
    const std::string text = links.On(id, what);
    return text.substr(0, text.find(R"(,"run")"));
  }
};

TEST(LinkScope, NothingBeforeTheLinksWereRead) {
  links.ListGroups({{5, "Main office"}});
  links.List({{7, "Truck 7", 5}});
  links.Step();
  LONGS_EQUAL(0, links.Due());
  CHECK(links.pushed.empty());
}

TEST(LinkScope, JustTheSharedUnderTheirAliasesWithWhatIsGranted) {
  links.ListGroups({{5, "Main office"}});
  Share();
  LONGS_EQUAL(2, links.Due());
  PollAll();
  STRCMP_EQUAL(
      R"({"id":7,"alias":"Van 7","lat":1.5,"lng":2.5,"speed_kmh":61,"fix_time":"2024-08-01T08:13:21Z",)"
      R"("poll_time":"2024-08-01T13:46:40.000Z")",
      Bare(7, "state").c_str());
  STRCMP_EQUAL(
      R"({"id":8,"lat":1.5,"lng":2.5,"fix_time":"2024-08-01T08:13:21Z","update_time":"2024-08-01T08:13:21Z",)"
      R"("poll_time":"2024-08-01T13:46:40.000Z","movement":"moving","connection":"active")",
      Bare(8, "state").c_str());
  STRCMP_EQUAL(R"({"id":7,"alias":"Van 7")", Bare(7, "info").c_str());
  STRCMP_EQUAL(R"({"id":8)", Bare(8, "info").c_str());
  CHECK(links.On(9, "state").empty() && links.On(9, "info").empty());
}

TEST(LinkScope, TheOwnNameNeedsAGrantAndNoAlias) {
  first.trackers = {{7, "Van 7", "\"vehicle_label\""}};
  second.trackers = {{8, "", "\"vehicle_label\""}};
  links.Read(first);
  links.Read(second);
  CHECK(links.pipeline.TakeListWanted());  // only the list tells the name
  Share();
  PollAll();
  CHECK(Bare(8, "state").find(R"("label":"Truck 8")") != std::string::npos);
  CHECK(Bare(8, "info").find(R"("label":"Truck 8")") != std::string::npos);
  CHECK(Bare(7, "state").find("Truck") == std::string::npos);
  CHECK(Bare(7, "info").find("Truck") == std::string::npos);
}

TEST(LinkScope, AtTheEndAllIsClearedAndNothingMoreIsSaid) {
  first.to_ms = links.True() + kMinuteMs;
  Share();
  PollAll();
  links.StepToChange();
  CHECK(links.True() < first.to_ms);
  CHECK(links.On(7, "state").empty() && links.On(7, "info").empty());
  CHECK(!links.On(8, "state").empty());
  CHECK(links.Link(103).find("expired") != std::string::npos);
  // An answer that was under way meanwhile.
  links.TakeNames();
  PollAll();
  links.List({{7, "Truck 7", 5}, {8, "Truck 8", 5}});
  CHECK(links.TakeNames() == (Texts{"state d/yard/tracker/8/state"}));
  LONGS_EQUAL(0, links.logs.Count(LogLevel::kWarn, ""));
}

TEST(LinkScope, FromTheBeginningOnItIsAskedForAtOnce) {
  first.from_ms = links.True() + kMinuteMs;
  Share();
  LONGS_EQUAL(1, links.Due());
  links.StepToChange();
  CHECK(first.from_ms <= links.True());
  PollAll();
  CHECK(Bare(7, "state").find("Van 7") != std::string::npos);
}

TEST(LinkScope, SwitchedOffDeletedTakenOutBoundedOrUnreadableItIsCleared) {
  const auto standing = [this] {
    return !links.On(7, "state").empty() || !links.On(7, "info").empty();
  };
  for (int way = 0; way < 6; ++way) {
    LinkEntry now = first;
    Share();
    PollAll();
    CHECK(standing());
    if (way == 0) now.enabled = false;
    if (way == 1) now.trackers = {{6, "Other", ""}};
    if (way == 2) now.zones = "51";
    if (way == 3) links.stage.OnLinkMissing(103);
    if (way == 4) links.stage.OnLinkUnreadable(103);
    if (way == 5) now.to_ms = links.True() - kSecondMs;
    if (way == 3 || way == 4) {
      links.Step();
    } else {
      links.Read(now);
    }
    CHECK_FALSE(standing());
    const bool refused = way == 2 || way == 3 || way == 4;
    CHECK_EQUAL(refused, links.Link(103).empty());
    LONGS_EQUAL(refused ? 1 : 0, links.stage.refused());
    CHECK_EQUAL(refused, !links.stage.trouble().empty());
    CHECK(!links.On(8, "state").empty());
  }
}

TEST(LinkScope, ALinkThatTheScopeDoesNotNameIsNotOurs) {
  Share();
  LinkEntry foreign = first;
  foreign.id = 999;
  foreign.trackers = {{9, "Not ours", ""}};
  links.Read(foreign);
  CHECK(links.Link(999).empty());
  LONGS_EQUAL(2, links.Due());
}

TEST(LinkScope, WhereAGrantOrAnAliasGoesTheOldStateGoesAtOnce) {
  Share();
  PollAll();
  first.trackers[0].object_data.clear();
  links.Read(first);
  CHECK(links.On(7, "state").empty());
  LONGS_EQUAL(1, links.Due());
  PollAll();
  CHECK(!links.On(7, "state").empty() && Bare(7, "state").find("speed") == std::string::npos);
  first.trackers[0].alias = "Van 1";
  links.Read(first);
  CHECK(links.On(7, "state").empty());
  STRCMP_EQUAL(R"({"id":7,"alias":"Van 1")", Bare(7, "info").c_str());
}

TEST(LinkScope, OfTwoLinksEachShowsItsOwnAsLongAsItLasts) {
  second.trackers.push_back({7, "Second", "\"movement_status\""});
  first.to_ms = links.True() + kMinuteMs;
  Share();
  PollAll();
  CHECK(Bare(7, "state").find("speed_kmh") != std::string::npos);
  CHECK(Bare(7, "state").find("movement") != std::string::npos);
  links.StepToChange();
  CHECK(links.On(7, "state").empty());  // until the API tells a new one
  STRCMP_EQUAL(R"({"id":7,"alias":"Second")", Bare(7, "info").c_str());
  PollAll();
  CHECK(Bare(7, "state").find("speed_kmh") == std::string::npos);
  CHECK(Bare(7, "state").find("movement") != std::string::npos);
}

// With the API away for long nobody can say more. With it there, the link might have been switched
// off.
TEST(LinkScope, ALinkThatWasNotReadForLongSharesNothing) {
  links.stage.set_stale_ms(kHourMs);
  Share();
  PollAll();
  links.clock.Advance(2 * kHourMs);
  links.Step();
  CHECK(!links.On(7, "state").empty());
  links.TellTime();
  links.clock.Advance(kSecondMs);
  links.Step();
  CHECK(links.On(7, "state").empty() && links.On(7, "info").empty());
  links.Read(first);
  PollAll();
  CHECK(!links.On(7, "state").empty() && !links.On(7, "info").empty());
}

TEST(LinkScope, ARecordSaysHowLongItMayBeSeen) {
  std::vector<depotlink::MonoTime> until;
  links.drops = [] { return true; };
  links.forget = [&until](const depotlink::queue::Record& record) {
    if (!depotlink::queue::IsLink(record.kind)) until.push_back(record.until);
  };
  first.to_ms = links.True() + kMinuteMs;
  Share();
  links.Poll(7, Full(1));
  links.Poll(8, Full(1));
  LONGS_EQUAL(6, until.size());  // two infos, the two topics of the tracker outside, two states
  LONGS_EQUAL(links.clock.Now().ms + kMinuteMs - 2 * kSecondMs, until[0].ms);
  CHECK(until[1] == depotlink::kNever);
  LONGS_EQUAL(until[0].ms, until[4].ms);
  CHECK(until[5] == depotlink::kNever);
}

TEST(LinkScope, WhatIsOutsideIsClearedOnceARun) {
  Share();
  CHECK(links.TakeNames() ==
        (Texts{"link d/yard/link/103", "info d/yard/tracker/7/info", "link d/yard/link/104",
               "info d/yard/tracker/8/info", "clear-state d/yard/tracker/9/state",
               "clear-info d/yard/tracker/9/info"}));
  Share();
  CHECK(links.TakeNames().empty());
}

TEST(LinkScope, TrackersAndGroupsNarrowTheFleet) {
  PipelineFixture some(20, Scope({7}, {5}, {}));
  some.pipeline.NoteBus(true);
  some.ListGroups({{5, "Main office"}});
  some.List({{7, "Truck 7", 0}, {8, "Truck 8", 5}, {9, "Truck 9", 6}, {10, "Truck 10", 0}});
  LONGS_EQUAL(2, some.Due());
  LONGS_EQUAL(2, some.table.size());
  CHECK(some.TakeNames() ==
        (Texts{"info d/yard/tracker/7/info", "info d/yard/tracker/8/info",
               "clear-state d/yard/tracker/9/state", "clear-info d/yard/tracker/9/info",
               "clear-state d/yard/tracker/10/state", "clear-info d/yard/tracker/10/info"}));
  // What leaves the group leaves the bus.
  some.List({{7, "Truck 7", 0}, {8, "Truck 8", 6}});
  some.pipeline.ClearGone();
  CHECK(some.TakeNames() == (Texts{"clear-info d/yard/tracker/8/info"}));
  LONGS_EQUAL(0, some.logs.Count(LogLevel::kWarn, "scope.trackers"));
  some.List({{8, "Truck 8", 5}});
  LONGS_EQUAL(1, some.logs.Count(LogLevel::kWarn, "scope.trackers"));
}

// Links change, time goes by, the machine's clock jumps, the bus and its room come and go: what
// stands on the bus is never more than what the links show at that instant, by the API's time.
TEST(LinkScope, NeverMoreThanTheLinksWouldShow) {
  depotlink::fakes::SeededRandom random(7);
  std::map<depotlink::model::LinkId, LinkEntry> truth;
  int shown = 0;
  for (int round = 0; round < 3000; ++round) {
    LinkEntry& link = truth[103 + random.Below(2)];
    if (random.Chance(30)) {
      link.id = &link == &truth[103] ? 103 : 104;
      link.trackers.clear();
      for (TrackerId id = 1; id <= 6; ++id) {
        if (random.Chance(40)) {
          link.trackers.push_back({id,
                                   random.Chance(50) ? "a" + std::to_string(random.Below(3)) : "",
                                   random.Chance(50) ? "\"speed\"" : ""});
        }
      }
      link.enabled = random.Chance(80);
      link.zones = random.Chance(10) ? "51" : "";
      link.from_ms =
          random.Chance(30) ? links.True() + 1000 * static_cast<std::int64_t>(random.Below(60)) : 0;
      link.to_ms =
          random.Chance(60) ? links.True() + 1000 * static_cast<std::int64_t>(random.Below(90)) : 0;
      links.Read(link);
    }
    if (random.Chance(10))
      links.clock.SetWall({static_cast<std::int64_t>(random.Below(4102444800)) * 1000});
    if (random.Chance(30)) links.TellTime();
    for (TrackerId id = 1; id <= 6; ++id) {
      if (links.table.Find(id) != nullptr && random.Chance(60)) links.Poll(id, Full(++number));
    }
    links.clock.AdvanceTo(
        std::min(links.Step(), links.clock.Now() + static_cast<std::int64_t>(random.Below(9000))));
    links.Step();
    for (TrackerId id = 1; id <= 6; ++id) {
      const std::string state = links.On(id, "state");
      if (state.empty() && links.On(id, "info").empty()) continue;
      ++shown;
      bool shared = false;
      bool speed = false;
      for (const auto& [_, each] : truth) {
        const bool active = each.enabled && each.zones.empty() && each.from_ms <= links.True() &&
                            (each.to_ms == 0 || links.True() < each.to_ms);
        for (const LinkEntry::Shared& tracker : each.trackers) {
          if (!active || tracker.id != id) continue;
          shared = true;
          speed = speed || !tracker.object_data.empty();
        }
      }
      CHECK(shared);
      CHECK(speed || state.find("speed_kmh") == std::string::npos);
      CHECK(state.find("secret") == std::string::npos && state.find("label") == std::string::npos);
    }
  }
  CHECK(shown > 1000);
}
