// SPDX-License-Identifier: Apache-2.0
#include "platform/counted_heap.hpp"

#include <cstddef>
#include <cstdint>

#include "CppUTest/TestHarness.h"

using namespace depotlink::platform;

// Programs of the tests are linked without the gate: nothing else is counted here.
TEST_GROUP(CountedHeap){void teardown() override{SetHeapCeiling(0);
NoteHeap(-static_cast<std::ptrdiff_t>(ReadHeap().live_bytes));
}
}
;

TEST(CountedHeap, KnowsWhatIsLiveAndThePeak) {
  NoteHeap(1000);
  NoteHeap(-400);
  CHECK_EQUAL(600, ReadHeap().live_bytes);
  CHECK(ReadHeap().peak_bytes >= 1000);
}

TEST(CountedHeap, RefusesWhatIsAboveTheCeilingAndCountsIt) {
  const std::uint64_t before = ReadHeap().refused;
  NoteHeap(1000);
  CHECK(HeapHasRoom(SIZE_MAX));
  SetHeapCeiling(1500);
  CHECK(HeapHasRoom(500));
  CHECK_FALSE(HeapHasRoom(501));
  CHECK_FALSE(HeapHasRoom(SIZE_MAX));
  NoteHeap(600);  // over it by another way
  CHECK_FALSE(HeapHasRoom(1));
  CHECK_EQUAL(before + 3, ReadHeap().refused);
  NoteHeap(-600);
  CHECK(HeapHasRoom(500));
}

TEST(CountedHeap, BlocksThatCameByAnotherWayDoNotCloseTheGate) {
  SetHeapCeiling(1000);
  NoteHeap(-5000);
  CHECK_EQUAL(0, ReadHeap().live_bytes);
  CHECK(HeapHasRoom(1000));
  NoteHeap(5000);
}
