// SPDX-License-Identifier: Apache-2.0
#pragma once

// A spool over a disk in memory, records that tell by themselves whether they came back as they
// were, and restarts.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/ports/compressor.hpp"
#include "agent/queue/spool.hpp"
#include "tests/fakes/fake_cipher.hpp"
#include "tests/fakes/fake_compressor.hpp"
#include "tests/fakes/fake_storage.hpp"
#include "tests/fakes/log_capture.hpp"

namespace depotlink::queue {

using Orders = std::vector<Order>;

// Two keys of the queue.
inline constexpr const char* kKeyA =
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
inline constexpr const char* kKeyB =
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
inline constexpr const char* kFirst = "0000000000000001.seg";
inline constexpr const char* kSecond = "0000000000000002.seg";

inline Orders Range(Order first, Order last) {
  Orders orders;
  for (Order order = first; order <= last; ++order) orders.push_back(order);
  return orders;
}

// A record that follows from its order alone. The payload of `bytes` hardly compresses.
struct MadeRecord {
  explicit MadeRecord(Order order, std::size_t bytes) {
    payload = "{\"n\":" + std::to_string(order) + ",\"x\":\"";
    const std::size_t rest = bytes - std::min(bytes, payload.size() + 2);
    payload += Noise().substr(static_cast<std::size_t>(order * 37 % 4096), rest) + "\"}";
    record.kind = order % 3 == 0 ? RecordKind::kHistory : RecordKind::kState;
    record.retain = order % 3 != 0;
    record.tracker = 1000 + order % 7;
    record.order = order;
    record.time_ms = TimeOf(order);
    record.payload = payload;
  }
  static std::int64_t TimeOf(Order order) {
    return 1'700'000'000'000 + static_cast<std::int64_t>(order) * 1000;
  }

  static const std::string& Noise() {
    static const std::string noise = [] {
      fakes::SeededRandom random(1);
      std::string text(16 * 1024, ' ');
      for (char& c : text) c = static_cast<char>('0' + random.Below(75));
      return text;
    }();
    return noise;
  }

  std::string payload;
  Record record;
};

// Blocks are stored as they are: quicker, for the loops over every call and every bit.
class NeverPacks final : public ports::Compressor {
 public:
  std::size_t Pack(Effort, std::string_view, std::string_view, char*, std::size_t) override {
    return 0;
  }
  bool Unpack(std::string_view, std::string_view, char*, std::size_t) override { return false; }
};

struct SpoolRig {
  fakes::FakeStorage disk;
  fakes::FakeCipher cipher;
  fakes::FakeCompressor packs;
  NeverPacks never_packs;
  ports::Compressor* compressor = &packs;
  fakes::LogCapture lines;
  Logger log{lines, LogLevel::kDebug};
  SpoolLimits limits{64ULL * 1024 * 1024, 0, 0};
  std::string key;  // 64 digits, or empty: the disk's own
  std::size_t record_bytes = 120;
  std::unique_ptr<Spool> spool;
  KeyMark mark{};           // of the last run's key, as the journal would have it
  std::uint64_t wrong = 0;  // records that came back otherwise than they were given

  void Make() {
    spool.reset();
    spool =
        std::make_unique<Spool>(limits, Secret(std::string(key)), disk, cipher, *compressor, log);
  }
  // The end of one process and the start of the next.
  Status Start(Order delivered = 0) {
    if (spool != nullptr) mark = spool->mark();
    Make();
    return spool->Start(delivered, mark);
  }
  // Nothing is left that was not synced.
  void CutPower() {
    spool.reset();
    disk.PowerCutLosingAll();
  }
  Status Append(const Orders& orders) {
    for (const Order order : orders) {
      const MadeRecord made(order, record_bytes);
      Status status = spool->Append(made.record);
      if (!status.ok()) return status;
    }
    return {};
  }
  // As one group.
  Status Give(Order first, Order last) {
    Status status = Append(Range(first, last));
    return status.ok() ? spool->Commit() : status;
  }
  // A segment of its own, with its end.
  Status GiveSegment(Order first, Order last) {
    Status status = Give(first, last);
    spool->EndWriting();
    return status;
  }

  // Whether it is just what was given under that order.
  bool IsRight(const Record& record) const {
    const MadeRecord made(record.order, record_bytes);
    return record.kind == made.record.kind && record.retain == made.record.retain &&
           record.tracker == made.record.tracker && record.time_ms == made.record.time_ms &&
           record.payload == made.record.payload;
  }
  // Up to `most` records, none of them delivered yet. Ends early at a segment's end.
  Orders Take(std::size_t most = SIZE_MAX, Status* status = nullptr) {
    Orders orders;
    Record record;
    bool found = true;
    while (orders.size() < most) {
      const Status next = spool->Next(record, found);
      if (status != nullptr) *status = next;
      if (!next.ok() || !found) break;
      if (!IsRight(record)) ++wrong;
      orders.push_back(record.order);
    }
    return orders;
  }
  // Everything, delivered and finished, up to the first trouble.
  Orders Drain(Status* status = nullptr) {
    Orders all;
    for (;;) {
      Status trouble;
      const Orders some = Take(SIZE_MAX, &trouble);
      all.insert(all.end(), some.begin(), some.end());
      if (!some.empty()) spool->NoteDelivered(some.back(), some.size());
      const bool ended = spool->segment_ended();
      if (trouble.ok() && ended) trouble = spool->FinishSegment();
      if (status != nullptr) *status = trouble;
      if (!trouble.ok() || !ended) return all;
    }
  }

  std::vector<std::string> Segments() const { return NamesWith(".seg"); }
  std::vector<std::string> SetAside() const { return NamesWith(".bad"); }
  std::vector<std::string> NamesWith(std::string_view suffix) const {
    std::vector<std::string> names;
    for (const std::string& name : disk.Names()) {
      if (name.size() > suffix.size() &&
          std::string_view(name).substr(name.size() - suffix.size()) == suffix) {
        names.push_back(name);
      }
    }
    return names;
  }
};

// For STRCMP_EQUAL: `1-5 7 9-10`.
inline std::string Text(const Orders& orders) {
  std::string text;
  for (std::size_t i = 0; i < orders.size();) {
    std::size_t end = i;
    while (end + 1 < orders.size() && orders[end + 1] == orders[end] + 1) ++end;
    if (!text.empty()) text += ' ';
    text += std::to_string(orders[i]);
    if (end > i) text += '-' + std::to_string(orders[end]);
    i = end + 1;
  }
  return text;
}

}  // namespace depotlink::queue

#define CHECK_OK(status_) STRCMP_EQUAL("", (status_).message().c_str())
#define CHECK_ORDERS(text_, orders_) STRCMP_EQUAL(text_, ::depotlink::queue::Text(orders_).c_str())
