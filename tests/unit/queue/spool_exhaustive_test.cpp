// SPDX-License-Identifier: Apache-2.0
// Each call to the disk fails in turn, and the power and the process end at each call in turn.
#include <cstdlib>
#include <string>

#include "tests/unit/queue/newest_script.hpp"
#include "tests/unit/queue/spool_script.hpp"
#include "tests/unit/stride.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::Status;
using depotlink::Stride;
using depotlink::fakes::SeededRandom;
using depotlink::fakes::StorageFailure;
using depotlink::fakes::StorageOp;
using depotlink::queue::NewestScript;
using depotlink::queue::SpoolRig;
using depotlink::queue::SpoolScript;

namespace {

// DEPOTLINK_SEEDS=200 for a long run.
unsigned Seeds(unsigned usual) {
  const char* given = std::getenv("DEPOTLINK_SEEDS");
  return given == nullptr ? usual : static_cast<unsigned>(std::strtoul(given, nullptr, 10));
}

}  // namespace

TEST_GROUP(ExhaustiveSpool){void Report(const char* what, std::size_t runs, std::size_t calls){
    if (std::getenv("DEPOTLINK_FIGURES") == nullptr) return;
UT_PRINT(StringFromFormat("%s: %lu runs over %lu calls", what, static_cast<unsigned long>(runs),
                          static_cast<unsigned long>(calls))
             .asCharString());
}

// Each call fails with `failure`, one a run.
template <typename Script = SpoolScript>
void FailEach(const char* what, const StorageFailure& failure) {
  for (std::size_t n = 1;; n += Stride(Script::kStride)) {
    SpoolRig rig;
    Script script(rig);
    rig.disk.FailCall(n, failure);
    script.Run();
    const bool failed = rig.disk.failed();
    rig.disk.Heal();
    script.Settle();
    if (!script.fault().empty()) {
      FAIL((std::string(what) + ", call " + std::to_string(n) + ": " + script.fault()).c_str());
    }
    LONGS_EQUAL(0, rig.disk.sync_after_failed_sync());
    if (!failed) return Report(what, n - 1, n - 1);
    CHECK(n < 5000);
  }
}

// The run ends at each call; `cut` says what is left of it.
template <typename Script = SpoolScript, typename Cut>
void EndAtEach(const char* what, std::size_t short_write, const Cut& cut, unsigned seeds = 1) {
  const bool power = std::string_view(what).find("power") != std::string_view::npos;
  std::size_t n = 1;
  for (bool ended = true; ended; n += Stride(Script::kStride)) {
    for (unsigned seed = 0; seed < seeds; ++seed) {
      SpoolRig rig;
      Script script(rig);
      rig.disk.StopAt(n, short_write);
      script.Run();
      ended = rig.disk.failed();
      script.ForgetRun();
      if (power) script.ForgetPending();
      SeededRandom random(n * 1000 + seed);
      cut(rig, random);
      script.Settle();
      if (!script.fault().empty()) {
        FAIL((std::string(what) + ", call " + std::to_string(n) + ", seed " + std::to_string(seed) +
              ": " + script.fault())
                 .c_str());
      }
    }
    CHECK(n < 5000);
  }
  Report(what, (n - 1) * seeds, n - 2);
}
}
;

TEST(ExhaustiveSpool, EachCallFailsOnce) {
  FailEach("an I/O error", {Status(Code::kRetryLater, "Input/output error")});
}

TEST(ExhaustiveSpool, EachCallFailsAndAllAfterIt) {
  FailEach("I/O errors", {Status(Code::kRetryLater, "Input/output error"), true});
}

TEST(ExhaustiveSpool, TheDiskIsFullOnce) {
  FailEach("no space", {Status(Code::kFull, "No space left on device")});
}

TEST(ExhaustiveSpool, TheDiskIsFullFromThenOn) {
  FailEach("no space any more", {Status(Code::kFull, "No space left on device"), true});
}

TEST(ExhaustiveSpool, TheDiskIsReadOnlyFromThenOn) {
  FailEach("read-only", {Status(Code::kAskPerson, "Read-only file system"), true});
}

TEST(ExhaustiveSpool, EachWriteIsCutShort) {
  for (const std::size_t bytes : {1U, 63U, 100U, 700U}) {
    StorageFailure failure{Status(Code::kFull, "No space left on device"), false, bytes,
                           StorageOp::kWriteAt};
    FailEach("a short write", failure);
    failure.sticky = true;
    FailEach("short writes", failure);
  }
}

