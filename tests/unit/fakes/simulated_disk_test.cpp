// SPDX-License-Identifier: Apache-2.0
// What a power cut leaves on the disk of FakeStorage: all that was synced, and of the rest whatever
// a real device might leave.
#include <functional>
#include <map>
#include <set>
#include <string>

#include "tests/fakes/fake_storage.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::fakes::FakeStorage;
using depotlink::fakes::kSectorBytes;
using depotlink::fakes::SeededRandom;
using depotlink::ports::FileHandle;

namespace {

constexpr std::uint64_t kCuts = 1000;

using Run = std::function<void(FakeStorage&)>;
using Look = std::function<void(const FakeStorage&)>;

// The same run, ended by many a power cut.
void AfterEachCut(const Run& run, const Look& look) {
  for (std::uint64_t seed = 0; seed < kCuts; ++seed) {
    FakeStorage disk;
    run(disk);
    SeededRandom random(seed);
    disk.PowerCut(random);
    look(disk);
  }
}

// How often each outcome came.
std::map<std::string, std::size_t> Outcomes(
    const Run& run, const std::function<std::string(const FakeStorage&)>& of) {
  std::map<std::string, std::size_t> counts;
  AfterEachCut(run, [&](const FakeStorage& disk) { ++counts[of(disk)]; });
  return counts;
}

FileHandle Make(FakeStorage& disk, std::string_view name, std::string_view text,
                bool synced = true) {
  const FileHandle file = disk.Create(name).value();
  CHECK(disk.WriteAt(file, 0, text).ok());
  if (synced) {
    CHECK(disk.Sync(file).ok());
    CHECK(disk.SyncDirectory().ok());
  }
  return file;
}

std::string NamesOf(const FakeStorage& disk) {
  std::string all;
  for (const std::string& name : disk.Names()) all += name + "=" + disk.Bytes(name) + " ";
  return all;
}

}  // namespace

TEST_GROUP(SimulatedDisk){};

TEST(SimulatedDisk, WhatWasSyncedHolds) {
  const std::string text(5000, 't');
  AfterEachCut(
      [&](FakeStorage& disk) {
        const FileHandle file = Make(disk, "a", text);
        Make(disk, "b", "removed");
        CHECK(disk.Remove("b").ok());
        CHECK(disk.Rename("a", "c").ok());
        CHECK(disk.SyncDirectory().ok());
        CHECK(disk.WriteAt(file, 5000, std::string(3000, 'u')).ok());
      },
      [&](const FakeStorage& disk) {
        LONGS_EQUAL(1, disk.Names().size());
        const std::string left = disk.Bytes("c");
        CHECK(left.substr(0, 5000) == text);
        CHECK(left.size() <= 8000);
        CHECK(left.find_first_not_of(std::string("u\0", 2), 5000) == std::string::npos);
        LONGS_EQUAL(0, disk.open_handles());
      });
}

TEST(SimulatedDisk, AnUnsyncedWriteIsThereWhollyInPartOrNot) {
  const auto counts = Outcomes(
      [](FakeStorage& disk) {
        const FileHandle file = Make(disk, "a", "");
        CHECK(disk.WriteAt(file, 0, std::string(1500, 'n')).ok());
      },
      [](const FakeStorage& disk) {
        const std::string left = disk.Bytes("a");
        std::string outcome;  // one letter a sector
        for (std::size_t at = 0; at < left.size(); at += kSectorBytes) {
          const std::string sector = left.substr(at, kSectorBytes);
          const bool uniform = sector.find_first_not_of(sector[0]) == std::string::npos;
          CHECK(uniform);  // torn between sectors, never within one
          outcome += sector[0] == 'n' ? 'n' : '0';
        }
        return outcome;
      });
  for (const char* outcome :
       {"", "000", "nnn", "n", "nn", "n00", "0nn", "0n", "00n", "n0n", "nn0"}) {
    CHECK_TEXT(counts.count(outcome) != 0, outcome);
  }
  CHECK(counts.at("") > kCuts / 10 && counts.at("nnn") > kCuts / 10);
}

TEST(SimulatedDisk, SectorsAreTheFilesOwn) {
  AfterEachCut(
      [](FakeStorage& disk) {
        const FileHandle file = Make(disk, "a", std::string(2000, 'o'));
        CHECK(disk.WriteAt(file, 300, std::string(1000, 'n')).ok());
      },
      [](const FakeStorage& disk) {
        const std::string left = disk.Bytes("a");
        LONGS_EQUAL(2000, left.size());
        const auto at_most_one = [&](std::size_t begin, std::size_t end) {
          const std::string part = left.substr(begin, end - begin);
          CHECK(part == std::string(part.size(), part[0]));
        };
        at_most_one(300, 512);
        at_most_one(512, 1024);
        at_most_one(1024, 1300);
        CHECK(left.substr(0, 300) == std::string(300, 'o'));
        CHECK(left.substr(1300) == std::string(700, 'o'));
      });
}

TEST(SimulatedDisk, WritesArriveInAnyOrder) {
  const auto counts = Outcomes(
      [](FakeStorage& disk) {
        const FileHandle file = Make(disk, "a", "..");
        CHECK(disk.WriteAt(file, 0, "1").ok());
        CHECK(disk.WriteAt(file, 1, "2").ok());
      },
      [](const FakeStorage& disk) { return disk.Bytes("a"); });
  for (const char* outcome : {"..", "1.", ".2", "12"})
    CHECK_TEXT(counts.count(outcome) != 0, outcome);
  LONGS_EQUAL(4, counts.size());
}

