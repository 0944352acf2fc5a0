// SPDX-License-Identifier: Apache-2.0
// ls, export and purge over a queue that the real spool has written.
#include <algorithm>
#include <string>

#include "agent/commands/queue_export.hpp"
#include "agent/commands/queue_list.hpp"
#include "agent/commands/queue_purge.hpp"
#include "agent/queue/journal.hpp"
#include "agent/queue/spool.hpp"
#include "tests/fakes/fake_cipher.hpp"
#include "tests/fakes/fake_compressor.hpp"
#include "tests/fakes/fake_random.hpp"
#include "tests/fakes/fake_storage.hpp"
#include "tests/fakes/log_capture.hpp"

#include "CppUTest/TestHarness.h"

using namespace depotlink;

namespace {

constexpr std::int64_t kTimeMs = 1722509124107;
const std::string kOtherKey(64, 'e');

}  // namespace

TEST_GROUP(QueueCommands) {
  fakes::FakeStorage disk;
  fakes::FakeStorage ram;
  fakes::FakeCipher cipher;
  fakes::FakeCompressor compressor;
  fakes::LogCapture logs;
  Logger log{logs, LogLevel::kInfo};
  settings::Settings settings;
  Secret key;
  std::string out;
  queue::QueuePorts ports{&disk, &ram, &cipher, &compressor};

  void setup() override {
    settings.site = "yard";
    settings.mqtt.topic_prefix = "depotlink";
  }
  // A segment with records `from` .. `to`, of which those up to `delivered` were delivered.
  void Write(queue::Order from, queue::Order to, queue::Order delivered = 0) {
    queue::Spool spool({}, Secret(std::string(key.Reveal())), disk, cipher, compressor, log);
    CHECK(spool.Start(0, {}).ok());
    for (queue::Order order = from; order <= to; ++order) {
      const std::string payload = "{\"seq\":" + std::to_string(order) + "}";
      queue::Record record;
      record.tracker = 7;
      record.order = order;
      record.time_ms = kTimeMs + static_cast<std::int64_t>(order) * 1000;
      record.payload = payload;
      CHECK(spool.Append(record).ok());
    }
    CHECK(spool.Commit().ok());
    spool.EndWriting();
    if (delivered == 0) return;
    spool.NoteDelivered(delivered, delivered);
    CHECK(spool.StoreCursor().ok());
  }
  int List() {
    out.clear();
    return commands::RunQueueList(ports, key, [this](std::string_view text) { out += text; });
  }
  int Export() {
    out.clear();
    return commands::RunQueueExport(settings, ports, key, log,
                                    [this](std::string_view text) { out += text; });
  }
  int Purge(bool yes) {
    out.clear();
    return commands::RunQueuePurge(
        ports, [yes](std::string_view) { return yes; },
        [this](std::string_view text) { out += text; });
  }
  std::string Size(const char* name) {
    return std::to_string(disk.Bytes(name).size());
  }
};

TEST(QueueCommands, ListsEachSegmentAndTheirSum) {
  Write(1, 3);
  Write(4, 5, 1);
  CHECK_EQUAL(0, List());
  STRCMP_CONTAINS("0000000000000001.seg         2 ", out.c_str());
  STRCMP_CONTAINS("2024-08-01T10:45:25Z  2024-08-01T10:45:27Z  ok\n", out.c_str());
  STRCMP_CONTAINS("0000000000000002.seg         2 ", out.c_str());
  STRCMP_CONTAINS("4 records on disk in 2 segments, ", out.c_str());
}

TEST(QueueCommands, AnEmptyQueueIsWell) {
  CHECK_EQUAL(0, List());
  STRCMP_CONTAINS("0 records on disk in 0 segments, 0 bytes\n", out.c_str());
  CHECK_EQUAL(0, Export());
  STRCMP_EQUAL("", out.c_str());
  LONGS_EQUAL(0, disk.Names().size());
}

