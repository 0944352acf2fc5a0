// SPDX-License-Identifier: Apache-2.0
// The adapter of ports::Storage for POSIX: the port's contract, and how it stands to the system.
// Opening the directory is in posix_directory_test.cpp.

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "platform/posix_storage.hpp"
#include "tests/contract/storage_contract.hpp"
#include "tests/contract/system_calls.hpp"

using depotlink::Code;
using depotlink::Status;
using depotlink::contract::Calls;
using depotlink::platform::PosixStorage;
using depotlink::ports::FileHandle;

TEST_GROUP_BASE(PosixStorage, StorageContract) {
  PosixStorage disk;
  std::string folder = std::filesystem::temp_directory_path() / "depotlink-storage-XXXXXX";
  bool mounted = false;

  depotlink::ports::Storage& storage() override {
    return disk;
  }
  void setup() override {
    CHECK(mkdtemp(folder.data()) != nullptr);
    CHECK(disk.Open(folder).ok());
    Calls() = {};
  }
  void teardown() override {
    Calls() = {};
    if (mounted) umount2(folder.c_str(), MNT_DETACH);
    std::filesystem::remove_all(folder);
  }

  void Fails(Code code, const Status& status, std::string_view words) {
    CHECK(status.code() == code);
    CHECK_TEXT(status.message().find(words) != std::string::npos, status.message().c_str());
  }
  // A small disk of its own in place of the folder, where this user may have one. In a name space
  // of this process, so that it ends with it at the latest.
  bool Mounted(const char* options) {
    if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0) return false;
    mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    mounted = mount("tmpfs", folder.c_str(), "tmpfs", 0, options) == 0;
    return mounted && disk.Open(folder).ok();
  }
  bool IsThere(const std::string& name) {
    return std::filesystem::exists(std::filesystem::symlink_status(folder + "/" + name));
  }
};

STORAGE_CONTRACT(PosixStorage)

TEST(PosixStorage, FilesArePrivate) {
  const mode_t before = umask(0);
  disk.Close(Made("a"));
  umask(before);
  struct stat info {};
  LONGS_EQUAL(0, stat((folder + "/a").c_str(), &info));
  LONGS_EQUAL(0600, info.st_mode & 07777U);
}

TEST(PosixStorage, HandlesAreNotInherited) {
  const FileHandle file = Made("a");
  std::ifstream info("/proc/self/fdinfo/" + std::to_string(file));
  std::string word;
  while (info >> word && word != "flags:") continue;
  info >> word;
  CHECK((std::stoul(word, nullptr, 8) & 02000000U) != 0);  // O_CLOEXEC
  disk.Close(file);
}

TEST(PosixStorage, AHandleForReadingDoesNotWrite) {
  disk.Close(Made("a", "text"));
  const FileHandle file = Opened("a");
  Fails(Code::kRetryLater, disk.WriteAt(file, 0, "x"), folder + "/a");
  disk.Close(file);
  STRCMP_EQUAL("text", ReadAll("a").c_str());
}

TEST(PosixStorage, InterruptedCallsGoOn) {
  const FileHandle file = Made("a");
  for (int times : {1, 5}) {
    Calls().interruptions = times;
    CHECK(disk.WriteAt(file, 0, "text").ok());
    LONGS_EQUAL(0, Calls().interruptions);
    Calls().interruptions = times;
    STRCMP_EQUAL("text", Read(file, 0, 4).c_str());
    LONGS_EQUAL(0, Calls().interruptions);
    Calls().interruptions = times;
    CHECK(disk.Sync(file).ok());
    LONGS_EQUAL(0, Calls().interruptions);
    Calls().interruptions = times;
    CHECK(disk.SyncDirectory().ok());
    LONGS_EQUAL(0, Calls().interruptions);
  }
  disk.Close(file);
}

TEST(PosixStorage, CallsThatDoAPartAreContinued) {
  const std::string text = "0123456789abcdefghi";
  Calls().piece = 7;
  const FileHandle file = Made("a", text);
  LONGS_EQUAL(3, Calls().reads_and_writes);
  STRCMP_EQUAL(text.c_str(), Read(file, 0, text.size()).c_str());
  STRCMP_EQUAL("efghi", Read(file, 14, 100).c_str());
  disk.Close(file);
  Calls().piece = 0;
  STRCMP_EQUAL(text.c_str(), ReadAll("a").c_str());
}

TEST(PosixStorage, SyncIsForTheDataAndSyncDirectoryForTheNames) {
  const FileHandle file = Made("a", "text");
  LONGS_EQUAL(0, Calls().data_syncs);
  CHECK(disk.Sync(file).ok());
  LONGS_EQUAL(1, Calls().data_syncs);
  LONGS_EQUAL(0, Calls().full_syncs.size());
  CHECK(disk.SyncDirectory().ok());
  struct stat info {};
  LONGS_EQUAL(0, stat(folder.c_str(), &info));
  LONGS_EQUAL(1, Calls().full_syncs.size());
  CHECK(Calls().full_syncs[0] == info.st_ino);
  disk.Close(file);
}

