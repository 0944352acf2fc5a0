// SPDX-License-Identifier: Apache-2.0
// A segment that was left without its end, and what the one behind it says of it.
#include <memory>
#include <string>

#include "agent/queue/spool.hpp"
#include "tests/unit/queue/sound_end.hpp"
#include "tests/unit/queue/spool_rig.hpp"
#include "tests/unit/stride.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::Status;
using depotlink::Stride;
using depotlink::fakes::StorageOp;
using depotlink::queue::kFirst;
using depotlink::queue::kKeyA;
using depotlink::queue::kKeyB;
using depotlink::queue::kSecond;
using depotlink::queue::Order;
using depotlink::queue::Orders;
using depotlink::queue::SpoolRig;
using depotlink::queue::Text;

TEST_GROUP(SpoolForerunner) {
  SpoolRig rig;

  void setup() override {
    rig.compressor = &rig.never_packs;
    CHECK_OK(rig.Start());
  }
  void teardown() override {
    depotlink::queue::EndSoundly(rig);
  }
  // A run that ended in the midst of a segment with two blocks; returns where the second begins.
  std::size_t LeaveWithoutEnd() {
    CHECK_OK(rig.Give(1, 3));
    const std::size_t second = rig.disk.Bytes(kFirst).size();
    CHECK_OK(rig.Give(4, 6));
    rig.spool.reset();
    return second;
  }
  // Another one, which wrote 7 to 9 behind it and ended likewise.
  void Follow() {
    CHECK_OK(rig.Start());
    CHECK_OK(rig.Give(7, 9));
    rig.spool.reset();
  }
  // What a run delivers of these files, of which it says that so many records were damaged.
  void CheckReads(const char* orders, std::uint64_t damaged) {
    CHECK_OK(rig.Start());
    CHECK_ORDERS(orders, rig.Drain());
    CHECK(rig.spool->losses().damaged == damaged);
    LONGS_EQUAL(damaged == 0 ? 0 : 1, rig.SetAside().size());
    LONGS_EQUAL(0, rig.Segments().size());
  }
};

TEST(SpoolForerunner, SoundItIsNoDamage) {
  LeaveWithoutEnd();
  Follow();
  CHECK_OK(rig.Start());
  LONGS_EQUAL(9, rig.spool->totals().records);
  CheckReads("1-9", 0);
}

TEST(SpoolForerunner, EachBitOfItsLastBlockCostsThatAndIsCounted) {
  const std::size_t second = LeaveWithoutEnd();
  Follow();
  const std::string first = rig.disk.Bytes(kFirst);
  const std::string behind = rig.disk.Bytes(kSecond);
  const std::string key = rig.disk.Bytes("queue.key");
  for (std::size_t bit = second * 8; bit < first.size() * 8; bit += 1 + 2 * Stride()) {
    SpoolRig other;
    other.compressor = &other.never_packs;
    other.disk.Put("queue.key", key);
    other.disk.Put(kFirst, first);
    other.disk.Put(kSecond, behind);
    other.disk.FlipBit(kFirst, bit / 8, static_cast<unsigned>(bit % 8));
    CHECK_OK(other.Start());
    const std::string orders = Text(other.Drain());
    const bool counted = other.spool->losses().damaged == 3 && other.SetAside().size() == 1;
    if (orders != "1-3 7-9" || !counted) FAIL((std::to_string(bit) + ": " + orders).c_str());
    LONGS_EQUAL(0, other.wrong);
  }
}

TEST(SpoolForerunner, CutAnywhereWhatIsMissingIsCounted) {
  const std::size_t second = LeaveWithoutEnd();
  Follow();
  const std::string first = rig.disk.Bytes(kFirst);
  const std::string behind = rig.disk.Bytes(kSecond);
  for (std::size_t size = 0; size < first.size(); size += 1 + 6 * Stride()) {
    for (const std::string& name : rig.SetAside()) rig.disk.Erase(name);
    rig.disk.Erase("cursor");
    rig.disk.Put(kFirst, first.substr(0, size));
    rig.disk.Put(kSecond, behind);
    const bool one_left = size >= second;
    CheckReads(one_left ? "1-3 7-9" : "7-9", one_left ? 3 : 6);
  }
}

TEST(SpoolForerunner, WhatACrashToreBeforeIsNoDamage) {
  const std::size_t second = LeaveWithoutEnd();
  const std::string whole = rig.disk.Bytes(kFirst);
  for (const std::size_t left : {std::size_t{1}, std::size_t{88}, whole.size() - second - 1}) {
    rig.disk.Erase("cursor");
    rig.disk.Erase(kSecond);
    rig.disk.Put(kFirst, whole.substr(0, second + left));
    CHECK_OK(rig.Start());
    CHECK_OK(rig.Give(7, 9));
    CheckReads("1-3 7-9", 0);
  }
}

TEST(SpoolForerunner, WithoutAnyBehindNothingTells) {
  const std::size_t second = LeaveWithoutEnd();
  rig.disk.FlipBit(kFirst, second + 9, 0);
  CheckReads("1-3", 0);
}

TEST(SpoolForerunner, RunsThatWroteNothingComeBetween) {
  const std::size_t second = LeaveWithoutEnd();
  for (int i = 0; i < 3; ++i) CHECK_OK(rig.Start());
  Follow();
  rig.disk.FlipBit(kFirst, second + 9, 0);
  CheckReads("1-3 7-9", 3);
}

