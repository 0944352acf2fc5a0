// SPDX-License-Identifier: Apache-2.0
#pragma once

// Writes one JSON text into a buffer that the caller owns: no heap, no exception. What it writes is
// valid JSON in valid UTF-8 that cJSON on a small device reads back unchanged:
// - Ill-formed UTF-8 and U+0000 (which would end a C string) become U+FFFD.
// - Control characters, the line separators U+2028/2029 and the direction marks that IsControl()
//   lists are escaped as \uXXXX: the same text for a JSON reader, harmless on a terminal.
// - Whole numbers beyond 2^53 are written as text, because many readers hold numbers as doubles.
// - Doubles: the shortest digits that read back as the same value, without an exponent; beyond
//   2^53 as text; NaN and infinities as null.
// A buffer that is too small, nesting beyond kMaxDepth and calls out of order (a value without its
// key) latch a failure: nothing is written after it, and ok() tells.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/base/time.hpp"

namespace depotlink::json {

class JsonWriter {
 public:
  static constexpr std::size_t kMaxDepth = 8;
  static constexpr std::int64_t kMaxExact = std::int64_t{1} << 53U;

  // `buffer` must outlive the writer.
  JsonWriter(char* buffer, std::size_t capacity) : buffer_(buffer), capacity_(capacity) {}

  void BeginObject() { Begin('{', '}'); }
  void EndObject() { End('}'); }
  void BeginArray() { Begin('[', ']'); }
  void EndArray() { End(']'); }

  // In an object: before each value. Returns itself, so that `w.Key("a").Int(1);` reads as a line.
  JsonWriter& Key(std::string_view name);

  void Text(std::string_view text);
  void Int(std::int64_t value);
  void Uint(std::uint64_t value);
  void Double(double value);
  void Bool(bool value);
  void Null();
  // ISO 8601, UTC, with milliseconds where `with_ms`.
  void Time(WallTime value, bool with_ms);

  // False after an overflow or a call out of order, and for ever after.
  bool ok() const { return !failed_; }
  // The whole text; empty before it is complete and after a failure.
  std::string_view view() const;
  // Starts anew in the same buffer.
  void Reset();

 private:
  void Begin(char open, char close);
  void End(char close);
  bool BeginValue();
  void Put(char c);
  void Put(std::string_view bytes);
  void PutQuoted(std::string_view text);
  void PutEscape(char32_t code);

  char* buffer_;
  std::size_t capacity_;
  std::size_t size_ = 0;
  std::array<char, kMaxDepth> closers_{};
  std::size_t depth_ = 0;
  bool has_items_ = false;  // at the present depth
  bool has_key_ = false;
  bool done_ = false;
  bool failed_ = false;
};

}  // namespace depotlink::json
