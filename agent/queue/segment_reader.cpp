// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/segment_reader.hpp"

#include <algorithm>

#include "agent/queue/follower.hpp"

namespace depotlink::queue {

SegmentReader::SegmentReader(ports::Storage& disk, ports::Cipher& cipher, BlockCodec& codec)
    : disk_(&disk), cipher_(&cipher), codec_(&codec) {}

void SegmentReader::Close() {
  disk_->Close(file_);
  file_ = ports::kNoFile;
  has_key_ = false;
  key_.Wipe();
}

Status SegmentReader::Open(SegmentId id) {
  Close();
  SegmentName name;
  Result<ports::FileHandle> file = disk_->OpenRead(NameOf(id, name));
  if (!file.ok()) return file.status();
  file_ = file.value();
  id_ = id;
  at_ = kSegmentHeaderBytes;
  next_index_ = 0;
  damage_ = {};
  records_met_ = 0;
  Result<std::uint64_t> size = disk_->Size(file_);
  if (!size.ok()) {
    Close();
    return size.status();
  }
  bytes_ = size.value();
  return {};
}

Status SegmentReader::OpenSummarized(SegmentId id, SegmentSummary& summary) {
  Status status = Open(id);
  if (status.ok()) status = Summarize(summary);
  if (!status.ok()) Close();
  return status;
}

Status SegmentReader::ReadAt(std::uint64_t at, std::size_t most, std::size_t& got) {
  Result<std::size_t> read = disk_->ReadAt(file_, at, codec_->buffer(), most);
  got = read.ok() ? read.value() : 0;
  return read.status();
}

// Blocks of another segment, or twice the same one, are nobody's records.
bool SegmentReader::Fits(const BlockHeader& header) const {
  return header.segment == id_ && header.index >= next_index_;
}

Status SegmentReader::Summarize(SegmentSummary& summary) {
  summary = {};
  summary.bytes = bytes_;
  std::size_t got = 0;
  Status status = ReadAt(0, kSegmentHeaderBytes, got);
  if (!status.ok()) return status;
  summary.has_header = GetSegmentHeader({codec_->buffer(), got}, summary.header);
  BlockHeader header;
  if (bytes_ >= kSegmentHeaderBytes + kEndBlockBytes) {
    status = ReadAt(bytes_ - kEndBlockBytes, kBlockHeaderBytes, got);
    if (!status.ok()) return status;
    if (GetBlockHeader({codec_->buffer(), got}, header) && header.kind == BlockKind::kEnd &&
        header.segment == id_) {
      summary.ended = true;
      summary.blocks = header.index;
      summary.records = header.records;
      summary.first_order = header.first_order;
      summary.last_order = header.last_order;
      summary.first_time_ms = header.first_time_ms;
      summary.last_time_ms = header.last_time_ms;
      return {};
    }
  }
  for (bool found = true;;) {
    status = NextHeader(header, found);
    if (!status.ok()) return status;
    if (!found) break;
    if (summary.blocks++ == 0) {
      summary.first_order = header.first_order;
      summary.first_time_ms = header.first_time_ms;
    }
    summary.records += header.records;
    summary.last_order = header.last_order;
    summary.last_time_ms = header.last_time_ms;
  }
  summary.records = std::max<std::uint64_t>(summary.records, ToldByFollower(*disk_, id_));
  at_ = kSegmentHeaderBytes;
  next_index_ = 0;
  damage_ = {};
  records_met_ = 0;
  return {};
}

Status SegmentReader::FindHeader(BlockHeader& header, bool& found) {
  found = false;
  if (at_ >= bytes_) return {};
  std::size_t got = 0;
  Status status = ReadAt(at_, kBlockHeaderBytes, got);
  if (!status.ok()) return status;
  found = GetBlockHeader({codec_->buffer(), got}, header) && Fits(header);
  return found ? Status() : Scan(header, found);
}

// Looks for the next header behind what is none. A tail of zeros, or one that is no longer than a
// block, is what a power cut leaves of an append that was never confirmed; all else is damage.
Status SegmentReader::Scan(BlockHeader& header, bool& found) {
  const std::uint64_t from = at_;
  bool zeros = true;
  while (at_ + kBlockHeaderBytes <= bytes_) {
    std::size_t got = 0;
    Status status = ReadAt(at_, kBlockMostBytes, got);
    if (!status.ok()) {
      at_ = from;
      return status;
    }
    const std::string_view text(codec_->buffer(), got);
    zeros = zeros && text.find_first_not_of('\0') == std::string_view::npos;
    std::size_t step = got < kBlockHeaderBytes ? got : got - kBlockHeaderBytes + 1;
    for (std::size_t at = text.find(kBlockMagic); at < step; at = text.find(kBlockMagic, at + 1)) {
      if (!GetBlockHeader(text.substr(at), header) || !Fits(header)) continue;
      at_ += at;
      ++damage_.gaps;
      found = true;
      return {};
    }
    at_ += std::max<std::size_t>(step, 1);
  }
  at_ = bytes_;
  if (!zeros && bytes_ - from > kBlockMostBytes) ++damage_.gaps;
  return {};
}

Status SegmentReader::NextHeader(BlockHeader& header, bool& found) {
  Status status = FindHeader(header, found);
  if (!status.ok() || !found) return status;
  const std::uint64_t end = at_ + kBlockHeaderBytes + header.sealed_bytes;
  // Cut off in its midst, or the end of it all.
  found = header.kind == BlockKind::kRecords && end <= bytes_;
  at_ = found ? end : bytes_;
  next_index_ = header.index + 1ULL;
  if (found) records_met_ += header.records;
  return {};
}

bool SegmentReader::SkipUnreadable() {
  constexpr std::uint64_t kPageBytes = 4096;
  std::size_t got = 0;
  if (!ReadAt(0, kSegmentHeaderBytes, got).ok()) return false;
  BlockHeader header;
  bool found = false;
  if (NextHeader(header, found).ok() && found) {
    ++damage_.damaged_blocks;
    damage_.lost_records += header.records;
  } else {
    at_ = std::min(bytes_, (at_ / kPageBytes + 1) * kPageBytes);
    ++damage_.gaps;
  }
  return true;
}

Status SegmentReader::KeyFor(const ports::CipherKey& master, const Salt& salt) {
  if (has_key_ && salt == key_salt_) return {};
  Status status = DeriveSegmentKey(*cipher_, master, salt, id_, key_);
  has_key_ = status.ok();
  key_salt_ = salt;
  return status;
}

Status SegmentReader::NextBlock(const ports::CipherKey& master, Order after, char* raw,
                                BlockHeader& header, RecordReader& records, bool& found) {
  for (;;) {
    const std::uint64_t index_before = next_index_;
    Status status = NextHeader(header, found);
    if (!status.ok() || !found) return status;
    if (header.last_order <= after) continue;
    const std::size_t whole = kBlockHeaderBytes + header.sealed_bytes;
    std::size_t got = 0;
    status = ReadAt(at_ - whole, whole, got);
    if (status.ok()) status = KeyFor(master, header.salt);
    if (!status.ok()) {  // the same block again, next time
      at_ -= whole;
      next_index_ = index_before;
      records_met_ -= header.records;
      return status;
    }
    const BlockVerdict verdict =
        got == whole ? codec_->Open(key_, header, raw) : BlockVerdict::kDamaged;
    if (verdict == BlockVerdict::kGood) {
      records = RecordReader({raw, header.raw_bytes});
      return {};
    }
    ++(verdict == BlockVerdict::kForged ? damage_.forged_blocks : damage_.damaged_blocks);
    damage_.lost_records += header.records;
  }
}

}  // namespace depotlink::queue
