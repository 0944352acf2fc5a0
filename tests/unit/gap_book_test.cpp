// SPDX-License-Identifier: Apache-2.0
// The book of gaps: kept apart as far as there is room, the same after a restart.
#include "agent/gap_book.hpp"

#include <string>

#include "CppUTest/TestHarness.h"

using depotlink::Gap;
using depotlink::GapBook;

namespace {

constexpr std::int64_t kBase = 1722500000000;

Gap GapAt(std::int64_t from_s, std::int64_t to_s) {
  Gap gap;
  gap.from_ms = kBase + from_s * 1000;
  gap.to_ms = kBase + to_s * 1000;
  return gap;
}

}  // namespace

TEST_GROUP(GapBook) {
  GapBook book;
  std::int64_t last = 0;
};

TEST(GapBook, IsTheSameAfterARestart) {
  book.Add(GapAt(0, 60));
  book.Add(GapAt(100, 200));
  book.front().done = UINT64_MAX;
  GapBook other;
  CHECK(other.Read(book.Write(kBase + 5), last));
  CHECK(last == kBase + 5);
  LONGS_EQUAL(2, other.size());
  CHECK(other.front().done == UINT64_MAX);
  CHECK(other.At(1).from_ms == kBase + 100000 && other.At(1).to_ms == kBase + 200000);
  STRCMP_EQUAL(book.Write(7).c_str(), other.Write(7).c_str());
}

TEST(GapBook, TheLargestBookFitsItsFile) {
  for (std::int64_t i = 0; i < 8; ++i) {
    Gap gap = GapAt(10 * i, 10 * i + 1);
    gap.done = UINT64_MAX;
    book.Add(gap);
  }
  const std::string text = book.Write(kBase);
  CHECK(text.size() <= depotlink::limits::kGapsFileBytes);
  CHECK(GapBook().Read(text, last));
}

TEST(GapBook, WhereThereIsNoRoomTheNearestBecomeOne) {
  for (std::int64_t i = 0; i < 8; ++i) book.Add(GapAt(100 * i, 100 * i + 10 + (i == 4 ? 50 : 0)));
  // The first is being worked on; it stays alone however near the second is.
  book.front().to_ms = book.At(1).from_ms - 1000;
  book.Add(GapAt(1000, 1010));
  LONGS_EQUAL(8, book.size());
  CHECK(book.At(4).from_ms == kBase + 400000 && book.At(4).to_ms == kBase + 510000);
  CHECK(book.At(7).from_ms == kBase + 1000000);
  for (std::int64_t i = 0; i < 100; ++i) book.Add(GapAt(2000 + i * 100, 2050 + i * 100));
  LONGS_EQUAL(8, book.size());
  for (std::size_t i = 1; i < 8; ++i) CHECK(book.At(i - 1).to_ms <= book.At(i).from_ms);
  CHECK(book.At(7).to_ms == kBase + 11950000);
  CHECK(book.front().to_ms == kBase + 99000);
}

TEST(GapBook, WhatCannotBeIsNotRead) {
  book.Add(GapAt(0, 60));
  const std::string good = book.Write(kBase);
  const std::string bad[] = {"",
                             "1",
                             "2 5\n",
                             "1 x\n",
                             "1 -5\n",
                             "1 5\n6 5 0\n",
                             "1 5\n5 6\n",
                             "1 5\n5 6 18446744073709551616\n",
                             "1 4102444800001\n",
                             good + "1",
                             std::string(200, '1')};
  for (const std::string& text : bad) {
    last = 42;
    CHECK_FALSE(book.Read(text, last));
    LONGS_EQUAL(42, last);
    LONGS_EQUAL(1, book.size());
  }
  std::string many = "1 5\n";
  for (int i = 0; i < 9; ++i) many += "5 6 0\n";
  CHECK_FALSE(book.Read(many, last));
  CHECK(book.Read("1 5\n", last));
  CHECK(book.empty());
}
