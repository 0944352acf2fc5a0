// SPDX-License-Identifier: Apache-2.0
#pragma once

// Durations and sizes as people write them: a whole number and a unit, nothing between.

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/time.hpp"

namespace depotlink::settings {

// `500ms`, `30s`, `5m`, `1h`, `1d`. False, `out` untouched, for anything else, and for a number
// above 1,000,000,000.
[[nodiscard]] bool ParseDuration(std::string_view text, DurationMs& out);

// `64KiB`, `8MiB`, `1GiB` (powers of 1024), `64KB`, `8MB`, `1GB` (powers of 1000). False as above.
[[nodiscard]] bool ParseSize(std::string_view text, std::uint64_t& out);

// In the largest unit that needs no fraction; up to a day in hours: `24h`, `2d`, `90s`.
std::string FormatDuration(DurationMs duration);
// `8MiB`, `6000B`.
std::string FormatSize(std::uint64_t bytes);

}  // namespace depotlink::settings
