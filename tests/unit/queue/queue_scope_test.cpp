// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/queue/queue_rig.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::queue::Number;
using depotlink::queue::QueueRig;

namespace {

constexpr std::uint64_t kYard = 7;
constexpr std::uint64_t kTown = 8;

}  // namespace

// What waits was recorded for one part of the fleet, and the config has another one now.
TEST_GROUP(QueueScope) {
  QueueRig rig;

  void setup() override {
    rig.in_scope = {1001, 1003};
  }
  void teardown() override {
    rig.queue.reset();
    LONGS_EQUAL(0, rig.out_of_order);
    LONGS_EQUAL(0, rig.disk.violations().size() + rig.ram.violations().size());
    LONGS_EQUAL(0, rig.disk.open_handles() + rig.ram.open_handles());
  }
  void StartWith(std::uint64_t scope) {
    rig.config.scope = scope;
    rig.ForgetOrder();
    rig.Start();
  }
  void ToDisk(std::size_t records) {
    rig.Push(records);
    rig.Step(false);
    rig.Step(false, 1000);
  }
  void Stop() {
    rig.queue->Close(rig.now);
    rig.queue.reset();
  }
  bool OfScope(Number number) const {
    return rig.in_scope.count(1000 + number % 7) > 0;
  }
  // Each once, or not at all.
  void CheckShown(Number first, Number last, bool all) {
    for (Number number = first; number <= last; ++number) {
      LONGS_EQUAL(all || OfScope(number) ? 1 : 0, rig.delivered[number]);
    }
  }
};

TEST(QueueScope, OfAWiderOneOnlyWhatTheScopeHoldsIsShown) {
  StartWith(0);
  ToDisk(14);
  Stop();
  StartWith(kYard);
  CHECK(rig.lines.Has("the scope is another"));
  CHECK(rig.Drain());
  CheckShown(1, 14, false);
  LONGS_EQUAL(10, rig.hidden.size());
}

TEST(QueueScope, WhatIsRecordedForItIsShownWhole) {
  StartWith(0);
  ToDisk(14);
  Stop();
  StartWith(kYard);
  ToDisk(14);
  Stop();
  StartWith(kYard);
  CHECK(rig.Drain());
  CheckShown(1, 14, false);
  CheckShown(15, 28, true);
}

TEST(QueueScope, OneThatLeftNothingBehindChangesNothing) {
  StartWith(kYard);
  ToDisk(14);
  Stop();
  StartWith(kTown);
  Stop();
  StartWith(kYard);
  CHECK(rig.Drain());
  CheckShown(1, 14, true);
}

TEST(QueueScope, TheWholeFleetShowsAll) {
  StartWith(kYard);
  ToDisk(14);
  Stop();
  StartWith(0);
  CHECK(rig.Drain());
  CheckShown(1, 14, true);
}

TEST(QueueScope, WhatTheJournalKeptIsHeldToItToo) {
  StartWith(0);
  rig.Push(14);
  rig.EndProcess();
  StartWith(kYard);
  LONGS_EQUAL(10, rig.queue->left_out());
  CHECK(rig.Drain());
  CheckShown(1, 14, false);
  rig.Push(7);
  rig.EndProcess();
  StartWith(kYard);
  LONGS_EQUAL(0, rig.queue->left_out());
  CHECK(rig.Drain());
  CheckShown(15, 21, true);
}

TEST(QueueScope, UntilTheFleetIsKnownItWaits) {
  StartWith(0);
  ToDisk(14);
  Stop();
  rig.fleet_known = false;
  StartWith(kYard);
  CHECK(!rig.Drain());
  LONGS_EQUAL(0, rig.delivered.size() + rig.hidden.size());
  rig.fleet_known = true;
  CHECK(rig.Drain());
  CheckShown(1, 14, false);
}

TEST(QueueScope, NothingGoesToTheDiskBeforeItsMark) {
  StartWith(0);
  ToDisk(14);
  Stop();
  rig.disk.FailCall(1, depotlink::Status(depotlink::Code::kRetryLater, "not now"), true);
  rig.config.scope = kYard;
  rig.Start();
  rig.disk.Heal();
  rig.Push(14);
  rig.Step(false, 11'000);
  rig.Step(false, 11'000);
  rig.EndProcess();  // killed
  StartWith(kYard);
  CHECK(rig.Drain());
  CheckShown(1, 14, false);
  CheckShown(15, 28, true);
}
