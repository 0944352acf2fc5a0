// SPDX-License-Identifier: Apache-2.0
// Known answers of what stands in the files.
#include "agent/queue/segment_format.hpp"

#include <string>

#include "agent/queue/crc32c.hpp"
#include "agent/queue/late.hpp"
#include "agent/queue/little_endian.hpp"
#include "agent/queue/record_codec.hpp"
#include "tests/unit/queue/spool_rig.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::queue::BlockHeader;
using depotlink::queue::BlockKind;
using depotlink::queue::BlockPacking;
using depotlink::queue::Crc32c;
using depotlink::queue::kBlockHeaderBytes;
using depotlink::queue::kSegmentHeaderBytes;
using depotlink::queue::Record;
using depotlink::queue::RecordKind;
using depotlink::queue::RecordReader;
using depotlink::queue::RecordWriter;
using depotlink::queue::SegmentHeader;
using depotlink::queue::SegmentId;

namespace {

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    text.push_back("0123456789abcdef"[static_cast<unsigned char>(c) >> 4U]);
    text.push_back("0123456789abcdef"[static_cast<unsigned char>(c) & 15U]);
  }
  return text;
}

BlockHeader MakeBlock() {
  BlockHeader block;
  block.sealed_bytes = 0x0102;
  block.raw_bytes = 0x0304;
  block.segment = 0x1122334455667788;
  block.salt.fill('s');
  block.index = 5;
  block.records = 6;
  block.first_order = 7;
  block.last_order = 8;
  block.first_time_ms = -1;
  block.last_time_ms = 9;
  block.sealed_crc = 0xA0B0C0D0;
  return block;
}

}  // namespace

TEST_GROUP(QueueFormat){};

// RFC 3720, appendix B.4, and the check value that every catalogue gives.
TEST(QueueFormat, Crc32cKnownAnswers) {
  CHECK(Crc32c("123456789") == 0xE3069283U);
  CHECK(Crc32c("") == 0U);
  CHECK(Crc32c(std::string(32, '\0')) == 0x8A9136AAU);
  CHECK(Crc32c(std::string(32, '\xFF')) == 0x62A8AB43U);
  std::string rising;
  for (char c = 0; c < 32; ++c) rising.push_back(c);
  CHECK(Crc32c(rising) == 0x46DD794EU);
  CHECK(Crc32c("6789", Crc32c("12345")) == 0xE3069283U);
}

TEST(QueueFormat, FixedIntegersAreLittleEndian) {
  char bytes[8];
  depotlink::queue::PutFixed<std::uint64_t>(bytes, 0x0102030405060708U);
  STRCMP_EQUAL("0807060504030201", Hex({bytes, 8}).c_str());
  CHECK(depotlink::queue::GetFixed<std::uint64_t>(bytes) == 0x0102030405060708U);
  CHECK(depotlink::queue::GetFixed<std::uint16_t>("\xFF\x80") == 0x80FFU);
}

TEST(QueueFormat, VarintsKnownAnswersAndBounds) {
  const struct {
    std::uint64_t value;
    const char* hex;
  } known[] = {{0, "00"},
               {127, "7f"},
               {128, "8001"},
               {300, "ac02"},
               {16384, "808001"},
               {UINT64_MAX, "ffffffffffffffffff01"},
               {1ULL << 63U, "80808080808080808001"}};
  for (const auto& answer : known) {
    char bytes[depotlink::queue::kVarintMostBytes];
    const std::size_t size = depotlink::queue::PutVarint(bytes, answer.value);
    STRCMP_EQUAL(answer.hex, Hex({bytes, size}).c_str());
    std::uint64_t back = 1;
    std::string_view text(bytes, size);
    CHECK(depotlink::queue::TakeVarint(text, back));
    CHECK(back == answer.value);
    CHECK(text.empty());
    std::string_view cut(bytes, size - 1);
    CHECK_FALSE(depotlink::queue::TakeVarint(cut, back));
  }
  std::string_view large("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02", 10);  // 65 bits
  std::uint64_t value = 0;
  CHECK_FALSE(depotlink::queue::TakeVarint(large, value));
  std::string_view endless("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", 11);
  CHECK_FALSE(depotlink::queue::TakeVarint(endless, value));
}

TEST(QueueFormat, ZigZagKeepsBothSignsSmall) {
  const std::int64_t values[] = {0, -1, 1, -2, INT64_MAX, INT64_MIN};
  const std::uint64_t packed[] = {0, 1, 2, 3, UINT64_MAX - 1, UINT64_MAX};
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(depotlink::queue::ZigZag(values[i]) == packed[i]);
    CHECK(depotlink::queue::UnZigZag(packed[i]) == values[i]);
  }
}

