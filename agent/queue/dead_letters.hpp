// SPDX-License-Identifier: Apache-2.0
#pragma once

// Records that the broker would not have, each with the reason, for a person to look at: sealed
// like the queue, in files of their own (`.ref`), bounded in number, size and pace. Losing one of
// these loses no delivery: they were given up before they came here.

#include <memory>
#include <string_view>

#include "agent/base/status.hpp"
#include "agent/base/time.hpp"
#include "agent/ports/storage.hpp"
#include "agent/queue/block_codec.hpp"
#include "agent/queue/record.hpp"
#include "agent/queue/segment_writer.hpp"

namespace depotlink::queue {

class DeadLetters {
 public:
  // All must outlive this.
  DeadLetters(ports::Storage& disk, ports::Cipher& cipher, BlockCodec& codec);

  // Looks for what earlier runs left. `key` must outlive this.
  Status Start(const ports::CipherKey& key, const KeyMark& mark);
  // Keeps it, on the device when it succeeds. kFull where there were too many in this minute: a
  // broker that refuses everything must not wear the flash. `time_ms`: Unix epoch.
  Status Add(const Record& record, std::string_view why, std::int64_t time_ms, MonoTime now);
  std::uint64_t kept() const { return kept_; }

  static constexpr std::uint64_t kFileMostBytes = 128ULL * 1024;  // of which there are two
  static constexpr int kMostAMinute = 30;

 private:
  Status Begin();

  ports::Storage* disk_;
  SegmentWriter writer_;
  const ports::CipherKey* key_ = nullptr;
  KeyMark mark_{};
  SegmentId last_ = 0;
  std::uint64_t kept_ = 0;
  MonoTime minute_ends_{};
  int in_minute_ = 0;
  std::unique_ptr<char[]> text_;
  std::unique_ptr<char[]> raw_;
};

}  // namespace depotlink::queue
