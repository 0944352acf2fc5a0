// SPDX-License-Identifier: Apache-2.0
#include "agent/base/log.hpp"

#include <algorithm>

namespace depotlink {
namespace {

constexpr std::size_t kValueMaxBytes = 512;

bool NeedsQuotes(std::string_view text) {
  return text.empty() || std::any_of(text.begin(), text.end(), [](char c) {
           return c == ' ' || c == '"' || c == '=' || c == '\\';
         });
}

void AppendEscaped(std::string& line, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  for (std::size_t i = 0; i < std::min(text.size(), kValueMaxBytes); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // C1 controls (U+0080..U+009F) arrive as C2 80..C2 9F; a terminal may obey them.
    const bool c1 =
        byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F || c1) {
      line += "\\x";
      line += kHex[byte >> 4U];
      line += kHex[byte & 0x0FU];
    } else if (byte == '"' || byte == '\\') {
      line += '\\';
      line += text[i];
    } else {
      line += text[i];
    }
  }
  if (text.size() > kValueMaxBytes) line += "...";
}

}  // namespace

std::string_view LogLevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kError:
      return "error";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kDebug:
      return "debug";
  }
  return "error";
}

std::string FormatLogLine(std::string_view message, std::initializer_list<LogField> fields) {
  std::string line;
  AppendEscaped(line, message);
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    if (field.is_number) {
      line += std::to_string(field.number);
    } else if (NeedsQuotes(field.text)) {
      line += '"';
      AppendEscaped(line, field.text);
      line += '"';
    } else {
      AppendEscaped(line, field.text);
    }
  }
  return line;
}

}  // namespace depotlink
