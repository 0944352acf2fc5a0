// SPDX-License-Identifier: Apache-2.0
#pragma once

// Writes one segment at a time, front to back. After the first failure a segment is left as it is,
// for ever: what fsync said of a file once it will not say again, and a block at a used index would
// repeat a nonce. The caller begins another one and gives the unconfirmed records again.

#include "agent/base/status.hpp"
#include "agent/ports/storage.hpp"
#include "agent/queue/block_codec.hpp"
#include "agent/queue/record_codec.hpp"
#include "agent/queue/segment_format.hpp"

namespace depotlink::queue {

class SegmentWriter {
 public:
  // All must outlive this.
  SegmentWriter(ports::Storage& disk, ports::Cipher& cipher, BlockCodec& codec)
      : disk_(&disk), cipher_(&cipher), codec_(&codec) {}
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;
  ~SegmentWriter() { Abandon(); }

  // Creates the file. Nothing of it is durable before Sync(). On failure there is no segment open,
  // and the file is removed again as far as that can be done.
  Status Begin(SegmentId id, const ports::CipherKey& master, const KeyMark& mark,
               SegmentId supersedes = 0, const Forerunner& forerunner = {});
  // Appends the records as one block. Confirmed only by the next good Sync(). After a failure the
  // segment is closed, what was not confirmed cut off as far as that can be done.
  Status Append(const RecordWriter& records);
  // What was appended is on the device, name and all. After a failure the segment is closed.
  Status Sync();
  // Writes the end block and syncs; the segment is closed then, whatever the outcome. Only the
  // count of the records hangs on it, none of them.
  Status Finish();
  // What was appended since the last good Sync() goes, and the segment is closed; one that has
  // nothing of the kind stays open.
  void DropUnconfirmed();
  // Closes the file as it is.
  void Abandon();

  bool open() const { return file_ != ports::kNoFile; }
  SegmentId id() const { return header_.id; }
  // Of the file, with what is not confirmed yet.
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t confirmed_bytes() const { return confirmed_bytes_; }
  std::uint32_t confirmed_records() const { return confirmed_records_; }
  std::int64_t last_time_ms() const { return total_.last_time_ms; }
  std::uint32_t records() const { return total_.records; }
  Order last_order() const { return total_.last_order; }

 private:
  Status Write(std::string_view bytes);
  Status CutBack(Status why);
  void Count(const BlockHeader& block);

  ports::Storage* disk_;
  ports::Cipher* cipher_;
  BlockCodec* codec_;
  ports::FileHandle file_ = ports::kNoFile;
  ports::CipherKey key_;
  SegmentHeader header_;
  BlockHeader total_;  // becomes the end block
  std::uint64_t bytes_ = 0;
  std::uint64_t confirmed_bytes_ = 0;
  std::uint32_t confirmed_records_ = 0;
  bool named_ = false;  // the directory was synced since the file was created
};

}  // namespace depotlink::queue
