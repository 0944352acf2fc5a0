// SPDX-License-Identifier: Apache-2.0
#include "agent/fleet/scope.hpp"

#include <memory>
#include <utility>
#include <vector>

#include "CppUTest/TestHarness.h"

using depotlink::kNever;
using depotlink::MonoTime;
using depotlink::fleet::Scope;
using depotlink::fleet::Share;
using depotlink::model::GeoLink;
using depotlink::model::kGrantMovement;
using depotlink::model::kGrantSpeed;
using depotlink::model::kGrantVehicleLabel;

TEST_GROUP(Scope) {
  std::unique_ptr<GeoLink> link = std::make_unique<GeoLink>();
  Scope by_links{{}, {}, {103, 104, 103}};

  void Add(depotlink::model::TrackerId id, depotlink::model::Grants grants, const char* alias) {
    auto& tracker = link->trackers[link->tracker_count++];
    tracker.id = id;
    tracker.grants = grants;
    tracker.alias.Assign(alias);
  }
};

TEST(Scope, NothingGivenIsTheWholeFleet) {
  const Scope scope({}, {}, {});
  CHECK(scope.whole() && scope.ready() && !scope.by_links());
  CHECK(scope.Holds(7, 0));
}

TEST(Scope, TrackersAndGroupsAddUp) {
  const Scope scope({9, 7}, {5, 2}, {});
  CHECK(scope.Holds(7, 0) && scope.Holds(9, 1) && scope.Holds(1, 2) && scope.Holds(1, 5));
  CHECK_FALSE(scope.Holds(8, 0) || scope.Holds(8, 3));
  CHECK_FALSE(Scope({1}, {}, {}).Holds(8, 0));
}

TEST(Scope, ALinkSharesWhileItIsActive) {
  LONGS_EQUAL(2, by_links.link_count());  // named twice, kept once
  Add(9, kGrantSpeed, "nine");
  Add(7, 0, "");
  Add(9, kGrantMovement, "again");
  CHECK_FALSE(by_links.ready());
  by_links.SetLink(0, *link);
  CHECK_FALSE(by_links.Holds(9, 0));
  by_links.SetActive(0, true, kNever);
  CHECK(by_links.Holds(9, 0) && by_links.Holds(7, 0) && !by_links.Holds(8, 0));
  const Share share = by_links.Find(9);
  LONGS_EQUAL(kGrantSpeed, share.grants);
  CHECK(share.alias == "nine");
  by_links.SetActive(0, false, kNever);
  CHECK_FALSE(by_links.Holds(9, 0));
  by_links.DropLink(1);
  CHECK(by_links.ready());
}

TEST(Scope, OfTwoLinksEachShowsItsOwn) {
  Add(7, kGrantSpeed, "");
  link->terms.to.Set({2000});
  by_links.SetLink(0, *link);
  link->tracker_count = 0;
  Add(7, kGrantMovement, "seven");
  link->terms.to.Set({1000});
  by_links.SetLink(1, *link);
  by_links.SetActive(0, true, MonoTime{20});
  by_links.SetActive(1, true, MonoTime{10});
  Share share = by_links.Find(7);
  LONGS_EQUAL(kGrantSpeed | kGrantMovement, share.grants);
  CHECK(share.alias == "seven");
  LONGS_EQUAL(10, share.until.ms);
  LONGS_EQUAL(1000, share.to_ms);
  by_links.SetActive(1, false, kNever);
  share = by_links.Find(7);
  LONGS_EQUAL(kGrantSpeed, share.grants);
  CHECK(share.alias.empty());
  LONGS_EQUAL(20, share.until.ms);
}

TEST(Scope, TheOwnNameIsShownWhereItIsGrantedAndNoAliasStandsForIt) {
  Add(7, kGrantVehicleLabel, "");
  Add(8, kGrantVehicleLabel, "eight");
  Add(9, kGrantSpeed, "");
  by_links.SetLink(0, *link);
  by_links.SetActive(0, true, kNever);
  CHECK(by_links.Find(7).shows_label());
  CHECK_FALSE(by_links.Find(8).shows_label());
  CHECK_FALSE(by_links.Find(9).shows_label());
}

TEST(Scope, ItsVersionRisesWithEachChangeAndOnlyThen) {
  Add(7, 0, "a");
  by_links.SetLink(0, *link);
  std::uint64_t version = by_links.version();
  const auto changed = [&] { return std::exchange(version, by_links.version()) != version; };
  by_links.SetLink(0, *link);
  CHECK_FALSE(changed());
  link->trackers[0].alias.Assign("b");
  by_links.SetLink(0, *link);
  CHECK(changed());
  link->trackers[0].grants = kGrantSpeed;
  by_links.SetLink(0, *link);
  CHECK(changed());
  link->terms.to.Set({1});
  by_links.SetLink(0, *link);
  CHECK(changed());
  by_links.SetActive(0, true, kNever);
  CHECK(changed());
  by_links.SetActive(0, true, MonoTime{5});
  CHECK_FALSE(changed());
  by_links.DropLink(0);
  CHECK(changed());
  CHECK_FALSE(by_links.Holds(7, 0));
  by_links.DropLink(0);
  CHECK_FALSE(changed());
}

TEST(Scope, AHundredTrackersOfEachOfManyLinks) {
  std::vector<depotlink::model::LinkId> ids;
  for (depotlink::model::LinkId id = 1; id <= 40; ++id) ids.push_back(id);
  Scope scope({}, {}, ids);
  LONGS_EQUAL(depotlink::limits::kScopeLinks, scope.link_count());
  for (std::size_t i = 0; i < scope.link_count(); ++i) {
    link->tracker_count = 0;
    for (std::size_t n = 100; n-- > 0;) Add(1 + i * 100 + n, 0, "x");
    scope.SetLink(i, *link);
    scope.SetActive(i, true, kNever);
  }
  for (depotlink::model::TrackerId id = 1; id <= 3200; ++id) CHECK(scope.Holds(id, 0));
  CHECK_FALSE(scope.Holds(3201, 0));
}
