// SPDX-License-Identifier: Apache-2.0
// The fake of ports::Storage keeps the port's contract, counts, and fails where it is told to. What
// a power cut leaves is in simulated_disk_test.cpp.
#include "tests/fakes/fake_storage.hpp"
#include "tests/contract/storage_contract.hpp"

using depotlink::Code;
using depotlink::Status;
using depotlink::fakes::FakeStorage;
using depotlink::fakes::StorageFailure;
using depotlink::fakes::StorageOp;
using depotlink::ports::FileEntry;
using depotlink::ports::FileHandle;
using depotlink::ports::FileVisitor;

TEST_GROUP_BASE(FakeStorageContract, StorageContract) {
  FakeStorage disk;
  depotlink::ports::Storage& storage() override {
    return disk;
  }
  void teardown() override {
    for (const std::string& violation : disk.violations()) FAIL(violation.c_str());
    LONGS_EQUAL(0, disk.open_handles());
  }
};

STORAGE_CONTRACT(FakeStorageContract)

namespace {

// Six fallible calls; says how many of them succeeded before the first that did not.
std::size_t Succeeded(FakeStorage& disk) {
  const auto file = disk.Create("a");
  if (!file.ok()) return 0;
  std::size_t done = 1;
  if (disk.WriteAt(file.value(), 0, "0123456789").ok()) ++done;
  if (done == 2 && disk.Sync(file.value()).ok()) ++done;
  if (done == 3 && disk.SyncDirectory().ok()) ++done;
  if (done == 4 && disk.Size(file.value()).ok()) ++done;
  if (done == 5 && disk.Rename("a", "b").ok()) ++done;
  disk.Close(file.value());
  return done;
}

}  // namespace

TEST_GROUP(FakeStorage) {
  FakeStorage disk;
  FileHandle Made(std::string_view name, std::string_view text) {
    const auto file = disk.Create(name);
    CHECK(file.ok());
    CHECK(disk.WriteAt(file.value(), 0, text).ok());
    return file.value();
  }
  void ViolationsAre(std::size_t count) {
    LONGS_EQUAL(count, disk.violations().size());
  }
};

TEST(FakeStorage, EachCallCanBeMadeToFail) {
  std::size_t n = 1;
  for (;; ++n) {
    FakeStorage fresh;
    fresh.FailCall(n, Status(Code::kAskPerson, "told to"));
    const std::size_t done = Succeeded(fresh);
    if (!fresh.failed()) break;
    LONGS_EQUAL(n - 1, done);
    CHECK(fresh.log()[n - 1].code == Code::kAskPerson);
    LONGS_EQUAL(0, fresh.open_handles());
  }
  LONGS_EQUAL(7, n);
}

TEST(FakeStorage, AFailureComesOnceOrFromThenOn) {
  const FileHandle file = Made("a", "x");
  disk.FailCall(2, Status(Code::kRetryLater, "once"));
  CHECK(disk.Size(file).ok());
  CHECK(!disk.Size(file).ok());
  CHECK(disk.Size(file).ok());
  disk.FailCall(1, Status(Code::kRetryLater, "for ever"), true);
  CHECK(!disk.Size(file).ok());
  CHECK(!disk.SyncDirectory().ok());
  STRCMP_EQUAL("for ever", disk.Remove("a").message().c_str());
  disk.Heal();
  CHECK(disk.Remove("a").ok());
}

TEST(FakeStorage, AFailureMayBeOfOneKindOnly) {
  const FileHandle file = Made("a", "x");
  StorageFailure failure;
  failure.only = StorageOp::kSync;
  disk.FailCall(2, failure);
  CHECK(disk.Sync(file).ok());
  CHECK(disk.WriteAt(file, 0, "y").ok());
  CHECK(disk.SyncDirectory().ok());
  CHECK(disk.Sync(file).code() == Code::kRetryLater);
}

