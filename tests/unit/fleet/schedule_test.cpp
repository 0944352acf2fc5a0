// SPDX-License-Identifier: Apache-2.0
#include "agent/fleet/schedule.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "tests/fakes/fake_random.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::kHourMs;
using depotlink::kNever;
using depotlink::kSecondMs;
using depotlink::MonoTime;
using depotlink::fleet::kPaceCount;
using depotlink::fleet::Pace;
using depotlink::fleet::Schedule;
using depotlink::fleet::Table;
using depotlink::fleet::Tracker;
using depotlink::model::TrackerId;

namespace {

constexpr MonoTime kStart{777};
constexpr std::array<depotlink::DurationMs, kPaceCount> kPeriods{10 * kSecondMs, 30 * kSecondMs,
                                                                 60 * kSecondMs, 300 * kSecondMs};

}  // namespace

TEST_GROUP(Schedule) {
  Table table{50};
  Schedule schedule{table, kPeriods, kStart};

  void Fill(TrackerId count, Pace pace = Pace::kMoving) {
    for (TrackerId id = 1; id <= count; ++id) table.Add(id)->pace = pace;
  }
  std::vector<TrackerId> Take(MonoTime now, std::size_t most) {
    std::vector<TrackerId> ids(most + 1, 0);
    ids.resize(schedule.TakeDue(now, ids.data(), most));
    return ids;
  }
  // Takes and asks, as the poller does.
  std::vector<TrackerId> Ask(MonoTime now, std::size_t most) {
    const std::vector<TrackerId> ids = Take(now, most);
    for (const TrackerId id : ids) schedule.Asked(*table.Find(id), now);
    return ids;
  }
};

TEST(Schedule, AnEmptyFleetIsNeverDue) {
  CHECK(schedule.NextDue() == kNever);
  LONGS_EQUAL(0, Take(kStart + kHourMs, 10).size());
}

TEST(Schedule, ANewTrackerIsDueAtOnce) {
  Fill(3);
  CHECK(schedule.NextDue() == kStart);
  LONGS_EQUAL(3, Take(kStart, 10).size());
  LONGS_EQUAL(3, Take(kStart, 10).size());  // and stays so until it was asked for
}

TEST(Schedule, EachPaceHasItsPeriod) {
  for (std::size_t pace = 0; pace < kPaceCount; ++pace) {
    Tracker& tracker = *table.Add(7);
    tracker.pace = static_cast<Pace>(pace);
    schedule.Asked(tracker, kStart + kHourMs);
    const MonoTime due = kStart + (kHourMs + kPeriods[pace]);
    CHECK(schedule.NextDue() == due);
    LONGS_EQUAL(0, Take(due - 1, 10).size());
    LONGS_EQUAL(1, Take(due, 10).size());
  }
}

TEST(Schedule, DueTimesAreWholeSecondsAndNeverLate) {
  Tracker& tracker = *table.Add(7);
  schedule.Asked(tracker, kStart + 999);
  CHECK(schedule.NextDue() == kStart + 10 * kSecondMs);
}

TEST(Schedule, WhoIsDueWithinATenthOfItsPeriodComesAlong) {
  table.Add(1)->pace = Pace::kMoving;  // 10 s, slack 1 s
  table.Add(2)->pace = Pace::kMoving;
  table.Add(3)->pace = Pace::kOffline;  // 300 s, slack 30 s
  table.Add(4)->pace = Pace::kOffline;
  schedule.Asked(*table.Find(1), kStart);
  schedule.Asked(*table.Find(2), kStart + 1 * kSecondMs);
  table.Find(3)->due_s = 40;
  table.Find(4)->due_s = 41;
  LONGS_EQUAL(0, Take(kStart + 9999, 10).size());  // slack alone makes nobody due
  const std::vector<TrackerId> ids = Take(kStart + 10 * kSecondMs, 10);
  CHECK(ids == (std::vector<TrackerId>{1, 2, 3}));
}

TEST(Schedule, ABatchIsBoundedAndTheRestComesNext) {
  Fill(25);
  LONGS_EQUAL(10, Ask(kStart, 10).size());
  LONGS_EQUAL(10, Ask(kStart, 10).size());
  LONGS_EQUAL(5, Ask(kStart, 10).size());
  LONGS_EQUAL(0, Ask(kStart, 10).size());
  CHECK(schedule.NextDue() == kStart + 10 * kSecondMs);
}

TEST(Schedule, NobodyTwiceInABatch) {
  Fill(5);
  std::vector<TrackerId> ids = Take(kStart, 50);
  std::sort(ids.begin(), ids.end());
  CHECK(ids == (std::vector<TrackerId>{1, 2, 3, 4, 5}));
}

TEST(Schedule, TheGoneAreNotAskedFor) {
  Fill(3);
  table.Find(2)->Set(Tracker::kGone);
  CHECK(Ask(kStart, 10) == (std::vector<TrackerId>{1, 3}));
  CHECK(schedule.NextDue() == kStart + 10 * kSecondMs);
  table.Find(1)->Set(Tracker::kGone);
  table.Find(3)->Set(Tracker::kGone);
  CHECK(schedule.NextDue() == kNever);
  LONGS_EQUAL(0, Take(kStart + kHourMs, 10).size());
}

TEST(Schedule, MakeDueAsksAtOnce) {
  Fill(2);
  Ask(kStart + kHourMs, 10);
  Schedule::MakeDue(*table.Find(2));
  CHECK(schedule.NextDue() == kStart);
  CHECK(Take(kStart + kHourMs, 10) == (std::vector<TrackerId>{2}));
}

TEST(Schedule, WhereNotAllCanBeAskedForEachHasItsTurn) {
  Fill(50);
  std::map<TrackerId, int> asked;
  for (int second = 0; second < 1000; ++second) {
    // 3 a second for 50 trackers at 10 seconds: 5 a second would be needed.
    for (const TrackerId id : Ask(kStart + second * kSecondMs, 3)) ++asked[id];
  }
  LONGS_EQUAL(50, asked.size());
  for (const auto& [id, times] : asked) CHECK(times >= 59 && times <= 61);
}

TEST(Schedule, NextDueNeverMakesABusyLoop) {
  depotlink::fakes::SeededRandom random(6);
  Fill(40);
  MonoTime now = kStart;
  for (int round = 0; round < 3000; ++round) {
    now = now + static_cast<depotlink::DurationMs>(random.Below(2500));
    for (const TrackerId id : Take(now, 7)) {
      Tracker& tracker = *table.Find(id);
      tracker.pace = static_cast<Pace>(random.Below(kPaceCount));
      schedule.Asked(tracker, now);
    }
    // Whoever waits until NextDue finds somebody there; whoever comes before finds nobody.
    const MonoTime due = schedule.NextDue();
    if (now < due) {
      LONGS_EQUAL(0, Take(now, 7).size());
      CHECK_FALSE(Take(due, 7).empty());
    } else {
      CHECK_FALSE(Take(now, 7).empty());
    }
  }
}

TEST(Schedule, TheTableMayShrinkInBetween) {
  Fill(20);
  LONGS_EQUAL(15, Ask(kStart, 15).size());
  for (TrackerId id = 4; id <= 20; ++id) table.Remove(id);
  const std::vector<TrackerId> ids = Ask(kStart + kHourMs, 15);
  LONGS_EQUAL(3, ids.size());
}

TEST(Schedule, AfterAHundredYearsItStillRuns) {
  Fill(1);
  const MonoTime late = kStart + 100LL * 365 * 24 * kHourMs;
  LONGS_EQUAL(1, Ask(late, 5).size());
  CHECK(late < schedule.NextDue());
}
