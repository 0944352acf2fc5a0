// SPDX-License-Identifier: Apache-2.0
// What leaves the spool undelivered, and that each record of it is counted once.
#include "agent/queue/spool.hpp"
#include "tests/unit/queue/sound_end.hpp"
#include "tests/unit/queue/spool_rig.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::LogLevel;
using depotlink::Status;
using depotlink::fakes::StorageOp;
using depotlink::queue::kKeyA;
using depotlink::queue::kKeyB;
using depotlink::queue::MadeRecord;
using depotlink::queue::Order;
using depotlink::queue::Orders;
using depotlink::queue::SpoolRig;

TEST_GROUP(SpoolBounds) {
  SpoolRig rig;

  void teardown() override {
    depotlink::queue::EndSoundly(rig);
  }
  // Ten groups a segment of 64 KiB.
  void StartWithQuota(std::uint64_t bytes = 1024 * 1024) {
    rig.limits.max_bytes = bytes;
    rig.record_bytes = 1600;
    rig.compressor = &rig.never_packs;
    CHECK_OK(rig.Start());
  }
  std::uint64_t FileBytes() const {
    std::uint64_t bytes = 0;
    for (const std::string& name : rig.Segments()) bytes += rig.disk.Bytes(name).size();
    return bytes;
  }
};

TEST(SpoolBounds, TheQuotaHoldsAndEachLossIsCounted) {
  StartWithQuota();
  for (Order order = 1; order <= 2000; order += 4) {
    CHECK_OK(rig.Give(order, order + 3));
    CHECK(FileBytes() <= rig.limits.max_bytes);
    CHECK(FileBytes() == rig.spool->totals().bytes);
  }
  const Orders left = rig.Drain();
  CHECK(left.size() > 500);
  CHECK(left.back() == 2000);
  CHECK(left.front() == 2001 - left.size());  // only the oldest went
  CHECK(rig.spool->losses().quota == 2000 - left.size());
}

TEST(SpoolBounds, TheQuotaHoldsForLargeGroupsToo) {
  StartWithQuota();
  for (Order order = 1; order <= 2000; order += 80) {
    CHECK_OK(rig.Give(order, order + 79));
    CHECK(FileBytes() <= rig.limits.max_bytes);
    CHECK(FileBytes() == rig.spool->totals().bytes);
    CHECK(rig.spool->totals().records + rig.spool->losses().quota == order + 79);
  }
  const Orders left = rig.Drain();
  CHECK(rig.spool->losses().quota == 2000 - left.size());
  CHECK(left.back() == 2000);
}

TEST(SpoolBounds, TheSegmentOfWhatIsOnItsWayStaysAndTheNextOneGoes) {
  CHECK_OK(rig.Start());
  CHECK_OK(rig.GiveSegment(1, 10));
  CHECK_OK(rig.GiveSegment(11, 20));
  CHECK_OK(rig.GiveSegment(21, 30));
  CHECK_ORDERS("1-4", rig.Take(4));
  rig.spool->NoteDelivered(2, 2);
  CHECK_OK(rig.spool->DropOldest());
  LONGS_EQUAL(10, rig.spool->losses().quota);
  LONGS_EQUAL(20, rig.spool->totals().records);  // counted by blocks
  rig.spool->NoteDelivered(4, 2);
  LONGS_EQUAL(18, rig.spool->totals().records);
  // Now that none is on its way, the oldest is the oldest again.
  CHECK_OK(rig.spool->DropOldest());
  LONGS_EQUAL(16, rig.spool->losses().quota);
  CHECK_ORDERS("21-30", rig.Drain());
}

TEST(SpoolBounds, WhereAllIsOnItsWayNothingIsDropped) {
  CHECK_OK(rig.Start());
  CHECK_OK(rig.GiveSegment(1, 10));
  CHECK_ORDERS("1-4", rig.Take(4));
  CHECK(rig.spool->DropOldest().code() == Code::kFull);
  CHECK_ORDERS("5-10", rig.Drain());
  LONGS_EQUAL(0, rig.spool->losses().quota);
}

TEST(SpoolBounds, DropsInsideABlockThatAnEarlierRunBegan) {
  CHECK_OK(rig.Start());
  CHECK_OK(rig.GiveSegment(1, 10));
  CHECK_OK(rig.Start(7));
  CHECK_OK(rig.spool->DropOldest());
  LONGS_EQUAL(3, rig.spool->losses().quota);
}

TEST(SpoolBounds, ADropThatIsNotOnTheDeviceIsCountedOnce) {
  CHECK_OK(rig.Start());
  CHECK_OK(rig.GiveSegment(1, 10));
  CHECK_OK(rig.GiveSegment(11, 20));
  for (const StorageOp op : {StorageOp::kRemove, StorageOp::kSyncDirectory}) {
    rig.disk.FailCall(1, {Status(Code::kRetryLater, "no"), false, 0, op});
    CHECK(!rig.spool->DropOldest().ok());
  }
  LONGS_EQUAL(10, rig.spool->losses().quota);
  CHECK_ORDERS("11-20", rig.Drain());
  LONGS_EQUAL(10, rig.spool->losses().quota);
}

