// SPDX-License-Identifier: Apache-2.0
#pragma once

// Follows one JSON string through pieces of any size: finds its end and tells whether its text is
// sound (UTF-8 without overlong forms or surrogates, no raw control characters, only the escapes of
// RFC 8259, surrogate escapes in pairs). Unsound text does not stop it: the end is still found, so
// that one bad string costs no more than the element it stands in. Constant memory.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/base/fixed_string.hpp"
#include "agent/base/limits.hpp"

namespace depotlink::json {

// A member name, decoded.
class KeyText {
 public:
  void Clear() { size_ = 0, cut_ = false; }
  void Append(char c);
  void Append(std::string_view text);
  void AppendCodePoint(std::uint32_t code_point);
  std::string_view view() const { return {bytes_, size_}; }
  bool cut() const { return cut_; }

 private:
  char bytes_[limits::kKeyBytes]{};
  std::size_t size_ = 0;
  bool cut_ = false;
};

class StringScanner {
 public:
  // Starts behind an opening quote. `key` receives the decoded text where it is given.
  void Begin(KeyText* key);
  // Takes bytes up to and including the closing quote, or all of them; returns how many.
  std::size_t Feed(std::string_view piece);
  // True once the closing quote was taken.
  bool done() const { return done_; }
  // True where the text so far is unsound.
  bool bad() const { return bad_; }

 private:
  enum class Step : std::uint8_t { kPlain, kUtf8, kEscape, kHex };

  bool TakeSpecial(unsigned char byte);
  bool TakePlain(unsigned char byte);
  void TakeLead(unsigned char byte);
  bool TakeContinuation(unsigned char byte);
  void TakeEscape(unsigned char byte);
  bool TakeHex(unsigned char byte);
  void EndHex();
  void BreakPair();

  KeyText* key_ = nullptr;
  Step step_ = Step::kPlain;
  bool done_ = false;
  bool bad_ = false;
  std::uint8_t utf8_left_ = 0;
  unsigned char utf8_low_ = 0x80;  // what the next continuation byte may be
  unsigned char utf8_high_ = 0xBF;
  std::uint8_t hex_left_ = 0;
  std::uint32_t hex_ = 0;
  std::uint32_t high_surrogate_ = 0;  // waiting for its low half; 0: none
};

}  // namespace depotlink::json
