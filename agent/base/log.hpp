// SPDX-License-Identifier: Apache-2.0
#pragma once

// Logging into an injected sink: one event, one line, a `key=value` tail. Values come from
// strangers and are escaped, so that no label can forge a line or move a terminal's cursor.
// Never a secret; positions at DEBUG only. Or each event as a JSON object, for machines.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "agent/base/time.hpp"

namespace depotlink {

enum class LogLevel : std::uint8_t {
  kError,  // a person must act
  kWarn,   // degraded, heals by itself
  kInfo,   // a change of state
  kDebug   // a message
};

enum class LogFormat : std::uint8_t { kText, kJson };

// The settled names: error, warn, info, debug.
std::string_view LogLevelName(LogLevel level);

class LogSink {
 public:
  virtual ~LogSink() = default;
  // `line` is formatted and escaped, without a line end.
  virtual void WriteLine(LogLevel level, std::string_view line) = 0;
  // Likewise an object that tells its level and time itself, to be written as it is.
  virtual void WriteObject(LogLevel level, std::string_view object) { WriteLine(level, object); }
  // The time of an event; 0: none is known.
  virtual WallTime Now() const { return {}; }
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

// {"time":"2026-11-22T12:00:00.123Z","level":"warn","event":"message","fields":{"key":"value","n":1}}
// on one line: strict JSON in ASCII and well-formed UTF-8, of at most kLogObjectBytes. `time` is
// left out where it is 0, `fields` where there are none; fields that do not fit are left out, and
// "cut":true says so.
inline constexpr std::size_t kLogObjectBytes = 4000;
std::string FormatLogObject(WallTime time, LogLevel level, std::string_view message,
                            std::initializer_list<LogField> fields);

class Logger {
 public:
  // `sink` must outlive the logger.
  Logger(LogSink& sink, LogLevel level) : sink_(&sink), level_(level) {}

  void set_level(LogLevel level) { level_ = level; }
  void set_format(LogFormat format) { format_ = format; }
  // From now on an event that is the same as the one before, within a minute of it, is counted
  // only; the next other one is preceded by the count. A change of state (kInfo) is never a repeat.
  void CollapseRepeats() { collapse_ = true; }

  void Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
    if (level <= level_) WriteEvent(level, message, fields);
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
  void WriteEvent(LogLevel level, std::string_view message, std::initializer_list<LogField> fields);
  void Put(WallTime now, LogLevel level, std::string_view message,
           std::initializer_list<LogField> fields);
  bool IsRepeat(WallTime now, LogLevel level, const std::string& line);

  LogSink* sink_;
  LogLevel level_;
  LogFormat format_ = LogFormat::kText;
  bool collapse_ = false;
  std::string last_line_;  // that was written; for CollapseRepeats
  LogLevel last_level_ = LogLevel::kDebug;
  WallTime last_time_;
  std::uint64_t repeats_ = 0;  // of it, since
};

}  // namespace depotlink
