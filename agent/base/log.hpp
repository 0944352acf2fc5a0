// SPDX-License-Identifier: Apache-2.0
#pragma once

// Logging into an injected sink: one event, one line, a `key=value` tail. Values come from
// strangers and are escaped, so that no label can forge a line or move a terminal's cursor.
// Never a secret; positions at DEBUG only.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace depotlink {

enum class LogLevel : std::uint8_t {
  kError,  // a person must act
  kWarn,   // degraded, heals by itself
  kInfo,   // a change of state
  kDebug   // a message
};

// The settled names: error, warn, info, debug.
std::string_view LogLevelName(LogLevel level);

class LogSink {
 public:
  virtual ~LogSink() = default;
  // `line` is formatted and escaped, without a line end.
  virtual void WriteLine(LogLevel level, std::string_view line) = 0;
};

struct LogField {
  LogField(std::string_view k, std::string_view v) : key(k), text(v) {}
  LogField(std::string_view k, const char* v) : key(k), text(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), text(v) {}
  LogField(std::string_view k, std::int64_t v) : key(k), number(v), is_number(true) {}
  LogField(std::string_view k, std::uint64_t v)
      : key(k), number(static_cast<std::int64_t>(v)), is_number(true) {}
  LogField(std::string_view k, int v) : key(k), number(v), is_number(true) {}
  LogField(std::string_view k, unsigned v) : key(k), number(v), is_number(true) {}

  std::string_view key;
  std::string_view text;
  std::int64_t number = 0;
  bool is_number = false;
};

// `message key=value key="quoted value"`, control characters and non-ASCII controls as \xNN.
std::string FormatLogLine(std::string_view message, std::initializer_list<LogField> fields);

class Logger {
 public:
  // `sink` must outlive the logger.
  Logger(LogSink& sink, LogLevel level) : sink_(&sink), level_(level) {}

  void set_level(LogLevel level) { level_ = level; }
  void Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
    if (level <= level_) sink_->WriteLine(level, FormatLogLine(message, fields));
  }
  void Error(std::string_view m, std::initializer_list<LogField> f = {}) {
    Write(LogLevel::kError, m, f);
  }
  void Warn(std::string_view m, std::initializer_list<LogField> f = {}) {
    Write(LogLevel::kWarn, m, f);
  }
  void Info(std::string_view m, std::initializer_list<LogField> f = {}) {
    Write(LogLevel::kInfo, m, f);
  }
  void Debug(std::string_view m, std::initializer_list<LogField> f = {}) {
    Write(LogLevel::kDebug, m, f);
  }

 private:
  LogSink* sink_;
  LogLevel level_;
};

}  // namespace depotlink