TEST(SpoolBounds, LeavesOthersTheirSpace) {
  rig.limits.min_free_bytes = 100'000;
  rig.disk.set_capacity(200'000);
  rig.record_bytes = 1600;
  CHECK_OK(rig.Start());
  Order order = 1;
  for (; order <= 400; order += 8) CHECK_OK(rig.GiveSegment(order, order + 7));
  CHECK(rig.disk.used_bytes() < 110'000);
  const std::uint64_t held = rig.spool->totals().records;
  CHECK(held > 30);
  CHECK(held + rig.spool->losses().quota == order - 1);
  // Somebody else takes all the room: nothing but the newest can be kept.
  rig.disk.set_capacity(rig.disk.used_bytes() + 1000);
  for (int i = 0; i < 20; ++i, order += 8) {
    const Status status = rig.GiveSegment(order, order + 7);
    CHECK(status.ok() || status.code() == Code::kFull);
    if (!status.ok()) break;
  }
  rig.disk.set_capacity(1'000'000);
  CHECK_OK(rig.Give(order, order));
}

TEST(SpoolBounds, WhatWasSetAsideGoesBeforeWhatIsStillToBeDelivered) {
  StartWithQuota();
  for (int i = 1; i <= 4; ++i) {
    rig.disk.Put("000000000000100" + std::to_string(i) + ".bad", std::string(240 * 1024, 'x'));
  }
  CHECK_OK(rig.Start());
  for (Order order = 1; order <= 400; order += 4) CHECK_OK(rig.Give(order, order + 3));
  LONGS_EQUAL(0, rig.spool->losses().quota);
  CHECK(rig.SetAside().size() < 4);
  CHECK_FALSE(rig.disk.Has("0000000000001001.bad"));
  CHECK_ORDERS("1-400", rig.Drain());
}

TEST(SpoolBounds, OldSegmentsExpireWhole) {
  rig.limits.max_age_ms = 15'000;
  CHECK_OK(rig.Start());
  CHECK_OK(rig.GiveSegment(1, 10));
  CHECK_OK(rig.GiveSegment(11, 20));
  CHECK_OK(rig.Give(21, 30));
  CHECK_OK(
      rig.spool->Expire(MadeRecord::TimeOf(25)));  // the youngest of the first is as old as may be
  LONGS_EQUAL(30, rig.spool->totals().records);
  CHECK_OK(rig.spool->Expire(MadeRecord::TimeOf(26)));
  LONGS_EQUAL(20, rig.spool->totals().records);
  LONGS_EQUAL(10, rig.spool->losses().age);
  CHECK_OK(rig.spool->Expire(MadeRecord::TimeOf(100)));
  LONGS_EQUAL(30, rig.spool->losses().age);
  LONGS_EQUAL(0, rig.Segments().size());
  CHECK_OK(rig.Give(31, 32));
  CHECK_ORDERS("31-32", rig.Drain());
}

TEST(SpoolBounds, YoungSegmentsDoNotExpireInThePlaceOfTheOneUnderWay) {
  rig.limits.max_age_ms = 15'000;
  CHECK_OK(rig.Start());
  CHECK_OK(rig.GiveSegment(1, 10));
  CHECK_OK(rig.GiveSegment(11, 20));
  CHECK_OK(rig.GiveSegment(21, 30));
  CHECK_ORDERS("1-2", rig.Take(2));
  CHECK_OK(rig.spool->Expire(MadeRecord::TimeOf(26)));  // the first one only is too old
  LONGS_EQUAL(0, rig.spool->losses().age);
  LONGS_EQUAL(30, rig.spool->totals().records);
  CHECK_ORDERS("3-30", rig.Drain());
}

TEST(SpoolBounds, ADropBehindTheOneUnderWayThatIsNotOnTheDeviceIsCountedOnce) {
  CHECK_OK(rig.Start());
  CHECK_OK(rig.GiveSegment(1, 10));
  CHECK_OK(rig.GiveSegment(11, 20));
  CHECK_OK(rig.GiveSegment(21, 30));
  CHECK_ORDERS("1-2", rig.Take(2));
  for (const StorageOp op : {StorageOp::kRemove, StorageOp::kSyncDirectory}) {
    rig.disk.FailCall(1, {Status(Code::kRetryLater, "no"), false, 0, op});
    CHECK(!rig.spool->DropOldest().ok());
  }
  LONGS_EQUAL(10, rig.spool->losses().quota);
  CHECK_ORDERS("3-10 21-30", rig.Drain());
  LONGS_EQUAL(10, rig.spool->losses().quota);
}

TEST(SpoolBounds, ASegmentWithoutAReadableBlockHidesNoneFromExpiring) {
  rig.limits.max_age_ms = 15'000;
  CHECK_OK(rig.Start());
  CHECK_OK(rig.GiveSegment(1, 10));
  CHECK_OK(rig.GiveSegment(11, 20));
  rig.disk.Zero("0000000000000001.seg", 64, 1'000'000);
  CHECK_OK(rig.Start());
  CHECK_OK(rig.spool->Expire(MadeRecord::TimeOf(100)));
  LONGS_EQUAL(0, rig.Segments().size());
  LONGS_EQUAL(10, rig.spool->losses().age);
}

TEST(SpoolBounds, AnotherKeysSegmentsAreKeptUntilItComesBack) {
  rig.key = kKeyA;
  CHECK_OK(rig.Start());
  CHECK_OK(rig.GiveSegment(1, 10));
  CHECK_OK(rig.Give(11, 20));
  CHECK_ORDERS("1-5", rig.Take(5));
  rig.spool->NoteDelivered(5, 5);
  CHECK_OK(rig.spool->StoreCursor());

  rig.key = kKeyB;
  CHECK_OK(rig.Start(5));
  LONGS_EQUAL(2, rig.spool->totals().locked_segments);
  LONGS_EQUAL(20, rig.spool->totals().locked_records);
  CHECK(rig.spool->empty());
  CHECK_FALSE(rig.spool->has_segments());
  CHECK(rig.lines.Count(LogLevel::kError, "another key") > 0);
  CHECK_OK(rig.Give(15, 16));  // orders that the other key's have are no new ones
  CHECK_OK(rig.GiveSegment(21, 25));
  CHECK_ORDERS("21-25", rig.Drain());
  LONGS_EQUAL(2, rig.Segments().size());

  rig.key = kKeyA;
  CHECK_OK(rig.Start(25));  // the journal's place is B's
  LONGS_EQUAL(0, rig.spool->totals().locked_segments);
  CHECK_ORDERS("6-20", rig.Drain());
  LONGS_EQUAL(0, rig.Segments().size());
}

TEST(SpoolBounds, AKeyThatComesBackLateStillFindsItsRecords) {
  rig.key = kKeyA;
  CHECK_OK(rig.Start());
  CHECK_OK(rig.GiveSegment(1, 10));
  rig.key = kKeyB;
  CHECK_OK(rig.Start());
  for (Order order = 11; order < 20; ++order) {  // B writes both places of the cursor
    CHECK_OK(rig.GiveSegment(order, order));
    rig.Drain();
  }
  rig.key = kKeyA;
  CHECK_OK(rig.Start(19));
  CHECK_OK(rig.GiveSegment(20, 21));
  CHECK_ORDERS("1-10 20-21", rig.Drain());
}

TEST(SpoolBounds, LockedSegmentsCountWhenTheyAreDropped) {
  rig.key = kKeyA;
  CHECK_OK(rig.Start());
  CHECK_OK(rig.GiveSegment(1, 10));
  rig.key = kKeyB;
  CHECK_OK(rig.Start());
  CHECK_OK(rig.GiveSegment(11, 15));
  CHECK_ORDERS("11-12", rig.Take(2));
  CHECK_OK(rig.spool->DropOldest());
  LONGS_EQUAL(10, rig.spool->losses().quota);
  LONGS_EQUAL(0, rig.spool->totals().locked_segments);
  CHECK_ORDERS("13-15", rig.Drain());
}

TEST(SpoolBounds, LockedSegmentsExpireToo) {
  rig.key = kKeyA;
  rig.limits.max_age_ms = 15'000;
  CHECK_OK(rig.Start());
  CHECK_OK(rig.GiveSegment(1, 10));
  rig.key = kKeyB;
  CHECK_OK(rig.Start());
  CHECK_OK(rig.spool->Expire(MadeRecord::TimeOf(26)));
  LONGS_EQUAL(10, rig.spool->losses().age);
}

TEST(SpoolBounds, AKeyThatIsNoneIsForAPerson) {
  CHECK_OK(rig.Start());
  CHECK_OK(rig.GiveSegment(1, 3));
  const std::string good = rig.disk.Bytes("queue.key");
  LONGS_EQUAL(65, good.size());
  for (const std::string& bad : {std::string(), good.substr(0, 63), good + "0",
                                 std::string(65, 'x'), std::string(64, '\0')}) {
    rig.disk.Put("queue.key", bad);
    CHECK(rig.Start().code() == Code::kAskPerson);
  }
  rig.disk.Put("queue.key", good.substr(0, 64));  // an editor took the line end
  CHECK_OK(rig.Start());
  CHECK_ORDERS("1-3", rig.Drain());
  rig.key = "no key";
  CHECK(rig.Start().code() == Code::kAskPerson);
}

TEST(SpoolBounds, WithoutItsKeyFileItBeginsANewOne) {
  CHECK_OK(rig.Start());
  CHECK_OK(rig.GiveSegment(1, 3));
  rig.spool.reset();
  const std::string first = rig.disk.Bytes("queue.key");
  rig.disk.Erase("queue.key");
  CHECK_OK(rig.Start());
  CHECK(rig.disk.Bytes("queue.key") != first);
  LONGS_EQUAL(1, rig.spool->totals().locked_segments);
}
