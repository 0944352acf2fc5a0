// SPDX-License-Identifier: Apache-2.0
// What agent/ports/file_maker.hpp promises, held against the adapter for POSIX.

#include "platform/posix_file_maker.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "platform/agent_user.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::platform::AgentUser;
using depotlink::platform::FindAgentUser;
using depotlink::platform::PosixFileMaker;
using depotlink::ports::Readers;
using depotlink::ports::Standing;

TEST_GROUP(FileMakerContract) {
  std::string folder = std::filesystem::temp_directory_path() / "depotlink-maker-XXXXXX";
  std::string path;
  // Only root may give files away; elsewhere the agent's user is who runs this.
  AgentUser user{"", geteuid(), getegid()};

  void setup() override {
    CHECK(mkdtemp(folder.data()) != nullptr);
    path = folder + "/file";
    if (geteuid() == 0) user = {"depotlink", 4711, 4712};
  }
  void teardown() override {
    std::filesystem::remove_all(folder);
  }
  struct stat Info(const std::string& of) {
    struct stat info {};
    LONGS_EQUAL_TEXT(0, lstat(of.c_str(), &info), of.c_str());
    return info;
  }
  void HasMode(const std::string& of, mode_t mode) {
    LONGS_EQUAL(mode, Info(of).st_mode & 07777U);
  }
  void IsAgents(const std::string& of) {
    LONGS_EQUAL(user.uid, Info(of).st_uid);
    LONGS_EQUAL(user.gid, Info(of).st_gid);
  }
  std::string Text() {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  long Entries() {
    return std::distance(std::filesystem::directory_iterator(folder), {});
  }
};

TEST(FileMakerContract, WritesForWhomIsSaid) {
  PosixFileMaker maker(user);
  const mode_t before = umask(0);
  CHECK(maker.Write(path, "text", Readers::kAll, false).ok());
  HasMode(path, 0644);
  LONGS_EQUAL(geteuid(), Info(path).st_uid);
  CHECK(maker.Write(path, "group", Readers::kAgentGroup, true).ok());
  HasMode(path, 0640);
  LONGS_EQUAL(geteuid(), Info(path).st_uid);
  LONGS_EQUAL(user.gid, Info(path).st_gid);
  umask(0777);
  CHECK(maker.Write(path, "secret", Readers::kAgent, true).ok());
  umask(before);
  HasMode(path, 0600);
  IsAgents(path);
  STRCMP_EQUAL("secret", Text().c_str());
  LONGS_EQUAL(1, Entries());
}

TEST(FileMakerContract, ReplacesOnlyWhereThatIsSaid) {
  PosixFileMaker maker(user);
  std::ofstream(path) << "mine";
  std::ofstream(folder + "/.file.new") << "of one that was killed";
  const auto status = maker.Write(path, "text", Readers::kAll, false);
  CHECK(status.code() == Code::kAskPerson);
  STRCMP_CONTAINS(path.c_str(), status.message().c_str());
  STRCMP_EQUAL("mine", Text().c_str());
  LONGS_EQUAL(1, Entries());
  CHECK(maker.Write(path, "text", Readers::kAll, true).ok());
  STRCMP_EQUAL("text", Text().c_str());
}

TEST(FileMakerContract, FollowsNoLink) {
  PosixFileMaker maker(user);
  std::ofstream(folder + "/other") << "other";
  std::filesystem::create_symlink(folder + "/other", path);
  CHECK(maker.Look(path) == Standing::kOther);
  CHECK(!maker.Adopt(path).ok());
  CHECK(!maker.Write(path, "text", Readers::kAll, false).ok());
  STRCMP_EQUAL("other", Text().c_str());
}

TEST(FileMakerContract, TellsWhatStands) {
  PosixFileMaker maker(user);
  CHECK(maker.Look(path) == Standing::kNothing);
  CHECK(maker.Look(folder) == Standing::kOther);
  std::ofstream(path) << "mine";
  CHECK(maker.Look(path) == Standing::kFile);
  maker.Remove(path);
  CHECK(maker.Look(path) == Standing::kNothing);
}

TEST(FileMakerContract, MakesDirectoriesAndLetsOthersBe) {
  PosixFileMaker maker(user);
  HasMode(folder, 0700);
  CHECK(maker.MakeDirectory(folder + "/state/queue", Readers::kAgent).ok());
  HasMode(folder + "/state", 0700);
  IsAgents(folder + "/state");
  IsAgents(folder + "/state/queue");
  CHECK(maker.MakeDirectory(folder + "/state/etc", Readers::kAll).ok());
  HasMode(folder + "/state/etc", 0755);
  LONGS_EQUAL(geteuid(), Info(folder + "/state/etc").st_uid);
  LONGS_EQUAL(geteuid(), Info(folder).st_uid);
  std::ofstream(path) << "a file";
  CHECK(maker.MakeDirectory(path + "/below", Readers::kAll).code() == Code::kAskPerson);
}

TEST(FileMakerContract, AdoptsAFile) {
  PosixFileMaker maker(user);
  std::ofstream(path) << "key";
  std::filesystem::permissions(path, std::filesystem::perms(0644));
  CHECK(maker.Adopt(path).ok());
  HasMode(path, 0600);
  IsAgents(path);
  STRCMP_EQUAL("key", Text().c_str());
  CHECK(maker.Adopt(path).ok());
}

TEST(FileMakerContract, FindsTheAgentsUser) {
  std::ofstream(path) << "root:x:0:0:root:/:/bin/sh\n# depotlink:x:1:1\nxdepotlink:x:7:8::/:/x\n"
                         "depotlink:x:990:991::/nonexistent:/usr/sbin/nologin\n";
  const AgentUser found = FindAgentUser(path.c_str());
  const bool root = geteuid() == 0;
  STRCMP_EQUAL(root ? "depotlink" : "", found.name.c_str());
  LONGS_EQUAL(root ? 990 : geteuid(), found.uid);
  LONGS_EQUAL(root ? 991 : getegid(), found.gid);
  STRCMP_EQUAL("", FindAgentUser((folder + "/none").c_str()).name.c_str());
}
