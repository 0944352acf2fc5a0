// SPDX-License-Identifier: Apache-2.0
#include "agent/fleet/table.hpp"

#include <map>
#include <set>
#include <string>

#include "tests/fakes/fake_random.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::fakes::SeededRandom;
using depotlink::fleet::Pace;
using depotlink::fleet::Table;
using depotlink::fleet::Tracker;
using depotlink::model::TrackerId;
namespace limits = depotlink::limits;

namespace {

// What is wanted of a tracker: a number of its own in each field that must travel with it.
struct Wanted {
  std::uint64_t mark = 0;
  std::string label;
};

std::string RandomLabel(SeededRandom& random, std::size_t most) {
  return std::string(random.Below(most + 1), static_cast<char>('a' + random.Below(26)));
}

void Agrees(Table& table, const std::map<TrackerId, Wanted>& model) {
  LONGS_EQUAL(model.size(), table.size());
  std::set<TrackerId> listed;
  for (std::uint32_t i = 0; i < table.size(); ++i) listed.insert(table.At(i).id);
  LONGS_EQUAL(model.size(), listed.size());
  for (const auto& [id, wanted] : model) {
    Tracker* tracker = table.Find(id);
    if (tracker == nullptr || tracker->id != id) FAIL("a tracker is not found");
    if (tracker->state_fingerprint != wanted.mark) FAIL("a tracker has another's fields");
    if (table.Label(*tracker) != wanted.label) FAIL("a tracker has another's label");
  }
}

}  // namespace

TEST_GROUP(Table){};

TEST(Table, BeginsEmpty) {
  Table table(4);
  LONGS_EQUAL(0, table.size());
  LONGS_EQUAL(4, table.capacity());
  POINTERS_EQUAL(nullptr, table.Find(1));
  table.Remove(1);
}

TEST(Table, ANewTrackerIsBlank) {
  Table table(4);
  Tracker* first = table.Add(7);
  first->state_fingerprint = 1;
  first->Set(Tracker::kBlocked);
  CHECK(table.SetLabel(*first, "x"));
  table.Remove(7);
  const Tracker* again = table.Add(7);
  LONGS_EQUAL(7, again->id);
  LONGS_EQUAL(0, again->state_fingerprint);
  LONGS_EQUAL(0, again->info_fingerprint);
  LONGS_EQUAL(0, again->due_s);
  LONGS_EQUAL(0, again->flags);
  CHECK(again->pace == Pace::kMoving);
  CHECK(table.Label(*again).empty());
}

TEST(Table, AddFindsWhatIsThere) {
  Table table(2);
  table.Add(7)->state_fingerprint = 5;
  LONGS_EQUAL(5, table.Add(7)->state_fingerprint);
  LONGS_EQUAL(1, table.size());
}

TEST(Table, AFullTableTakesNoMore) {
  Table table(3);
  for (const TrackerId id : {30U, 10U, 20U}) CHECK(table.Add(id) != nullptr);
  POINTERS_EQUAL(nullptr, table.Add(40));
  POINTERS_EQUAL(nullptr, table.Find(40));
  CHECK(table.Add(20) != nullptr);
  table.Remove(10);
  CHECK(table.Add(40) != nullptr);
  LONGS_EQUAL(3, table.size());
  POINTERS_EQUAL(nullptr, table.Find(10));
}

TEST(Table, IdsOfEverySize) {
  Table table(4);
  const TrackerId ids[] = {1, UINT32_MAX, std::uint64_t{1} << 53U, 2};
  for (const TrackerId id : ids) table.Add(id)->state_fingerprint = id & Tracker::kFingerprintMask;
  for (const TrackerId id : ids) CHECK(table.Find(id)->id == id);
  POINTERS_EQUAL(nullptr, table.Find(std::uint64_t{1} << 32U));
}

TEST(Table, FlagsStandAlone) {
  Tracker tracker{};
  tracker.Set(Tracker::kGone);
  tracker.Set(Tracker::kClear);
  CHECK(tracker.Has(Tracker::kGone));
  CHECK_FALSE(tracker.Has(Tracker::kSeen));
  tracker.Unset(Tracker::kGone);
  CHECK_FALSE(tracker.Has(Tracker::kGone));
  CHECK(tracker.Has(Tracker::kClear));
}

TEST(Table, ForgetPublishedKeepsAllElse) {
  Table table(2);
  Tracker* tracker = table.Add(7);
  tracker->state_fingerprint = 1;
  tracker->info_fingerprint = 2;
  tracker->set_state_time_ms(3);
  tracker->Set(Tracker::kStateRetained);
  table.SetLabel(*tracker, "x");
  table.ForgetPublished();
  LONGS_EQUAL(0, tracker->state_fingerprint);
  LONGS_EQUAL(0, tracker->info_fingerprint);
  LONGS_EQUAL(3, tracker->state_time_ms());
  CHECK(tracker->Has(Tracker::kStateRetained));
  CHECK(table.Label(*tracker) == "x");
}

