// SPDX-License-Identifier: Apache-2.0
// What agent/ports/files.hpp promises, held against the adapter for POSIX.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "agent/base/limits.hpp"
#include "platform/posix_files.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::Status;
using depotlink::platform::PosixFiles;

TEST_GROUP(FilesContract) {
  PosixFiles files;
  std::string folder = std::filesystem::temp_directory_path() / "depotlink-files-XXXXXX";
  std::string path;

  void setup() override {
    CHECK(mkdtemp(folder.data()) != nullptr);
    path = folder + "/key";
  }
  void teardown() override {
    std::filesystem::remove_all(folder);
  }

  void Write(std::string_view text, mode_t mode = 0600) {
    std::ofstream(path, std::ios::binary) << text;
    LONGS_EQUAL(0, chmod(path.c_str(), mode));
  }
  // Refused, with the file's name and never its content.
  std::string Refusal() {
    const auto secret = files.ReadSecret(path);
    CHECK(secret.status().code() == Code::kAskPerson);
    CHECK(secret.value().empty());
    const std::string message = secret.status().message();
    CHECK(message.find(path) != std::string::npos);
    CHECK(message.find("canary") == std::string::npos);
    CHECK(message.find('\n') == std::string::npos);
    return message;
  }
  void RefusedBecause(std::string_view reason) {
    const std::string message = Refusal();
    CHECK_TEXT(message.find(reason) != std::string::npos, message.c_str());
  }
};

TEST(FilesContract, ASecretComesWithoutTheWhiteSpaceAround) {
  Write(" \tcanary key \r\n\n");
  const auto secret = files.ReadSecret(path);
  CHECK(secret.ok());
  CHECK(secret.value().Reveal() == "canary key");
  Write("canary", 0400);
  CHECK(files.ReadSecret(path).ok());
}

TEST(FilesContract, ASecretThatOthersReachIsRefusedWithTheRemedy) {
  for (const mode_t mode : {0640U, 0620U, 0604U, 0610U, 0666U, 0777U}) {
    Write("canary", mode);
    RefusedBecause("chmod 0600 " + path);
  }
}

TEST(FilesContract, WhatIsNoPlainFileIsNoSecret) {
  RefusedBecause("no such file");
  LONGS_EQUAL(0, mkfifo(path.c_str(), 0600));
  RefusedBecause("not a regular file");  // and at once, although nobody writes
  unlink(path.c_str());
  LONGS_EQUAL(0, mkdir(path.c_str(), 0700));
  RefusedBecause("not a regular file");
  rmdir(path.c_str());
  std::ofstream(folder + "/other") << "canary";
  chmod((folder + "/other").c_str(), 0600);
  LONGS_EQUAL(0, symlink("other", path.c_str()));
  RefusedBecause("symbolic link");
}

TEST(FilesContract, ASecretOfAnotherUserIsRefused) {
  if (geteuid() != 0) return;  // only root can make such a file
  Write("canary");
  LONGS_EQUAL(0, chown(path.c_str(), 12345, 12345));
  RefusedBecause("12345");
  LONGS_EQUAL(0, chown(path.c_str(), 0, 12345));
  CHECK(files.ReadSecret(path).ok());
}

TEST(FilesContract, ASecretIsOneLineOfText) {
  Write("");
  RefusedBecause("empty");
  Write(" \n ");
  RefusedBecause("empty");
  Write("canary\ncanary");
  RefusedBecause("more than one line");
  Write("canary\x01");
  RefusedBecause("control characters");
  Write(std::string_view("canary\0x", 8));
  RefusedBecause("control characters");
  Write(std::string(depotlink::limits::kSecretFileBytes + 1, 'k'));
  RefusedBecause("larger than");
  Write(std::string(depotlink::limits::kSecretFileBytes, 'k'));
  CHECK(files.ReadSecret(path).ok());
}

TEST(FilesContract, ATextIsReadWhole) {
  const std::string text = "{\n" + std::string(10000, ' ') + "}\n";
  Write(text, 0644);
  const auto read = files.ReadText(path, text.size());
  CHECK(read.ok());
  CHECK(read.value() == text);
  LONGS_EQUAL(0, symlink("key", (folder + "/link").c_str()));
  CHECK(files.ReadText(folder + "/link", text.size()).ok());
}

TEST(FilesContract, ATextThatCannotBeReadSaysWhy) {
  const auto refused = [this](const std::string& name, std::size_t most, std::string_view reason) {
    const auto text = files.ReadText(name, most);
    CHECK(text.status().code() == Code::kAskPerson);
    CHECK(text.status().message().find(name) != std::string::npos);
    CHECK_TEXT(text.status().message().find(reason) != std::string::npos,
               text.status().message().c_str());
  };
  refused(path, 100, "no such file");
  Write("0123456789", 0644);
  refused(path, 9, "larger than 9 bytes");
  refused(folder, 100, "not a regular file");
  refused("/dev/zero", 100, "not a regular file");
  refused("/proc/self/maps", 16, "larger than 16 bytes");  // a size of 0, and more inside
}

// --- systemd's credentials and the environment

namespace {

// A variable for as long as a test takes.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    setenv(name, value.c_str(), 1);
  }
  ~Variable() { unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

}  // namespace

TEST(FilesContract, ACredentialOfSystemdMayShowTheMaskOfItsAccessList) {
  const std::size_t slash = path.rfind('/');
  const std::string name = "$CREDENTIALS_DIRECTORY" + path.substr(slash);
  Write("canary", 0440);
  CHECK(files.ReadSecret(name).status().message().find("CREDENTIALS_DIRECTORY is not set") !=
        std::string::npos);
  const Variable directory("CREDENTIALS_DIRECTORY", path.substr(0, slash));
  CHECK(files.ReadSecret(name).value().Reveal() == "canary");
  for (const mode_t mode : {0460U, 0444U, 0402U}) {
    Write("canary", mode);
    CHECK(files.ReadSecret(name).status().code() == Code::kAskPerson);
  }
  CHECK(files.ReadSecret(name + "-none").status().message().find("no such file") !=
        std::string::npos);
}

TEST(FilesContract, AVariableIsReadOnceAndLeavesNothingBehind) {
  const Variable key("DEPOTLINK_TEST_KEY", " canary ");
  const char* stands = std::getenv("DEPOTLINK_TEST_KEY");
  CHECK(files.ReadSecret("$DEPOTLINK_TEST_KEY").value().Reveal() == "canary");
  for (std::size_t i = 0; i < 8; ++i) LONGS_EQUAL(0, stands[i]);
  CHECK(files.ReadSecret("$DEPOTLINK_TEST_KEY").status().message().find("read before") !=
        std::string::npos);
  CHECK(files.ReadSecret("$DEPOTLINK_TEST_NONE").status().code() == Code::kAskPerson);
}

TEST(FilesContract, AVariableIsHeldToTheRulesOfAFile) {
  for (const std::string& value :
       {std::string(" "), std::string("canary\ncanary"), std::string("canary\x01"),
        std::string(depotlink::limits::kSecretFileBytes + 1, 'k')}) {
    const Variable key("DEPOTLINK_TEST_KEY", value);
    const auto secret = files.ReadSecret("$DEPOTLINK_TEST_KEY");
    CHECK(secret.status().code() == Code::kAskPerson);
    CHECK(secret.status().message().find("canary") == std::string::npos);
  }
}