TEST(QueueFormat, SegmentHeaderByteByByte) {
  SegmentHeader header;
  header.id = 0xABC;
  header.salt.fill('S');
  header.key_mark.fill('M');
  header.supersedes = 0xAB;
  header.forerunner = {0xAB9, 0x01020304};
  char bytes[kSegmentHeaderBytes];
  PutSegmentHeader(header, bytes);
  STRCMP_EQUAL(
      "444c51315345470a"  // DLQ1SEG\n
      "0200"
      "0300"
      "40000000"                          // version, numbers to the forerunner, size
      "bc0a000000000000"                  // id
      "53535353535353535353535353535353"  // salt
      "ab00000000000000"                  // supersedes
      "4d4d4d4d4d4d4d4d"
      "04030201",  // key mark, the forerunner's records
      Hex({bytes, 60}).c_str());
  CHECK(depotlink::queue::GetFixed<std::uint32_t>(bytes + 60) == Crc32c({bytes, 60}));
  SegmentHeader back;
  CHECK(GetSegmentHeader({bytes, sizeof bytes}, back));
  CHECK(back.id == header.id && back.salt == header.salt && back.key_mark == header.key_mark &&
        back.supersedes == header.supersedes);
  CHECK(back.forerunner.id == 0xAB9 && back.forerunner.records == 0x01020304);
  CHECK_FALSE(GetSegmentHeader({bytes, 63}, back));
  for (std::size_t at = 0; at < sizeof bytes; ++at) {
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    CHECK_FALSE(GetSegmentHeader({bytes, sizeof bytes}, back));
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
  }
}

