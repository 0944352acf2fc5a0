// SPDX-License-Identifier: Apache-2.0
// The process is killed, the power fails, or a call goes wrong, at every single call to either file
// system.
#include <cstdlib>
#include <string>

#include "tests/unit/queue/queue_rig.hpp"
#include "tests/unit/stride.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::Status;
using depotlink::Stride;
using depotlink::fakes::FakeStorage;
using depotlink::fakes::SeededRandom;
using depotlink::queue::Number;
using depotlink::queue::QueueRig;

namespace {

// An outage with two flushes, its end, half a drain, a restart in order, the rest of it.
void Outage(QueueRig& rig) {
  const auto step = [&rig](bool up, depotlink::DurationMs later = 10) {
    if (!rig.dead()) rig.Step(up, later);
  };
  const auto exchange = [&](std::size_t sent, std::size_t acked) {
    if (rig.dead()) return;
    rig.Send(sent);
    rig.Ack(acked);
    step(true);
  };
  rig.Start();
  rig.Push(4);
  step(true);
  exchange(4, 3);
  if (!rig.dead()) rig.LoseBus();
  rig.Push(5);
  step(false);
  step(false, 1500);  // a flush
  rig.Push(40, 2000);
  step(false);  // half full: another one
  rig.Push(3);
  step(false, 500);
  step(true);
  exchange(10, 7);
  rig.Push(2);
  exchange(10, 4);
  step(true, 1500);  // the cursor
  exchange(5, 5);
  if (rig.dead()) return;
  rig.LoseBus();
  rig.queue->Close(rig.now);
  if (rig.dead()) return;
  rig.Start();
  rig.ForgetOrder();
  rig.Push(2);
  step(true);
  for (int i = 0; i < 6; ++i) exchange(10, 10);
}

}  // namespace

TEST_GROUP(ExhaustiveQueue){void CheckNothingMissing(const QueueRig& rig,
                                                     const std::set<Number>& wanted,
                                                     const std::string& where){
    for (const Number number
         : wanted){if (rig.delivered.count(number) == 0 && rig.dropped.count(number) == 0){
        FAIL((where + ": lost " + std::to_string(number)).c_str());
}
}
if (rig.delivered.count(0) > 0) FAIL((where + ": delivered what nobody gave").c_str());
if (rig.out_of_order != 0) {
  FAIL((where + ": out of order " + std::to_string(rig.out_of_order)).c_str());
}
for (const FakeStorage* storage : {&rig.disk, &rig.ram}) {
  if (!storage->violations().empty()) {
    FAIL((where + ": " + storage->violations().front()).c_str());
  }
}
LONGS_EQUAL(0, rig.cipher.nonce_repeats());
}
std::size_t CallsOfAll() {
  QueueRig rig;
  Outage(rig);
  return rig.life.calls;
}
void KillAtEach(std::size_t step, std::size_t short_write) {
  const std::size_t calls = CallsOfAll();
  CHECK(calls > 150);
  std::size_t repeats = 0;
  for (std::size_t n = 1; n <= calls; n += step * Stride()) {
    const std::string where = "call " + std::to_string(n);
    QueueRig rig;
    rig.life.ends_at = n;
    rig.life.short_write = short_write;
    Outage(rig);
    CHECK(rig.dead());
    const std::map<Number, int> before = rig.delivered;
    const std::set<Number> may_repeat = rig.acked_since_noted;
    rig.EndProcess();
    rig.ForgetOrder();
    rig.Start();
    CHECK(rig.queue->disk_state() == depotlink::queue::DiskState::kOk);
    if (!rig.Drain()) FAIL((where + ": does not come to an end").c_str());
    CheckNothingMissing(rig, rig.pushed, where);
    LONGS_EQUAL(0, rig.dropped.size());
    for (const auto& entry : before) {
      if (rig.delivered[entry.first] == entry.second) continue;
      ++repeats;
      if (may_repeat.count(entry.first) == 0) {
        FAIL((where + ": repeated " + std::to_string(entry.first)).c_str());
      }
    }
    rig.queue.reset();
    LONGS_EQUAL(0, rig.disk.open_handles() + rig.ram.open_handles());
  }
  if (std::getenv("DEPOTLINK_FIGURES") != nullptr) {
    UT_PRINT(StringFromFormat("killed at each of %lu calls, %lu repeats",
                              static_cast<unsigned long>(calls),
                              static_cast<unsigned long>(repeats))
                 .asCharString());
  }
}
template <typename Fail>
void FailEach(const char* what, bool exactly_once, const Fail& fail) {
  std::size_t n = 1;
  std::size_t repeats = 0;
  for (bool failed = true; failed; n += Stride()) {
    const std::string where = std::string(what) + " " + std::to_string(n);
    QueueRig rig;
    failed = fail(rig, n);
    rig.disk.Heal();
    rig.ram.Heal();
    rig.LoseBus();
    if (!rig.Drain()) FAIL((where + ": does not come to an end").c_str());
    CheckNothingMissing(rig, rig.pushed, where);
    LONGS_EQUAL(0, rig.dropped.size());
    LONGS_EQUAL(0, rig.disk.sync_after_failed_sync());
    for (const auto& entry : rig.delivered) {
      if (entry.second == 1) continue;
      ++repeats;
      if (exactly_once) FAIL((where + ": repeated " + std::to_string(entry.first)).c_str());
    }
    CHECK(rig.queue->journal_good());
    CHECK(rig.queue->disk_state() == depotlink::queue::DiskState::kOk);
    rig.queue.reset();
    LONGS_EQUAL(0, rig.disk.open_handles() + rig.ram.open_handles());
  }
  if (std::getenv("DEPOTLINK_FIGURES") != nullptr) {
    UT_PRINT(StringFromFormat("%s: %lu calls, %lu repeats", what, static_cast<unsigned long>(n - 2),
                              static_cast<unsigned long>(repeats))
                 .asCharString());
  }
}
}
;

