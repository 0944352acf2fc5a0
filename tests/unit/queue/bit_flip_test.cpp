// SPDX-License-Identifier: Apache-2.0
// Flipped bits, lost sectors, cut ends and garbage: what comes back is what was given, and only the
// block that was hit is missing.
#include <cstdlib>
#include <string>

#include "tests/unit/queue/spool_rig.hpp"
#include "tests/unit/stride.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Stride;
using depotlink::fakes::SeededRandom;
using depotlink::queue::kFirst;
using depotlink::queue::Order;
using depotlink::queue::Orders;
using depotlink::queue::SpoolRig;
using depotlink::queue::Text;

namespace {

constexpr Order kRecords = 240;
constexpr Order kGroup = 16;  // records a block

}  // namespace

TEST_GROUP(ExhaustiveDamage) {
  SpoolRig rig;
  std::string whole;

  // One segment of about 64 KiB in blocks of 4 KiB.
  void setup() override {
    rig.record_bytes = 270;
    rig.compressor = &rig.never_packs;
    CHECK_OK(rig.Start());
    for (Order order = 1; order <= kRecords; order += kGroup) {
      CHECK_OK(rig.Give(order, order + kGroup - 1));
    }
    rig.spool->EndWriting();
    whole = rig.disk.Bytes(kFirst);
    CHECK(whole.size() > 60'000);
  }
  void teardown() override {
    rig.spool.reset();
    LONGS_EQUAL(0, rig.wrong);
    LONGS_EQUAL(0, rig.disk.open_handles());
    LONGS_EQUAL(0, rig.disk.violations().size());
  }
  // What a new run delivers of this file alone.
  Orders Read(const std::string& bytes, bool fresh_files = true) {
    rig.spool.reset();
    if (fresh_files) {
      for (const std::string& name : rig.Segments()) rig.disk.Erase(name);
      for (const std::string& name : rig.SetAside()) rig.disk.Erase(name);
      rig.disk.Put(kFirst, bytes);
    }
    rig.disk.Erase("cursor");
    rig.disk.ClearLog();
    rig.lines.Clear();
    CHECK_OK(rig.Start());
    const std::size_t calls = rig.disk.calls();
    Orders orders = rig.Drain();
    CHECK(rig.disk.calls() - calls < 2000);
    CHECK_FALSE(rig.spool->has_segments());
    return orders;
  }
  // At most one block is missing, and it is the losses' and set aside.
  void CheckOneHit(const Orders& orders, const std::string& where) {
    if (orders.size() == kRecords) return;
    if (orders.size() + kGroup != kRecords || rig.spool->losses().damaged != kGroup ||
        rig.SetAside().size() != 1 || !std::is_sorted(orders.begin(), orders.end())) {
      FAIL((where + ": " + Text(orders)).c_str());
    }
  }
  bool IsHeader(std::size_t at) const {
    const std::size_t before = at < 96 ? 0 : at - 96;
    return at < 64 || whole.substr(before, at - before + 4).find("BLK1") != std::string::npos;
  }
};

// All 524,288 of them with DEPOTLINK_EVERY_BIT=1; else those of the headers, and a few of each
// body.
TEST(ExhaustiveDamage, ABitFlips) {
  const bool every = std::getenv("DEPOTLINK_EVERY_BIT") != nullptr;
  std::size_t flips = 0;
  std::size_t header_bytes = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    const bool header = IsHeader(at);
    header_bytes += header ? 1 : 0;
    if (!every && !(header && header_bytes % (2 * Stride()) == 0) && at % 509 != 0) continue;
    for (unsigned bit = 0; bit < 8; ++bit) {
      if (!every && bit != at % 8) continue;
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
      CheckOneHit(Read(bytes), "byte " + std::to_string(at) + " bit " + std::to_string(bit));
      ++flips;
    }
  }
  CHECK(header_bytes > 1000);
  if (every)
    UT_PRINT(StringFromFormat("%lu flips", static_cast<unsigned long>(flips)).asCharString());
}

