// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/scanner.hpp"

#include "agent/json/utf8.hpp"

namespace depotlink::settings {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
// What ends a word that stands without quotes.
constexpr std::string_view kDelimiters = " \t\r\n{}[]:,\"/";

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t SkipDigits(std::string_view word, std::size_t at) {
  while (at < word.size() && IsDigit(word[at])) ++at;
  return at;
}

// Steps over one of `marks`, perhaps one of `signs`, and the digits that must follow it; true also
// where there is no mark.
bool SkipPart(std::string_view word, std::string_view marks, std::string_view signs,
              std::size_t& at) {
  if (at >= word.size() || marks.find(word[at]) == std::string_view::npos) return true;
  ++at;
  if (at < word.size() && signs.find(word[at]) != std::string_view::npos) ++at;
  const std::size_t first = at;
  at = SkipDigits(word, at);
  return at > first;
}

// RFC 8259, section 6.
bool IsNumber(std::string_view word) {
  const std::size_t first = !word.empty() && word[0] == '-' ? 1 : 0;
  std::size_t at = SkipDigits(word, first);
  if (at == first || (word[first] == '0' && at > first + 1)) return false;
  return SkipPart(word, ".", "", at) && SkipPart(word, "eE", "+-", at) && at == word.size();
}

TokenKind PunctuationKind(char c) {
  switch (c) {
    case '{':
      return TokenKind::kOpenObject;
    case '}':
      return TokenKind::kCloseObject;
    case '[':
      return TokenKind::kOpenArray;
    case ']':
      return TokenKind::kCloseArray;
    case ':':
      return TokenKind::kColon;
    case ',':
      return TokenKind::kComma;
    default:
      return TokenKind::kEnd;
  }
}

}  // namespace

Scanner::Scanner(std::string_view text) : text_(text) {
  if (text.substr(0, json::kByteOrderMark.size()) == json::kByteOrderMark)
    at_ = json::kByteOrderMark.size();
}

bool Scanner::Fail(std::size_t offset, std::string_view message) {
  fault_ = {offset, message};
  return false;
}

// Steps over one character that may stand in a comment or a text.
bool Scanner::CheckCharacter(std::size_t& at) {
  const json::Utf8Char c = json::FirstUtf8(text_.substr(at));
  if (!c.valid) return Fail(at, "this byte is not UTF-8; save the file as UTF-8");
  const bool blank = c.code == '\t' || c.code == '\r' || c.code == '\n';
  if (json::IsControlCode(c.code) && !blank)
    return Fail(at, "a control character stands here; remove it");
  at += c.bytes;
  return true;
}

bool Scanner::Next(Token& token) {
  at_ = text_.find_first_not_of(kBlanks, at_);
  if (at_ == std::string_view::npos) at_ = text_.size();
  token = {TokenKind::kEnd, at_, 0};
  if (at_ == text_.size()) return true;
  const char c = text_[at_];
  if (c == '"') return ScanText(token);
  if (c == '/') return ScanComment(token);
  token.kind = PunctuationKind(c);
  if (token.kind == TokenKind::kEnd) return ScanPlain(token);
  token.length = 1;
  ++at_;
  return true;
}

bool Scanner::ScanText(Token& token) {
  std::size_t at = at_ + 1;
  while (at < text_.size() && text_[at] != '"') {
    if (text_[at] == '\n' || text_[at] == '\r') break;
    if (text_[at] == '\t') return Fail(at, "a tab stands within quotes; write \\t");
    // A quote or backslash behind a backslash ends nothing.
    const bool escape = text_[at] == '\\' && at + 1 < text_.size();
    if (escape && (text_[at + 1] == '"' || text_[at + 1] == '\\')) ++at;
    if (!CheckCharacter(at)) return false;
  }
  if (at >= text_.size() || text_[at] != '"') {
    return Fail(at_, "the text that begins here has no closing quote on its line");
  }
  token.kind = TokenKind::kText;
  token.length = at + 1 - at_;
  at_ = at + 1;
  return true;
}

bool Scanner::ScanComment(Token& token) {
  const std::string_view mark = text_.substr(at_, 2);
  std::size_t end = 0;
  if (mark == "//") {
    end = text_.find('\n', at_);
    if (end == std::string_view::npos) end = text_.size();
  } else if (mark == "/*") {
    end = text_.find("*/", at_ + 2);
    if (end == std::string_view::npos) return Fail(at_, "this comment has no closing */");
    end += 2;
  } else {
    return Fail(at_, "a comment begins with // or /*; text stands in quotes");
  }
  for (std::size_t at = at_; at < end;) {
    if (!CheckCharacter(at)) return false;
  }
  token.kind = TokenKind::kComment;
  token.length = end - at_;
  at_ = end;
  return true;
}

bool Scanner::ScanPlain(Token& token) {
  if (text_[at_] == '\'') return Fail(at_, "text stands in double quotes: \"...\"");
  std::size_t end = text_.find_first_of(kDelimiters, at_);
  if (end == std::string_view::npos) end = text_.size();
  for (std::size_t at = at_; at < end;) {
    if (!CheckCharacter(at)) return false;
  }
  const std::string_view word = text_.substr(at_, end - at_);
  if (word != "true" && word != "false" && word != "null" && !IsNumber(word)) {
    const bool numeric = word[0] == '+' || word[0] == '-' || word[0] == '.' || IsDigit(word[0]);
    return Fail(at_, numeric ? "this is no number; a duration, size or text stands in quotes"
                             : "keys and text stand in double quotes: \"...\"");
  }
  token.kind = TokenKind::kPlain;
  token.length = end - at_;
  at_ = end;
  return true;
}

}  // namespace depotlink::settings