TEST(Table, LabelsAreBounded) {
  Table table(16);
  Tracker& tracker = *table.Add(7);
  const std::string longest(limits::kLabelBytes, 'x');
  CHECK(table.SetLabel(tracker, longest));
  CHECK(table.Label(tracker) == longest);
  CHECK_FALSE(table.SetLabel(tracker, longest + "x"));
  CHECK(table.Label(tracker).empty());
  CHECK(table.SetLabel(tracker, "short"));
  CHECK(table.SetLabel(tracker, ""));
  CHECK(table.Label(tracker).empty());
}

TEST(Table, TheSameLabelAgainTakesNoRoom) {
  Table table(4);
  Tracker& tracker = *table.Add(7);
  CHECK(table.SetLabel(tracker, "label"));
  const std::size_t used = table.label_bytes_used();
  for (int i = 0; i < 100; ++i) CHECK(table.SetLabel(tracker, "label"));
  LONGS_EQUAL(used, table.label_bytes_used());
}

TEST(Table, WhereTheRoomForLabelsIsUsedUpOneGoesWithout) {
  Table table(10);  // 10 * 24 + 195 bytes: two of the longest labels
  const std::string longest(limits::kLabelBytes, 'x');
  CHECK(table.SetLabel(*table.Add(1), longest));
  CHECK(table.SetLabel(*table.Add(2), longest));
  CHECK_FALSE(table.SetLabel(*table.Add(3), longest));
  CHECK(table.Label(*table.Find(3)).empty());
  CHECK(table.Label(*table.Find(1)) == longest);
  CHECK(table.Label(*table.Find(2)) == longest);
  // What one lets go of, another can have.
  CHECK(table.SetLabel(*table.Find(1), ""));
  CHECK(table.SetLabel(*table.Find(3), longest));
  table.Remove(2);
  CHECK(table.SetLabel(*table.Find(1), longest));
  CHECK(table.Label(*table.Find(3)) == longest);
}

TEST(Table, ThereIsAlwaysRoomForAverageLabels) {
  Table table(1000);
  const std::string average(limits::kLabelRoomPerTracker - 3, 'x');
  for (int round = 0; round < 20; ++round) {
    for (TrackerId id = 1; id <= 1000; ++id) {
      std::string label = average;
      label[0] = static_cast<char>('a' + round);
      if (!table.SetLabel(*table.Add(id), label)) FAIL("no room");
    }
  }
}

TEST(Table, AgreesWithAMapWhateverIsDoneToIt) {
  SeededRandom random(5);
  Table table(300);
  std::map<TrackerId, Wanted> model;
  int full = 0;
  int without_label = 0;
  for (int step = 0; step < 60000; ++step) {
    const TrackerId id = 1 + random.Below(450);
    switch (random.Below(5)) {
      case 0:
      case 1: {
        Tracker* tracker = table.Add(id);
        CHECK_EQUAL(model.count(id) == 0 && model.size() == 300, tracker == nullptr);
        if (tracker == nullptr) {
          ++full;
          break;
        }
        model[id].mark = random.Next() & Tracker::kFingerprintMask;
        tracker->state_fingerprint = model[id].mark & Tracker::kFingerprintMask;
        break;
      }
      case 2:
        if (random.Below(3) == 0) {
          table.Remove(id);
          model.erase(id);
        }
        break;
      default: {
        Tracker* tracker = table.Find(id);
        CHECK_EQUAL(model.count(id) != 0, tracker != nullptr);
        if (tracker == nullptr) break;
        const std::string label = RandomLabel(random, random.Below(20) == 0 ? 192 : 45);
        const bool kept = table.SetLabel(*tracker, label);
        without_label += kept ? 0 : 1;
        model[id].label = kept ? label : std::string();
      }
    }
    if (step % 500 == 0) Agrees(table, model);
  }
  Agrees(table, model);
  CHECK(full > 100);
  CHECK(without_label > 100);
}

TEST(Table, TheLargestTable) {
  Table table(limits::kMaxTrackers);
  for (std::uint32_t i = 0; i < limits::kMaxTrackers; ++i) {
    // A permutation: 60,000 and 7,919 have no divisor in common.
    const TrackerId id = 1 + (i * std::uint64_t{7919}) % limits::kMaxTrackers;
    table.Add(id)->state_fingerprint = id & Tracker::kFingerprintMask;
  }
  POINTERS_EQUAL(nullptr, table.Add(limits::kMaxTrackers + 1));
  for (TrackerId id = 1; id <= limits::kMaxTrackers; ++id) {
    if (table.Find(id)->state_fingerprint != id) FAIL("lost");
  }
  CHECK(table.SetLabel(*table.Find(limits::kMaxTrackers), "last"));
  table.Remove(1);
  CHECK(table.Label(*table.Find(limits::kMaxTrackers)) == "last");
}
