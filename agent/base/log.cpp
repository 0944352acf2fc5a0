// SPDX-License-Identifier: Apache-2.0
#include "agent/base/log.hpp"

#include <algorithm>
#include <cstddef>

namespace depotlink {
namespace {

constexpr std::size_t kValueMaxBytes = 512;
constexpr DurationMs kRepeatMs = kMinuteMs;
constexpr char kHexDigits[] = "0123456789abcdef";

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
  const bool cut = text.size() > kValueMaxBytes;
  text = text.substr(0, kValueMaxBytes);
  while (!text.empty()) {
    const std::size_t plain = PlainBytes(text);
    if (plain == 0) {
      const auto byte = static_cast<unsigned char>(text.front());
      line += "\\x";
      line += kHexDigits[byte >> 4U];
      line += kHexDigits[byte & 0x0FU];
    } else {
      if (text.front() == '"' || text.front() == '\\') line += '\\';
      line += text.substr(0, plain);
    }
    text.remove_prefix(std::max<std::size_t>(plain, 1));
  }
  if (cut) line += "...";
}

void AppendCode(std::string& out, unsigned code) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHexDigits[(code >> shift) & 0x0FU];
}

// What stands at the front of `text` and is not plain: its code, or U+FFFD for a byte that is no
// part of a character. Those of two and three bytes are the ones that PlainBytes() lists.
std::size_t AppendHidden(std::string& out, std::string_view text) {
  const auto at = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto continues = [&at](std::size_t i) { return (at(i) & 0xC0U) == 0x80; };
  if (at(0) < 0x80) {
    AppendCode(out, at(0));
    return 1;
  }
  if (at(0) == 0xC2 && continues(1)) {
    AppendCode(out, at(1));
    return 2;
  }
  if (at(0) == 0xE2 && continues(1) && continues(2)) {
    AppendCode(out, 0x2000U | ((at(1) & 0x3FU) << 6U) | (at(2) & 0x3FU));
    return 3;
  }
  AppendCode(out, 0xFFFD);
  return 1;
}

// In quotes.
void AppendJson(std::string& out, std::string_view text) {
  const bool cut = text.size() > kValueMaxBytes;
  text = text.substr(0, kValueMaxBytes);
  out += '"';
  while (!text.empty()) {
    std::size_t taken = PlainBytes(text);
    if (taken == 0) {
      taken = AppendHidden(out, text);
    } else {
      if (text.front() == '"' || text.front() == '\\') out += '\\';
      out += text.substr(0, taken);
    }
    text.remove_prefix(taken);
  }
  if (cut) out += "...";
  out += '"';
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

std::string FormatLogObject(WallTime time, LogLevel level, std::string_view message,
                            std::initializer_list<LogField> fields) {
  constexpr std::string_view kCut = ",\"cut\":true}";
  std::string line = "{";
  if (time.ms != 0) {
    char text[kIsoTimeMaxBytes];
    const std::size_t length = FormatIsoTime(time, /*with_ms=*/true, text);
    line.append("\"time\":\"").append(text, length).append("\",");
  }
  line.append("\"level\":\"").append(LogLevelName(level)).append("\",\"event\":");
  AppendJson(line, message);
  bool cut = false;
  std::string_view before = ",\"fields\":{";
  for (const LogField& field : fields) {
    std::string piece(before);
    AppendJson(piece, field.key);
    piece += ':';
    if (field.is_number) {
      piece += std::to_string(field.number);
    } else {
      AppendJson(piece, field.text);
    }
    if (line.size() + piece.size() + kCut.size() + 1 > kLogObjectBytes) {
      cut = true;
      continue;
    }
    line += piece;
    before = ",";
  }
  if (before == ",") line += '}';
  line += cut ? kCut : "}";
  return line;
}

void Logger::WriteEvent(LogLevel level, std::string_view message,
                        std::initializer_list<LogField> fields) {
  const WallTime now = sink_->Now();
  if (collapse_ && IsRepeat(now, level, FormatLogLine(message, fields))) return;
  Put(now, level, message, fields);
}

bool Logger::IsRepeat(WallTime now, LogLevel level, const std::string& line) {
  const DurationMs since = now.ms - last_time_.ms;
  const bool same = line == last_line_ && level == last_level_ && level != LogLevel::kInfo;
  if (same && since >= 0 && since < kRepeatMs) {
    ++repeats_;
    return true;
  }
  if (repeats_ > 0) Put(now, last_level_, "the same again", {{"times", repeats_}});
  repeats_ = 0;
  last_line_ = line;
  last_level_ = level;
  last_time_ = now;
  return false;
}

void Logger::Put(WallTime now, LogLevel level, std::string_view message,
                 std::initializer_list<LogField> fields) {
  if (format_ == LogFormat::kJson) {
    sink_->WriteObject(level, FormatLogObject(now, level, message, fields));
  } else {
    sink_->WriteLine(level, FormatLogLine(message, fields));
  }
}

}  // namespace depotlink
