// SPDX-License-Identifier: Apache-2.0
// Segments that are not as they were written.
#include <memory>

#include "agent/queue/crc32c.hpp"
#include "agent/queue/little_endian.hpp"
#include "agent/queue/segment_writer.hpp"
#include "agent/queue/spool.hpp"
#include "tests/unit/queue/sound_end.hpp"
#include "tests/unit/queue/spool_rig.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::Status;
using depotlink::fakes::StorageOp;
using depotlink::queue::BlockCodec;
using depotlink::queue::kFirst;
using depotlink::queue::kSecond;
using depotlink::queue::MadeRecord;
using depotlink::queue::Order;
using depotlink::queue::RecordWriter;
using depotlink::queue::SegmentId;
using depotlink::queue::SegmentWriter;
using depotlink::queue::SpoolRig;

TEST_GROUP(SpoolDamage) {
  SpoolRig rig;

  void setup() override {
    CHECK_OK(rig.Start());
  }
  void teardown() override {
    depotlink::queue::EndSoundly(rig);
  }
  // Three blocks in a segment; returns where the second one begins.
  std::uint64_t GiveThreeBlocks() {
    CHECK_OK(rig.Give(1, 3));
    const std::uint64_t second = rig.disk.Bytes(kFirst).size();
    CHECK_OK(rig.Give(4, 6));
    CHECK_OK(rig.GiveSegment(7, 9));
    CHECK_OK(rig.GiveSegment(10, 12));
    rig.spool.reset();
    return second;
  }
  // As a later version might: a segment that stands for those up to `supersedes`.
  void WriteSegment(SegmentId id, SegmentId supersedes, Order first, Order last, bool whole) {
    depotlink::ports::CipherKey key;
    depotlink::queue::KeyMark mark{};
    CHECK_OK(depotlink::queue::LoadQueueKey(depotlink::Secret(), rig.disk, rig.cipher, key));
    CHECK_OK(depotlink::queue::MarkOf(rig.cipher, key, mark));
    BlockCodec codec(rig.cipher, rig.packs);
    SegmentWriter writer(rig.disk, rig.cipher, codec);
    CHECK_OK(writer.Begin(id, key, mark, supersedes));
    char room[16384];
    RecordWriter records(room, sizeof room);
    for (Order order = first; order <= last; ++order) {
      CHECK(records.Add(MadeRecord(order, rig.record_bytes).record));
    }
    CHECK_OK(writer.Append(records));
    CHECK_OK(writer.Sync());
    if (whole) CHECK_OK(writer.Finish());
  }
};

TEST(SpoolDamage, ADamagedBodyCostsItsBlock) {
  const std::uint64_t second = GiveThreeBlocks();
  rig.disk.FlipBit(kFirst, second + 100, 3);
  CHECK_OK(rig.Start());
  CHECK_ORDERS("1-3 7-12", rig.Drain());
  LONGS_EQUAL(3, rig.spool->losses().damaged);
  LONGS_EQUAL(1, rig.SetAside().size());
  LONGS_EQUAL(0, rig.Segments().size());
  CHECK(rig.spool->empty());
  CHECK(rig.lines.Has("damaged_blocks=1 forged_blocks=0"));
}

TEST(SpoolDamage, AForgedBlockIsNotBelieved) {
  const std::uint64_t second = GiveThreeBlocks();
  for (const std::size_t at : {std::size_t{64}, std::size_t{120}}) {  // its time; its text
    std::string bytes = rig.disk.Bytes(kFirst);
    char* block = bytes.data() + second;
    block[at] = static_cast<char>(block[at] ^ 1);
    const auto sealed = depotlink::queue::GetFixed<std::uint32_t>(block + 8);
    depotlink::queue::PutFixed(block + 80, depotlink::queue::Crc32c({block + 88, sealed}));
    depotlink::queue::PutFixed(block + 84, depotlink::queue::Crc32c({block, 84}));
    SpoolRig other;
    other.disk.Put("queue.key", rig.disk.Bytes("queue.key"));
    other.disk.Put(kFirst, bytes);
    CHECK_OK(other.Start());
    CHECK_ORDERS("1-3 7-9", other.Drain());
    CHECK(other.lines.Has("damaged_blocks=0 forged_blocks=1"));
    LONGS_EQUAL(0, other.wrong);
  }
}

TEST(SpoolDamage, ADamagedBlockHeaderCostsItsBlock) {
  const std::uint64_t second = GiveThreeBlocks();
  rig.disk.FlipBit(kFirst, second + 9, 0);  // its size
  CHECK_OK(rig.Start());
  CHECK_ORDERS("1-3 7-12", rig.Drain());
  LONGS_EQUAL(3, rig.spool->losses().damaged);  // the end block tells
  LONGS_EQUAL(1, rig.SetAside().size());
}

TEST(SpoolDamage, ADamagedFrontCostsNothing) {
  GiveThreeBlocks();
  rig.disk.Zero(kFirst, 0, 64);
  CHECK_OK(rig.Start());
  CHECK_ORDERS("1-12", rig.Drain());
  LONGS_EQUAL(0, rig.SetAside().size());
}

TEST(SpoolDamage, DamageIsCountedOnceWhateverTheDiskSays) {
  for (const StorageOp op :
       {StorageOp::kRename, StorageOp::kSyncDirectory, StorageOp::kListFiles, StorageOp::kSync}) {
    SpoolRig other;
    CHECK_OK(other.Start());
    CHECK_OK(other.Give(1, 3));
    CHECK_OK(other.GiveSegment(4, 6));
    other.disk.FlipBit(kFirst, other.disk.Bytes(kFirst).size() - 150, 1);  // the last block
    CHECK_OK(other.Start());
    CHECK_ORDERS("1-3", other.Take());
    other.spool->NoteDelivered(3, 3);
    other.disk.FailCall(1, {Status(Code::kRetryLater, "no"), false, 0, op});
    CHECK(!other.spool->FinishSegment().ok());
    CHECK_ORDERS("", other.Drain());
    LONGS_EQUAL(3, other.spool->losses().damaged);
    LONGS_EQUAL(0, other.Segments().size());
    LONGS_EQUAL(1, other.SetAside().size());
  }
}

