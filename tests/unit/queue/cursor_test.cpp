// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/cursor_file.hpp"

#include <memory>
#include <string>

#include "tests/fakes/fake_storage.hpp"
#include "tests/unit/queue/spool_rig.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::Status;
using depotlink::fakes::FakeStorage;
using depotlink::fakes::SeededRandom;
using depotlink::fakes::StorageOp;
using depotlink::queue::CursorFile;
using depotlink::queue::KeyMark;
using depotlink::queue::Order;

TEST_GROUP(CursorFile) {
  FakeStorage disk;
  KeyMark mark{};
  std::unique_ptr<CursorFile> cursor = std::make_unique<CursorFile>(disk);

  void setup() override {
    mark.fill('m');
  }
  void teardown() override {
    cursor.reset();
    LONGS_EQUAL(0, disk.violations().size());
    LONGS_EQUAL(0, disk.open_handles());
  }
  Order Loaded() {
    cursor = std::make_unique<CursorFile>(disk);
    Order delivered = 77;
    CHECK_OK(cursor->Load(mark, delivered));
    return delivered;
  }
};

TEST(CursorFile, KeepsTheLastNumber) {
  LONGS_EQUAL(0, Loaded());
  for (Order order = 1; order <= 5; ++order) {
    CHECK_OK(cursor->Store(order));
    LONGS_EQUAL(order, Loaded());
  }
}

TEST(CursorFile, IsOnTheDeviceFromTheFirstTime) {
  LONGS_EQUAL(0, Loaded());
  CHECK_OK(cursor->Store(9));
  cursor.reset();
  disk.PowerCutLosingAll();
  LONGS_EQUAL(9, Loaded());
}

TEST(CursorFile, ANameThatIsNotOnTheDeviceIsMadeAgain) {
  LONGS_EQUAL(0, Loaded());
  disk.FailCall(1, {Status(Code::kRetryLater, "no"), false, 0, StorageOp::kSyncDirectory});
  CHECK(!cursor->Store(9).ok());
  CHECK_OK(cursor->Store(9));
  cursor.reset();
  disk.PowerCutLosingAll();
  LONGS_EQUAL(9, Loaded());
}

TEST(CursorFile, SlotByteByByte) {
  LONGS_EQUAL(0, Loaded());
  CHECK_OK(cursor->Store(0x0102));
  const std::string bytes = disk.Bytes("cursor");
  LONGS_EQUAL(4096 + 36, bytes.size());
  CHECK(bytes.substr(4096, 32) ==
        std::string("DLQ1CUR\n\1\0\0\0\0\0\0\0\2\1\0\0\0\0\0\0mmmmmmmm", 32));
}

TEST(CursorFile, OneSpoiltPlaceLeavesTheOther) {
  LONGS_EQUAL(0, Loaded());
  CHECK_OK(cursor->Store(5));
  CHECK_OK(cursor->Store(6));
  cursor.reset();
  const std::string whole = disk.Bytes("cursor");
  for (std::size_t at = 0; at < 36; ++at) {
    disk.Put("cursor", whole);
    disk.FlipBit("cursor", at, at % 8);  // the newer one stands first now
    LONGS_EQUAL(5, Loaded());
    CHECK_OK(cursor->Store(8));
    LONGS_EQUAL(8, Loaded());
    cursor.reset();
    disk.Put("cursor", whole);
    disk.FlipBit("cursor", 4096 + at, at % 8);
    LONGS_EQUAL(6, Loaded());
  }
}

TEST(CursorFile, CutAtEachByteItIsMadeAnew) {
  LONGS_EQUAL(0, Loaded());
  CHECK_OK(cursor->Store(5));
  const std::string whole = disk.Bytes("cursor");
  for (const std::size_t size : {0U, 1U, 35U, 36U, 4095U, 4096U, 4100U, 4131U}) {
    cursor.reset();
    disk.Put("cursor", whole.substr(0, size));
    LONGS_EQUAL(0, Loaded());  // 5 stands second
    CHECK_OK(cursor->Store(6));
    LONGS_EQUAL(6, Loaded());
  }
}

TEST(CursorFile, HoldsForOneKeyOnly) {
  LONGS_EQUAL(0, Loaded());
  CHECK_OK(cursor->Store(5));
  mark.fill('n');
  LONGS_EQUAL(0, Loaded());
  CHECK_OK(cursor->Store(3));
  LONGS_EQUAL(3, Loaded());
  mark.fill('m');
  LONGS_EQUAL(5, Loaded());  // its place was not written over yet
}

TEST(CursorFile, NeverSyncsAgainAfterAFailedSync) {
  LONGS_EQUAL(0, Loaded());
  CHECK_OK(cursor->Store(5));
  disk.FailCall(1, {Status(Code::kRetryLater, "no"), false, 0, StorageOp::kSync});
  CHECK(!cursor->Store(6).ok());
  CHECK_OK(cursor->Store(6));
  LONGS_EQUAL(0, disk.sync_after_failed_sync());
  cursor.reset();
  disk.PowerCutLosingAll();
  LONGS_EQUAL(6, Loaded());
}

TEST(CursorFile, APowerCutInAStoreLeavesTheOldNumberOrTheNew) {
  for (std::size_t n = 1; n < 12; ++n) {
    for (unsigned seed = 0; seed < 20; ++seed) {
      FakeStorage other;
      SeededRandom random(seed);
      auto stored = std::make_unique<CursorFile>(other);
      Order delivered = 0;
      CHECK_OK(stored->Load(mark, delivered));
      CHECK_OK(stored->Store(5));
      other.StopAt(n);
      Order known = 5;
      for (const Order order : {6U, 7U, 8U}) known = stored->Store(order).ok() ? order : known;
      stored.reset();
      other.PowerCut(random);
      CursorFile next(other);
      CHECK_OK(next.Load(mark, delivered));
      CHECK(delivered == known || delivered == known + 1);
    }
  }
}
