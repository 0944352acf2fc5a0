// SPDX-License-Identifier: Apache-2.0
#pragma once

// Records as they stand in a block before it is compressed: one after the other, numbers as
// differences from the record before. README.md of this folder draws it. Topics are not kept: kind
// and tracker say them.

#include <cstddef>
#include <string_view>

#include "agent/queue/record.hpp"

namespace depotlink::queue {

// Kind, order, time, tracker, length of the payload.
inline constexpr std::size_t kRecordMostOverhead = 1 + 10 + 10 + 10 + 5;

// Appends records to a buffer of the caller's.
class RecordWriter {
 public:
  RecordWriter(char* out, std::size_t capacity) : out_(out), capacity_(capacity) {}

  // Orders must rise. False, nothing written, where it does not fit.
  [[nodiscard]] bool Add(const Record& record);
  void Clear() { *this = RecordWriter(out_, capacity_); }

  std::string_view bytes() const { return {out_, size_}; }
  std::uint32_t records() const { return records_; }
  Order first_order() const { return first_order_; }
  Order last_order() const { return last_order_; }
  std::int64_t first_time_ms() const { return first_time_ms_; }
  std::int64_t last_time_ms() const { return last_time_ms_; }

 private:
  char* out_;
  std::size_t capacity_;
  std::size_t size_ = 0;
  std::uint32_t records_ = 0;
  Order first_order_ = 0;
  Order last_order_ = 0;
  std::int64_t first_time_ms_ = 0;
  std::int64_t last_time_ms_ = 0;
};

// Takes them out again.
class RecordReader {
 public:
  RecordReader() = default;
  explicit RecordReader(std::string_view bytes) : rest_(bytes) {}

  // The next record, without its topic; the payload is a view of the bytes read. False at the end,
  // and where the rest is no record: then malformed() is true.
  [[nodiscard]] bool Next(Record& record);
  bool at_end() const { return rest_.empty(); }
  bool malformed() const { return malformed_; }

 private:
  std::string_view rest_;
  Order order_ = 0;
  std::int64_t time_ms_ = 0;
  bool malformed_ = false;
};

}  // namespace depotlink::queue
