// SPDX-License-Identifier: Apache-2.0
// PosixStorage::Open: which directories it makes, takes, and refuses.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "platform/posix_storage.hpp"
#include "tests/contract/system_calls.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::Status;
using depotlink::contract::Calls;
using depotlink::platform::PosixStorage;

TEST_GROUP(PosixDirectory) {
  PosixStorage disk;
  std::string folder = std::filesystem::temp_directory_path() / "depotlink-directory-XXXXXX";
  std::string before = std::filesystem::current_path();

  void setup() override {
    CHECK(mkdtemp(folder.data()) != nullptr);
    Calls() = {};
  }
  void teardown() override {
    Calls() = {};
    std::filesystem::current_path(before);
    std::filesystem::remove_all(folder);
  }

  void Opens(const std::string& path) {
    const Status status = disk.Open(path);
    CHECK_TEXT(status.ok(), status.message().c_str());
    const auto file = disk.Create("probe");
    CHECK_TEXT(file.ok(), file.status().message().c_str());
    disk.Close(file.value());
    CHECK(std::filesystem::exists(path + "/probe"));
    CHECK(disk.Remove("probe").ok());
  }
  void Refuses(const std::string& path, std::string_view words) {
    const Status status = disk.Open(path);
    CHECK(status.code() == Code::kAskPerson);
    CHECK_TEXT(status.message().find(words) != std::string::npos, status.message().c_str());
    CHECK(disk.Create("probe").status().code() == Code::kRetryLater);
    CHECK(disk.FreeBytes().status().code() == Code::kRetryLater);
    CHECK(!disk.SyncDirectory().ok());
  }
  struct stat Info(const std::string& path) {
    struct stat info {};
    LONGS_EQUAL(0, stat(path.c_str(), &info));
    return info;
  }
};

TEST(PosixDirectory, WhatIsMissingIsMadeAndItsNamesAreSynced) {
  const mode_t mask = umask(0);
  Opens(folder + "/a//b/c/");
  umask(mask);
  for (const char* made : {"/a", "/a/b", "/a/b/c"}) {
    LONGS_EQUAL(0700, Info(folder + made).st_mode & 07777U);
  }
  LONGS_EQUAL(3, Calls().full_syncs.size());
  CHECK(Calls().full_syncs[0] == Info(folder).st_ino);
  CHECK(Calls().full_syncs[1] == Info(folder + "/a").st_ino);
  CHECK(Calls().full_syncs[2] == Info(folder + "/a/b").st_ino);
  Opens(folder + "/a/b/c");
  LONGS_EQUAL(3, Calls().full_syncs.size());
}

TEST(PosixDirectory, AMadeDirectoryThatCannotBeSyncedIsAFailure) {
  Calls().sync_error = EIO;
  const Status status = disk.Open(folder + "/a/b");
  CHECK(status.code() == Code::kRetryLater);
  CHECK_TEXT(status.message().find(folder + "/a: cannot be made: Input/output error") == 0,
             status.message().c_str());
  CHECK(!std::filesystem::exists(folder + "/a"));  // or it would never be synced
  Calls() = {};
  Opens(folder + "/a/b");
  LONGS_EQUAL(2, Calls().full_syncs.size());
}

TEST(PosixDirectory, ARelativePathIsFromHere) {
  std::filesystem::current_path(folder);
  Opens("here/below");
  CHECK(std::filesystem::exists(folder + "/here/below"));
}

TEST(PosixDirectory, ALinkToADirectoryIsTaken) {
  LONGS_EQUAL(0, mkdir((folder + "/real").c_str(), 0700));
  LONGS_EQUAL(0, symlink("real", (folder + "/link").c_str()));
  Opens(folder + "/link");
  Opens(folder + "/link/below");
  CHECK(std::filesystem::exists(folder + "/real/below"));
  LONGS_EQUAL(0, symlink("nowhere", (folder + "/dangling").c_str()));
  Refuses(folder + "/dangling", folder + "/dangling: is a symbolic link to nothing");
}

TEST(PosixDirectory, WhatIsNoDirectoryIsRefused) {
  std::ofstream(folder + "/file") << "text";
  Refuses(folder + "/file", folder + "/file: is not a directory");
  Refuses(folder + "/file/below", "is not a directory");
  Refuses("", "empty");
  CHECK(std::filesystem::is_regular_file(folder + "/file"));
}

TEST(PosixDirectory, ADirectoryThatEverybodyMayChangeIsRefused) {
  for (const mode_t mode : {0777U, 0703U, 0702U}) {
    LONGS_EQUAL(0, chmod(folder.c_str(), mode));
    Refuses(folder, "chmod o-w " + folder);
  }
  for (const mode_t mode : {01777U, 0775U, 0770U, 0755U, 0700U}) {
    LONGS_EQUAL(0, chmod(folder.c_str(), mode));
    Opens(folder);
  }
}

TEST(PosixDirectory, ADirectoryOfAnotherUserIsRefused) {
  if (geteuid() != 0) return;  // only root can make such a one
  LONGS_EQUAL(0, chown(folder.c_str(), 12345, 0));
  Refuses(folder, "chown 0 " + folder);
  LONGS_EQUAL(0, chown(folder.c_str(), 0, 12345));
  Opens(folder);
}

TEST(PosixDirectory, ARefusedDirectoryLetsTheOldOneGo) {
  Opens(folder);
  Refuses("", "empty");
  Opens(folder);
}
