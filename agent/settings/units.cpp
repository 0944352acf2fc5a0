// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/units.hpp"

#include <array>
#include <cstddef>

namespace depotlink::settings {
namespace {

constexpr std::uint64_t kLargestNumber = 1000000000;
constexpr DurationMs kDayMs = 24 * kHourMs;

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Both tables: the largest first, for writing.
constexpr std::array<Unit, 5> kDurations{
    {{"d", kDayMs}, {"h", kHourMs}, {"m", kMinuteMs}, {"s", kSecondMs}, {"ms", 1}}};
constexpr std::array<Unit, 6> kSizes{{{"GiB", 1ULL << 30U},
                                      {"MiB", 1ULL << 20U},
                                      {"KiB", 1ULL << 10U},
                                      {"GB", 1000000000},
                                      {"MB", 1000000},
                                      {"KB", 1000}}};

template <std::size_t kCount>
bool Parse(std::string_view text, const std::array<Unit, kCount>& units, std::uint64_t& out) {
  std::uint64_t number = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    number = number * 10 + static_cast<std::uint64_t>(text[digits] - '0');
    if (number > kLargestNumber) return false;
  }
  if (digits == 0) return false;
  for (const Unit& unit : units) {
    if (text.substr(digits) != unit.name) continue;
    out = number * unit.factor;
    return true;
  }
  return false;
}

}  // namespace

bool ParseDuration(std::string_view text, DurationMs& out) {
  std::uint64_t ms = 0;
  if (!Parse(text, kDurations, ms)) return false;
  out = static_cast<DurationMs>(ms);
  return true;
}

bool ParseSize(std::string_view text, std::uint64_t& out) {
  return Parse(text, kSizes, out);
}

std::string FormatDuration(DurationMs duration) {
  if (duration == kDayMs) return "24h";
  const auto ms = static_cast<std::uint64_t>(duration);
  for (const Unit& unit : kDurations) {
    if (ms >= unit.factor && ms % unit.factor == 0) {
      return std::to_string(ms / unit.factor) + std::string(unit.name);
    }
  }
  return "0s";
}

std::string FormatSize(std::uint64_t bytes) {
  if (bytes == 0) return "0KiB";  // as it may be written
  for (std::size_t i = 0; i < 3; ++i) {
    if (bytes >= kSizes[i].factor && bytes % kSizes[i].factor == 0) {
      return std::to_string(bytes / kSizes[i].factor) + std::string(kSizes[i].name);
    }
  }
  return std::to_string(bytes) + "B";
}

}  // namespace depotlink::settings
