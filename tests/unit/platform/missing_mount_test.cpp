// SPDX-License-Identifier: Apache-2.0
#include "platform/missing_mount.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "platform/posix_storage.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::platform::MissingMount;
using depotlink::platform::PosixStorage;

TEST_GROUP(MissingMount) {
  std::string folder = std::filesystem::temp_directory_path() / "depotlink-mounts-XXXXXX";

  void setup() override {
    CHECK(mkdtemp(folder.data()) != nullptr);
  }
  void teardown() override {
    std::filesystem::remove_all(folder);
  }
  std::string Of(const std::string& path, const std::string& fstab, const std::string& mounts) {
    const std::string wanted = folder + "/fstab";
    const std::string mounted = folder + "/mounts";
    std::ofstream(wanted) << fstab;
    std::ofstream(mounted) << mounts;
    return MissingMount(path, wanted.c_str(), mounted.c_str());
  }
};

TEST(MissingMount, ADiskThatIsNotThereIsNamed) {
  const char* fstab =
      "# disks\n"
      "UUID=1 / ext4 defaults 0 1\n"
      "UUID=2 none swap sw 0 0\n"
      "UUID=3 /data/ ext4 defaults,nofail 0 2\n"
      "UUID=4 /mnt/a\\040b ext4 defaults 0 2\n"
      "UUID=5 /media/usb vfat noauto,user 0 0\n";
  const char* root = "/dev/sda1 / ext4 rw 0 0\nproc /proc proc rw 0 0\n";
  const std::string data = std::string(root) + "/dev/sdb1 /data ext4 rw 0 0\n";
  STRCMP_EQUAL("/data", Of("/data/depotlink/queue", fstab, root).c_str());
  STRCMP_EQUAL("/data", Of("/data", fstab, root).c_str());
  STRCMP_EQUAL("", Of("/data/depotlink/queue", fstab, data).c_str());
  STRCMP_EQUAL("/mnt/a b", Of("/mnt/a b/queue", fstab, data).c_str());
  for (const char* path : {"/database", "/var/lib/depotlink/queue", "/media/usb/queue", "data/x"}) {
    STRCMP_EQUAL("", Of(path, fstab, root).c_str());
  }
}

TEST(MissingMount, WhereNobodyCanTellNothingIsMissing) {
  const std::string fstab = folder + "/fstab";
  STRCMP_EQUAL("", MissingMount("/data/queue", fstab.c_str(), "/proc/self/mounts").c_str());
  std::ofstream(fstab) << "UUID=3 /data ext4 defaults 0 2\n";
  STRCMP_EQUAL("", MissingMount("/data/queue", fstab.c_str(), (folder + "/none").c_str()).c_str());
}

// In a view of the file system of its own, for which it takes root.
TEST(MissingMount, NothingIsWrittenInThePlaceOfADiskThatIsNotThere) {
  if (!std::filesystem::exists("/etc/fstab")) return;
  const std::string fstab = folder + "/fstab";
  const std::string place = folder + "/disk";
  CHECK(std::filesystem::create_directory(place));
  std::ofstream(fstab) << "UUID=3 " << place << " ext4 nofail 0 2\n";
  const pid_t child = fork();
  if (child == 0) {
    const bool alone = unshare(CLONE_NEWNS) == 0 &&
                       mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                       mount(fstab.c_str(), "/etc/fstab", nullptr, MS_BIND, nullptr) == 0;
    if (!alone) _exit(0);  // cannot be shown here
    PosixStorage disk;
    const depotlink::Status refused = disk.Open(place + "/depotlink/queue");
    const bool told = refused.code() == depotlink::Code::kAskPerson &&
                      refused.message().find("mounted; remedy: mount it") != std::string::npos;
    const bool untouched = std::filesystem::is_empty(place);
    if (mount("none", place.c_str(), "tmpfs", 0, nullptr) != 0) _exit(0);
    _exit(told && untouched && disk.Open(place + "/depotlink/queue").ok() ? 0 : 1);
  }
  int status = 0;
  CHECK(child > 0 && waitpid(child, &status, 0) == child);
  LONGS_EQUAL(0, status);
}