// The numbers between were given to segments that came to nothing.
TEST(SpoolForerunner, ItNeedNotBeTheNumberBefore) {
  const std::size_t second = LeaveWithoutEnd();
  CHECK_OK(rig.Start());
  for (int i = 0; i < 5; ++i) {
    rig.disk.FailCall(1, {Status(Code::kRetryLater, "no"), false, 0, StorageOp::kSyncDirectory});
    CHECK(!rig.Give(7, 9).ok());
    rig.disk.FailCall(2, {Status(Code::kRetryLater, "no"), false, 0, StorageOp::kWriteAt});
    CHECK(!rig.Give(7, 9).ok());
  }
  CHECK_OK(rig.Give(7, 9));
  CHECK(rig.Segments().back() > "0000000000000006.seg");
  rig.disk.FlipBit(kFirst, second + 9, 0);
  CheckReads("1-3 7-9", 3);
}

// Its records are counted where it goes, however little of it can be read.
TEST(SpoolForerunner, DroppedOrExpiredItsRecordsAreCountedOnce) {
  const std::size_t second = LeaveWithoutEnd();
  Follow();
  for (const bool expires : {false, true}) {
    for (const std::size_t cut : {std::size_t{0}, second}) {
      SpoolRig other;
      other.limits.max_age_ms = 60'000;
      for (const char* name : {"queue.key", kFirst, kSecond}) {
        other.disk.Put(name, rig.disk.Bytes(name));
      }
      other.disk.Put(kFirst, rig.disk.Bytes(kFirst).substr(0, cut));
      CHECK_OK(other.Start());
      CHECK_OK(expires ? other.spool->Expire(depotlink::queue::MadeRecord::TimeOf(70))
                       : other.spool->DropOldest());
      const auto& losses = other.spool->losses();
      LONGS_EQUAL(expires ? 9 : 6, losses.quota + losses.age + losses.damaged);
      CHECK_ORDERS(expires ? "" : "7-9", other.Drain());
      LONGS_EQUAL(expires ? 9 : 6, losses.quota + losses.age + losses.damaged);
    }
  }
}

TEST(SpoolForerunner, TheLastRecordsOfOneThatIsDroppedWhileItIsReadAreCounted) {
  const std::size_t second = LeaveWithoutEnd();
  Follow();
  rig.disk.FlipBit(kFirst, second + 9, 0);
  CHECK_OK(rig.Start());
  CHECK_ORDERS("1-2", rig.Take(2));
  rig.spool->NoteDelivered(2, 2);
  CHECK_OK(rig.spool->DropOldest());
  LONGS_EQUAL(1, rig.spool->losses().quota);
  LONGS_EQUAL(3, rig.spool->losses().damaged);
  CHECK_ORDERS("7-9", rig.Drain());
}

TEST(SpoolForerunner, OneThatIsGoneIsNotMissed) {
  LeaveWithoutEnd();
  Follow();
  rig.disk.Erase(kFirst);
  CheckReads("7-9", 0);
}

TEST(SpoolForerunner, ItIsToldOfAcrossKeys) {
  rig.key = kKeyA;
  CHECK_OK(rig.Start());
  const std::size_t second = LeaveWithoutEnd();
  rig.key = kKeyB;
  Follow();
  rig.key = kKeyA;
  rig.disk.FlipBit(kFirst, second + 9, 0);
  CHECK_OK(rig.Start());
  CHECK_ORDERS("1-3", rig.Drain());
  LONGS_EQUAL(3, rig.spool->losses().damaged);
}

// What a killed run wrote and did not sync counts as kept from the next start on; the journal has
// it no more.
TEST(SpoolForerunner, WhatWasNotSyncedIsOnceAnotherStandsBehindIt) {
  rig.record_bytes = 4000;
  CHECK_OK(rig.Give(1, 3));
  CHECK_OK(rig.Append(depotlink::queue::Range(4, 12)));  // two blocks are in the file
  rig.spool.reset();
  rig.disk.Kill();
  CHECK_OK(rig.Start());
  const Order kept = rig.spool->totals().last_order;
  CHECK(kept > 6);
  CHECK_OK(rig.Give(kept + 1, 20));
  rig.CutPower();
  CheckReads("1-20", 0);
}

// Where neither the sync nor the cut succeeds, records are given again to the next one, and not
// told of as the first one's.
TEST(SpoolForerunner, WhatWasGivenAgainIsNotTold) {
  CHECK_OK(rig.Give(1, 3));
  CHECK_OK(rig.Append(depotlink::queue::Range(4, 6)));
  rig.disk.FailCall(3, {Status(Code::kRetryLater, "no"), true});  // free space, write; then sync
  CHECK(!rig.spool->Commit().ok());
  LONGS_EQUAL(1, rig.disk.Count(StorageOp::kTruncate));
  rig.disk.Heal();
  CHECK_OK(rig.Give(4, 6));
  rig.CutPower();
  CheckReads("1-6", 0);
}

TEST(SpoolForerunner, ADiskThatCannotReadItTakesRecordsAllTheSame) {
  LeaveWithoutEnd();
  for (const StorageOp op : {StorageOp::kOpenRead, StorageOp::kReadAt, StorageOp::kOpenWrite}) {
    CHECK_OK(rig.Start());
    rig.disk.FailCall(1, {Status(Code::kRetryLater, "no"), true, 0, op});
    CHECK_OK(rig.Give(7, 9));
    rig.disk.Heal();
    CHECK(rig.disk.Has(kSecond));
    rig.spool.reset();
    rig.disk.Erase(kSecond);
  }
  CHECK_OK(rig.Start());
  CHECK_ORDERS("1-6", rig.Drain());
}
