// SPDX-License-Identifier: Apache-2.0
#include "agent/json/string_scanner.hpp"

#include <algorithm>
#include <cstring>

#include "agent/json/escape.hpp"
#include "agent/json/utf8.hpp"

namespace depotlink::json {

void KeyText::Append(char c) {
  if (size_ == sizeof bytes_) {
    cut_ = true;
    return;
  }
  bytes_[size_++] = c;
}

void KeyText::Append(std::string_view text) {
  const std::size_t fits = std::min(text.size(), sizeof bytes_ - size_);
  if (fits > 0) std::memcpy(bytes_ + size_, text.data(), fits);
  size_ += fits;
  cut_ = cut_ || fits < text.size();
}

void KeyText::AppendCodePoint(std::uint32_t code_point) {
  Append(EncodeUtf8(code_point).view());
}

void StringScanner::Begin(KeyText* key) {
  *this = StringScanner();
  key_ = key;
}

std::size_t StringScanner::Feed(std::string_view piece) {
  std::size_t i = 0;
  while (!done_) {
    if (step_ == Step::kPlain && high_surrogate_ == 0) {
      const std::size_t plain = PlainBytes(piece.substr(i));
      if (key_ != nullptr) key_->Append(piece.substr(i, plain));
      i += plain;
    }
    if (i == piece.size()) break;
    if (TakeSpecial(static_cast<unsigned char>(piece[i]))) ++i;
  }
  return i;
}

// False where the byte ended a broken sequence and must be looked at anew.
bool StringScanner::TakeSpecial(unsigned char byte) {
  switch (step_) {
    case Step::kPlain:
      return TakePlain(byte);
    case Step::kUtf8:
      return TakeContinuation(byte);
    case Step::kEscape:
      TakeEscape(byte);
      return true;
    case Step::kHex:
      return TakeHex(byte);
  }
  return true;
}

bool StringScanner::TakePlain(unsigned char byte) {
  if (byte == '\\') {
    step_ = Step::kEscape;
    return true;
  }
  if (high_surrogate_ != 0) BreakPair();
  if (byte == '"') {
    done_ = true;
    return true;
  }
  if (byte < 0x20) {
    bad_ = true;
    return true;
  }
  if (byte >= 0x80) {
    TakeLead(byte);
  } else if (key_ != nullptr) {
    key_->Append(static_cast<char>(byte));
  }
  return true;
}

void StringScanner::TakeLead(unsigned char byte) {
  // Lead bytes and the bounds of what may follow: Unicode, table 3-7.
  utf8_low_ = 0x80;
  utf8_high_ = 0xBF;
  if (byte >= 0xC2 && byte <= 0xDF) {
    utf8_left_ = 1;
  } else if (byte >= 0xE0 && byte <= 0xEF) {
    utf8_left_ = 2;
    if (byte == 0xE0) utf8_low_ = 0xA0;
    if (byte == 0xED) utf8_high_ = 0x9F;
  } else if (byte >= 0xF0 && byte <= 0xF4) {
    utf8_left_ = 3;
    if (byte == 0xF0) utf8_low_ = 0x90;
    if (byte == 0xF4) utf8_high_ = 0x8F;
  } else {
    bad_ = true;
    return;
  }
  if (key_ != nullptr) key_->Append(static_cast<char>(byte));
  step_ = Step::kUtf8;
}

bool StringScanner::TakeContinuation(unsigned char byte) {
  if (byte < utf8_low_ || byte > utf8_high_) {
    bad_ = true;
    step_ = Step::kPlain;
    return false;
  }
  if (key_ != nullptr) key_->Append(static_cast<char>(byte));
  utf8_low_ = 0x80;
  utf8_high_ = 0xBF;
  if (--utf8_left_ == 0) step_ = Step::kPlain;
  return true;
}

void StringScanner::TakeEscape(unsigned char byte) {
  step_ = Step::kPlain;
  if (byte == 'u') {
    step_ = Step::kHex;
    hex_left_ = 4;
    hex_ = 0;
    return;
  }
  if (high_surrogate_ != 0) BreakPair();
  const char meaning = MeaningOfEscape(static_cast<char>(byte));
  if (meaning == '\0') {
    bad_ = true;
  } else if (key_ != nullptr) {
    key_->Append(meaning);
  }
}

bool StringScanner::TakeHex(unsigned char byte) {
  std::uint32_t digit = 0;
  if (byte >= '0' && byte <= '9') {
    digit = byte - std::uint32_t{'0'};
  } else if ((byte | 0x20U) >= 'a' && (byte | 0x20U) <= 'f') {
    digit = (byte | 0x20U) - std::uint32_t{'a'} + 10U;
  } else {
    bad_ = true;
    step_ = Step::kPlain;
    return false;
  }
  hex_ = hex_ * 16 + digit;
  if (--hex_left_ == 0) EndHex();
  return true;
}

void StringScanner::EndHex() {
  step_ = Step::kPlain;
  const bool low = hex_ >= 0xDC00 && hex_ <= 0xDFFF;
  if (high_surrogate_ != 0 && low) {
    const std::uint32_t pair = 0x10000 + ((high_surrogate_ - 0xD800) << 10U) + (hex_ - 0xDC00);
    high_surrogate_ = 0;
    if (key_ != nullptr) key_->AppendCodePoint(pair);
    return;
  }
  if (high_surrogate_ != 0) BreakPair();
  if (low) {
    bad_ = true;
  } else if (hex_ >= 0xD800 && hex_ <= 0xDBFF) {
    high_surrogate_ = hex_;
  } else if (key_ != nullptr) {
    key_->AppendCodePoint(hex_);
  }
}

void StringScanner::BreakPair() {
  bad_ = true;
  high_surrogate_ = 0;
}

}  // namespace depotlink::json
