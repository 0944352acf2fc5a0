// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/small_file.hpp"

#include <string>

#include "tests/fakes/fake_storage.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::Status;
using depotlink::fakes::FakeStorage;
using depotlink::queue::Durable;
using depotlink::queue::ReplaceFile;

TEST_GROUP(ReplaceFile) {
  FakeStorage disk;

  void setup() override {
    disk.Put("name", "old");
    disk.Put("name.new", "left by a run that was cut short");
  }
};

TEST(ReplaceFile, PutsTheNewOneInThePlaceOfTheOld) {
  CHECK(ReplaceFile(disk, "name", "name.new", "new", Durable::kYes).ok());
  STRCMP_EQUAL("new", disk.Bytes("name").c_str());
  CHECK_FALSE(disk.Has("name.new"));
  LONGS_EQUAL(1, disk.syncs());
  LONGS_EQUAL(1, disk.directory_syncs());
}

TEST(ReplaceFile, InMemoryNothingIsSynced) {
  CHECK(ReplaceFile(disk, "name", "name.new", "new", Durable::kNo).ok());
  LONGS_EQUAL(0, disk.syncs() + disk.directory_syncs());
}

TEST(ReplaceFile, WhateverFailsTheNameHoldsOneOrTheOther) {
  for (std::size_t n = 1;; ++n) {
    FakeStorage other;
    other.Put("name", "old");
    other.FailCall(n, Status(Code::kFull, "full"));
    const Status status = ReplaceFile(other, "name", "name.new", "new", Durable::kYes);
    if (!other.failed()) break;
    const std::string text = other.Bytes("name");
    CHECK(text == "old" || text == "new");
    if (status.ok()) STRCMP_EQUAL("new", text.c_str());  // what could not be removed was not there
  }
}
