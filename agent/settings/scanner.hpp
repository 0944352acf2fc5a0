// SPDX-License-Identifier: Apache-2.0
#pragma once

// The words of a JSON text with comments. JsonCpp judges the grammar; this one judges what JsonCpp
// 1.9.5 lets pass or reports far from its cause (a quote that is never closed, control characters,
// broken UTF-8, `01`), and knows where each word stands.

#include <cstddef>
#include <string_view>

namespace depotlink::settings {

enum class TokenKind {
  kEnd,
  kOpenObject,
  kCloseObject,
  kOpenArray,
  kCloseArray,
  kColon,
  kComma,
  kText,
  kPlain,   // a number, true, false or null
  kComment  // of either form, without the line end
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::size_t offset = 0;
  std::size_t length = 0;  // bytes, quotes and comment marks included
};

// Where a text stops being JSON. `message` is a literal: nothing of the text is repeated.
struct SyntaxFault {
  std::size_t offset = 0;
  std::string_view message;
};

class Scanner {
 public:
  // `text` must outlive the scanner. A byte order mark at its start is skipped.
  explicit Scanner(std::string_view text);

  // The next word, comments included; kEnd for ever once the text is through. False at a fault.
  bool Next(Token& token);
  const SyntaxFault& fault() const { return fault_; }

 private:
  bool Fail(std::size_t offset, std::string_view message);
  bool CheckCharacter(std::size_t& at);
  bool ScanText(Token& token);
  bool ScanComment(Token& token);
  bool ScanPlain(Token& token);

  std::string_view text_;
  std::size_t at_ = 0;
  SyntaxFault fault_;
};

}  // namespace depotlink::settings
