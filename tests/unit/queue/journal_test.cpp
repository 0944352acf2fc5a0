// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/journal.hpp"

#include <memory>
#include <string>
#include <vector>

#include "tests/fakes/fake_storage.hpp"
#include "tests/unit/queue/spool_rig.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::Status;
using depotlink::fakes::FakeStorage;
using depotlink::queue::Delivered;
using depotlink::queue::DropObserver;
using depotlink::queue::Journal;
using depotlink::queue::JournalVisitor;
using depotlink::queue::KeyMark;
using depotlink::queue::MadeRecord;
using depotlink::queue::Order;
using depotlink::queue::Orders;
using depotlink::queue::Record;
using depotlink::queue::RecordKind;
using depotlink::queue::Window;

TEST_GROUP(Journal) {
  struct Read final : JournalVisitor {
    void OnRecord(const Record& record) override {
      const MadeRecord made(record.order, 50);
      if (record.payload != made.payload || record.kind != made.record.kind ||
          record.retain != made.record.retain || record.tracker != made.record.tracker ||
          record.time_ms != made.record.time_ms) {
        ++wrong;
      }
      orders.push_back(record.order);
    }
    Orders orders;
    int wrong = 0;
  };
  struct NoDrops final : DropObserver {
    void OnDropped(const Record&) override { FAIL("dropped"); }
  };

  FakeStorage ram;
  Window window{32 * 1024, 64};
  NoDrops no_drops;
  std::unique_ptr<Journal> journal = std::make_unique<Journal>(ram);

  void teardown() override {
    journal.reset();
    LONGS_EQUAL(0, ram.open_handles());
    LONGS_EQUAL(0, ram.violations().size());
  }
  static Delivered Places(Order from_window, Order backlog) {
    Delivered delivered;
    delivered.window = from_window;
    delivered.backlog = backlog;
    delivered.key_mark.fill('k');
    return delivered;
  }
  bool Append(Order order) {
    return journal->Append(MadeRecord(order, 50).record) && journal->Commit();
  }
  // What the next run finds.
  Orders ReadBack(Delivered & delivered, Order above = 0) {
    Journal next(ram);
    CHECK_OK(next.ReadDelivered(delivered));
    Read read;
    CHECK_OK(next.ReadRecords(above, read));
    LONGS_EQUAL(0, read.wrong);
    return read.orders;
  }
};

TEST(Journal, TheNextRunFindsWhatWasWritten) {
  CHECK_OK(journal->Rewrite(window, Places(3, 2)));
  for (Order order = 4; order <= 7; ++order) CHECK(Append(order));
  CHECK(journal->Note(Places(5, 3)));
  CHECK(journal->Commit());
  Delivered delivered;
  CHECK_ORDERS("4-7", ReadBack(delivered));
  LONGS_EQUAL(5, delivered.window);
  LONGS_EQUAL(3, delivered.backlog);
  CHECK(delivered.key_mark[7] == 'k');
  CHECK_ORDERS("6-7", ReadBack(delivered, 5));
}

TEST(Journal, WithoutAFileThereIsNothing) {
  Delivered delivered = Places(9, 9);
  CHECK_ORDERS("", ReadBack(delivered));
  LONGS_EQUAL(0, delivered.window);
  CHECK(delivered.key_mark == KeyMark{});
}

TEST(Journal, BytesByByte) {
  CHECK_OK(journal->Rewrite(window, Places(1, 2)));
  Record record;
  record.kind = RecordKind::kHistory;
  record.retain = true;
  record.order = 3;
  record.time_ms = 4;
  record.tracker = 5;
  record.payload = "p";
  CHECK(journal->Append(record));
  CHECK(journal->Commit());
  const std::string bytes = ram.Bytes("journal");
  CHECK(bytes.compare(0, 8, "DLQ1JNL\n") == 0);
  const std::string place("\x19\0\0\0", 4);
  CHECK(bytes.compare(8, 4, place) == 0);
  CHECK(bytes.compare(16, 25, std::string("D\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0kkkkkkkk", 25)) == 0);
  CHECK(bytes.compare(41, 4, std::string("\x1B\0\0\0", 4)) == 0);
  CHECK(bytes.substr(49) ==
        std::string("R\x84\3\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0p", 27));
}

TEST(Journal, EntriesGatherAndAreWrittenTogether) {
  CHECK_OK(journal->Rewrite(window, Places(1, 1)));
  const std::string before = ram.Bytes("journal");
  for (Order order = 2; order <= 9; ++order) CHECK(journal->Append(MadeRecord(order, 50).record));
  CHECK(journal->Note(Places(3, 1)));
  CHECK(ram.Bytes("journal") == before);
  const std::size_t calls = ram.calls();
  CHECK(journal->Commit());
  LONGS_EQUAL(calls + 1, ram.calls());
  CHECK(journal->Commit());
  LONGS_EQUAL(calls + 1, ram.calls());
  Delivered delivered;
  CHECK_ORDERS("2-9", ReadBack(delivered));
  LONGS_EQUAL(3, delivered.window);
}

TEST(Journal, WhatHasNoRoomToGatherIsWrittenAtOnce) {
  CHECK_OK(journal->Rewrite(window, Places(1, 1)));
  for (Order order = 2; order <= 1000; ++order) {
    CHECK(journal->Append(MadeRecord(order, 50).record));
  }
  Delivered delivered;
  const Orders written = ReadBack(delivered);
  CHECK(written.size() > 500);
  CHECK(written == depotlink::queue::Range(2, 1 + written.size()));
  CHECK(journal->Commit());
  CHECK(ReadBack(delivered) == depotlink::queue::Range(2, 1000));
}