TEST(ExhaustiveDamage, ASectorIsZeros) {
  for (std::size_t at = 0; at < whole.size(); at += 512 * Stride()) {
    std::string bytes = whole;
    bytes.replace(at, std::min<std::size_t>(512, whole.size() - at),
                  std::min<std::size_t>(512, whole.size() - at), '\0');
    const Orders orders = Read(bytes);
    CHECK(orders.size() + 2 * kGroup >=
          kRecords);  // it may hold the end of one and the next header
    CHECK(std::is_sorted(orders.begin(), orders.end()));
  }
}

TEST(ExhaustiveDamage, ATailOfZerosIsTheEnd) {
  for (const std::size_t zeros : {1U, 87U, 512U, 4096U, 200'000U}) {
    LONGS_EQUAL(kRecords, Read(whole + std::string(zeros, '\0')).size());
    LONGS_EQUAL(0, rig.SetAside().size());
  }
}

TEST(ExhaustiveDamage, ATailOfGarbageCostsNothing) {
  SeededRandom random(5);
  for (const std::size_t bytes : {1U, 87U, 512U, 4096U, 100'000U}) {
    std::string tail;
    while (tail.size() < bytes) tail.push_back(static_cast<char>(random.Next()));
    LONGS_EQUAL(kRecords, Read(whole + tail).size());
  }
}

TEST(ExhaustiveDamage, GarbageIsNoRecord) {
  SeededRandom random(6);
  for (int i = 0; i < 30; ++i) {
    std::string bytes;
    while (bytes.size() < 3000) {
      if (random.Chance(2)) bytes += "BLK1";
      if (random.Chance(2)) bytes += whole.substr(random.Below(whole.size()), 88);
      bytes.push_back(static_cast<char>(random.Next()));
    }
    LONGS_EQUAL(0, Read(bytes).size());
  }
}

TEST(ExhaustiveDamage, CutAtEachByte) {
  SpoolRig small;
  small.record_bytes = 40;
  CHECK_OK(small.Start());
  for (Order order = 1; order <= 12; order += 4) CHECK_OK(small.Give(order, order + 3));
  small.spool->EndWriting();
  const std::string bytes = small.disk.Bytes(kFirst);
  std::size_t last = 0;
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    small.spool.reset();
    for (const std::string& name : small.SetAside()) small.disk.Erase(name);
    small.disk.Put(kFirst, bytes.substr(0, size));
    small.disk.Erase("cursor");
    CHECK_OK(small.Start());
    const Orders orders = small.Drain();
    CHECK(orders.size() % 4 == 0);
    CHECK(orders.size() >= last);  // whole blocks, from the front
    CHECK(orders == depotlink::queue::Range(1, orders.size()));
    LONGS_EQUAL(0, small.SetAside().size());  // what a power cut leaves is no damage
    last = orders.size();
  }
  LONGS_EQUAL(12, last);
  LONGS_EQUAL(0, small.wrong);
}

TEST(ExhaustiveDamage, LostSectorsOverEightSegments) {
  SeededRandom random(7);
  for (std::size_t round = 0; round < 40; round += Stride()) {
    SpoolRig rig8;
    rig8.record_bytes = 270;
    rig8.compressor = &rig8.never_packs;
    CHECK_OK(rig8.Start());
    for (Order order = 1; order <= 8 * 64; order += kGroup) {
      CHECK_OK(rig8.Give(order, order + kGroup - 1));
      if (order % 64 == 64 - kGroup + 1) rig8.spool->EndWriting();
    }
    rig8.spool.reset();
    const std::size_t hits = 1 + random.Below(6);
    for (std::size_t i = 0; i < hits; ++i) {
      const std::string name = rig8.Segments()[random.Below(8)];
      const std::size_t sectors = rig8.disk.Bytes(name).size() / 512;
      rig8.disk.Zero(name, 512 * random.Below(sectors), 512);
      if (random.Chance(50)) {
        rig8.disk.FlipBit(name, random.Below(rig8.disk.Bytes(name).size()), 4);
      }
    }
    CHECK_OK(rig8.Start());
    const Orders orders = rig8.Drain();
    LONGS_EQUAL(0, rig8.wrong);
    CHECK(std::is_sorted(orders.begin(), orders.end()));
    CHECK(orders.size() + 3 * hits * kGroup >= 8 * 64);
    CHECK_FALSE(rig8.spool->has_segments());
  }
}