TEST(FakeStorage, AFailedCallChangesNothingButAShortWrite) {
  const FileHandle file = Made("a", "old");
  const auto fails_next = [this](std::size_t short_write = 0) {
    StorageFailure failure;
    failure.short_write = short_write;
    disk.FailCall(1, failure);
  };
  fails_next();
  CHECK(!disk.WriteAt(file, 0, "new").ok());
  fails_next();
  CHECK(!disk.Truncate(file, 0).ok());
  fails_next();
  CHECK(!disk.Rename("a", "b").ok());
  fails_next();
  CHECK(!disk.Remove("a").ok());
  fails_next();
  CHECK(!disk.Create("c").ok());
  STRCMP_EQUAL("old", disk.Bytes("a").c_str());
  LONGS_EQUAL(1, disk.Names().size());
  fails_next(2);
  CHECK(!disk.WriteAt(file, 1, "XYZ").ok());
  STRCMP_EQUAL("oXY", disk.Bytes("a").c_str());
  fails_next(100);  // more than there is
  CHECK(!disk.WriteAt(file, 0, "all").ok());
  STRCMP_EQUAL("all", disk.Bytes("a").c_str());
}

TEST(FakeStorage, AStoppedProcessChangesNothingMore) {
  const FileHandle file = Made("a", "0123");
  disk.StopAt(2, 1);
  CHECK(disk.WriteAt(file, 4, "4").ok());
  CHECK(!disk.WriteAt(file, 5, "56").ok());  // one byte of it
  CHECK(!disk.WriteAt(file, 5, "xx").ok());  // none
  CHECK(!disk.Sync(file).ok());
  CHECK(!disk.Sync(file).ok());  // forgets nothing, is no fault
  CHECK(!disk.Remove("a").ok());
  ViolationsAre(0);
  disk.Kill();
  STRCMP_EQUAL("012345", disk.Bytes("a").c_str());
  const auto again = disk.OpenWrite("a");
  CHECK(again.ok());
  CHECK(disk.Sync(again.value()).ok());  // nothing was forgotten
  CHECK(disk.SyncDirectory().ok());
  disk.PowerCutLosingAll();
  STRCMP_EQUAL("012345", disk.Bytes("a").c_str());
}

TEST(FakeStorage, ASecondSyncAfterAFailedOneLosesTheData) {
  const FileHandle file = Made("a", "synced");
  CHECK(disk.Sync(file).ok());
  CHECK(disk.SyncDirectory().ok());
  CHECK(disk.WriteAt(file, 0, "forgot").ok());
  disk.FailCall(1, Status(Code::kRetryLater, "EIO"));
  CHECK(!disk.Sync(file).ok());
  LONGS_EQUAL(0, disk.sync_after_failed_sync());
  CHECK(disk.WriteAt(file, 6, " later").ok());
  CHECK(disk.Sync(file).ok());
  LONGS_EQUAL(1, disk.sync_after_failed_sync());
  ViolationsAre(1);
  STRCMP_EQUAL("forgot later", disk.Bytes("a").c_str());  // the cache looks well
  disk.PowerCutLosingAll();
  STRCMP_EQUAL("synced later", disk.Bytes("a").c_str());
}

TEST(FakeStorage, WhatDoesNotFitIsCutShort) {
  disk.set_capacity(10);
  const FileHandle file = Made("a", "01234567");
  CHECK(disk.FreeBytes().value() == 2);
  CHECK(disk.WriteAt(file, 6, "abcdef").code() == Code::kFull);
  STRCMP_EQUAL("012345abcd", disk.Bytes("a").c_str());
  CHECK(disk.WriteAt(file, 0, "in place").ok());
  CHECK(disk.Remove("a").ok());
  CHECK(disk.FreeBytes().value() == 0);  // still open
  disk.Close(file);
  CHECK(disk.FreeBytes().value() == 10);
}

