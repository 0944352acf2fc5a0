// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/amounts.hpp"

#include <algorithm>

namespace depotlink::commands {

std::string FormatAge(DurationMs age) {
  constexpr DurationMs kDayMs = 24 * kHourMs;
  const DurationMs ms = std::max<DurationMs>(age, 0);
  if (ms >= 2 * kDayMs) return std::to_string(ms / kDayMs) + " d";
  if (ms >= 2 * kHourMs) return std::to_string(ms / kHourMs) + " h";
  if (ms >= 2 * kMinuteMs) return std::to_string(ms / kMinuteMs) + " min";
  return std::to_string(ms / kSecondMs) + " s";
}

std::string FormatTime(std::int64_t unix_ms) {
  char text[kIsoTimeMaxBytes];
  return {text, FormatIsoTime({unix_ms}, /*with_ms=*/false, text)};
}

std::string Harmless(std::string_view text) {
  std::string out(text);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto byte = static_cast<unsigned char>(out[i]);
    // C0, DEL, and C1 as UTF-8 writes them.
    const bool c1 =
        byte == 0xC2 && i + 1 < out.size() && static_cast<unsigned char>(out[i + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F || c1) out[i] = '?';
  }
  return out;
}

}  // namespace depotlink::commands