TEST(SpoolDamage, ABlockOfAnotherSegmentIsNobodys) {
  GiveThreeBlocks();
  const std::string first = rig.disk.Bytes(kFirst);
  rig.disk.Put(kSecond, rig.disk.Bytes(kSecond) + first.substr(64));
  rig.disk.Put("0000000000000003.seg", first);  // a whole copy under another name
  CHECK_OK(rig.Start());
  LONGS_EQUAL(12, rig.spool->totals().records);
  CHECK_ORDERS("1-12", rig.Drain());
  LONGS_EQUAL(0, rig.spool->losses().damaged);
}

TEST(SpoolDamage, ABlockThatStandsTwiceIsReadOnce) {
  const std::uint64_t second = GiveThreeBlocks();
  const std::string first = rig.disk.Bytes(kFirst);
  rig.disk.Put(kFirst, first.substr(0, static_cast<std::size_t>(second)) + first.substr(64));
  CHECK_OK(rig.Start());
  CHECK_ORDERS("1-12", rig.Drain());
}

TEST(SpoolDamage, OnlyTheNewestThatWereSetAsideAreKept) {
  for (Order order = 13; order < 20; ++order) {
    CHECK_OK(rig.GiveSegment(order, order));
    rig.disk.FlipBit(rig.Segments().back(), 200, 1);
  }
  CHECK_ORDERS("", rig.Drain());
  LONGS_EQUAL(7, rig.spool->losses().damaged);
  LONGS_EQUAL(4, rig.SetAside().size());
  CHECK(rig.disk.Has("0000000000000007.bad"));
  CHECK_FALSE(rig.disk.Has("0000000000000003.bad"));
  LONGS_EQUAL(4, rig.spool->totals().set_aside);
}

TEST(SpoolDamage, ABlockThatCannotBeReadHidesNoneBehindIt) {
  GiveThreeBlocks();
  CHECK_OK(rig.Start());
  CHECK_ORDERS("1-3", rig.Take(3));  // the segment is open
  for (int i = 0; i < 3; ++i) {
    rig.disk.FailCall(2, {Status(Code::kRetryLater, "no"), false, 0, StorageOp::kReadAt});
    Status status;
    CHECK_ORDERS("", rig.Take(1, &status));
    CHECK(!status.ok());
  }
  CHECK_ORDERS("7-12", rig.Drain());
  LONGS_EQUAL(3, rig.spool->losses().damaged);
  CHECK(rig.disk.Has("0000000000000001.bad"));
}

TEST(SpoolDamage, ASegmentThatCannotBeOpenedHidesNoneBehindIt) {
  GiveThreeBlocks();
  CHECK_OK(rig.Start());
  for (int i = 0; i < 3; ++i) {
    rig.disk.FailCall(1, {Status(Code::kRetryLater, "no"), false, 0, StorageOp::kOpenRead});
    CHECK_ORDERS("", rig.Take(1));
  }
  LONGS_EQUAL(9, rig.spool->losses().damaged);
  CHECK(rig.disk.Has("0000000000000001.bad"));
  CHECK_ORDERS("10-12", rig.Drain());
}

TEST(SpoolDamage, ADeviceThatReadsNothingCostsNothing) {
  GiveThreeBlocks();
  CHECK_OK(rig.Start());
  rig.disk.FailCall(1, {Status(Code::kRetryLater, "no"), true, 0, StorageOp::kReadAt});
  for (int i = 0; i < 20; ++i) CHECK_ORDERS("", rig.Take(1));
  rig.disk.Heal();
  LONGS_EQUAL(0, rig.SetAside().size());
  CHECK_ORDERS("1-12", rig.Drain());
  LONGS_EQUAL(0, rig.spool->losses().damaged);
}

TEST(SpoolDamage, ASegmentThatSomebodyTookAwayIsNoTrouble) {
  GiveThreeBlocks();
  CHECK_OK(rig.Start());
  rig.disk.Erase(kFirst);
  CHECK_ORDERS("10-12", rig.Drain());
  CHECK(rig.spool->empty());
}

TEST(SpoolDamage, AFinishedSegmentStandsForThoseItNames) {
  GiveThreeBlocks();
  WriteSegment(3, 2, 1, 12, true);
  CHECK_OK(rig.Start());
  LONGS_EQUAL(1, rig.Segments().size());
  LONGS_EQUAL(12, rig.spool->totals().records);
  CHECK_ORDERS("1-12", rig.Drain());
}

TEST(SpoolDamage, AnUnfinishedSegmentStandsForNone) {
  GiveThreeBlocks();
  WriteSegment(3, 2, 1, 6, false);
  CHECK_OK(rig.Start());
  LONGS_EQUAL(2, rig.Segments().size());
  CHECK_ORDERS("1-12", rig.Drain());
}

TEST(SpoolDamage, ASegmentDoesNotStandForItselfOrThoseBehind) {
  CHECK_OK(rig.GiveSegment(1, 3));
  WriteSegment(5, 99, 4, 6, true);
  WriteSegment(6, 0, 7, 9, true);
  CHECK_OK(rig.Start());
  CHECK_ORDERS("4-9", rig.Drain());
}