TEST(QueueCommands, ExportsInOrderWhatIsNotDelivered) {
  Write(1, 2, 1);
  Write(3, 3);
  const std::string front = R"({"topic":"depotlink/yard/tracker/7/history","time":")";
  CHECK_EQUAL(0, Export());
  STRCMP_EQUAL((front + "2024-08-01T10:45:26.107Z\",\"late\":true,\"payload\":{\"seq\":2}}\n" +
                front + "2024-08-01T10:45:27.107Z\",\"late\":true,\"payload\":{\"seq\":3}}\n")
                   .c_str(),
               out.c_str());
  settings.queue.replay_to_state = true;
  CHECK_EQUAL(0, Export());
  STRCMP_CONTAINS("tracker/7/state\"", out.c_str());
}

TEST(QueueCommands, WhatIsOnlyInMemoryComesLast) {
  Write(1, 2);
  queue::Window window(limits::kWindowBytes, limits::kWindowRecords);
  queue::Journal journal(ram);
  queue::Delivered delivered;
  delivered.key_mark = {'m'};  // of a run that had seen the disk
  CHECK(journal.Rewrite(window, delivered).ok());
  queue::Record record;
  record.tracker = 8;
  record.time_ms = kTimeMs;
  record.payload = "{}";
  for (const queue::Order order :
       {queue::Order{2}, queue::Order{3}}) {  // the first one is on disk as well
    record.order = order;
    CHECK(journal.Append(record));
  }
  record.kind = queue::RecordKind::kClearState;
  record.order = 4;
  record.payload = {};
  CHECK(journal.Append(record));
  CHECK(journal.Commit());
  CHECK_EQUAL(0, List());
  STRCMP_CONTAINS("2 records on disk in 1 segments", out.c_str());
  STRCMP_CONTAINS("; 1 more in memory\n", out.c_str());
  CHECK_EQUAL(0, Export());
  CHECK(out.find("tracker/8/history") > out.find("{\"seq\":2}"));
  CHECK(out.find("tracker/8/history") == out.rfind("tracker/8/history"));
  ports.ram = nullptr;
  CHECK_EQUAL(0, List());
  CHECK(out.find("in memory") == std::string::npos);
}

TEST(QueueCommands, ChangesNothing) {
  Write(1, 3, 2);
  disk.ClearLog();
  const std::uint64_t written = disk.bytes_written();
  List();
  Export();
  for (const auto op : {fakes::StorageOp::kCreate, fakes::StorageOp::kOpenWrite,
                        fakes::StorageOp::kRemove, fakes::StorageOp::kRename}) {
    LONGS_EQUAL(0, disk.Count(op));
  }
  LONGS_EQUAL(written, disk.bytes_written());
  LONGS_EQUAL(0, disk.open_handles());
  LONGS_EQUAL(0, disk.violations().size());
}

TEST(QueueCommands, AnotherKeyLocks) {
  Write(1, 3);
  key = Secret(std::string(kOtherKey));
  CHECK_EQUAL(1, List());
  STRCMP_CONTAINS("  locked\n", out.c_str());
  STRCMP_CONTAINS("0 records on disk in 1 segments", out.c_str());
  STRCMP_CONTAINS("; 3 more are locked\n", out.c_str());
  CHECK_EQUAL(1, Export());
  STRCMP_EQUAL("", out.c_str());
  LONGS_EQUAL(1, logs.Count(LogLevel::kError, "was not exported"));
}

TEST(QueueCommands, NoKeyIsMadeToReadWith) {
  Write(1, 1);
  disk.Erase("queue.key");
  CHECK_EQUAL(1, List());
  STRCMP_CONTAINS("  locked\n", out.c_str());
  CHECK_FALSE(disk.Has("queue.key"));
}

TEST(QueueCommands, DamageIsToldAndHidesNoOther) {
  Write(1, 1);
  Write(2, 2);
  disk.FlipBit("0000000000000001.seg", queue::kSegmentHeaderBytes + queue::kBlockHeaderBytes, 0);
  CHECK_EQUAL(1, List());
  STRCMP_CONTAINS("  damaged\n", out.c_str());
  STRCMP_CONTAINS("  ok\n", out.c_str());
  CHECK_EQUAL(1, Export());
  STRCMP_CONTAINS("{\"seq\":2}", out.c_str());
  CHECK(out.find("{\"seq\":1}") == std::string::npos);
}

