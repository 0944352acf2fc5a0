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

TEST(CountedHeap, KnowsWhoseItIs) {
  const auto use = [](HeapPart part) { return ReadHeap().parts[static_cast<std::size_t>(part)]; };
  NoteHeap(100);
  {
    const HeapScope http(HeapPart::kHttp);
    NoteHeap(1000);
    {
      const HeapScope tls(HeapPart::kTls);
      NoteHeap(5000);
      NoteHeap(-5000);
    }
    NoteHeap(-400);
    CHECK_EQUAL(600, use(HeapPart::kHttp).live_bytes);
    NoteHeap(-600);
  }
  CHECK_EQUAL(100, use(HeapPart::kRest).live_bytes);
  CHECK_EQUAL(0, use(HeapPart::kTls).live_bytes);
  CHECK_EQUAL(5000, use(HeapPart::kTls).peak_bytes);
  CHECK_EQUAL(1000, use(HeapPart::kHttp).peak_bytes);
  CHECK_EQUAL(0, use(HeapPart::kAgent).peak_bytes);
}

TEST(CountedHeap, WhoGetsOverAFailureLeavesAReserveToWhoDoesNot) {
  SetHeapCeiling(kHeapReserveBytes + 1000);
  for (const HeapPart part : {HeapPart::kHttp, HeapPart::kTls}) {
    const HeapScope scope(part);
    CHECK(HeapHasRoom(1000));
    CHECK_FALSE(HeapHasRoom(1001));
  }
  const HeapScope scope(HeapPart::kAgent);
  CHECK(HeapHasRoom(kHeapReserveBytes + 1000));
  CHECK_FALSE(HeapHasRoom(kHeapReserveBytes + 1001));
}

TEST(CountedHeap, BlocksThatCameByAnotherWayDoNotCloseTheGate) {
  SetHeapCeiling(1000);
  NoteHeap(-5000);
  CHECK_EQUAL(0, ReadHeap().live_bytes);
  CHECK(HeapHasRoom(1000));
  NoteHeap(5000);
}
