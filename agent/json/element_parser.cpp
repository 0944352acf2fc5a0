// SPDX-License-Identifier: Apache-2.0
#include "agent/json/element_check.hpp"

#include <algorithm>

#include "agent/base/limits.hpp"

namespace depotlink::json {
namespace {

constexpr int kMostDigits = 300;  // of a number before its point; a double ends at 309

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

class Checker {
 public:
  Checker(std::string_view text, std::string& mended_text)
      : text_(text), mended_text_(mended_text) {
    mended_text_.clear();
  }

  ElementCheck Run() {
    while (check_.fault == nullptr && at_ < text_.size()) Step();
    check_.fault_at = at_;
    return check_;
  }

 private:
  // 0 past the end: no character that a caller looks for.
  char Peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void Fault(const char* what) { check_.fault = what; }
  void Mend(std::size_t at, std::size_t length, std::string_view with) {
    if (mended_text_.empty()) mended_text_.assign(text_);
    mended_text_.replace(at, length, length, ' ');
    mended_text_.replace(at, with.size(), with);
    ++check_.mended;
  }

  void Step() {
    const char c = Peek();
    // A value begins after one of these, and there is one at the outside.
    if ((c == '{' || c == '[' || c == ',') && ++values_ > limits::kElementValues) {
      return Fault("too many values");
    }
    if (c == '"') {
      String();
    } else if (c == '-' || IsDigit(c)) {
      Number();
    } else if (c == '{' || c == '[') {
      ++at_;
      if (++depth_ > limits::kJsonDepth) Fault("too deep");
    } else if (c == '}' || c == ']') {
      ++at_;
      --depth_;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',' || c == ':' ||
               (c >= 'a' && c <= 'z')) {
      ++at_;  // whether the letters spell a literal is for JsonCpp to say
    } else {
      Fault(c == '/' ? "a comment" : "a character that JSON has no use for here");
    }
  }

  void String() {
    ++at_;
    while (at_ < text_.size() && check_.fault == nullptr) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return;
      }
      if (static_cast<unsigned char>(c) < 0x20) {
        Fault("a control character in a text");
      } else if (c == '\\') {
        Escape();
      } else {
        ++at_;
      }
    }
    if (check_.fault == nullptr) Fault("a text without an end");
  }

  // The code unit of `\uXXXX` at `at`; -1 where there is none.
  int UnitAt(std::size_t at) const {
    if (at + 6 > text_.size() || text_[at] != '\\' || text_[at + 1] != 'u') return -1;
    int unit = 0;
    for (std::size_t i = at + 2; i < at + 6; ++i) {
      const int digit = HexValue(text_[i]);
      if (digit < 0) return -1;
      unit = unit * 16 + digit;
    }
    return unit;
  }

  void Escape() {
    if (Peek(1) != 'u') {
      const bool known = std::string_view("\"\\/bfnrt").find(Peek(1)) != std::string_view::npos;
      if (!known) return Fault("an escape that JSON does not know");
      at_ += 2;
      return;
    }
    const int unit = UnitAt(at_);
    if (unit < 0) return Fault("an escape that JSON does not know");
    if (unit < 0xD800 || unit > 0xDFFF) {
      at_ += 6;
      return;
    }
    const int next = UnitAt(at_ + 6);
    if (unit < 0xDC00 && next >= 0xDC00 && next <= 0xDFFF) {
      at_ += 12;
      return;
    }
    Mend(at_ + 2, 4, "fffd");
    at_ += 6;
  }

  std::size_t Digits() {
    const std::size_t begin = at_;
    while (IsDigit(Peek())) ++at_;
    return at_ - begin;
  }

  // The exponent, bounded; false where it has no digit.
  bool Exponent(int& exponent) {
    const bool negative = Peek() == '-';
    if (negative || Peek() == '+') ++at_;
    const std::size_t begin = at_;
    if (Digits() == 0) return false;
    for (const char c : text_.substr(begin, at_ - begin)) {
      exponent = std::min(exponent * 10 + (c - '0'), 100000);
    }
    if (negative) exponent = -exponent;
    return true;
  }

  void Number() {
    const std::size_t begin = at_;
    if (Peek() == '-') ++at_;
    const bool zero = Peek() == '0';
    const std::size_t whole = Digits();
    bool good = whole == 1 || (whole > 1 && !zero);
    if (good && Peek() == '.') {
      ++at_;
      good = Digits() > 0;
    }
    int exponent = 0;
    if (good && (Peek() == 'e' || Peek() == 'E')) {
      ++at_;
      good = Exponent(exponent);
    }
    if (!good) return Fault("a malformed number");
    const int magnitude = (zero ? 0 : static_cast<int>(whole)) + exponent;
    if (magnitude > kMostDigits) Mend(begin, at_ - begin, "null");
  }

  std::string_view text_;
  std::string& mended_text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::size_t values_ = 1;
  ElementCheck check_;
};

}  // namespace

ElementCheck CheckElement(std::string_view text, std::string& mended_text) {
  return Checker(text, mended_text).Run();
}

}  // namespace depotlink::json