TEST(PosixStorage, AFailedSyncIsToldAndNotRepeated) {
  const FileHandle file = Made("a", "text");
  Calls().sync_error = EIO;
  Fails(Code::kRetryLater, disk.Sync(file), folder + "/a: cannot be synced: Input/output error");
  LONGS_EQUAL(1, Calls().data_syncs);
  Calls().sync_error = ENOSPC;
  Fails(Code::kFull, disk.Sync(file), "No space left on device");
  Calls().sync_error = EDQUOT;
  Fails(Code::kFull, disk.Sync(file), "quota");
  Calls().sync_error = EROFS;
  Fails(Code::kAskPerson, disk.SyncDirectory(), folder + ": cannot be synced");
  Calls().sync_error = EINVAL;  // a file system that cannot
  CHECK(disk.SyncDirectory().ok());
  disk.Close(file);
}

TEST(PosixStorage, OnlyRegularFilesAreFilesAndNoLinkIsFollowed) {
  disk.Close(Made("file", "text"));
  LONGS_EQUAL(0, symlink("file", (folder + "/link").c_str()));
  LONGS_EQUAL(0, symlink("nowhere", (folder + "/dangling").c_str()));
  LONGS_EQUAL(0, mkfifo((folder + "/fifo").c_str(), 0600));
  LONGS_EQUAL(0, mkdir((folder + "/folder").c_str(), 0700));
  const auto listed = Listed();
  LONGS_EQUAL(1, listed.size());
  CHECK(listed.count("file") == 1);
  for (const char* name : {"link", "dangling", "fifo", "folder"}) {
    Fails(Code::kRetryLater, disk.OpenRead(name).status(), folder + "/" + name + ": ");
    Fails(Code::kRetryLater, disk.OpenWrite(name).status(), folder + "/" + name + ": ");
    Fails(Code::kReject, disk.Create(name).status(), folder + "/" + name + ": ");
  }
  CHECK(!IsThere("nowhere"));
}

TEST(PosixStorage, NamesLeadNowhereElse) {
  std::ofstream(folder + "-outside") << "text";
  const std::string outside = "../" + (folder + "-outside").substr(folder.rfind('/') + 1);
  disk.Close(Made("a"));
  const std::string too_long(256, 'x');
  for (const std::string& name :
       {outside, folder + "-outside", std::string("a/b"), std::string("."), std::string(".."),
        std::string(), too_long, std::string("a\0b", 3), std::string("a b")}) {
    CHECK(disk.OpenRead(name).status().code() == Code::kRetryLater);
    CHECK(disk.OpenWrite(name).status().code() == Code::kRetryLater);
    CHECK(disk.Create(name).status().code() == Code::kRetryLater);
    CHECK(disk.Remove(name).code() == Code::kRetryLater);
    CHECK(disk.Rename("a", name).code() == Code::kRetryLater);
    CHECK(disk.Rename(name, "a").code() == Code::kRetryLater);
  }
  CHECK(std::filesystem::remove(folder + "-outside"));
  LONGS_EQUAL(1, Listed().size());
  const std::string longest(255, 'x');
  disk.Close(Made(longest, "text"));
  STRCMP_EQUAL("text", ReadAll(longest).c_str());
}

TEST(PosixStorage, AFullDiskSaysSo) {
  if (!Mounted("size=64k,nr_inodes=4,mode=0700")) return;  // not this user's to try
  CHECK(disk.FreeBytes().value() == 65536);
  const FileHandle file = Made("a", std::string(60000, 'x'));
  Fails(Code::kFull, disk.WriteAt(file, 60000, std::string(10000, 'y')),
        folder + "/a: cannot be written: No space left on device");
  CHECK(disk.Size(file).value() == 65536);  // as much as there was room for
  CHECK(disk.FreeBytes().value() == 0);
  Write(file, 0, "in place");
  disk.Close(Made("b"));
  disk.Close(Made("c"));
  Fails(Code::kFull, disk.Create("d").status(), folder + "/d: cannot be made: No space left");
  CHECK(disk.Remove("a").ok());
  CHECK(disk.FreeBytes().value() == 0);
  disk.Close(file);
  CHECK(disk.FreeBytes().value() == 65536);
}

TEST(PosixStorage, AReadOnlyDiskAsksForAPerson) {
  if (!Mounted("size=64k,mode=0700")) return;  // not this user's to try
  disk.Close(Made("a", "text"));
  LONGS_EQUAL(0, mount("none", folder.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr));
  const auto refused = [this](const Status& status) {
    Fails(Code::kAskPerson, status, "Read-only file system; remedy: mount it for writing");
  };
  refused(disk.Create("b").status());
  refused(disk.OpenWrite("a").status());
  refused(disk.Remove("a"));
  refused(disk.Rename("a", "b"));
  STRCMP_EQUAL("text", ReadAll("a").c_str());
}

TEST(PosixStorage, KnowsADiskInMemory) {
  PosixStorage other;
  CHECK(!other.OnRamDisk());  // not open
  CHECK(other.Open("/proc/self").ok());
  CHECK(!other.OnRamDisk());
  if (!Mounted("size=64k,mode=0700")) return;  // not this user's to try
  CHECK(disk.OnRamDisk());
}

TEST(PosixStorage, ADiskThatCameBackIsOpenedAgain) {
  disk.Close(Made("a"));
  std::filesystem::rename(folder, folder + "-gone");
  disk.Close(Made("b"));  // the descriptor still leads there
  CHECK(disk.Open(folder).ok());
  CHECK(Listed().empty());
  std::filesystem::remove_all(folder);
  Fails(Code::kRetryLater, disk.Create("c").status(), folder + "/c: ");
  std::filesystem::rename(folder + "-gone", folder);
  CHECK(disk.Open(folder).ok());
  LONGS_EQUAL(2, Listed().size());
}
