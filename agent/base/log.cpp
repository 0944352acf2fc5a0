// SPDX-License-Identifier: Apache-2.0
#include "agent/base/log.hpp"

#include <algorithm>
#include <cstddef>

namespace depotlink {
namespace {

constexpr std::size_t kValueMaxBytes = 512;

bool NeedsQuotes(std::string_view text) {
  return text.empty() || std::any_of(text.begin(), text.end(), [](char c) {
           return c == ' ' || c == '"' || c == '=' || c == '\\';
         });
}

// How many bytes at the front of `text` are one character that may stand in a line as it is; 0
// where its first byte must be escaped. Beyond ASCII, what acts on a terminal or a layout is
// escaped, too: C1 controls (U+0080..U+009F; raw ones as well, which a terminal may obey that is
// not set to UTF-8), line separators and direction marks.
std::size_t PlainBytes(std::string_view text) {
  const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = at(0);
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7F ? 1 : 0;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0U) != 0x80) return 0;
  }
  if (lead == 0xC2 && at(1) < 0xA0) return 0;
  if (lead == 0xE2 && at(1) == 0x80 && at(2) >= 0xA8 && at(2) <= 0xAE) return 0;
  if (lead == 0xE2 && at(1) == 0x81 && at(2) >= 0xA6 && at(2) <= 0xA9) return 0;
  return length;
}

void AppendEscaped(std::string& line, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  const bool cut = text.size() > kValueMaxBytes;
  text = text.substr(0, kValueMaxBytes);
  while (!text.empty()) {
    const std::size_t plain = PlainBytes(text);
    if (plain == 0) {
      const auto byte = static_cast<unsigned char>(text.front());
      line += "\\x";
      line += kHex[byte >> 4U];
      line += kHex[byte & 0x0FU];
    } else {
      if (text.front() == '"' || text.front() == '\\') line += '\\';
      line += text.substr(0, plain);
    }
    text.remove_prefix(std::max<std::size_t>(plain, 1));
  }
  if (cut) line += "...";
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