TEST(Journal, WhatSaysHowThingsStandIsLeftOutAndATakenTopicIsNot) {
  CHECK_OK(journal->Rewrite(window, {}));
  const std::uint64_t before = ram.Bytes("journal").size();
  Record record;
  record.order = 1;
  record.kind = RecordKind::kInfo;
  CHECK(journal->Append(record));
  for (const RecordKind kind : {RecordKind::kExtra, RecordKind::kSnapshot}) {
    record.kind = kind;
    CHECK(journal->Append(record));
  }
  CHECK(journal->Commit());
  CHECK(ram.Bytes("journal").size() == before);
  record.kind = RecordKind::kClearState;
  CHECK(journal->Append(record));
  CHECK(journal->Commit());
  CHECK(ram.Bytes("journal").size() > before);
}

TEST(Journal, ATornTailCostsItsEntryAtWhateverByte) {
  CHECK_OK(journal->Rewrite(window, Places(1, 1)));
  std::vector<std::size_t> ends;
  for (Order order = 2; order <= 6; ++order) {
    CHECK(Append(order));
    ends.push_back(ram.Bytes("journal").size());
  }
  const std::string whole = ram.Bytes("journal");
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    for (const std::size_t zeros : {0U, 3U, 200U}) {
      ram.Put("journal", whole.substr(0, size) + std::string(zeros, '\0'));
      Delivered delivered;
      const Orders found = ReadBack(delivered);
      std::size_t expected = 0;
      while (expected < ends.size() && ends[expected] <= size) ++expected;
      CHECK(found.size() >= expected);
      CHECK(found.size() <= expected + (zeros > 0 ? 1 : 0));  // its last bytes may be zeros
      CHECK(found == depotlink::queue::Range(2, 1 + found.size()));
    }
  }
}

TEST(Journal, ADamagedEntryEndsTheReading) {
  CHECK_OK(journal->Rewrite(window, Places(1, 1)));
  for (Order order = 2; order <= 4; ++order) CHECK(Append(order));
  const std::string whole = ram.Bytes("journal");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    ram.Put("journal", whole);
    ram.FlipBit("journal", at, at % 8);
    Delivered delivered;
    const Orders found = ReadBack(delivered);
    CHECK(found.size() < 3);
    CHECK(found == depotlink::queue::Range(2, 1 + found.size()));
  }
}

TEST(Journal, AnErrorThatPassesCostsNothing) {
  CHECK_OK(journal->Rewrite(window, Places(1, 1)));
  for (Order order = 2; order <= 6; ++order) CHECK(Append(order));
  std::size_t n = 0;
  do {
    ram.FailCall(++n, Status(Code::kRetryLater, "no"));
    Delivered delivered;
    CHECK(ReadBack(delivered) == depotlink::queue::Range(2, 6));
    LONGS_EQUAL(1, delivered.window);
  } while (ram.failed());
  CHECK(n > 12);  // twice: to open it, to read its front and each of its entries
  ram.Heal();
}

TEST(Journal, ARewriteHoldsWhatIsInTheWindow) {
  CHECK_OK(journal->Rewrite(window, {}));
  for (Order order = 1; order <= 5; ++order) {
    CHECK(window.Push(MadeRecord(order, 50).record, no_drops));
    CHECK(Append(order));
  }
  window.Finish(window.first());
  window.Finish(window.first() + 1);
  CHECK_OK(journal->Rewrite(window, Places(1, 0)));
  CHECK_FALSE(journal->large());
  CHECK(Append(6));
  Delivered delivered;
  CHECK_ORDERS("2 4-6", [&] {
    Orders orders = ReadBack(delivered);
    return orders;
  }());
}

TEST(Journal, EachCallFailsAndTheOldOneOrTheNewOneIsThere) {
  for (const bool sticky : {false, true}) {
    for (std::size_t n = 1;; ++n) {
      FakeStorage other;
      Journal first(other);
      CHECK_OK(first.Rewrite(window, Places(1, 1)));
      const auto append = [&first](Order order) {
        return first.Append(MadeRecord(order, 50).record) && first.Commit();
      };
      CHECK(append(2));
      other.FailCall(n, {Status(Code::kFull, "no"), sticky, 5, {}});
      const bool third = append(3);
      const bool noted = third && first.Note(Places(2, 1)) && first.Commit();
      const Status rewritten = first.Rewrite(window, Places(3, 1));
      const bool fourth = rewritten.ok() && append(4);
      const bool failed = other.failed();
      other.Heal();
      Journal next(other);
      Delivered delivered;
      CHECK_OK(next.ReadDelivered(delivered));
      Read read;
      CHECK_OK(next.ReadRecords(0, read));
      LONGS_EQUAL(0, read.wrong);
      if (rewritten.ok()) {
        LONGS_EQUAL(3, delivered.window);
        LONGS_EQUAL(fourth ? 1 : 0, read.orders.size());
      } else {
        LONGS_EQUAL(noted ? 2 : 1, delivered.window);
        LONGS_EQUAL(third ? 2 : 1, read.orders.size());
        CHECK_FALSE(first.good());
      }
      CHECK_OK(first.Rewrite(window, Places(3, 1)));
      CHECK(first.good());
      LONGS_EQUAL(0, other.violations().size());
      if (!failed) break;
    }
  }
}