TEST(SimulatedDisk, TheLaterOfTwoWritesWins) {
  const auto counts = Outcomes(
      [](FakeStorage& disk) {
        const FileHandle file = Make(disk, "a", "-");
        CHECK(disk.WriteAt(file, 0, "1").ok());
        CHECK(disk.WriteAt(file, 0, "2").ok());
        CHECK(disk.Truncate(file, 0).ok());
        CHECK(disk.WriteAt(file, 0, "3").ok());
      },
      [](const FakeStorage& disk) { return disk.Bytes("a"); });
  for (const char* outcome : {"-", "1", "2", "", "3"})
    CHECK_TEXT(counts.count(outcome) != 0, outcome);
  for (const auto& entry : counts) {
    CHECK(entry.first.find_first_not_of(std::string("-123\0", 5)) == std::string::npos);
  }
}

TEST(SimulatedDisk, ANameThatWasNotSyncedMayVanishWithItsSyncedData) {
  const auto counts = Outcomes(
      [](FakeStorage& disk) {
        const FileHandle file = Make(disk, "a", "data", false);
        CHECK(disk.Sync(file).ok());
      },
      NamesOf);
  CHECK(counts.at("") > kCuts / 10);
  CHECK(counts.at("a=data ") > kCuts / 10);
  LONGS_EQUAL(2, counts.size());
}

TEST(SimulatedDisk, ChangesOfNamesAreThereOrNotEachByItself) {
  const auto counts = Outcomes(
      [](FakeStorage& disk) {
        Make(disk, "a", "1");
        Make(disk, "b", "2");
        CHECK(disk.Remove("a").ok());
        CHECK(disk.Rename("b", "c").ok());
      },
      NamesOf);
  for (const char* outcome : {"a=1 b=2 ", "b=2 ", "a=1 c=2 ", "c=2 "}) {
    CHECK_TEXT(counts.count(outcome) != 0, outcome);
  }
  LONGS_EQUAL(4, counts.size());
}

TEST(SimulatedDisk, ARenameReplacesOrDoesNot) {
  const auto counts = Outcomes(
      [](FakeStorage& disk) {
        Make(disk, "a", "new");
        Make(disk, "b", "old");
        CHECK(disk.Rename("a", "b").ok());
        CHECK(disk.Rename("b", "c").ok());
      },
      NamesOf);
  for (const char* outcome : {"a=new b=old ", "b=new ", "c=new ", "b=old c=new "}) {
    CHECK_TEXT(counts.count(outcome) != 0, outcome);
  }
  LONGS_EQUAL(4, counts.size());  // never under two names, never under none
}

TEST(SimulatedDisk, ARemovedNameMayComeBackAndItsSuccessorNot) {
  const auto counts = Outcomes(
      [](FakeStorage& disk) {
        Make(disk, "a", "old");
        CHECK(disk.Remove("a").ok());
        const FileHandle file = Make(disk, "a", "new", false);
        CHECK(disk.Sync(file).ok());
      },
      NamesOf);
  for (const char* outcome : {"", "a=old ", "a=new "})
    CHECK_TEXT(counts.count(outcome) != 0, outcome);
  LONGS_EQUAL(3, counts.size());
}

TEST(SimulatedDisk, AfterAFailedSyncNothingOfItArrives) {
  AfterEachCut(
      [](FakeStorage& disk) {
        const FileHandle file = Make(disk, "a", "synced");
        CHECK(disk.WriteAt(file, 0, "forgot").ok());
        disk.FailCall(1, depotlink::Status(depotlink::Code::kRetryLater, "EIO"));
        CHECK(!disk.Sync(file).ok());
        CHECK(disk.Sync(file).ok());
      },
      [](const FakeStorage& disk) { STRCMP_EQUAL("synced", disk.Bytes("a").c_str()); });
}

TEST(SimulatedDisk, TheHardestCutLeavesWhatWasSyncedOnly) {
  FakeStorage disk;
  const FileHandle file = Make(disk, "a", "synced");
  CHECK(disk.WriteAt(file, 6, " not").ok());
  const FileHandle nameless = Make(disk, "b", "text", false);
  CHECK(disk.Sync(nameless).ok());
  disk.PowerCutLosingAll();
  STRCMP_EQUAL("a=synced ", NamesOf(disk).c_str());
}

TEST(SimulatedDisk, TheNextRunGoesOnWithWhatIsThere) {
  const auto counts = Outcomes(
      [](FakeStorage& disk) {
        const FileHandle file = Make(disk, "a", "12345");
        CHECK(disk.WriteAt(file, 5, "678").ok());
        SeededRandom random(5);
        disk.PowerCut(random);
        const FileHandle again = disk.OpenWrite("a").value();
        CHECK(disk.Truncate(again, 3).ok());
        CHECK(disk.Sync(again).ok());
      },
      [](const FakeStorage& disk) { return disk.Bytes("a"); });
  LONGS_EQUAL(1, counts.size());
  LONGS_EQUAL(kCuts, counts.at("123"));
}

TEST(SimulatedDisk, TheSameNumbersGiveTheSameState) {
  const auto left = [](std::uint64_t seed) {
    FakeStorage disk;
    for (int i = 0; i < 20; ++i) {
      const FileHandle file = Make(disk, "f" + std::to_string(i), "x", i % 2 == 0);
      CHECK(disk.WriteAt(file, 1, std::string(2000, 'y')).ok());
    }
    SeededRandom random(seed);
    disk.PowerCut(random);
    return NamesOf(disk);
  };
  std::set<std::string> states;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const std::string state = left(seed);
    CHECK(state == left(seed));
    states.insert(state);
  }
  CHECK(states.size() > 15);
}