TEST(FakeStorage, AReadOnlyDiskRefusesChanges) {
  const FileHandle file = Made("a", "old");
  CHECK(disk.Sync(file).ok());
  CHECK(disk.SyncDirectory().ok());
  disk.set_read_only(true);
  for (const Status& status :
       {disk.Create("b").status(), disk.OpenWrite("a").status(), disk.WriteAt(file, 0, "x"),
        disk.Truncate(file, 0), disk.Remove("a"), disk.Rename("a", "b")}) {
    CHECK(status.code() == Code::kAskPerson);
  }
  CHECK(disk.Sync(file).ok());  // there is nothing to write
  CHECK(disk.SyncDirectory().ok());
  CHECK(disk.OpenRead("a").ok());
  disk.set_read_only(false);
  CHECK(disk.WriteAt(file, 0, "new").ok());
  disk.set_read_only(true);
  CHECK(disk.Sync(file).code() == Code::kAskPerson);
  STRCMP_EQUAL("new", disk.Bytes("a").c_str());
}

TEST(FakeStorage, AKilledProcessLosesNothing) {
  (void)Made("a", "never synced");
  LONGS_EQUAL(1, disk.open_handles());
  STRCMP_EQUAL("a", disk.open_names()[0].c_str());
  disk.Kill();
  LONGS_EQUAL(0, disk.open_handles());
  STRCMP_EQUAL("never synced", disk.Bytes("a").c_str());
}

TEST(FakeStorage, WhatThePortForbidsIsCounted) {
  const FileHandle file = Made("a", "x");
  CHECK(!disk.WriteAt(file, 2, "beyond the end").ok());
  ViolationsAre(1);
  const FileHandle reader = disk.OpenRead("a").value();
  CHECK(!disk.WriteAt(reader, 0, "y").ok());
  ViolationsAre(2);
  disk.Close(file);
  char byte = 0;
  CHECK(!disk.ReadAt(file, 0, &byte, 1).ok());
  disk.Close(file);
  ViolationsAre(4);
  (void)disk.OpenRead("../a");
  ViolationsAre(5);
  class Meddler : public FileVisitor {
   public:
    explicit Meddler(FakeStorage& storage) : storage_(&storage) {}
    void OnFile(const FileEntry&) override { (void)storage_->FreeBytes(); }

   private:
    FakeStorage* storage_;
  } meddler(disk);
  CHECK(disk.List(meddler).ok());
  ViolationsAre(6);
  STRCMP_EQUAL("x", disk.Bytes("a").c_str());
}

TEST(FakeStorage, CountsAndRemembersCalls) {
  LONGS_EQUAL(6, Succeeded(disk));
  LONGS_EQUAL(6, disk.calls());
  LONGS_EQUAL(7, disk.log().size());  // with Close
  LONGS_EQUAL(1, disk.Count(StorageOp::kWriteAt));
  STRCMP_EQUAL("a", disk.log()[1].name.c_str());
  LONGS_EQUAL(10, disk.log()[1].bytes);
  STRCMP_EQUAL("a>b", disk.log()[5].name.c_str());
  CHECK(disk.log()[6].op == StorageOp::kClose);
  LONGS_EQUAL(10, disk.bytes_written());
  LONGS_EQUAL(10, disk.bytes_synced());
  LONGS_EQUAL(1, disk.syncs());
  LONGS_EQUAL(1, disk.directory_syncs());
}

TEST(FakeStorage, HandsOnTheDeviceReachCacheAndDeviceAlike) {
  disk.Put("a", std::string(4, 'x'));
  disk.FlipBit("a", 1, 0);
  disk.FlipBit("a", 4, 0);
  disk.Zero("a", 2, 1);
  disk.Zero("a", 3, 100);
  disk.Zero("a", 100, 1);
  disk.Put("b", "gone");
  disk.Erase("b");
  const std::string expected("xy\0\0", 4);
  CHECK(disk.Bytes("a") == expected);
  disk.PowerCutLosingAll();
  CHECK(disk.Bytes("a") == expected);
  CHECK(!disk.Has("b"));
  LONGS_EQUAL(0, disk.calls());
}
