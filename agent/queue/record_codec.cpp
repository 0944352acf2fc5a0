// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/record_codec.hpp"

#include <algorithm>

#include "agent/queue/little_endian.hpp"

namespace depotlink::queue {
namespace {

constexpr unsigned char kKindBits = 0x07;
constexpr unsigned char kRetainBit = 0x08;

}  // namespace

bool RecordWriter::Add(const Record& record) {
  if (capacity_ - size_ < kRecordMostOverhead + record.payload.size()) return false;
  char* out = out_ + size_;
  const auto kind = static_cast<unsigned char>(record.kind);
  *out++ = static_cast<char>(kind | (record.retain ? kRetainBit : 0U));
  out += PutVarint(out, record.order - last_order_);
  // Any two times, whatever a file said: around the edge and back.
  out +=
      PutVarint(out, ZigZag(static_cast<std::int64_t>(static_cast<std::uint64_t>(record.time_ms) -
                                                      static_cast<std::uint64_t>(last_time_ms_))));
  out += PutVarint(out, record.tracker);
  out += PutVarint(out, record.payload.size());
  out = std::copy(record.payload.begin(), record.payload.end(), out);
  size_ = static_cast<std::size_t>(out - out_);
  if (records_++ == 0) {
    first_order_ = record.order;
    first_time_ms_ = record.time_ms;
  }
  last_order_ = record.order;
  last_time_ms_ = record.time_ms;
  return true;
}

bool RecordReader::Next(Record& record) {
  if (rest_.empty() || malformed_) return false;
  malformed_ = true;  // until it turns out well
  const auto head = static_cast<unsigned char>(rest_.front());
  rest_.remove_prefix(1);
  std::uint64_t order_step = 0;
  std::uint64_t time_step = 0;
  std::uint64_t tracker = 0;
  std::uint64_t bytes = 0;
  if ((head & kKindBits) > static_cast<unsigned char>(kLastRecordKind) ||
      !TakeVarint(rest_, order_step) || !TakeVarint(rest_, time_step) ||
      !TakeVarint(rest_, tracker) || !TakeVarint(rest_, bytes) || bytes > rest_.size() ||
      order_step == 0) {
    return false;
  }
  order_ += order_step;
  time_ms_ = static_cast<std::int64_t>(static_cast<std::uint64_t>(time_ms_) +
                                       static_cast<std::uint64_t>(UnZigZag(time_step)));
  record = {};
  record.kind = static_cast<RecordKind>(head & kKindBits);
  record.retain = (head & kRetainBit) != 0;
  record.tracker = tracker;
  record.order = order_;
  record.time_ms = time_ms_;
  record.payload = rest_.substr(0, static_cast<std::size_t>(bytes));
  rest_.remove_prefix(static_cast<std::size_t>(bytes));
  malformed_ = false;
  return true;
}

}  // namespace depotlink::queue