TEST(ExhaustiveSpool, OneKindOfCallFailsFromThenOn) {
  for (const StorageOp op :
       {StorageOp::kCreate, StorageOp::kOpenRead, StorageOp::kOpenWrite, StorageOp::kWriteAt,
        StorageOp::kReadAt, StorageOp::kSize, StorageOp::kTruncate, StorageOp::kSync,
        StorageOp::kRemove, StorageOp::kRename, StorageOp::kSyncDirectory, StorageOp::kListFiles,
        StorageOp::kFreeBytes}) {
    FailEach("one kind", {Status(Code::kRetryLater, "Input/output error"), true, 0, op});
  }
}

TEST(ExhaustiveSpool, KilledAtEachCall) {
  const auto kill = [](SpoolRig& rig, SeededRandom&) { rig.disk.Kill(); };
  EndAtEach("killed", 0, kill);
  EndAtEach("killed in a write", 300, kill);
}

TEST(ExhaustiveSpool, ThePowerFailsAtEachCallAndTakesAllThatWasNotSynced) {
  EndAtEach("power cut, all lost", 0,
            [](SpoolRig& rig, SeededRandom&) { rig.disk.PowerCutLosingAll(); });
}

TEST(ExhaustiveSpool, ThePowerFailsAtEachCallAndTakesSome) {
  EndAtEach(
      "power cut", 0, [](SpoolRig& rig, SeededRandom& random) { rig.disk.PowerCut(random); },
      Seeds(4));
}

TEST(ExhaustiveSpool, ThePowerFailsAgainWhileItComesBack) {
  const auto twice = [](SpoolRig& rig, SeededRandom& random) {
    rig.disk.PowerCut(random);
    rig.disk.StopAt(1 + random.Below(40));
    const Status status = rig.Start();
    static_cast<void>(status);
    rig.spool.reset();
    rig.disk.PowerCut(random);
  };
  EndAtEach("two power cuts", 0, twice, Seeds(2));
}

// --- all but the newest record of each tracker are dropped meanwhile ---

TEST(ExhaustiveSpool, NewestOnlyAndNothingFails) {
  SpoolRig rig;
  NewestScript script(rig);
  script.Run();
  CHECK(script.gathered());
  script.Settle();
  STRCMP_EQUAL("", script.fault().c_str());
}

TEST(ExhaustiveSpool, NewestOnlyAndEachCallFails) {
  for (const bool for_good : {false, true}) {
    FailEach<NewestScript>("newest, an I/O error",
                           {Status(Code::kRetryLater, "Input/output error"), for_good});
    FailEach<NewestScript>("newest, a short write", {Status(Code::kFull, "No space left on device"),
                                                     for_good, 700, StorageOp::kWriteAt});
  }
}

TEST(ExhaustiveSpool, NewestOnlyAndOneKindOfCallFailsFromThenOn) {
  for (const StorageOp op :
       {StorageOp::kCreate, StorageOp::kOpenRead, StorageOp::kOpenWrite, StorageOp::kWriteAt,
        StorageOp::kReadAt, StorageOp::kSize, StorageOp::kTruncate, StorageOp::kSync,
        StorageOp::kRemove, StorageOp::kRename, StorageOp::kSyncDirectory, StorageOp::kListFiles,
        StorageOp::kFreeBytes}) {
    FailEach<NewestScript>("newest, one kind",
                           {Status(Code::kRetryLater, "Input/output error"), true, 0, op});
  }
}

TEST(ExhaustiveSpool, NewestOnlyAndKilledAtEachCall) {
  const auto kill = [](SpoolRig& rig, SeededRandom&) { rig.disk.Kill(); };
  EndAtEach<NewestScript>("newest, killed in a write", 300, kill);
}

TEST(ExhaustiveSpool, NewestOnlyAndThePowerFailsAtEachCall) {
  EndAtEach<NewestScript>("newest, power cut, all lost", 0,
                          [](SpoolRig& rig, SeededRandom&) { rig.disk.PowerCutLosingAll(); });
  EndAtEach<NewestScript>(
      "newest, power cut", 0,
      [](SpoolRig& rig, SeededRandom& random) { rig.disk.PowerCut(random); }, Seeds(1));
}

TEST(ExhaustiveSpool, NewestOnlyAndThePowerFailsAgainWhileItComesBack) {
  const auto twice = [](SpoolRig& rig, SeededRandom& random) {
    rig.disk.PowerCut(random);
    rig.disk.StopAt(1 + random.Below(60));
    const Status status = rig.Start();
    static_cast<void>(status);
    rig.spool.reset();
    rig.disk.PowerCut(random);
  };
  EndAtEach<NewestScript>("newest, two power cuts", 0, twice);
}
