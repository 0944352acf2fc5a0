// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/offline_queue.hpp"

#include "tests/unit/queue/queue_rig.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::Status;
using depotlink::fakes::StorageOp;
using depotlink::queue::DiskState;
using depotlink::queue::QueueRig;
using depotlink::queue::Record;
using depotlink::queue::RecordKind;

TEST_GROUP(OfflineQueue) {
  QueueRig rig;

  void teardown() override {
    rig.queue.reset();
    LONGS_EQUAL(0, rig.out_of_order);
    LONGS_EQUAL(0, rig.delivered.count(0));
    LONGS_EQUAL(0, rig.disk.violations().size() + rig.ram.violations().size());
    LONGS_EQUAL(0, rig.disk.open_handles() + rig.ram.open_handles());
    LONGS_EQUAL(0, rig.cipher.nonce_repeats());
  }
  // Everything that was pushed came, each once.
  void CheckAllCameOnce() {
    LONGS_EQUAL(0, rig.dropped.size());
    LONGS_EQUAL(rig.pushed.size(), rig.delivered.size());
    for (const auto& entry : rig.delivered) LONGS_EQUAL(1, entry.second);
  }
};

TEST(OfflineQueue, WhileTheBusTakesRecordsTheDiskIsLeftAlone) {
  rig.Start();
  const std::uint64_t written = rig.disk.bytes_written();
  for (int i = 0; i < 50; ++i) {
    rig.Push(3);
    rig.Step(true);
    rig.Send(3);
    rig.Ack();
  }
  CHECK(rig.disk.bytes_written() == written);
  CheckAllCameOnce();
}

TEST(OfflineQueue, AnOutageGoesToTheDiskAndComesBackOnce) {
  rig.Start();
  rig.Push(5);
  rig.Step(false);
  LONGS_EQUAL(0, rig.spooled.size());  // flush_interval has not passed
  rig.Step(false, 1000);
  LONGS_EQUAL(5, rig.spooled.size());
  for (int i = 0; i < 10; ++i) {
    rig.Push(60, 1000);
    rig.Step(false);  // half full is enough
  }
  rig.Step(false, 1000);
  CHECK(rig.Drain());
  CheckAllCameOnce();
}

