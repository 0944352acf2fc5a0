// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/spool.hpp"

#include <string>
#include <vector>

#include "tests/unit/queue/sound_end.hpp"
#include "tests/unit/queue/spool_rig.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::LogLevel;
using depotlink::Status;
using depotlink::fakes::StorageOp;
using depotlink::queue::MadeRecord;
using depotlink::queue::Record;
using depotlink::queue::SpoolRig;

TEST_GROUP(Spool) {
  SpoolRig rig;

  void setup() override {
    CHECK_OK(rig.Start());
  }
  void teardown() override {
    depotlink::queue::EndSoundly(rig);
  }
};

TEST(Spool, GivesBackWhatItWasGivenInItsOrder) {
  CHECK_OK(rig.Give(1, 5));
  CHECK_OK(rig.Give(6, 7));
  LONGS_EQUAL(7, rig.spool->totals().records);
  CHECK_ORDERS("1-7", rig.Take());
  CHECK(rig.spool->segment_ended());
  LONGS_EQUAL(7, rig.spool->totals().records);  // not delivered yet
  rig.spool->NoteDelivered(7, 7);
  CHECK(rig.spool->empty());
  CHECK_OK(rig.spool->FinishSegment());
  LONGS_EQUAL(0, rig.Segments().size());
  LONGS_EQUAL(0, rig.spool->totals().segments);
  LONGS_EQUAL(0, rig.spool->totals().bytes);
}

TEST(Spool, NothingIsThereBeforeCommit) {
  CHECK_OK(rig.Append({1, 2, 3}));
  rig.CutPower();
  CHECK_OK(rig.Start());
  CHECK_ORDERS("", rig.Drain());
}

TEST(Spool, CommitMeansOnTheDevice) {
  CHECK_OK(rig.Give(1, 3));
  rig.CutPower();
  CHECK_OK(rig.Start());
  LONGS_EQUAL(3, rig.spool->totals().records);
  CHECK_ORDERS("1-3", rig.Drain());
}

TEST(Spool, AnEmptyCommitWritesNothing) {
  const std::uint64_t written = rig.disk.bytes_written();
  CHECK_OK(rig.spool->Commit());
  CHECK(written == rig.disk.bytes_written());
}

TEST(Spool, LeavesRepeatsOut) {
  CHECK_OK(rig.Give(1, 4));
  CHECK_OK(rig.Give(3, 6));
  CHECK_OK(rig.Start());
  CHECK_OK(rig.Give(5, 8));
  CHECK_ORDERS("1-8", rig.Drain());
}

TEST(Spool, AGroupLargerThanABlockIsWhole) {
  rig.record_bytes = 3000;
  CHECK_OK(rig.Give(1, 40));  // eight blocks
  LONGS_EQUAL(40, rig.spool->totals().records);
  CHECK_OK(rig.Start());
  LONGS_EQUAL(40, rig.spool->totals().records);
  CHECK_ORDERS("1-40", rig.Drain());
}

TEST(Spool, ARecordOfTheLargestSizeFits) {
  rig.record_bytes = depotlink::limits::kPayloadBytes;
  CHECK_OK(rig.Give(1, 5));
  CHECK_ORDERS("1-5", rig.Drain());
}

TEST(Spool, TurnsToANewSegmentWhenOneIsFull) {
  rig.limits.max_bytes = 1024 * 1024;  // segments of 64 KiB
  rig.compressor = &rig.never_packs;
  CHECK_OK(rig.Start());
  rig.record_bytes = 4000;
  for (depotlink::queue::Order order = 1; order <= 100; order += 4) {
    CHECK_OK(rig.Give(order, order + 3));
  }
  LONGS_EQUAL(5, rig.Segments().size());
  LONGS_EQUAL(5, rig.spool->totals().segments);
  CHECK(rig.spool->totals().bytes == [this] {
    std::uint64_t bytes = 0;
    for (const std::string& name : rig.Segments()) bytes += rig.disk.Bytes(name).size();
    return bytes;
  }());
  CHECK_ORDERS("1-100", rig.Drain());
}

TEST(Spool, NeverAppendsToASegmentOfAnEarlierRun) {
  CHECK_OK(rig.Give(1, 2));
  const std::string before = rig.disk.Bytes("0000000000000001.seg");
  CHECK_OK(rig.Start());
  CHECK_OK(rig.Give(3, 4));
  CHECK(before == rig.disk.Bytes("0000000000000001.seg"));
  LONGS_EQUAL(2, rig.Segments().size());
  CHECK_ORDERS("1-4", rig.Drain());
}

TEST(Spool, ARestartGoesOnFromTheJournalsPlace) {
  CHECK_OK(rig.GiveSegment(1, 10));
  CHECK_OK(rig.GiveSegment(11, 20));
  CHECK_OK(rig.Start(13));
  CHECK_ORDERS("14-20", rig.Drain());
}

TEST(Spool, ARestartGoesOnFromTheCursor) {
  CHECK_OK(rig.GiveSegment(1, 10));
  CHECK_ORDERS("1-6", rig.Take(6));
  rig.spool->NoteDelivered(6, 6);
  LONGS_EQUAL(4, rig.spool->totals().records);
  CHECK_OK(rig.spool->StoreCursor());
  CHECK_ORDERS("7", rig.Take(1));
  rig.CutPower();
  CHECK_OK(rig.Start());
  CHECK_ORDERS("7-10", rig.Drain());
  LONGS_EQUAL(0, rig.spool->totals().records);
}

