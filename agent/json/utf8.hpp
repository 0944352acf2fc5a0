// SPDX-License-Identifier: Apache-2.0
#pragma once

// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing past U+10FFFF. Text from
// strangers passes through here before it reaches a topic, a payload or a terminal. No heap.

#include <array>
#include <cstddef>
#include <string_view>

#include "agent/base/fixed_string.hpp"

namespace depotlink::json {

inline constexpr char32_t kReplacement = 0xFFFD;
inline constexpr std::string_view kReplacementUtf8 = "\xEF\xBF\xBD";

// What some editors put before a text.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

struct Utf8Char {
  char32_t code = kReplacement;
  std::size_t bytes = 0;  // that it takes in the text; at least 1
  bool valid = false;
};

// The first character of `text`, which must not be empty. Where it is ill-formed, `bytes` spans the
// longest piece that could have begun a character, so that one replacement stands for one fault.
Utf8Char FirstUtf8(std::string_view text);

// The one to four bytes of a character.
struct Utf8Bytes {
  std::array<char, 4> bytes{};
  std::size_t size = 0;

  std::string_view view() const { return {bytes.data(), size}; }
};
// `code` is at most U+10FFFF, and no surrogate.
Utf8Bytes EncodeUtf8(char32_t code);

// How many bytes at its front are ASCII that shows something, quote and backslash excepted: what
// every copy can take as it is.
std::size_t PlainBytes(std::string_view text);

[[nodiscard]] bool IsValidUtf8(std::string_view text);

// The characters of `text`; each byte that is not UTF-8 counts as one.
std::size_t CountCharacters(std::string_view text);

// C0, DEL or C1.
bool IsControlCode(char32_t code);

// Valid UTF-8 without control codes.
[[nodiscard]] bool IsPlainText(std::string_view text);

// Characters that act on a terminal or a layout instead of showing something: C0, DEL, C1, the line
// and paragraph separators, and the marks that embed, override or isolate a writing direction.
bool IsControl(char32_t code);

struct CleanCopy {
  std::size_t bytes = 0;
  bool mended = false;  // something was replaced
  bool cut = false;     // not all of it fitted; the cut is between characters
};
// Copies `text` to `out`: ill-formed UTF-8 becomes U+FFFD, a control character becomes a blank.
CleanCopy CopyClean(std::string_view text, char* out, std::size_t capacity);

// The same into bounded text. False where something was replaced or cut.
template <std::size_t kCapacity>
bool AssignClean(std::string_view text, FixedString<kCapacity>& out) {
  std::array<char, kCapacity> buffer;
  const CleanCopy copy = CopyClean(text, buffer.data(), buffer.size());
  out.Assign({buffer.data(), copy.bytes});
  return !copy.mended && !copy.cut;
}

}  // namespace depotlink::json
