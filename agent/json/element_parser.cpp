// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "agent/base/limits.hpp"
#include "agent/json/element_tree.hpp"
#include "agent/json/escape.hpp"
#include "agent/json/utf8.hpp"

namespace depotlink::json {
namespace {

constexpr int kMostDigits = 300;  // of a number before its point; a double ends at 309

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::uint8_t KeyHash(std::string_view key) {
  const std::size_t ends = key.empty()
                               ? 0
                               : static_cast<unsigned char>(key.front()) * std::size_t{31} +
                                     static_cast<unsigned char>(key.back()) * std::size_t{7};
  return static_cast<std::uint8_t>((ends + key.size()) & UINT8_MAX);
}

}  // namespace

class ElementParser {
 public:
  ElementParser(ElementTree& tree, std::string_view text) : tree_(tree), text_(text) {}

  bool Run() {
    SkipBlanks();
    if (Peek() != '{') return Fault("not a JSON object");
    if (!TakeValue()) return false;
    while (expect_ != Expect::kNothing) {
      SkipBlanks();
      if (!TakeNext()) return false;
    }
    SkipBlanks();
    return at_ == text_.size() || Fault("something follows the object's end");
  }

 private:
  using Place = ElementTree::Place;
  using Node = ElementTree::Node;
  enum class Expect : std::uint8_t { kKey, kKeyOrEnd, kValue, kValueOrEnd, kCommaOrEnd, kNothing };
  struct Text {
    Place at = 0;
    Place bytes = 0;
    bool escaped = false;
  };
  struct Level {
    Place container;
    Place last;           // the last value in it so far; 0: none
    std::uint64_t names;  // a bit each, by their hashes: most are seen to be new by that
  };

  // 0 past the end: no character that a caller looks for.
  char Peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void SkipBlanks() {
    while (at_ < text_.size() && IsBlank(text_[at_])) ++at_;
  }
  bool Fault(const char* what) {
    tree_.fault_ = what;
    tree_.fault_at_ = at_;
    return false;
  }
  Node& Container() { return tree_.nodes_[levels_[depth_ - 1].container]; }

  bool TakeNext() {
    const char c = Peek();
    switch (expect_) {
      case Expect::kKeyOrEnd:
        return c == '}' ? Close() : TakeKey();
      case Expect::kKey:
        return TakeKey();
      case Expect::kValueOrEnd:
        return c == ']' ? Close() : TakeValue();
      case Expect::kValue:
        return TakeValue();
      default:
        return TakeCommaOrEnd(c);
    }
  }

  bool TakeCommaOrEnd(char c) {
    const bool object = Container().type == NodeType::kObject;
    if (c == (object ? '}' : ']')) return Close();
    if (c != ',') return Fault("a comma or an end is missing");
    ++at_;
    expect_ = object ? Expect::kKey : Expect::kValue;
    return true;
  }

  bool TakeKey() {
    if (Peek() != '"') return Fault("a name is missing");
    if (!TakeText(key_)) return false;
    const std::string_view key = View(key_);
    key_hash_ = KeyHash(key);
    const std::uint64_t mark = std::uint64_t{1} << (key_hash_ % 64U);
    std::uint64_t& names = levels_[depth_ - 1].names;
    const Node* other = (names & mark) != 0 ? tree_.First(Container()) : nullptr;
    names |= mark;
    for (; other != nullptr; other = tree_.Next(*other)) {
      const bool may_be = other->key_hash == key_hash_ && other->key_bytes == key_.bytes;
      if (may_be && tree_.Key(*other) == key) return Fault("a name twice");
    }
    SkipBlanks();
    if (Peek() != ':') return Fault("a colon is missing");
    ++at_;
    expect_ = Expect::kValue;
    return true;
  }

  std::string_view View(const Text& text) const {
    return {(text.escaped ? tree_.side_.get() : text_.data()) + text.at, text.bytes};
  }

  bool TakeValue() {
    const char c = Peek();
    if (c == '{') return Open(NodeType::kObject, Expect::kKeyOrEnd);
    if (c == '[') return Open(NodeType::kArray, Expect::kValueOrEnd);
    if (c == '"') {
      Text text;
      return TakeText(text) && Add(NodeType::kText, text) && EndValue();
    }
    if (c == '-' || IsDigit(c)) return TakeNumber();
    if (c == 't') return TakeWord("true", NodeType::kTrue);
    if (c == 'f') return TakeWord("false", NodeType::kFalse);
    if (c == 'n') return TakeWord("null", NodeType::kNull);
    return Fault("a value is missing or malformed");
  }

  bool TakeWord(std::string_view word, NodeType type) {
    if (text_.substr(at_, word.size()) != word) return Fault("neither true nor false nor null");
    at_ += word.size();
    return Add(type, {}) && EndValue();
  }