TEST(Spool, WithoutItsCursorItRepeatsAndLosesNothing) {
  CHECK_OK(rig.GiveSegment(1, 10));
  CHECK_ORDERS("1-6", rig.Take(6));
  rig.spool->NoteDelivered(6, 6);
  CHECK_OK(rig.spool->StoreCursor());
  rig.spool.reset();
  rig.disk.Erase("cursor");
  CHECK_OK(rig.Start());
  CHECK_ORDERS("1-10", rig.Drain());
}

TEST(Spool, ReadsWhatIsBeingWritten) {
  CHECK_OK(rig.Give(1, 3));
  CHECK_ORDERS("1-3", rig.Take());
  CHECK_OK(rig.Give(4, 5));  // goes to another one
  rig.spool->NoteDelivered(3, 3);
  CHECK_OK(rig.spool->FinishSegment());
  CHECK_ORDERS("4-5", rig.Drain());
}

TEST(Spool, ASegmentGoesOnlyAfterTheCursorIsOnTheDevice) {
  CHECK_OK(rig.GiveSegment(1, 3));
  rig.Take();
  rig.spool->NoteDelivered(3, 3);
  rig.disk.FailCall(1, {Status(Code::kRetryLater, "no"), true, 0, StorageOp::kSync});
  CHECK(!rig.spool->FinishSegment().ok());
  LONGS_EQUAL(1, rig.Segments().size());
  rig.disk.Heal();
  CHECK_OK(rig.spool->FinishSegment());
  LONGS_EQUAL(0, rig.Segments().size());
}

TEST(Spool, HeaderOnlyLeftoversGoAway) {
  CHECK_OK(rig.GiveSegment(1, 3));
  const std::string header = rig.disk.Bytes("0000000000000001.seg").substr(0, 64);
  rig.disk.Put("0000000000000002.seg", header.substr(0, 64));
  rig.disk.Put("0000000000000003.seg", header.substr(0, 10));
  rig.disk.Put("0000000000000004.seg", "");
  CHECK_OK(rig.Start());
  LONGS_EQUAL(1, rig.Segments().size());
  CHECK_OK(rig.GiveSegment(4, 5));
  CHECK(rig.disk.Has("0000000000000005.seg"));  // no number twice
  CHECK_ORDERS("1-5", rig.Drain());
}

TEST(Spool, AFailedGroupIsUndoneAndCanBeGivenAgain) {
  CHECK_OK(rig.Give(1, 3));
  rig.disk.FailCall(1, {Status(Code::kRetryLater, "no"), false, 0, StorageOp::kSync});
  CHECK(!rig.Give(4, 6).ok());
  LONGS_EQUAL(3, rig.spool->totals().records);
  CHECK_OK(rig.Give(4, 7));
  LONGS_EQUAL(7, rig.spool->totals().records);
  CHECK_ORDERS("1-7", rig.Drain());
}

TEST(Spool, AFailedGroupLeavesNothingToBeReadLater) {
  CHECK_OK(rig.Give(1, 3));
  rig.record_bytes = 3000;
  CHECK_OK(rig.Append(depotlink::queue::Range(4, 12)));  // a block of it is in the file
  rig.disk.FailCall(1, {Status(Code::kRetryLater, "no"), false, 0, StorageOp::kFreeBytes});
  CHECK(!rig.spool->Commit().ok());
  rig.record_bytes = 120;
  CHECK_ORDERS("1-3", rig.Drain());  // 4-12 went another way by now
}

TEST(Spool, FailedAttemptsDoNotPileUpFiles) {
  for (int i = 0; i < 5; ++i) {
    rig.disk.FailCall(1, {Status(Code::kRetryLater, "no"), false, 0, StorageOp::kSync});
    CHECK(!rig.Give(1, 3).ok());
  }
  LONGS_EQUAL(0, rig.Segments().size());
  CHECK_OK(rig.Give(1, 3));
  CHECK_ORDERS("1-3", rig.Drain());
}

TEST(Spool, TroubleWhileCountingIsMadeUpFor) {
  CHECK_OK(rig.GiveSegment(1, 3));
  CHECK_OK(rig.GiveSegment(4, 6));
  rig.Take();
  rig.spool->NoteDelivered(3, 3);
  CHECK_OK(rig.spool->StoreCursor());
  // The first List is the removal's, the second one the count's.
  rig.disk.FailCall(2, {Status(Code::kRetryLater, "no"), false, 0, StorageOp::kListFiles});
  CHECK(!rig.spool->FinishSegment().ok());
  CHECK(rig.spool->has_segments());
  CHECK_ORDERS("4-6", rig.Drain());
  CHECK(rig.spool->empty());
  CHECK_FALSE(rig.spool->has_segments());
}

TEST(Spool, ProbeTellsWhetherTheDiskTakesSomething) {
  CHECK_OK(rig.spool->Probe());
  CHECK_FALSE(rig.disk.Has("probe"));
  rig.disk.set_read_only(true);
  CHECK(rig.spool->Probe().code() == Code::kAskPerson);
  rig.disk.set_read_only(false);
  rig.disk.Put("probe", "left by a crash");
  CHECK_OK(rig.spool->Probe());
  rig.disk.set_capacity(rig.disk.used_bytes());
  CHECK(rig.spool->Probe().code() == Code::kFull);
}

TEST(Spool, AReadOnlyDiskStillStarts) {
  CHECK_OK(rig.GiveSegment(1, 3));
  rig.spool.reset();
  rig.disk.Put("0000000000000002.seg", "");
  rig.disk.set_read_only(true);
  CHECK_OK(rig.Start());
  CHECK_ORDERS("1-3", rig.Take());
}
