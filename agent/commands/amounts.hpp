// SPDX-License-Identifier: Apache-2.0
#pragma once

// Numbers and texts as people read them on a terminal.

#include <string>
#include <string_view>

#include "agent/base/time.hpp"

namespace depotlink::commands {

// `12 s`, `5 min`, `3 h`, `2 d`: rounded down, what is below 0 as 0.
std::string FormatAge(DurationMs age);

// UTC, to the second.
std::string FormatTime(std::int64_t unix_ms);

// Text from outside without anything that moves a terminal's cursor or colours it: what is no
// printable ASCII and no part of a UTF-8 character becomes `?`.
std::string Harmless(std::string_view text);

}  // namespace depotlink::commands