  bool EndValue() {
    expect_ = Expect::kCommaOrEnd;
    return true;
  }

  // The names of a list's values are empty.
  bool Add(NodeType type, const Text& text) {
    if (tree_.size_ == limits::kElementValues) return Fault("too many values");
    const auto place = static_cast<Place>(tree_.size_++);
    tree_.nodes_[place] = {
        type,       text.escaped, key_.escaped, key_hash_,         text.at,
        text.bytes, key_.at,      key_.bytes,   /*next=*/Place{0}, /*count=*/Place{0}};
    if (depth_ == 0) return true;
    Level& level = levels_[depth_ - 1];
    if (level.last != 0) tree_.nodes_[level.last].next = place;
    level.last = place;
    ++tree_.nodes_[level.container].count;
    return true;
  }

  bool Open(NodeType type, Expect expect) {
    if (depth_ == levels_.size()) return Fault("too deep");
    if (!Add(type, {})) return false;
    levels_[depth_++] = {static_cast<Place>(tree_.size_ - 1), 0, 0};
    ++at_;
    key_ = {};
    key_hash_ = 0;
    expect_ = expect;
    return true;
  }

  bool Close() {
    ++at_;
    key_ = {};
    key_hash_ = 0;
    expect_ = --depth_ == 0 ? Expect::kNothing : Expect::kCommaOrEnd;
    return true;
  }

  bool TakeText(Text& out) {
    const std::size_t begin = ++at_;
    for (at_ += PlainBytes(text_.substr(at_)); at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        out = {static_cast<Place>(begin), static_cast<Place>(at_ - begin), false};
        ++at_;
        return true;
      }
      if (c == '\\') return TakeEscapedText(begin, out);
      if (static_cast<unsigned char>(c) < 0x20) return Fault("a control character in a text");
    }
    return Fault("a text without an end");
  }

  // What stands before the first escape is copied to the side, and what follows, unescaped.
  bool TakeEscapedText(std::size_t begin, Text& out) {
    out = {static_cast<Place>(side_bytes_), 0, true};
    for (std::size_t i = begin; i < at_; ++i) PutSide(text_[i]);
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        out.bytes = static_cast<Place>(side_bytes_ - out.at);
        ++at_;
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) return Fault("a control character in a text");
      if (c == '\\') {
        if (!TakeEscape()) return false;
      } else {
        PutSide(c);
        ++at_;
      }
    }
    return Fault("a text without an end");
  }

  // It never overruns: no escape is shorter than what it stands for.
  void PutSide(char c) { tree_.side_[side_bytes_++] = c; }
  void PutSide(char32_t code) {
    const Utf8Bytes encoded = EncodeUtf8(code);
    for (const char c : encoded.view()) PutSide(c);
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

  bool TakeEscape() {
    if (Peek(1) != 'u') {
      const char meaning = MeaningOfEscape(Peek(1));
      if (meaning == '\0') return Fault("an escape that JSON does not know");
      PutSide(meaning);
      at_ += 2;
      return true;
    }
    const int unit = UnitAt(at_);
    if (unit < 0) return Fault("an escape that JSON does not know");
    const int next = unit >= 0xD800 && unit < 0xDC00 ? UnitAt(at_ + 6) : -1;
    at_ += 6;
    if (unit < 0xD800 || unit > 0xDFFF) {
      PutSide(static_cast<char32_t>(unit));
    } else if (next >= 0xDC00 && next <= 0xDFFF) {
      at_ += 6;
      PutSide(static_cast<char32_t>(0x10000 + (unit - 0xD800) * 0x400 + (next - 0xDC00)));
    } else {
      ++tree_.mended_;
      PutSide(kReplacement);
    }
    return true;
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

  bool TakeNumber() {
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
    const bool vast = (zero ? 0 : static_cast<int>(whole)) + exponent > kMostDigits;
    if (vast) ++tree_.mended_;
    const Text text = {static_cast<Place>(begin), static_cast<Place>(at_ - begin), false};
    return Add(vast ? NodeType::kNull : NodeType::kNumber, text) && EndValue();
  }

  ElementTree& tree_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t side_bytes_ = 0;
  Expect expect_ = Expect::kValue;
  Text key_;
  std::uint8_t key_hash_ = 0;
  std::array<Level, static_cast<std::size_t>(limits::kJsonDepth)> levels_{};
  std::size_t depth_ = 0;
};

// Plain new[] of trivial types: what no element has used stays out of the resident set.
ElementTree::ElementTree()
    : nodes_(new Node[limits::kElementValues]), side_(new char[limits::kElementBytes]) {}

bool ElementTree::Parse(std::string_view text) {
  text_ = text;
  size_ = 0;
  fault_ = nullptr;
  fault_at_ = 0;
  mended_ = 0;
  if (ElementParser(*this, text).Run()) return true;
  size_ = 0;
  return false;
}

}  // namespace depotlink::json
