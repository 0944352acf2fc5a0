// SPDX-License-Identifier: Apache-2.0
// Files of each format as they were written once, by the real cipher and compressor: every later
// version reads them. Never made anew (DEPOTLINK_MAKE_GOLDEN=folder is how it was done).
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "agent/queue/spool.hpp"
#include "platform/deflate_compressor.hpp"
#include "platform/mbedtls_cipher.hpp"
#include "tests/fakes/fake_storage.hpp"
#include "tests/fakes/log_capture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Logger;
using depotlink::LogLevel;
using depotlink::Secret;
using depotlink::Status;
using depotlink::fakes::FakeStorage;
using depotlink::fakes::LogCapture;
using depotlink::queue::KeyMark;
using depotlink::queue::Order;
using depotlink::queue::Record;
using depotlink::queue::RecordKind;
using depotlink::queue::Spool;

namespace {

constexpr const char* kGoldenKey =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
constexpr const char* kGoldenFiles[] = {"0000000000000001.seg", "0000000000000002.seg", "cursor"};

struct GoldenRecord {
  Order order;
  RecordKind kind;
  bool retain;
  depotlink::model::TrackerId tracker;
  std::int64_t time_ms;
  const char* payload;
};

// The first two were delivered: the cursor says so. 4 and 7 were never on the disk.
constexpr GoldenRecord kGoldenRecords[] = {
    {1, RecordKind::kState, true, 1000001, 1767225600000,
     R"({"id":1000001,"label":"Truck 7","lat":45.0888968,"lng":10.0343262,"speed_kmh":64,"movement":"moving","run":"k3v9","seq":1})"},
    {2, RecordKind::kState, true, 1000002, 1767225600250,
     R"({"id":1000002,"label":"Truck 8","lat":45.0888968,"lng":10.0343262,"speed_kmh":0,"movement":"parked","run":"k3v9","seq":2})"},
    {3, RecordKind::kState, true, 1000001, 1767225601000,
     R"({"id":1000001,"label":"Truck 7","lat":45.0889001,"lng":10.0343300,"speed_kmh":65,"movement":"moving","run":"k3v9","seq":3})"},
    {5, RecordKind::kHistory, false, 1000003, 1767225599000,
     R"({"id":1000003,"label":"F\u00e4hre","lat":-33.5,"lng":-70.25,"speed_kmh":12,"run":"k3v8","seq":9,"late":true})"},
    {6, RecordKind::kState, true, 9007199254740991, 1767225700000, R"({"id":9007199254740991})"},
    {8, RecordKind::kState, false, 1, 1767225700001, "x"},
};

// Format 1 has had its forerunner since then: the first segment without its end, the second one by
// another run, the last record alone in it.
constexpr const char* kForerunnerFolder = "v1-forerunner";

// Format 2: a block in which each record is told by what it has not in common with another.
constexpr const char* kFoldedFolder = "v2";
constexpr Order kFoldedRecords = 12;

std::string FoldedPayload(Order order) {
  const std::string n = std::to_string(order);
  std::string text = R"({"id":100000)" + std::to_string(order % 4) + R"(,"label":"Truck )" +
                     std::to_string(order % 4) + R"(","group":"F\u00e4hre","lat":45.08)" + n + n +
                     R"(,"lng":10.0343)" + n + R"(,"speed_kmh":)" + std::to_string(order * 9);
  if (order % 3 != 0) text += R"(,"ignition":true)";
  if (order == 7) text += ",\"gsm_network\":\"\xD0\x9C\xD1\x82\xD1\x81\"";
  return text + R"(,"movement":"moving","inputs":[false,false,true],"run":"k3v9","seq":)" + n + "}";
}

GoldenRecord FoldedRecord(Order order, const std::string& payload) {
  const auto time_ms = 1767225600000 + static_cast<std::int64_t>(order) * 250;
  return {order, RecordKind::kState, true, 1000000 + order % 4, time_ms, payload.c_str()};
}