TEST(QueueFormat, OfAForerunnerThatIsNoneOrTooFarNothingIsSaid) {
  const auto said = [](SegmentId id, SegmentId forerunner) {
    SegmentHeader header;
    header.id = id;
    header.forerunner = {forerunner, 7};
    char bytes[kSegmentHeaderBytes];
    PutSegmentHeader(header, bytes);
    SegmentHeader back;
    CHECK(GetSegmentHeader({bytes, sizeof bytes}, back));
    CHECK(back.forerunner.records == (back.forerunner.id == 0 ? 0 : 7));
    return back.forerunner.id;
  };
  LONGS_EQUAL(1, said(65'536, 1));
  LONGS_EQUAL(0, said(65'537, 1));
  LONGS_EQUAL(0, said(5, 0));
  LONGS_EQUAL(0, said(5, 5));
  LONGS_EQUAL(0, said(5, 6));
}

TEST(QueueFormat, BlockHeaderByteByByte) {
  const BlockHeader block = MakeBlock();
  char bytes[kBlockHeaderBytes];
  PutBlockHeader(block, bytes);
  STRCMP_EQUAL(
      "424c4b31"
      "0100"
      "0000"  // BLK1, kind, packing
      "02010000"
      "04030000"                          // sealed bytes, raw bytes
      "8877665544332211"                  // segment
      "73737373737373737373737373737373"  // salt
      "05000000"
      "06000000"  // index, records
      "0700000000000000"
      "0800000000000000"
      "ffffffffffffffff"
      "0900000000000000"
      "d0c0b0a0",  // CRC of the sealed text
      Hex({bytes, 84}).c_str());
  CHECK(depotlink::queue::GetFixed<std::uint32_t>(bytes + 84) == Crc32c({bytes, 84}));
  BlockHeader back;
  CHECK(GetBlockHeader({bytes, sizeof bytes}, back));
  CHECK(back.first_time_ms == -1 && back.index == 5 && back.segment == block.segment);
  for (std::size_t at = 0; at < sizeof bytes; ++at) {
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    CHECK_FALSE(GetBlockHeader({bytes, sizeof bytes}, back));
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
  }
}

TEST(QueueFormat, ABlockHeaderBeyondTheBoundsIsNone) {
  char bytes[kBlockHeaderBytes];
  BlockHeader back;
  const auto taken = [&](const BlockHeader& block) {
    PutBlockHeader(block, bytes);
    return GetBlockHeader({bytes, sizeof bytes}, back);
  };
  BlockHeader block = MakeBlock();
  block.sealed_bytes = depotlink::queue::kSealedMostBytes;
  block.raw_bytes = depotlink::queue::kBlockRawBytes;
  CHECK(taken(block));
  ++block.sealed_bytes;
  CHECK_FALSE(taken(block));
  block.sealed_bytes = 15;
  CHECK_FALSE(taken(block));
  block = MakeBlock();
  block.raw_bytes = depotlink::queue::kBlockRawBytes + 1;
  CHECK_FALSE(taken(block));
  block = MakeBlock();
  block.kind = static_cast<BlockKind>(3);
  CHECK_FALSE(taken(block));
  block = MakeBlock();
  block.packing = static_cast<BlockPacking>(3);
  CHECK_FALSE(taken(block));
}

TEST(QueueFormat, SegmentNames) {
  depotlink::queue::SegmentName name;
  CHECK(depotlink::queue::NameOf(0xABC, name) == "0000000000000abc.seg");
  SegmentId id = 0;
  CHECK(depotlink::queue::ParseSegmentName("0000000000000abc.seg", id));
  CHECK(id == 0xABC);
  for (const char* other :
       {"0000000000000abc.bad", "0000000000000ABC.seg", "000000000000abc.seg", "cursor",
        "0000000000000abg.seg", "00000000000000abc.seg", "0000000000000000.seg", ""}) {
    CHECK_FALSE(depotlink::queue::ParseSegmentName(other, id));
  }
}

TEST(QueueFormat, RecordsByteByByte) {
  char room[256];
  RecordWriter writer(room, sizeof room);
  Record record;
  record.kind = RecordKind::kState;
  record.retain = true;
  record.tracker = 300;
  record.order = 1000;
  record.time_ms = 64;
  record.payload = "ab";
  CHECK(writer.Add(record));
  record.kind = RecordKind::kHistory;
  record.retain = false;
  record.tracker = 1;
  record.order = 1001;
  record.time_ms = 63;  // a clock that was set back
  record.payload = "";
  CHECK(writer.Add(record));
  STRCMP_EQUAL(
      "08"
      "e807"
      "8001"
      "ac02"
      "02"
      "6162"
      "04"
      "01"
      "01"
      "01"
      "00",
      Hex(writer.bytes()).c_str());
  RecordReader reader(writer.bytes());
  Record back;
  CHECK(reader.Next(back));
  CHECK(back.order == 1000 && back.time_ms == 64 && back.tracker == 300 && back.payload == "ab");
  CHECK(back.retain && back.kind == RecordKind::kState);
  CHECK(reader.Next(back));
  CHECK(back.order == 1001 && back.time_ms == 63 && !back.retain);
  CHECK_FALSE(reader.Next(back));
  CHECK_FALSE(reader.malformed());
}

TEST(QueueFormat, ARecordThatIsCutOffIsNone) {
  char room[256];
  RecordWriter writer(room, sizeof room);
  Record record;
  record.order = 1000;
  record.time_ms = 5000;
  record.tracker = 77777;
  record.payload = "payload";
  CHECK(writer.Add(record));
  for (std::size_t size = 1; size < writer.bytes().size(); ++size) {
    RecordReader reader(writer.bytes().substr(0, size));
    Record back;
    CHECK_FALSE(reader.Next(back));
    CHECK(reader.malformed());
  }
}

TEST(QueueFormat, ARecordThatDoesNotFitChangesNothing) {
  char room[64];
  RecordWriter writer(room, sizeof room);
  Record record;
  record.order = 1;
  record.payload = "0123456789";
  CHECK(writer.Add(record));
  const std::string before(writer.bytes());
  record.order = 2;
  record.payload = "01234567890123456789";
  CHECK_FALSE(writer.Add(record));
  CHECK(writer.bytes() == before);
  LONGS_EQUAL(1, writer.records());
}

TEST(QueueFormat, AnyTwoTimesFollowEachOther) {
  char room[256];
  RecordWriter writer(room, sizeof room);
  Record record;
  constexpr std::int64_t kTimes[] = {INT64_MAX, -540672, INT64_MIN, INT64_MAX, INT64_MIN, 0};
  for (const std::int64_t time : kTimes) {
    ++record.order;
    record.time_ms = time;
    CHECK(writer.Add(record));
  }
  RecordReader reader(writer.bytes());
  for (const std::int64_t time : kTimes) {
    CHECK(reader.Next(record));
    CHECK(record.time_ms == time);
  }
}

TEST(QueueFormat, LateMark) {
  char room[64];
  CHECK(depotlink::queue::MarkLate("{\"a\":1}", room, 64) == "{\"a\":1,\"late\":true}");
  for (const char* as_it_is : {"", "{}", "[1]", "{\"a\":1,\"late\":true}", "x"}) {
    CHECK(depotlink::queue::MarkLate(as_it_is, room, 64) == as_it_is);
  }
  CHECK(depotlink::queue::MarkLate("{\"a\":1}", room, 18) == "{\"a\":1}");  // does not fit
  CHECK(depotlink::queue::MarkLate("{\"a\":1}", room, 19) == "{\"a\":1,\"late\":true}");
}
