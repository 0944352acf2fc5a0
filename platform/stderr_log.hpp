// SPDX-License-Identifier: Apache-2.0
#pragma once

// LogSink on standard error: with the time of day on a terminal, with journald's priority where
// journald listens, else with the level. Objects have journald's priority, or nothing, before them.
// One write a line, so that lines of several writers do not mix. A line is at most 4 KiB; what is
// longer is cut. One thread.

#include <string_view>

#include "agent/base/log.hpp"

namespace depotlink::platform {

enum class LogStyle : std::uint8_t { kTerminal, kJournal, kPlain, kBare };

class StderrLog final : public LogSink {
 public:
  // Finds out what standard error is.
  StderrLog();
  StderrLog(int fd, LogStyle style) : fd_(fd), style_(style) {}

  void WriteLine(LogLevel level, std::string_view line) override;
  void WriteObject(LogLevel level, std::string_view object) override;
  WallTime Now() const override;

 private:
  void WriteWhole(LogStyle style, LogLevel level, std::string_view line) const;

  int fd_;
  LogStyle style_;
};

}  // namespace depotlink::platform
