// SPDX-License-Identifier: Apache-2.0
#pragma once

// The offline queue as the commands see it: read only, beside an agent that may be at work on it.
// What it removes meanwhile is not missed.

#include <functional>
#include <string>
#include <vector>

#include "agent/base/secret.hpp"
#include "agent/base/status.hpp"
#include "agent/queue/offline_queue.hpp"
#include "agent/queue/segment_reader.hpp"

namespace depotlink::commands {

enum class SegmentState : std::uint8_t { kOk, kDamaged, kLocked };

struct SegmentLine {
  queue::SegmentId id = 0;
  SegmentState state = SegmentState::kOk;
  std::uint64_t records = 0;  // not delivered yet
  std::uint64_t bytes = 0;
  std::int64_t oldest_ms = 0;  // of the whole segment
  std::int64_t newest_ms = 0;
};

struct SetAsideFile {
  std::string name;
  std::uint64_t bytes = 0;
  bool refused = false;  // records that the broker would not have; else a damaged segment
};

class QueueView : private queue::JournalVisitor {
 public:
  using OnRecordFn = std::function<void(const queue::Record&)>;

  // `ports` must outlive this; `ports.ram` may be null: no journal. `given_key`: as
  // queue::LoadQueueKey has it, but no key is made.
  QueueView(const queue::QueuePorts& ports, const Secret& given_key);

  // Looks at the names, the key and how far has been delivered. Fails where the directory cannot be
  // read; a key that is missing or none leaves every segment locked, and key_trouble() says why.
  Status Open();
  const std::string& key_trouble() const { return key_trouble_; }

  const std::vector<queue::SegmentId>& segments() const { return segments_; }
  const std::vector<SetAsideFile>& set_aside() const { return set_aside_; }
  // Reads one segment and hands out each of its records that is not delivered, in order. `found` is
  // false where it is gone.
  Status Read(queue::SegmentId id, SegmentLine& line, bool& found, const OnRecordFn& on_record);
  // Positions that only the journal in memory has, in order. For after the last segment.
  Status ReadJournal(const OnRecordFn& on_record);

 private:
  void OnRecord(const queue::Record& record) override;
  Status LoadKey();
  void FindDelivered();
  Status DropReplaced();
  Status ReadRecords(queue::SegmentReader& reader, SegmentLine& line, const OnRecordFn& on_record);

  queue::QueuePorts ports_;
  const Secret* given_key_;
  queue::BlockCodec codec_;
  ports::CipherKey key_;
  queue::KeyMark mark_{};
  bool has_key_ = false;
  std::string key_trouble_;
  std::unique_ptr<char[]> raw_;
  std::vector<queue::SegmentId> segments_;
  std::vector<SetAsideFile> set_aside_;
  queue::Delivered delivered_;
  queue::Order last_order_ = 0;  // of what Read() has met
  const OnRecordFn* on_record_ = nullptr;
};

}  // namespace depotlink::commands
