// SPDX-License-Identifier: Apache-2.0
#include "agent/json/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace depotlink::json {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the lowest");

// How many of the bytes at `text`, kStride of them, stand before the first that PlainBytes() does
// not count.
#if defined(__SSE2__) || defined(__aarch64__)
constexpr std::size_t kStride = 16;

std::size_t PlainAt(const char* text) {
  using Bytes = signed char __attribute__((vector_size(kStride)));
  Bytes bytes;
  std::memcpy(&bytes, text, kStride);
  // As signed numbers, what is no ASCII is below 0. Each such byte has all bits set, others none.
  const auto others = (bytes < 0x20) | (bytes == '"') | (bytes == '\\') | (bytes == 0x7F);
  std::uint64_t halves[2];
  std::memcpy(halves, &others, kStride);
  if (halves[0] != 0) return static_cast<std::size_t>(__builtin_ctzll(halves[0])) / 8;
  return halves[1] == 0 ? kStride : 8 + static_cast<std::size_t>(__builtin_ctzll(halves[1])) / 8;
}
#else
constexpr std::size_t kStride = 8;

std::size_t PlainAt(const char* text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
  constexpr std::uint64_t kHighs = kOnes * 0x80;
  const auto is_any = [](std::uint64_t word, std::uint64_t byte) {
    const std::uint64_t differs = word ^ (kOnes * byte);
    return (differs - kOnes) & ~differs;
  };
  std::uint64_t word = 0;
  std::memcpy(&word, text, kStride);
  // The high bit of each such byte, and perhaps of some behind it.
  const std::uint64_t others =
      (word | (word - kOnes * 0x20) | is_any(word, '"') | is_any(word, '\\') | is_any(word, 0x7F)) &
      kHighs;
  return others == 0 ? kStride : static_cast<std::size_t>(__builtin_ctzll(others)) / 8;
}
#endif

// What a lead byte promises: the length, and the range of the second byte (Unicode, table 3-7).
struct Lead {
  std::size_t bytes;  // 0: no lead byte
  unsigned char low;
  unsigned char high;
};

constexpr Lead LeadOf(unsigned char byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2 || byte > 0xF4) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {4, 0x80, 0xBF};
}

}  // namespace

Utf8Char FirstUtf8(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  Lead lead = LeadOf(first);
  if (lead.bytes == 1) return {first, 1, true};
  if (lead.bytes == 0) return {kReplacement, 1, false};
  char32_t code = first & (0xFFU >> (lead.bytes + 1));
  for (std::size_t i = 1; i < lead.bytes; ++i) {
    if (i == text.size()) return {kReplacement, i, false};
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < lead.low || byte > lead.high) return {kReplacement, i, false};
    code = (code << 6U) | (byte & 0x3FU);
    lead.low = 0x80;
    lead.high = 0xBF;
  }
  return {code, lead.bytes, true};
}

Utf8Bytes EncodeUtf8(char32_t code) {
  Utf8Bytes out;
  const auto put = [&out](char32_t byte) { out.bytes[out.size++] = static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
    return out;
  }
  if (code < 0x800) {
    put(0xC0U | (code >> 6U));
  } else if (code < 0x10000) {
    put(0xE0U | (code >> 12U));
    put(0x80U | ((code >> 6U) & 0x3FU));
  } else {
    put(0xF0U | (code >> 18U));
    put(0x80U | ((code >> 12U) & 0x3FU));
    put(0x80U | ((code >> 6U) & 0x3FU));
  }
  put(0x80U | (code & 0x3FU));
  return out;
}

std::size_t PlainBytes(std::string_view text) {
  std::size_t count = 0;
  for (; text.size() - count >= kStride; count += kStride) {
    if (const std::size_t plain = PlainAt(text.data() + count); plain < kStride) {
      return count + plain;
    }
  }
  while (count < text.size() && text[count] >= 0x20 && text[count] < 0x7F && text[count] != '"' &&
         text[count] != '\\') {
    ++count;
  }
  return count;
}

bool IsValidUtf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Char c = FirstUtf8(text);
    if (!c.valid) return false;
    text.remove_prefix(c.bytes);
  }
  return true;
}

std::size_t CountCharacters(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) {
    const Utf8Char c = FirstUtf8(text);
    text.remove_prefix(c.valid ? c.bytes : 1);
  }
  return count;
}

bool IsControlCode(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F);
}

bool IsPlainText(std::string_view text) {
  while (!text.empty()) {
    const Utf8Char c = FirstUtf8(text);
    if (!c.valid || IsControlCode(c.code)) return false;
    text.remove_prefix(c.bytes);
  }
  return true;
}

bool IsControl(char32_t code) {
  return IsControlCode(code) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

CleanCopy CopyClean(std::string_view text, char* out, std::size_t capacity) {
  CleanCopy copy;
  for (;;) {
    const std::size_t plain = std::min(PlainBytes(text), capacity - copy.bytes);
    if (plain > 0) std::memcpy(out + copy.bytes, text.data(), plain);
    copy.bytes += plain;
    text.remove_prefix(plain);
    if (text.empty()) return copy;
    const Utf8Char c = FirstUtf8(text);
    std::string_view piece = text.substr(0, c.bytes);
    const bool mend = !c.valid || IsControl(c.code);
    if (mend) piece = c.valid ? std::string_view(" ") : kReplacementUtf8;
    if (piece.size() > capacity - copy.bytes) {
      copy.cut = true;
      return copy;
    }
    std::memcpy(out + copy.bytes, piece.data(), piece.size());
    copy.bytes += piece.size();
    copy.mended = copy.mended || mend;
    text.remove_prefix(c.bytes);
  }
}

}  // namespace depotlink::json