TEST(OfflineQueue, WhatIsOnItsWayIsAwaitedBeforeAFlush) {
  rig.Start();
  rig.Push(5);
  rig.Send(2);
  rig.Step(false, 10'000);
  rig.Step(false, 10'000);
  LONGS_EQUAL(0, rig.spooled.size());
  rig.Ack();
  rig.Step(false, 10);
  rig.Step(false, 2000);
  LONGS_EQUAL(3, rig.spooled.size());
  CHECK(rig.Drain());
  CheckAllCameOnce();
}

TEST(OfflineQueue, ACrashBeforeTheDiskWasSeenCostsNothing) {
  // The disk holds records under numbers up to 10.
  rig.Start();
  rig.Push(10);
  rig.Step(false);
  rig.Step(false, 1000);
  LONGS_EQUAL(10, rig.spooled.size());
  rig.EndProcess();
  // A reboot takes the journal, and the disk is late.
  for (const std::string& name : rig.ram.Names()) rig.ram.Erase(name);
  rig.disk.FailCall(1, Status(Code::kRetryLater, "not there yet"), true);
  rig.Start();
  CHECK(rig.queue->disk_state() == DiskState::kFailing);
  rig.Push(4);
  rig.EndProcess();  // killed; the disk is there for the next run
  rig.Start();
  CHECK(rig.queue->disk_state() == DiskState::kOk);
  CHECK(rig.Drain());
  CheckAllCameOnce();
}

TEST(OfflineQueue, ADiskThatComesLateIsReadAllTheSame) {
  rig.Start();
  rig.Push(10);
  rig.Step(false);
  rig.Step(false, 1000);
  rig.EndProcess();
  for (const std::string& name : rig.ram.Names()) rig.ram.Erase(name);
  rig.disk.FailCall(1, Status(Code::kRetryLater, "not there yet"), true);
  rig.Start();
  rig.Push(4);
  rig.Step(true);
  rig.disk.Heal();
  rig.Step(true, 11'000);  // numbered anew, behind those on the disk
  CHECK(rig.queue->disk_state() == DiskState::kOk);
  rig.Push(2);
  rig.EndProcess();
  rig.Start();
  CHECK(rig.Drain());
  CheckAllCameOnce();
}

TEST(OfflineQueue, AnotherKeyInBetweenCostsNoRecord) {
  const auto outage = [this] {
    rig.Push(10);
    rig.Step(false);
    rig.Step(false, 1000);
    rig.queue->Close(rig.now);
  };
  rig.Start();
  outage();
  const std::string key = rig.disk.Bytes("queue.key");
  rig.queue.reset();
  rig.disk.Erase("queue.key");
  rig.Start();
  outage();
  CHECK(rig.Drain());  // of the new key: all but the first ten
  LONGS_EQUAL(10, rig.delivered.size());
  rig.queue->Close(rig.now);
  rig.queue.reset();
  rig.disk.Put("queue.key", key);
  rig.ForgetOrder();
  rig.Start();
  CHECK(rig.Drain());
  CheckAllCameOnce();
}

TEST(OfflineQueue, ALateRecordOfTheLargestSizeOutlivesTwoCrashes) {
  rig.Start();
  rig.Push(1, depotlink::limits::kPayloadBytes);
  rig.EndProcess();
  rig.Start();  // it is marked late now, and longer
  rig.EndProcess();
  rig.Start();
  CHECK(rig.Drain());
  CheckAllCameOnce();
}

TEST(OfflineQueue, OneFailedCountDoesNotStopTheBacklog) {
  rig.config.limits.max_bytes = 1024 * 1024;
  rig.Start();
  rig.Push(200, 2000);
  for (int i = 0; i < 5; ++i) {
    rig.Push(60, 2000);
    rig.Step(false, 1000);
  }
  rig.disk.FailCall(1, {Status(Code::kRetryLater, "no"), false, 0, StorageOp::kListFiles});
  CHECK(rig.Drain());
  LONGS_EQUAL(rig.pushed.size(), rig.delivered.size() + rig.dropped.size());
}

TEST(OfflineQueue, TheJournalDoesNotGrowForEver) {
  rig.Start();
  std::uint64_t most = 0;
  for (int i = 0; i < 3000; ++i) {
    rig.Push(1, 1000);
    rig.Send(1);
    rig.Ack();
    rig.Step(true);
    most = std::max(most, rig.ram.used_bytes());
  }
  CHECK(most > 256 * 1024);
  CHECK(most < 5 * depotlink::limits::kWindowBytes + 2 * depotlink::limits::kWindowBytes);
  CheckAllCameOnce();
}

TEST(OfflineQueue, WhatOnlySaysHowThingsStandIsSetBack) {
  rig.Start();
  Record info;
  info.kind = RecordKind::kInfo;
  info.topic = "info/1";
  info.payload = "{\"i\":1}";
  rig.queue->Push(info, 5);
  rig.Push(2);
  rig.Step(false);
  rig.Step(false, 1000);
  LONGS_EQUAL(1, rig.set_back.size());
  LONGS_EQUAL(2, rig.spooled.size());
  LONGS_EQUAL(2, rig.queue->depth());
  CHECK(rig.Drain());
  CheckAllCameOnce();
}

TEST(OfflineQueue, ReplayToStateKeepsTheOrderOfAll) {
  rig.config.replay_to_state = true;
  rig.Start();
  rig.Push(6);
  rig.Step(false);
  rig.Step(false, 1000);
  rig.Push(3);
  rig.Step(true);
  CHECK_FALSE(rig.queue->LiveMayGo());
  CHECK(rig.Drain());
  CHECK(rig.queue->LiveMayGo());
  CheckAllCameOnce();
}

TEST(OfflineQueue, WithoutAnyFileSystemTheWayThroughMemoryIsOpen) {
  rig.disk.FailCall(1, Status(Code::kAskPerson, "no"), true);
  rig.ram.FailCall(1, Status(Code::kAskPerson, "no"), true);
  rig.Start();
  for (int i = 0; i < 20; ++i) {
    rig.Push(3);
    CHECK(rig.queue->Ready(true));
    rig.Step(true);
    rig.Send(3);
    rig.Ack();
  }
  CHECK_FALSE(rig.queue->journal_good());
  CheckAllCameOnce();
}
