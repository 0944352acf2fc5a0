// SPDX-License-Identifier: Apache-2.0
#include "platform/stderr_log.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

namespace depotlink::platform {

namespace {

constexpr std::size_t kMostLineBytes = 4096;

// journald names the stream that it listens to as `device:inode`; a redirection elsewhere leaves
// the variable behind (systemd.exec(5), $JOURNAL_STREAM).
bool IsJournal(int fd) {
  const char* stream = std::getenv("JOURNAL_STREAM");
  if (stream == nullptr) return false;
  struct stat info {};
  if (fstat(fd, &info) != 0) return false;
  return std::to_string(info.st_dev) + ':' + std::to_string(info.st_ino) == stream;
}

LogStyle FindStyle(int fd) {
  if (isatty(fd) == 1) return LogStyle::kTerminal;
  return IsJournal(fd) ? LogStyle::kJournal : LogStyle::kPlain;
}

int Priority(LogLevel level) {  // syslog(3)
  switch (level) {
    case LogLevel::kError:
      return 3;
    case LogLevel::kWarn:
      return 4;
    case LogLevel::kInfo:
      return 6;
    case LogLevel::kDebug:
      return 7;
  }
  return 6;
}

int WriteHead(LogStyle style, LogLevel level, char* out, std::size_t room) {
  const std::string_view name = LogLevelName(level);
  const int length = static_cast<int>(name.size());
  if (style == LogStyle::kBare) return 0;
  if (style == LogStyle::kJournal) return std::snprintf(out, room, "<%d>", Priority(level));
  if (style == LogStyle::kPlain) return std::snprintf(out, room, "%.*s ", length, name.data());
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  return std::snprintf(out, room, "%02d:%02d:%02d %-5.*s ", local.tm_hour, local.tm_min,
                       local.tm_sec, length, name.data());
}

}  // namespace

StderrLog::StderrLog() : fd_(STDERR_FILENO), style_(FindStyle(STDERR_FILENO)) {}

void StderrLog::WriteLine(LogLevel level, std::string_view line) {
  WriteWhole(style_, level, line);
}

void StderrLog::WriteObject(LogLevel level, std::string_view object) {
  WriteWhole(style_ == LogStyle::kJournal ? style_ : LogStyle::kBare, level, object);
}

WallTime StderrLog::Now() const {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return {static_cast<std::int64_t>(now.tv_sec) * kSecondMs + now.tv_nsec / 1000000};
}

void StderrLog::WriteWhole(LogStyle style, LogLevel level, std::string_view line) const {
  std::array<char, kMostLineBytes> buffer;
  const int head = WriteHead(style, level, buffer.data(), buffer.size());
  auto used = static_cast<std::size_t>(std::max(head, 0));
  const std::size_t room = buffer.size() - used - 1;
  const std::size_t taken = std::min(line.size(), room);
  std::memcpy(buffer.data() + used, line.data(), taken);
  used += taken;
  buffer[used++] = '\n';
  // A log that cannot be written is nothing to stop for.
  while (write(fd_, buffer.data(), used) < 0 && errno == EINTR) {
  }
}

}  // namespace depotlink::platform
