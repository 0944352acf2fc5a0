// SPDX-License-Identifier: Apache-2.0
#include "agent/json/json_writer.hpp"

#include <charconv>
#include <cmath>
#include <cstring>

#include "agent/json/utf8.hpp"

namespace depotlink::json {
namespace {

constexpr std::size_t kIntBytes = 20;  // of -9223372036854775808 and of 18446744073709551615
// The longest double in fixed notation below 2^53: "-0." with 323 zeros and a digit.
constexpr std::size_t kDoubleBytes = 352;

template <typename T>
std::string_view Digits(T value, std::array<char, kIntBytes>& out) {
  const auto end = std::to_chars(out.data(), out.data() + out.size(), value);
  return {out.data(), static_cast<std::size_t>(end.ptr - out.data())};
}

bool MustEscape(char32_t code) {
  return code == '"' || code == '\\' || IsControl(code);
}

}  // namespace

void JsonWriter::Reset() {
  size_ = 0;
  depth_ = 0;
  has_items_ = false;
  has_key_ = false;
  done_ = false;
  failed_ = false;
}

std::string_view JsonWriter::view() const {
  if (failed_ || !done_) return {};
  return {buffer_, size_};
}

void JsonWriter::Put(char c) {
  if (failed_ || size_ == capacity_) {
    failed_ = true;
    return;
  }
  buffer_[size_++] = c;
}

void JsonWriter::Put(std::string_view bytes) {
  if (failed_ || bytes.size() > capacity_ - size_) {
    failed_ = true;
    return;
  }
  std::memcpy(buffer_ + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

// What comes before any value: the comma in an array. False where no value may stand here.
bool JsonWriter::BeginValue() {
  const bool in_object = depth_ > 0 && closers_[depth_ - 1] == '}';
  if (failed_ || done_ || in_object != has_key_) {
    failed_ = true;
    return false;
  }
  if (!in_object && has_items_) Put(',');
  has_items_ = true;
  has_key_ = false;
  done_ = depth_ == 0;
  return !failed_;
}

JsonWriter& JsonWriter::Key(std::string_view name) {
  if (failed_ || depth_ == 0 || closers_[depth_ - 1] != '}' || has_key_) {
    failed_ = true;
    return *this;
  }
  if (has_items_) Put(',');
  PutQuoted(name);
  Put(':');
  has_key_ = true;
  return *this;
}

void JsonWriter::Begin(char open, char close) {
  if (!BeginValue()) return;
  if (depth_ == kMaxDepth) {
    failed_ = true;
    return;
  }
  Put(open);
  closers_[depth_++] = close;
  has_items_ = false;
  done_ = false;
}

void JsonWriter::End(char close) {
  if (failed_ || depth_ == 0 || closers_[depth_ - 1] != close || has_key_) {
    failed_ = true;
    return;
  }
  Put(close);
  --depth_;
  has_items_ = true;
  done_ = depth_ == 0;
}

void JsonWriter::PutEscape(char32_t code) {
  if (code == '"' || code == '\\') {
    Put('\\');
    Put(static_cast<char>(code));
    return;
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  Put("\\u");
  for (unsigned shift = 16; shift > 0;) {
    shift -= 4;
    Put(kHex[(code >> shift) & 0xFU]);
  }
}

void JsonWriter::PutQuoted(std::string_view text) {
  Put('"');
  while (!failed_) {
    const std::size_t plain = PlainBytes(text);
    Put(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const Utf8Char c = FirstUtf8(text);
    if (!c.valid || c.code == 0) {
      Put(kReplacementUtf8);
    } else if (MustEscape(c.code)) {
      PutEscape(c.code);
    } else {
      Put(text.substr(0, c.bytes));
    }
    text.remove_prefix(c.bytes);
  }
  Put('"');
}

void JsonWriter::Text(std::string_view text) {
  if (BeginValue()) PutQuoted(text);
}

void JsonWriter::Int(std::int64_t value) {
  std::array<char, kIntBytes> buffer;
  const std::string_view digits = Digits(value, buffer);
  if (value > kMaxExact || value < -kMaxExact) {
    Text(digits);
  } else if (BeginValue()) {
    Put(digits);
  }
}

void JsonWriter::Uint(std::uint64_t value) {
  std::array<char, kIntBytes> buffer;
  const std::string_view digits = Digits(value, buffer);
  if (value > static_cast<std::uint64_t>(kMaxExact)) {
    Text(digits);
  } else if (BeginValue()) {
    Put(digits);
  }
}

void JsonWriter::Double(double value) {
  if (!std::isfinite(value)) {
    Null();
    return;
  }
  const double magnitude = std::fabs(value);
  if (magnitude == 0) value = 0;  // never "-0"
  const bool exact = magnitude <= static_cast<double>(kMaxExact);
  std::array<char, kDoubleBytes> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 exact ? std::chars_format::fixed : std::chars_format::general);
  const std::string_view digits(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
  if (!exact) {
    Text(digits);
  } else if (BeginValue()) {
    Put(digits);
  }
}

void JsonWriter::Bool(bool value) {
  if (BeginValue()) Put(value ? std::string_view("true") : std::string_view("false"));
}

void JsonWriter::Null() {
  if (BeginValue()) Put(std::string_view("null"));
}

void JsonWriter::Time(WallTime value, bool with_ms) {
  std::array<char, kIsoTimeMaxBytes> buffer;
  const std::size_t bytes = FormatIsoTime(value, with_ms, buffer.data());
  if (BeginValue()) PutQuoted({buffer.data(), bytes});
}

}  // namespace depotlink::json
