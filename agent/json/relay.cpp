// SPDX-License-Identifier: Apache-2.0
#include "agent/json/relay.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iterator>

#include "agent/base/limits.hpp"
#include "agent/json/utf8.hpp"

namespace depotlink::json {
namespace {

constexpr std::string_view kSecretNames[] = {"password", "passwd", "passcode", "pwd",
                                             "hash",     "token",  "secret",   "apikey",
                                             "pincode",  "session"};
constexpr std::size_t kSecretNameBytes = 16;  // the longest of them, and some
constexpr std::string_view kNul = "\\u0000";
constexpr std::string_view kMostExact = "9007199254740992";  // 2^53
constexpr int kExactDigits = 15;                             // of any number

bool IsNumeral(char c) {
  return c >= '0' && c <= '9';
}

// The exponent behind `e`, bounded.
int ExponentOf(std::string_view digits) {
  const bool negative = !digits.empty() && digits.front() == '-';
  int exponent = 0;
  for (const char c : digits) {
    if (IsNumeral(c)) exponent = std::min(exponent * 10 + (c - '0'), 1000);
  }
  return negative ? -exponent : exponent;
}

// A whole number within 2^53, or any other whose part before the point a double holds.
bool IsExact(std::string_view number) {
  if (number.front() == '-') number.remove_prefix(1);
  const std::size_t whole = std::min(number.find_first_not_of("0123456789"), number.size());
  const std::size_t e = number.find_first_of("eE");
  const int exponent = e == std::string_view::npos ? 0 : ExponentOf(number.substr(e + 1));
  if (whole < number.size()) return static_cast<int>(whole) + exponent <= kExactDigits;
  return whole < kMostExact.size() || (whole == kMostExact.size() && number <= kMostExact);
}

class Relayer {
 public:
  Relayer(std::string_view text, char* out, std::size_t capacity)
      : text_(text), out_(out), capacity_(capacity) {}

  std::size_t Run() {
    Value(0);
    return failed_ || at_ != text_.size() ? 0 : size_;
  }

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void Fail() { failed_ = true; }
  void Put(std::string_view bytes) {
    if (silent_ || failed_) return;
    if (bytes.size() > capacity_ - size_) return Fail();
    std::memcpy(out_ + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void Skip(char c) {
    if (Peek() != c) return Fail();
    ++at_;
  }

  // Recursion is bounded by the splitter's depth, and here.
  void Value(int depth) {
    if (depth > limits::kJsonDepth) return Fail();
    switch (Peek()) {
      case '{':
        return Object(depth);
      case '[':
        return Array(depth);
      case '"':
        return Text();
      case 't':
      case 'f':
      case 'n':
        return Word();
      default:
        return Number();
    }
  }

  // Passes over a text; what it holds, without its quotes.
  std::string_view Quoted() {
    Skip('"');
    const std::size_t begin = at_;
    while (!failed_ && Peek() != '"') {
      at_ += Peek() == '\\' ? 2U : 1U;
      if (at_ >= text_.size()) Fail();
    }
    const std::string_view inside = failed_ ? std::string_view() : text_.substr(begin, at_ - begin);
    Skip('"');
    return inside;
  }

  void Text() {
    std::string_view rest = Quoted();
    Put("\"");
    while (!rest.empty() && !failed_) {
      // An escape stays as it is, but for the end of a C string.
      if (rest.substr(0, kNul.size()) == kNul) {
        Put("\\ufffd");
        rest.remove_prefix(kNul.size());
        continue;
      }
      if (rest.front() == '\\') {
        Put(rest.substr(0, 2));
        rest.remove_prefix(2);
        continue;
      }
      const Utf8Char c = FirstUtf8(rest);
      if (!c.valid) {
        Put(kReplacementUtf8);
      } else if (IsControl(c.code)) {
        char escape[8];
        std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c.code));
        Put(escape);
      } else {
        Put(rest.substr(0, c.bytes));
      }
      rest.remove_prefix(c.bytes);
    }
    Put("\"");
  }

  void Object(int depth) {
    Skip('{');
    Put("{");
    bool first = true;
    while (!failed_ && Peek() != '}') {
      if (Peek() == ',') ++at_;
      first = Member(depth, first) && first;
    }
    Skip('}');
    Put("}");
  }

  // True where it was left out.
  bool Member(int depth, bool first) {
    const std::size_t begin = at_;
    const bool was_silent = silent_;
    silent_ = true;
    const std::string_view name = Quoted();
    Skip(':');
    const char kind = Peek();
    const bool said = kind != 't' && kind != 'f' && kind != 'n';
    const bool left_out = said && IsSecretName(name);
    silent_ = was_silent || left_out;
    if (!left_out) {
      at_ = begin;
      if (!first) Put(",");
      Text();
      Skip(':');
      Put(":");
    }
    Value(depth + 1);
    silent_ = was_silent;
    return left_out;
  }

  void Array(int depth) {
    Skip('[');
    Put("[");
    bool first = true;
    while (!failed_ && Peek() != ']') {
      if (Peek() == ',') ++at_;
      if (!first) Put(",");
      first = false;
      Value(depth + 1);
    }
    Skip(']');
    Put("]");
  }

  void Word() {
    const std::size_t begin = at_;
    while (Peek() >= 'a' && Peek() <= 'z') ++at_;
    Put(text_.substr(begin, at_ - begin));
  }

  void Number() {
    const std::size_t begin = at_;
    while (IsNumeral(Peek()) || (Peek() != '\0' && std::strchr("+-.eE", Peek()) != nullptr)) ++at_;
    if (at_ == begin) return Fail();
    const std::string_view number = text_.substr(begin, at_ - begin);
    if (IsExact(number)) return Put(number);
    Put("\"");
    Put(number);
    Put("\"");
  }

  std::string_view text_;
  char* out_;
  std::size_t capacity_;
  std::size_t at_ = 0;
  std::size_t size_ = 0;
  bool silent_ = false;
  bool failed_ = false;
};

}  // namespace

std::size_t Relay(std::string_view text, char* out, std::size_t capacity) {
  return Relayer(text, out, capacity).Run();
}

bool IsSecretName(std::string_view name) {
  // Letters that are written as escapes are written so to be overlooked.
  if (name.find("\\u00") != std::string_view::npos) return true;
  char folded[kSecretNameBytes];
  std::size_t first = sizeof folded;
  for (std::size_t at = name.size(); at > 0 && first > 0; --at) {
    const char c = name[at - 1];
    if (c == '_' || c == '-' || c == ' ') continue;
    folded[--first] = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  const std::string_view end(folded + first, sizeof folded - first);
  return std::any_of(std::begin(kSecretNames), std::end(kSecretNames), [end](std::string_view s) {
    return end.size() >= s.size() && end.substr(end.size() - s.size()) == s;
  });
}

}  // namespace depotlink::json
