// SPDX-License-Identifier: Apache-2.0
#pragma once

// Two clocks, two types: MonoTime paces the work and never jumps; WallTime stands in payloads and
// may be wrong. They cannot be mixed by accident.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace depotlink {

using DurationMs = std::int64_t;
inline constexpr DurationMs kSecondMs = 1000;
inline constexpr DurationMs kMinuteMs = 60 * kSecondMs;
inline constexpr DurationMs kHourMs = 60 * kMinuteMs;

// Milliseconds on a clock that only goes forward (CLOCK_BOOTTIME on Linux).
struct MonoTime {
  std::int64_t ms = 0;
};
inline constexpr MonoTime kNever{INT64_MAX};

constexpr bool operator<(MonoTime a, MonoTime b) {
  return a.ms < b.ms;
}
constexpr bool operator<=(MonoTime a, MonoTime b) {
  return a.ms <= b.ms;
}
constexpr bool operator==(MonoTime a, MonoTime b) {
  return a.ms == b.ms;
}
constexpr DurationMs operator-(MonoTime a, MonoTime b) {
  return a.ms - b.ms;
}
constexpr MonoTime operator+(MonoTime a, DurationMs d) {
  return {a.ms + d};
}
constexpr MonoTime operator-(MonoTime a, DurationMs d) {
  return {a.ms - d};
}

// Milliseconds since 1970-01-01T00:00:00Z, leap seconds left out as POSIX does.
struct WallTime {
  std::int64_t ms = 0;
};
constexpr bool operator<(WallTime a, WallTime b) {
  return a.ms < b.ms;
}
constexpr bool operator==(WallTime a, WallTime b) {
  return a.ms == b.ms;
}

// Reads ISO 8601 with a zone: `2024-08-01T13:45:18Z`, `...+0200`, `...+02:00`, seconds with up to
// nine decimals; a blank instead of `T` is accepted. False, `out` untouched, where the zone is
// missing, a part is out of range, the day does not exist, or the year is outside 1970..9999.
[[nodiscard]] bool ParseIsoTime(std::string_view text, WallTime& out);

inline constexpr std::size_t kIsoTimeMaxBytes = 24;
// Writes `2024-08-01T13:45:18Z`, or with three decimals where `with_ms`, into `out` (at least
// kIsoTimeMaxBytes). No terminator. Returns the length. Times outside 1970..9999 are clamped.
std::size_t FormatIsoTime(WallTime time, bool with_ms, char* out);

}  // namespace depotlink