std::string ReadGolden(const std::string& name, const std::string& folder = "v1") {
  std::ifstream in(std::string(DEPOTLINK_FIXTURES) + "/queue/" + folder + "/" + name,
                   std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_GROUP(QueueGolden) {
  FakeStorage disk;
  depotlink::platform::MbedtlsCipher cipher;
  depotlink::platform::DeflateCompressor compressor;
  LogCapture lines;
  Logger log{lines, LogLevel::kDebug};

  std::unique_ptr<Spool> Start() {
    auto spool =
        std::make_unique<Spool>(depotlink::queue::SpoolLimits{1U << 24U, 0, 0, 0},
                                Secret(std::string(kGoldenKey)), disk, cipher, compressor, log);
    STRCMP_EQUAL("", spool->Start(0, KeyMark{}).message().c_str());
    return spool;
  }
  void PutGolden() {
    for (const char* name : kGoldenFiles) disk.Put(name, ReadGolden(name));
  }
  void Append(Spool & spool, const GoldenRecord& from) {
    Record record;
    record.kind = from.kind;
    record.retain = from.retain;
    record.tracker = from.tracker;
    record.order = from.order;
    record.time_ms = from.time_ms;
    record.payload = from.payload;
    STRCMP_EQUAL("", spool.Append(record).message().c_str());
  }
  // Where DEPOTLINK_MAKE_GOLDEN names this folder.
  void Keep(const std::string& folder) {
    const char* made = std::getenv("DEPOTLINK_MAKE_GOLDEN");
    if (made == nullptr || std::string(made).find("/" + folder + "/") == std::string::npos) return;
    for (const char* name : kGoldenFiles) {
      if (!disk.Has(name)) continue;
      const std::string bytes = disk.Bytes(name);
      std::ofstream(made + std::string(name), std::ios::binary)
          .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    }
  }
  // What comes of two segments, up to the end of the first.
  std::string ReadFirstSegment(Spool & spool) {
    std::string orders;
    Record record;
    for (bool found = true; spool.Next(record, found).ok() && found;) {
      orders += std::to_string(record.order) + " ";
    }
    STRCMP_EQUAL("", spool.FinishSegment().message().c_str());
    return orders;
  }
  void CheckFolded(Spool & spool, Order order) {
    const std::string payload = FoldedPayload(order);
    CheckRecord(spool, FoldedRecord(order, payload));
  }
  void CheckRecord(Spool & spool, const GoldenRecord& expected) {
    Record record;
    bool found = false;
    STRCMP_EQUAL("", spool.Next(record, found).message().c_str());
    CHECK(found);
    LONGS_EQUAL(expected.order, record.order);
    CHECK(record.kind == expected.kind);
    CHECK(record.retain == expected.retain);
    CHECK(record.tracker == expected.tracker);
    CHECK(record.time_ms == expected.time_ms);
    STRCMP_EQUAL(expected.payload, std::string(record.payload).c_str());
  }
};

TEST(QueueGolden, ReadsFormatOne) {
  PutGolden();
  auto spool = Start();
  LONGS_EQUAL(2, spool->totals().segments);
  LONGS_EQUAL(0, spool->totals().locked_segments);
  LONGS_EQUAL(2, spool->delivered());
  for (std::size_t i = 2; i < 5; ++i) CheckRecord(*spool, kGoldenRecords[i]);
  Record record;
  bool found = true;
  STRCMP_EQUAL("", spool->Next(record, found).message().c_str());
  CHECK_FALSE(found);
  STRCMP_EQUAL("", spool->FinishSegment().message().c_str());
  CheckRecord(*spool, kGoldenRecords[5]);
  LONGS_EQUAL(0, spool->losses().damaged);
}

TEST(QueueGolden, WithoutTheCursorFromTheFirstRecordOn) {
  PutGolden();
  disk.Erase("cursor");
  auto spool = Start();
  for (std::size_t i = 0; i < 5; ++i) CheckRecord(*spool, kGoldenRecords[i]);
}

// What this build writes, it reads: whatever zlib it was built with.
TEST(QueueGolden, WritesWhatItReads) {
  auto spool = Start();
  for (const GoldenRecord& from : kGoldenRecords) {
    Append(*spool, from);
    if (from.order == 3 || from.order >= 6) {
      STRCMP_EQUAL("", spool->Commit().message().c_str());
    }
    if (from.order == 6) spool->EndWriting();
  }
  CheckRecord(*spool, kGoldenRecords[0]);
  CheckRecord(*spool, kGoldenRecords[1]);
  spool->NoteDelivered(2, 2);
  STRCMP_EQUAL("", spool->StoreCursor().message().c_str());
  for (std::size_t i = 2; i < 5; ++i) CheckRecord(*spool, kGoldenRecords[i]);
}

// Format 2: as 1, with blocks whose repeats are told by reference.
TEST(QueueGolden, ReadsFormatTwo) {
  disk.Put(kGoldenFiles[0], ReadGolden(kGoldenFiles[0], kFoldedFolder));
  CHECK(disk.Bytes(kGoldenFiles[0]).substr(8, 4) == std::string("\2\0\0\0", 4));
  CHECK(disk.Bytes(kGoldenFiles[0]).substr(70, 2) == std::string("\2\0", 2));
  auto spool = Start();
  for (Order order = 1; order <= kFoldedRecords; ++order) CheckFolded(*spool, order);
  LONGS_EQUAL(0, spool->losses().damaged);
}

TEST(QueueGolden, WritesFormatTwoThatItReads) {
  auto spool = Start();
  for (Order order = 1; order <= kFoldedRecords; ++order) {
    const std::string payload = FoldedPayload(order);
    Append(*spool, FoldedRecord(order, payload));
  }
  STRCMP_EQUAL("", spool->Commit().message().c_str());
  spool->EndWriting();
  Keep(kFoldedFolder);
  CHECK(disk.Bytes(kGoldenFiles[0]).substr(70, 2) == std::string("\2\0", 2));
  for (Order order = 1; order <= kFoldedRecords; ++order) CheckFolded(*spool, order);
}

// As README.md of the queue shows them.
TEST(QueueGolden, WhereTheForerunnerStands) {
  const std::string second = ReadGolden(kGoldenFiles[1], kForerunnerFolder);
  CHECK(second.substr(8, 4) == std::string("\1\0\1\0", 4));
  CHECK(second.substr(56, 4) == std::string("\5\0\0\0", 4));
  CHECK(ReadGolden(kGoldenFiles[1]).substr(8, 4) == std::string("\1\0\0\0", 4));
}

TEST(QueueGolden, TheForerunnersLastBlockIsMissedWhereItIsDamaged) {
  const std::string first = ReadGolden(kGoldenFiles[0], kForerunnerFolder);
  for (const bool damaged : {false, true}) {
    disk.Put(kGoldenFiles[0], first);
    disk.Put(kGoldenFiles[1], ReadGolden(kGoldenFiles[1], kForerunnerFolder));
    if (damaged) disk.FlipBit(kGoldenFiles[0], first.rfind("BLK1") + 9, 0);
    auto spool = Start();
    STRCMP_EQUAL(damaged ? "1 2 3 " : "1 2 3 5 6 ", ReadFirstSegment(*spool).c_str());
    CheckRecord(*spool, kGoldenRecords[5]);
    LONGS_EQUAL(damaged ? 2 : 0, spool->losses().damaged);
    spool.reset();
    disk.Erase("cursor");
  }
}

TEST(QueueGolden, WritesAForerunnerThatItReads) {
  auto spool = Start();
  for (const GoldenRecord& from : kGoldenRecords) {
    if (from.order == 8) spool = Start();
    Append(*spool, from);
    if (from.order == 3 || from.order >= 6) {
      STRCMP_EQUAL("", spool->Commit().message().c_str());
    }
  }
  STRCMP_EQUAL("1 2 3 5 6 ", ReadFirstSegment(*spool).c_str());
}

TEST(QueueGolden, NothingOfARecordCanBeReadInTheFiles) {
  for (const char* name : kGoldenFiles) {
    const std::string bytes = ReadGolden(name);
    CHECK(bytes.size() > 100);
    for (const char* text : {"Truck", "1000001", "45.08", "lat", "moving"}) {
      CHECK(bytes.find(text) == std::string::npos);
    }
  }
}

TEST(QueueGolden, EachChangedByteIsFound) {
  const std::string whole = ReadGolden(kGoldenFiles[0]);
  for (std::size_t at = 0; at < whole.size(); at += 7) {
    for (const char* name : kGoldenFiles) disk.Erase(name);
    disk.Put(kGoldenFiles[0], whole);
    disk.FlipBit(kGoldenFiles[0], at, at % 8);
    auto spool = Start();
    Record record;
    bool found = true;
    while (spool->Next(record, found).ok() && found) {
      bool known = false;
      for (const GoldenRecord& golden : kGoldenRecords) {
        known = known || (golden.order == record.order && golden.payload == record.payload &&
                          golden.tracker == record.tracker);
      }
      CHECK(known);
    }
  }
}
