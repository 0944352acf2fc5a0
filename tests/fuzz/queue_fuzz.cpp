// SPDX-License-Identifier: Apache-2.0
// The queue's files: what was not given never comes out, however the bytes were changed, and no
// reading goes on for ever.
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/queue/crc32c.hpp"
#include "agent/queue/cursor_file.hpp"
#include "agent/queue/journal.hpp"
#include "agent/queue/little_endian.hpp"
#include "agent/queue/repeat_codec.hpp"
#include "agent/queue/segment_reader.hpp"
#include "agent/queue/segment_writer.hpp"
#include "tests/fakes/fake_cipher.hpp"
#include "tests/fakes/fake_compressor.hpp"
#include "tests/fakes/fake_storage.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace depotlink::fuzz {
namespace {

constexpr queue::SegmentId kSegment = 1;
constexpr const char* kSegmentFile = "0000000000000001.seg";
constexpr std::size_t kBlocks = 4;
constexpr std::size_t kRecordsEach = 3;

std::string PayloadOf(queue::Order order) {
  return "{\"n\":" + std::to_string(order) + ",\"x\":\"" +
         std::string(static_cast<std::size_t>(order * 5), static_cast<char>('a' + order)) + "\"}";
}

queue::Record RecordOf(queue::Order order, const std::string& payload) {
  queue::Record record;
  record.order = order;
  record.tracker = 1000 + order;
  record.time_ms = 1'700'000'000'000 + static_cast<std::int64_t>(order);
  record.payload = payload;
  return record;
}

// A sound segment, made once.
struct Made {
  fakes::FakeStorage disk;
  fakes::FakeCipher cipher;
  fakes::FakeCompressor packs;
  queue::BlockCodec codec{cipher, packs};
  ports::CipherKey master;
  std::string bytes;

  Made() {
    for (std::size_t i = 0; i < ports::kCipherKeyBytes; ++i) master.data()[i] = 'k';
    queue::SegmentWriter writer(disk, cipher, codec);
    Require(writer.Begin(kSegment, master, {}).ok(), "a segment begins");
    std::array<char, 1024> raw;
    queue::Order order = 0;
    for (std::size_t block = 0; block < kBlocks; ++block) {
      queue::RecordWriter records(raw.data(), raw.size());
      for (std::size_t i = 0; i < kRecordsEach; ++i) {
        const std::string payload = PayloadOf(++order);
        Require(records.Add(RecordOf(order, payload)), "a record fits");
      }
      Require(writer.Append(records).ok(), "a block is written");
    }
    Require(writer.Finish().ok(), "a segment ends");
    bytes = disk.Bytes(kSegmentFile);
  }
};

Made& Base() {
  static Made made;
  return made;
}

// Reads all of a segment file. How many records came.
std::size_t ReadSegment(std::string bytes) {
  Made& base = Base();
  const std::size_t size = bytes.size();
  fakes::FakeStorage disk;
  disk.Put(kSegmentFile, std::move(bytes));
  std::size_t count = 0;
  {
    queue::SegmentReader reader(disk, base.cipher, base.codec);
    queue::SegmentSummary summary;
    Require(reader.OpenSummarized(kSegment, summary).ok(), "a segment opens");
    std::array<char, queue::kBlockRawBytes> raw;
    queue::BlockHeader header;
    queue::RecordReader records;
    queue::Order last = 0;
    for (bool found = true;;) {
      Require(reader.NextBlock(base.master, 0, raw.data(), header, records, found).ok(),
              "no error");
      if (!found) break;
      queue::Record record;
      while (records.Next(record)) {
        const std::string payload = PayloadOf(record.order);
        const queue::Record given = RecordOf(record.order, payload);
        Require(record.order > last && record.order <= kBlocks * kRecordsEach, "orders rise");
        Require(record.payload == payload && record.tracker == given.tracker &&
                    record.time_ms == given.time_ms,
                "what comes out was given");
        last = record.order;
        ++count;
      }
      Require(!records.malformed(), "what is sealed is whole");
    }
    Require(disk.calls() <= 16 + 6 * (size / queue::kBlockHeaderBytes), "reading ends soon");
  }
  Require(disk.open_handles() == 0 && disk.violations().empty(), "the disk is treated well");
  return count;
}

void MendSums(std::string& bytes) {
  for (std::size_t at = bytes.find(queue::kBlockMagic); at != std::string::npos;
       at = bytes.find(queue::kBlockMagic, at + 1)) {
    if (at + queue::kBlockHeaderBytes > bytes.size()) break;
    char* header = bytes.data() + at;
    const auto sealed = queue::GetFixed<std::uint32_t>(header + 8);
    const std::size_t body = at + queue::kBlockHeaderBytes;
    if (sealed <= bytes.size() - body) {
      queue::PutFixed(header + 80, queue::Crc32c({bytes.data() + body, sealed}));
    }
    queue::PutFixed(header + 84, queue::Crc32c({header, 84}));
  }
}

// The bytes as what a file tells, and as records.
void Repeats(std::string_view bytes) {
  std::string raw(bytes.empty() ? 0 : static_cast<unsigned char>(bytes.front()) * 16U, '\0');
  static_cast<void>(queue::UnfoldRepeats(bytes, raw.data(), raw.size()));
  std::string folded(2 * bytes.size() + 64, '\0');
  folded.resize(queue::FoldRepeats(bytes, folded.data(), folded.size()));
  raw.assign(bytes.size(), '\0');
  Require(bytes.empty() || queue::UnfoldRepeats(folded, raw.data(), raw.size()),
          "what was folded is unfolded");
  Require(raw == bytes, "to the same");
}

struct Heard final : queue::JournalVisitor {
  void OnRecord(const queue::Record& record) override {
    Require(record.order > above, "orders rise");
    Require(record.kind <= queue::kLastRecordKind, "kinds are known");
    for (const char c : record.payload) sum += static_cast<unsigned char>(c);  // all of it is there
    above = record.order;
  }
  queue::Order above = 0;
  std::size_t sum = 0;
};

}  // namespace