TEST(ExhaustiveQueue, KilledAtEachCall) {
  KillAtEach(1, 0);
}

TEST(ExhaustiveQueue, KilledInsideEachWrite) {
  KillAtEach(2, 30);
}

TEST(ExhaustiveQueue, ThePowerFailsAtEachCall) {
  const std::size_t calls = CallsOfAll();
  for (std::size_t n = 1; n <= calls; n += Stride()) {
    QueueRig rig;
    rig.life.ends_at = n;
    Outage(rig);
    std::set<Number> promised = rig.spooled;
    rig.EndProcess();
    SeededRandom random(n);
    if (n % 3 == 0) {
      rig.disk.PowerCutLosingAll();
    } else {
      rig.disk.PowerCut(random);
    }
    for (const std::string& name : rig.ram.Names()) rig.ram.Erase(name);
    rig.ForgetOrder();
    rig.Start();
    CHECK(rig.queue->disk_state() == depotlink::queue::DiskState::kOk);
    rig.Push(3);
    if (!rig.Drain()) FAIL(("does not come to an end: " + std::to_string(n)).c_str());
    promised.insert({rig.newest - 2, rig.newest - 1, rig.newest});
    CheckNothingMissing(rig, promised, "power cut at call " + std::to_string(n));
  }
}

TEST(ExhaustiveQueue, EachCallToTheDiskFailsOnce) {
  FailEach("disk once", true, [](QueueRig& rig, std::size_t n) {
    rig.disk.FailCall(n, Status(Code::kRetryLater, "Input/output error"));
    Outage(rig);
    return rig.disk.failed();
  });
}

// Where a group fails and even the cut of what it left fails, that may be read back later.
TEST(ExhaustiveQueue, EachCallToTheDiskFailsAndAllAfterIt) {
  FailEach("disk for good", false, [](QueueRig& rig, std::size_t n) {
    rig.disk.FailCall(n, Status(Code::kRetryLater, "Input/output error"), true);
    Outage(rig);
    return rig.disk.failed();
  });
}

TEST(ExhaustiveQueue, EachCallToTheJournalFails) {
  for (const std::size_t step : {1U, 4U}) {
    FailEach("journal", false, [step](QueueRig& rig, std::size_t n) {
      rig.ram.FailCall(n * step, Status(Code::kFull, "No space left on device"), step > 1);
      Outage(rig);
      return rig.ram.failed();
    });
  }
}
