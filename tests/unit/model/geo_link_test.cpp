// SPDX-License-Identifier: Apache-2.0
#include "agent/model/geo_link.hpp"

#include <string>

#include "CppUTest/TestHarness.h"

using depotlink::WallTime;
using depotlink::model::Connection;
using depotlink::model::Grants;
using depotlink::model::KeepGranted;
using depotlink::model::kGrantConnection;
using depotlink::model::kGrantMovement;
using depotlink::model::kGrantSpeed;
using depotlink::model::LinkStatus;
using depotlink::model::LinkStatusName;
using depotlink::model::LinkTerms;
using depotlink::model::Movement;
using depotlink::model::StatusAt;
using depotlink::model::TimeRange;
using depotlink::model::TrackerState;
using depotlink::model::UntilChange;

namespace {

constexpr std::int64_t kFrom = 1706562000000;
constexpr std::int64_t kTo = 1706572800000;

TimeRange At(std::int64_t ms, std::int64_t doubt_ms = 0) {
  return {true, {ms}, {ms + doubt_ms}};
}

}  // namespace

TEST_GROUP(GeoLink) {
  LinkTerms terms;

  void setup() override {
    terms.enabled = true;
    terms.from.Set({kFrom});
    terms.to.Set({kTo});
  }
  void Is(const char* status, const TimeRange& now) {
    STRCMP_EQUAL(status, std::string(LinkStatusName(StatusAt(terms, now))).c_str());
  }
};

TEST(GeoLink, ItsStatusAtEveryBoundary) {
  Is("inactive", At(0));
  Is("inactive", At(kFrom - 1));
  Is("enabled", At(kFrom));
  Is("enabled", At(kTo - 1));
  Is("expired", At(kTo));
  Is("expired", At(kTo + 1000));
  Is("expired", At(INT64_MAX));
}

TEST(GeoLink, InDoubtItIsNotYetOrNoMore) {
  Is("inactive", At(kFrom - 1, 2000));
  Is("enabled", At(kFrom, 2000));
  Is("enabled", At(kTo - 2001, 2000));
  Is("expired", At(kTo - 2000, 2000));
}

TEST(GeoLink, OneEndMayBeMissing) {
  terms.to.Clear();
  Is("inactive", At(kFrom - 1));
  Is("enabled", At(INT64_MAX));
  terms.from.Clear();
  Is("enabled", At(0));
  Is("enabled", {});
  terms.to.Set({kTo});
  Is("enabled", At(0));
  Is("expired", At(kTo));
}

TEST(GeoLink, SwitchedOffComesBeforeAll) {
  terms.enabled = false;
  for (const std::int64_t ms : {kFrom - 1, kFrom, kTo}) Is("disabled", At(ms));
  Is("disabled", {});
  LONGS_EQUAL(INT64_MAX, UntilChange(terms, At(kFrom - 1)));
}

TEST(GeoLink, WithoutAClockALifetimeCannotBeJudged) {
  Is("", {});
  LONGS_EQUAL(INT64_MAX, UntilChange(terms, {}));
  terms.bad_lifetime = true;
  Is("", At(kFrom));
}

TEST(GeoLink, AnEndBeforeTheBeginningIsNeverEnabled) {
  terms.to.Set({kFrom - 10});
  for (std::int64_t ms = kFrom - 20; ms < kFrom + 20; ++ms) {
    CHECK(StatusAt(terms, At(ms)) != LinkStatus::kEnabled);
  }
}

TEST(GeoLink, ItSaysWhenItWillChange) {
  LONGS_EQUAL(1, UntilChange(terms, At(kFrom - 1)));
  LONGS_EQUAL(kTo - kFrom, UntilChange(terms, At(kFrom)));
  LONGS_EQUAL(kTo - kFrom - 2000, UntilChange(terms, At(kFrom, 2000)));
  LONGS_EQUAL(1, UntilChange(terms, At(kTo - 1)));
  LONGS_EQUAL(INT64_MAX, UntilChange(terms, At(kTo)));
}

TEST(GeoLink, OfAStateOnlyWhatIsGrantedIsKept) {
  TrackerState full;
  full.lat_deg.Set(1);
  full.lng_deg.Set(2);
  full.fix_time.Set({3});
  full.speed_kmh.Set(4);
  full.movement = Movement::kMoving;
  full.movement_time.Set({5});
  full.connection = Connection::kActive;
  full.update_time.Set({6});
  full.heading_deg.Set(7);
  full.altitude_m.Set(8);
  full.ignition.Set(true);
  full.battery_pct.Set(9);
  full.gsm_network.Assign("T");
  full.inputs.has = true;
  full.track_time.Set({10});
  CHECK(full.additional.Add("a", "b"));
  for (Grants grants = 0; grants < 8; ++grants) {
    TrackerState kept = full;
    KeepGranted(kept, grants);
    CHECK(kept.lat_deg.has && kept.lng_deg.has && kept.fix_time.has);
    CHECK_EQUAL((grants & kGrantSpeed) != 0, kept.speed_kmh.has);
    CHECK_EQUAL((grants & kGrantMovement) != 0, kept.movement == Movement::kMoving);
    CHECK_EQUAL((grants & kGrantMovement) != 0, kept.movement_time.has);
    CHECK_EQUAL((grants & kGrantConnection) != 0, kept.connection == Connection::kActive);
    CHECK_EQUAL((grants & kGrantConnection) != 0, kept.update_time.has);
    CHECK_FALSE(kept.heading_deg.has || kept.altitude_m.has || kept.ignition.has ||
                kept.battery_pct.has || kept.inputs.has || kept.track_time.has);
    CHECK(kept.gsm_network.empty());
    LONGS_EQUAL(0, kept.additional.count);
  }
}
