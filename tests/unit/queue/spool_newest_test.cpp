// SPDX-License-Identifier: Apache-2.0
// A full queue that keeps the newest record of each tracker: which stay, in which order, and that
// each of the others is counted once.
#include <string>

#include "agent/queue/spool.hpp"
#include "tests/unit/queue/newest_script.hpp"
#include "tests/unit/queue/sound_end.hpp"
#include "tests/unit/queue/spool_rig.hpp"
#include "tests/unit/stride.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::LogLevel;
using depotlink::Status;
using depotlink::Stride;
using depotlink::fakes::StorageOp;
using depotlink::queue::DropPolicy;
using depotlink::queue::kKeyA;
using depotlink::queue::kKeyB;
using depotlink::queue::NewestScript;
using depotlink::queue::Order;
using depotlink::queue::Orders;
using depotlink::queue::SpoolRig;

namespace {

constexpr std::uint64_t kQuota = 1024ULL * 1024;

}  // namespace

TEST_GROUP(SpoolNewest) {
  SpoolRig rig;
  Order given = 0;

  void setup() override {
    rig.limits.drop = DropPolicy::kAllButNewest;
    rig.limits.max_trackers = 100;
    rig.limits.max_bytes = kQuota;
    rig.record_bytes = 1600;
    rig.compressor = &rig.never_packs;
    CHECK_OK(rig.Start());
  }
  void teardown() override {
    depotlink::queue::EndSoundly(rig);
  }
  std::uint64_t FileBytes() const {
    std::uint64_t bytes = 0;
    for (const std::string& name : rig.Segments()) bytes += rig.disk.Bytes(name).size();
    return bytes;
  }
  // In groups of four, until the room that is kept free is touched.
  void Fill() {
    const std::uint64_t quota = rig.spool->losses().quota;
    while (!rig.spool->tidying() && rig.spool->losses().quota == quota) {
      CHECK_OK(rig.Give(given + 1, given + 4));
      given += 4;
      CHECK_OK(rig.spool->Tidy());
      CHECK(given < 100'000);
    }
  }
  // All of what is under way, piece by piece.
  void Tidy() {
    for (int i = 0; rig.spool->tidying(); ++i) {
      CHECK(i < 1000);
      CHECK_OK(rig.spool->Tidy());
      CHECK(FileBytes() <= rig.limits.max_bytes);
    }
  }
  void FillAndTidy() {
    Fill();
    Tidy();
  }
  // One of the calls that gathering takes. False where there were fewer.
  bool FailOne(std::size_t n, bool for_good) {
    SpoolRig other;
    NewestScript::Prepare(other);
    for (const auto& [name, bytes] : NewestScript::Full().files) other.disk.Put(name, bytes);
    const Order order = NewestScript::Full().newest + 10;
    CHECK_OK(other.Start());
    CHECK_OK(other.Give(order - 9, order));
    CHECK_OK(other.spool->Tidy());
    CHECK(other.spool->tidying());
    other.disk.FailCall(n, {Status(Code::kRetryLater, "no"), for_good});
    for (int i = 0; i < 20 && other.spool->tidying(); ++i) {
      const Status status = other.spool->Tidy();
      static_cast<void>(status);
    }
    const bool failed = other.disk.failed();
    other.disk.Heal();
    do {
      CHECK_OK(other.spool->Tidy());
    } while (other.spool->tidying());
    CHECK_FALSE(other.spool->tidying());
    const Orders left = other.Drain();
    const std::string where = "call " + std::to_string(n) + ": " + depotlink::queue::Text(left) +
                              " and " + std::to_string(other.spool->losses().quota) + " of " +
                              std::to_string(order);
    const bool right = left.size() >= 7 && left.back() == order && other.spool->empty() &&
                       left.size() + other.spool->losses().quota == order &&
                       other.Segments().empty() && other.disk.sync_after_failed_sync() == 0;
    if (!right) FAIL(where.c_str());
    return failed;
  }
  bool Told(const char* what) {
    return rig.lines.Count(LogLevel::kWarn, what) > 0;
  }
};

TEST(SpoolNewest, KeepsTheNewestOfEachTrackerAndCountsTheRest) {
  Fill();
  CHECK(FileBytes() > kQuota / 8 * 7 - 8000);
  CHECK(rig.spool->tidying());
  Tidy();
  LONGS_EQUAL(given - 7, rig.spool->losses().quota);
  LONGS_EQUAL(7, rig.spool->totals().records);
  LONGS_EQUAL(1, rig.Segments().size());
  CHECK(FileBytes() == rig.spool->totals().bytes);
  CHECK(Told("all but the newest record of each tracker were dropped"));
  CHECK(rig.Drain() == depotlink::queue::Range(given - 6, given));  // 7 trackers, in turn
  LONGS_EQUAL(0, rig.Segments().size());
  LONGS_EQUAL(given - 7, rig.spool->losses().quota);
}

TEST(SpoolNewest, TrackersThatFellSilentKeepTheirLastRecord) {
  CHECK_OK(rig.Give(1, 7));
  // From here on only tracker 1000 speaks.
  Order order = 14;
  for (; !rig.spool->tidying(); order += 7) {
    CHECK_OK(rig.Give(order, order));
    CHECK_OK(rig.spool->Tidy());
  }
  const Order last = order - 7;
  Tidy();
  LONGS_EQUAL(7, rig.spool->totals().records);
  Orders kept = depotlink::queue::Range(1, 6);
  kept.push_back(last);
  CHECK(rig.Drain() == kept);
  LONGS_EQUAL(last / 7 - 1, rig.spool->losses().quota);
}

TEST(SpoolNewest, WhatIsWrittenMeanwhileComesBehind) {
  Fill();
  const Order before = given;
  for (int i = 0; i < 3; ++i, given += 4) {
    CHECK_OK(rig.Give(given + 1, given + 4));
    CHECK_OK(rig.spool->Tidy());
  }
  Tidy();
  LONGS_EQUAL(before - 7, rig.spool->losses().quota);
  LONGS_EQUAL(7 + 12, rig.spool->totals().records);
  CHECK(rig.Drain() == depotlink::queue::Range(before - 6, given));
}

TEST(SpoolNewest, AgainAndAgainWithRestartsInBetween) {
  std::uint64_t lost = 0;
  for (int round = 0; round < 6; ++round) {
    if (round % 2 == 1) {
      lost += rig.spool->losses().quota;
      CHECK_OK(rig.Start());
    }
    FillAndTidy();
    CHECK(rig.spool->totals().records == 7);
  }
  lost += rig.spool->losses().quota;
  LONGS_EQUAL(given - 7, lost);
  CHECK(rig.Drain() == depotlink::queue::Range(given - 6, given));
}

TEST(SpoolNewest, WhatIsOnItsWayIsNeitherLostNorCounted) {
  CHECK_OK(rig.Give(1, 40));
  given = 40;
  CHECK_ORDERS("1-12", rig.Take(12));  // into the midst of a block
  rig.spool->NoteDelivered(5, 5);
  Fill();
  rig.spool->NoteDelivered(8, 3);  // while it is gathered
  CHECK_ORDERS("", rig.Take());
  Tidy();
  LONGS_EQUAL(given - 12 - 7, rig.spool->losses().quota);
  // 6 to 8 are gone, and stand in a block with what is not.
  LONGS_EQUAL(7 + 7, rig.spool->totals().records);
  rig.spool->NoteDelivered(12, 4);
  CHECK(rig.Take(1) == Orders{given - 6});
  LONGS_EQUAL(3 + 7, rig.spool->totals().records);  // none was passed by on the way to it
  CHECK(rig.Drain() == depotlink::queue::Range(given - 5, given));
  LONGS_EQUAL(given - 12 - 7, rig.spool->losses().quota);
  LONGS_EQUAL(0, rig.Segments().size());
  CHECK(rig.spool->empty());
}

TEST(SpoolNewest, WhatIsOnItsWayComesAgainAfterAKill) {
  CHECK_OK(rig.Give(1, 40));
  given = 40;
  CHECK_ORDERS("1-12", rig.Take(12));
  rig.spool->NoteDelivered(5, 5);
  FillAndTidy();
  CHECK_OK(rig.Start(5));
  Orders kept = depotlink::queue::Range(6, 12);
  for (Order order = given - 6; order <= given; ++order) kept.push_back(order);
  CHECK(rig.Drain() == kept);
}

TEST(SpoolNewest, TheSegmentOfWhatIsOnItsWayStaysWhenTheOldestGo) {
  CHECK_OK(rig.Give(1, 40));
  given = 40;
  CHECK_ORDERS("1-12", rig.Take(12));
  FillAndTidy();
  const std::uint64_t lost = rig.spool->losses().quota;
  CHECK_OK(rig.GiveSegment(given + 1, given + 2));
  CHECK_OK(rig.spool->DropOldest());
  LONGS_EQUAL(lost + 2, rig.spool->losses().quota);
  rig.spool->NoteDelivered(12, 12);
  CHECK(rig.Drain() == depotlink::queue::Range(given - 6, given));
}

TEST(SpoolNewest, WhereAllWasGivenOutTheEndIsFoundAllTheSame) {
  CHECK_OK(rig.GiveSegment(1, 4));
  CHECK_ORDERS("1-4", rig.Take());
  CHECK(rig.spool->segment_ended());
  given = 4;
  Fill();
  CHECK_FALSE(rig.spool->segment_ended());
  CHECK_OK(rig.spool->FinishSegment());  // no effect
  CHECK(rig.disk.Has(depotlink::queue::kFirst));
  Tidy();
  rig.spool->NoteDelivered(4, 4);
  LONGS_EQUAL(given - 4 - 7, rig.spool->losses().quota);
  CHECK(rig.Drain() == depotlink::queue::Range(given - 6, given));
}

TEST(SpoolNewest, AnotherKeysSegmentsStay) {
  rig.key = kKeyA;
  CHECK_OK(rig.Start());
  CHECK_OK(rig.GiveSegment(1, 10));
  rig.key = kKeyB;
  CHECK_OK(rig.Start());
  given = 10;
  FillAndTidy();
  LONGS_EQUAL(given - 10 - 7, rig.spool->losses().quota);
  LONGS_EQUAL(1, rig.spool->totals().locked_segments);
  LONGS_EQUAL(10, rig.spool->totals().locked_records);
  LONGS_EQUAL(7, rig.spool->totals().records);
  rig.key = kKeyA;
  CHECK_OK(rig.Start());
  CHECK_ORDERS("1-10", rig.Drain());
  rig.key = kKeyB;
  CHECK_OK(rig.Start());
  CHECK(rig.Drain() == depotlink::queue::Range(given - 6, given));
}

TEST(SpoolNewest, DamagedBlocksAreCountedAsDamaged) {
  CHECK_OK(rig.Give(1, 4));
  const std::uint64_t second = rig.disk.Bytes(depotlink::queue::kFirst).size();
  given = 4;
  Fill();
  rig.disk.FlipBit(depotlink::queue::kFirst, second + 200, 3);  // 5 to 8
  Tidy();
  LONGS_EQUAL(4, rig.spool->losses().damaged);
  LONGS_EQUAL(given - 7 - 4, rig.spool->losses().quota);
  CHECK(rig.Drain() == depotlink::queue::Range(given - 6, given));
}

TEST(SpoolNewest, WhatIsMissingOfASegmentWithoutItsEndIsCountedAsDamaged) {
  CHECK_OK(rig.Give(1, 4));
  const std::uint64_t second = rig.disk.Bytes(depotlink::queue::kFirst).size();
  CHECK_OK(rig.Give(5, 8));
  CHECK_OK(rig.Start());
  given = 8;
  Fill();
  rig.disk.FlipBit(depotlink::queue::kFirst, second + 9, 0);  // 5 to 8
  Tidy();
  LONGS_EQUAL(4, rig.spool->losses().damaged);
  LONGS_EQUAL(given - 7 - 4, rig.spool->losses().quota);
  CHECK(rig.Drain() == depotlink::queue::Range(given - 6, given));
}

TEST(SpoolNewest, DamageThatTheReaderMetIsCountedOnce) {
  CHECK_OK(rig.Give(1, 4));
  const std::uint64_t second = rig.disk.Bytes(depotlink::queue::kFirst).size();
  CHECK_OK(rig.Give(5, 12));
  rig.disk.FlipBit(depotlink::queue::kFirst, second + 200, 3);  // 5 to 12
  CHECK_OK(rig.Give(13, 16));
  given = 16;
  CHECK_ORDERS("1-4 13-14", rig.Take(6));
  rig.spool->NoteDelivered(13, 5);
  FillAndTidy();
  LONGS_EQUAL(8, rig.spool->losses().damaged);
  LONGS_EQUAL(given - 14 - 7, rig.spool->losses().quota);
  rig.spool->NoteDelivered(14, 1);
  CHECK(rig.Drain() == depotlink::queue::Range(given - 6, given));
  LONGS_EQUAL(8, rig.spool->losses().damaged);
}

TEST(SpoolNewest, TrackersBeyondTheTableKeepAllTheirRecords) {
  rig.limits.max_trackers = 6;
  CHECK_OK(rig.Start());
  CHECK_OK(rig.Give(1, 7));
  CHECK_OK(rig.Give(13, 14));  // 1006 and 1000
  CHECK_OK(rig.Give(21, 21));  // 1000, the seventh that was met
  Order order = 22;
  for (; !rig.spool->tidying(); order += 7) {
    CHECK_OK(rig.Give(order, order));  // 1001
    CHECK_OK(rig.spool->Tidy());
  }
  Tidy();
  const Order last = order - 7;
  Orders kept{2, 3, 4, 5, 7, 13, 14, 21, last};
  CHECK(rig.Drain() == kept);
  LONGS_EQUAL(10 + (last - 22) / 7 + 1 - kept.size(), rig.spool->losses().quota);
  CHECK(rig.lines.Has("beyond_max_trackers=3"));
}

TEST(SpoolNewest, WhereItWouldFreeTooLittleTheOldestGo) {
  rig.limits.max_bytes = kQuota;
  rig.record_bytes = 8000;
  rig.limits.max_trackers = 1;  // six of seven keep all
  CHECK_OK(rig.Start());
  for (Order order = 1; order <= 600; ++order) {
    CHECK_OK(rig.Give(order, order));
    CHECK_OK(rig.spool->Tidy());
    CHECK(FileBytes() <= rig.limits.max_bytes);
  }
  Tidy();
  const Orders left = rig.Drain();
  CHECK(left.back() == 600);
  CHECK(left.front() == 601 - left.size());  // only the oldest went
  CHECK(rig.spool->losses().quota == 600 - left.size());
  CHECK(Told("would free too little"));
  // No look at all of it for each segment that goes.
  const std::size_t tries = rig.lines.Count(LogLevel::kWarn, "would free too little");
  CHECK(tries <= 1 + 600 * 8000 / (kQuota / 4));
}

TEST(SpoolNewest, NewToAFullQueueTheOldestPayForTheRoom) {
  rig.limits.drop = DropPolicy::kOldest;
  CHECK_OK(rig.Start());
  while (rig.spool->losses().quota == 0) {
    CHECK_OK(rig.Give(given + 1, given + 4));
    given += 4;
  }
  const std::uint64_t before = rig.spool->losses().quota;
  rig.limits.drop = DropPolicy::kAllButNewest;
  CHECK_OK(rig.Start());
  for (int i = 0; i < 30 && !(rig.spool->losses().quota > 0 && !rig.spool->tidying()); ++i) {
    CHECK_OK(rig.Give(given + 1, given + 4));
    given += 4;
    CHECK_OK(rig.spool->Tidy());
  }
  CHECK_FALSE(Told("too little"));
  FillAndTidy();
  const std::uint64_t held = rig.spool->totals().records;
  CHECK(before + rig.spool->losses().quota + held == given);
  const Orders left = rig.Drain();
  CHECK(left.size() == held);
  CHECK(left.back() == given);
}

TEST(SpoolNewest, OthersAreLeftTheirSpace) {
  rig.limits.min_free_bytes = 100'000;
  rig.disk.set_capacity(800'000);
  CHECK_OK(rig.Start());
  FillAndTidy();
  CHECK(given * rig.record_bytes < 700'000);
  LONGS_EQUAL(given - 7, rig.spool->losses().quota);
  CHECK(rig.Drain() == depotlink::queue::Range(given - 6, given));
}

TEST(SpoolNewest, WithoutRoomItGivesUpAndTheOldestGo) {
  Fill();
  rig.limits.min_free_bytes = 0;
  CHECK_OK(rig.spool->Tidy());
  rig.disk.set_capacity(rig.disk.used_bytes() + 100);  // others take all
  Status status;
  for (int i = 0; status.ok() && rig.spool->tidying(); ++i) status = rig.spool->Tidy();
  CHECK(status.code() == Code::kFull || Told("too little"));
  CHECK_FALSE(rig.spool->tidying());
  LONGS_EQUAL(0, rig.spool->losses().quota);
  CHECK_OK(rig.spool->DropOldest());
  CHECK(rig.spool->losses().quota > 0);
  CHECK(rig.spool->totals().records + rig.spool->losses().quota == given);
  rig.disk.set_capacity(10 * kQuota);
  CHECK(rig.Drain().size() == given - rig.spool->losses().quota);
}

TEST(SpoolNewest, ADropInTheMidstStopsIt) {
  Fill();
  CHECK_OK(rig.spool->Tidy());
  CHECK(rig.spool->tidying());
  CHECK_OK(rig.spool->DropOldest());
  CHECK_FALSE(rig.spool->tidying());
  const std::uint64_t lost = rig.spool->losses().quota;
  CHECK(lost > 0 && lost < 100);
  CHECK(rig.Drain() == depotlink::queue::Range(lost + 1, given));
}

// Whatever a failing call brings about: what is counted does not come, and what does not come is
// counted.
TEST(SpoolNewest, ExactCountsWhicheverCallFails) {
  for (const bool for_good : {false, true}) {
    std::size_t n = 1;
    for (; FailOne(n, for_good); n += Stride(2)) CHECK(n < 2000);
    CHECK(n > 100);
  }
}