void Segment(std::string_view bytes) {
  ReadSegment(std::string(bytes));
}

// Edits of a sound segment: places, lengths and what stands there instead; then, as a forger would,
// all check sums are made to fit.
void Forgery(std::string_view bytes) {
  Input input(bytes);
  std::string file = Base().bytes;
  const std::size_t whole = file.size();
  const unsigned mode = input.Byte();
  while (!input.empty()) {
    const std::size_t at = input.Number(2) % (file.size() + 1);
    const unsigned kind = input.Byte();
    const std::size_t size = input.Byte() % 96;
    switch (kind % 4) {
      case 0:  // a piece of it once more, or somewhere else
        file.insert(at, file.substr(input.Number(2) % (file.size() + 1), 2 * size));
        break;
      case 1:
        file.erase(at, 2 * size);
        break;
      default: {
        const std::string_view piece = input.Piece(size);
        file.replace(at, piece.size(), piece);
      }
    }
    if (file.size() > 8 * whole) break;
  }
  if (mode % 2 == 0) MendSums(file);
  const std::size_t count = ReadSegment(file);
  Require(file != Base().bytes || count == kBlocks * kRecordsEach, "nothing is lost without need");
}

void Records(std::string_view bytes) {
  Repeats(bytes);
  queue::RecordReader reader(bytes);
  std::vector<queue::Record> read;
  queue::Record record;
  while (reader.Next(record)) {
    Require(read.size() < bytes.size(), "each record takes a byte at least");
    read.push_back(record);
  }
  std::string again(bytes.size() + read.size() * queue::kRecordMostOverhead + 1, '\0');
  queue::RecordWriter writer(again.data(), again.size());
  std::vector<queue::Record> written;
  queue::Order last = 0;
  for (const queue::Record& one : read) {
    if (one.order <= last) break;
    last = one.order;
    Require(writer.Add(one), "what was read can be written");
    written.push_back(one);
  }
  queue::RecordReader once_more(writer.bytes());
  for (const queue::Record& one : written) {
    Require(once_more.Next(record), "what was written can be read");
    Require(record.order == one.order && record.tracker == one.tracker && record.kind == one.kind &&
                record.retain == one.retain && record.time_ms == one.time_ms &&
                record.payload == one.payload,
            "a record stays what it is");
  }
  queue::SegmentHeader segment;
  queue::BlockHeader block;
  static_cast<void>(queue::GetSegmentHeader(bytes, segment));
  static_cast<void>(queue::GetBlockHeader(bytes, block));
}

void JournalFile(std::string_view bytes) {
  Input input(bytes);
  std::string file(bytes);
  if (input.Byte() % 2 == 0) {  // entries whose check sums fit
    file = "DLQ1JNL\n";
    while (!input.empty()) {
      const std::string_view body = input.Piece(input.Number(2) % 600);
      char head[8];
      queue::PutFixed(head, static_cast<std::uint32_t>(body.size()));
      queue::PutFixed(head + 4, queue::Crc32c(body));
      file.append(head, sizeof head).append(body);
    }
  }
  const std::size_t size = file.size();
  fakes::FakeStorage ram;
  ram.Put(std::string(queue::kJournalFileName), std::move(file));
  ram.Put(std::string(queue::kCursorFileName), std::string(bytes));
  {
    queue::Journal journal(ram);
    queue::Delivered delivered;
    Require(journal.ReadDelivered(delivered).ok(), "a journal is read");
    Heard heard;
    heard.above = delivered.window;
    Require(journal.ReadRecords(delivered.window, heard).ok(), "records are read");
    queue::CursorFile cursor(ram);
    queue::Order stored = 0;
    Require(cursor.Load({}, stored).ok(), "a cursor is read");
    Require(ram.calls() <= 32 + 2 * (size / 8), "reading ends soon");
  }
  Require(ram.open_handles() == 0 && ram.violations().empty(), "the disk is treated well");
}

}  // namespace depotlink::fuzz