// Its end and its only block: what stands behind it says that there was one.
TEST(QueueCommands, WhatIsMissingAtTheEndOfASegmentIsTold) {
  Write(1, 1);
  Write(2, 2);
  const std::string first = disk.Bytes("0000000000000001.seg");
  disk.Put("0000000000000001.seg", first.substr(0, queue::kSegmentHeaderBytes));
  CHECK_EQUAL(1, List());
  STRCMP_CONTAINS("  damaged\n", out.c_str());
}

TEST(QueueCommands, PurgeLeavesTheKeyAndWhatIsNotOurs) {
  Write(1, 3, 1);
  disk.Put("0000000000000009.bad", "xyz");
  disk.Put("8000000000000002.ref", "no");
  disk.Put("notes.txt", "mine");
  ram.Put("journal", "j");
  CHECK_EQUAL(1, Purge(false));
  STRCMP_EQUAL("nothing was removed\n", out.c_str());
  CHECK(disk.Has("0000000000000001.seg"));
  CHECK_EQUAL(0, Purge(true));
  STRCMP_CONTAINS("removed 3 files, ", out.c_str());
  LONGS_EQUAL(2, disk.Names().size());
  CHECK(disk.Has("queue.key") && disk.Has("notes.txt"));
  CHECK_FALSE(ram.Has("journal"));
}

// Cut short anywhere, nothing that was delivered waits again.
TEST(QueueCommands, PurgeCutShortBringsNothingBack) {
  for (std::size_t n = 1;; ++n) {
    disk = fakes::FakeStorage();
    Write(1, 2, 1);
    Write(3, 3);
    disk.FailCall(n, Status(Code::kRetryLater, "I/O error"));
    const int code = Purge(true);
    if (!disk.failed()) break;
    CHECK(code == 1 || ram.Names().empty());
    disk.Heal();
    Export();
    CHECK(out.find("{\"seq\":1}") == std::string::npos);
  }
}

// A segment that stands for others of its key shows in their place once it is whole, not before.
TEST(QueueCommands, TheNewestShowInThePlaceOfWhatTheyReplace) {
  key = Secret(std::string(kOtherKey));
  Write(1, 3);
  key = Secret();
  queue::SpoolLimits limits;
  limits.max_bytes = 512ULL * 1024;
  limits.min_free_bytes = 0;
  limits.drop = queue::DropPolicy::kAllButNewest;
  fakes::SeededRandom random(5);
  queue::Spool spool(limits, Secret(), disk, cipher, compressor, log);
  CHECK(spool.Start(0, {}).ok());
  queue::Order order = 3;
  while (!spool.tidying()) {
    for (int i = 0; i < 10; ++i) {
      std::string noise(1400, ' ');
      for (char& c : noise) c = static_cast<char>('0' + random.Below(75));
      const std::string payload = "{\"seq\":" + std::to_string(++order) + '}' + noise;
      queue::Record record;
      record.tracker = order % 5;
      record.order = order;
      record.time_ms = kTimeMs;
      record.payload = payload;
      CHECK(spool.Append(record).ok());
    }
    CHECK(spool.Commit().ok());
    CHECK(spool.Tidy().ok());
  }
  const std::string all = std::to_string(order - 3) + " records on disk in ";
  disk.FailCall(1, {Status(Code::kRetryLater, "no"), true, 0, fakes::StorageOp::kRemove});
  bool half_written = false;
  for (Status status; status.ok();) {
    status = spool.Tidy();
    half_written = half_written || (status.ok() && spool.losses().quota == 0);
    if (!status.ok() || spool.losses().quota > 0) continue;
    CHECK_EQUAL(1, List());  // one is locked
    STRCMP_CONTAINS(all.c_str(), out.c_str());
  }
  CHECK(half_written);
  CHECK(disk.Has("0000000000000002.seg"));  // it could not be removed
  CHECK_EQUAL(1, List());                   // one is locked
  STRCMP_CONTAINS("5 records on disk in 2 segments", out.c_str());
  STRCMP_CONTAINS("locked", out.c_str());
  CHECK_EQUAL(1, Export());
  LONGS_EQUAL(5, std::count(out.begin(), out.end(), '\n'));
  for (queue::Order kept = order - 4; kept <= order; ++kept) {
    STRCMP_CONTAINS(("{\"seq\":" + std::to_string(kept) + '}').c_str(), out.c_str());
  }
}
