// SPDX-License-Identifier: Apache-2.0
#pragma once

// What agent/ports/storage.hpp promises, as tests over any storage that is empty at first. A group
// derives from StorageContract and lists them by STORAGE_CONTRACT(group).

#include <map>
#include <string>
#include <string_view>

#include "agent/ports/storage.hpp"

#include "CppUTest/TestHarness.h"

class StorageContract : public Utest {
 public:
  virtual depotlink::ports::Storage& storage() = 0;

  void ACreatedFileIsEmptyAndOpenForBoth();
  void CreateRefusesANameThatExists();
  void WhatIsMissingIsSkipped();
  void ReadsEndWhereTheFileEnds();
  void WritesGoWhereTheyAreTold();
  void LargeTextComesBack();
  void TruncateCutsAndGrows();
  void HandlesOfOneFileSeeTheSame();
  void RenameReplaces();
  void ARemovedFileLivesUntilItIsClosed();
  void ListNamesEachFileOnce();
  void SyncSucceeds();
  void FreeBytesAreThere();
  void BehavesAsAMapOfTexts();

 protected:
  using Texts = std::map<std::string, std::string>;

  depotlink::ports::FileHandle Made(std::string_view name, std::string_view text = {});
  depotlink::ports::FileHandle Opened(std::string_view name, bool to_write = false);
  void Write(depotlink::ports::FileHandle file, std::uint64_t offset, std::string_view text);
  std::string Read(depotlink::ports::FileHandle file, std::uint64_t offset, std::size_t bytes);
  std::string ReadAll(std::string_view name);
  // Every file with its size.
  std::map<std::string, std::uint64_t> Listed();

 private:
  struct Random;
  void ChangeSomething(Random& random, Texts& texts);
};

#define STORAGE_CONTRACT_TEST(group, name) \
  TEST(group, name) {                      \
    name();                                \
  }

#define STORAGE_CONTRACT(group)                                   \
  STORAGE_CONTRACT_TEST(group, ACreatedFileIsEmptyAndOpenForBoth) \
  STORAGE_CONTRACT_TEST(group, CreateRefusesANameThatExists)      \
  STORAGE_CONTRACT_TEST(group, WhatIsMissingIsSkipped)            \
  STORAGE_CONTRACT_TEST(group, ReadsEndWhereTheFileEnds)          \
  STORAGE_CONTRACT_TEST(group, WritesGoWhereTheyAreTold)          \
  STORAGE_CONTRACT_TEST(group, LargeTextComesBack)                \
  STORAGE_CONTRACT_TEST(group, TruncateCutsAndGrows)              \
  STORAGE_CONTRACT_TEST(group, HandlesOfOneFileSeeTheSame)        \
  STORAGE_CONTRACT_TEST(group, RenameReplaces)                    \
  STORAGE_CONTRACT_TEST(group, ARemovedFileLivesUntilItIsClosed)  \
  STORAGE_CONTRACT_TEST(group, ListNamesEachFileOnce)             \
  STORAGE_CONTRACT_TEST(group, SyncSucceeds)                      \
  STORAGE_CONTRACT_TEST(group, FreeBytesAreThere)                 \
  STORAGE_CONTRACT_TEST(group, BehavesAsAMapOfTexts)
