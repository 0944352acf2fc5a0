// SPDX-License-Identifier: Apache-2.0
#pragma once

// What polling costs on the WAN, as measured with tests/bench: with gzip, TLS and headers, both
// ways. Real platforms' states differ in size; so it is an estimate, for people who pay by the
// megabyte.

#include <string>

#include "agent/base/time.hpp"
#include "agent/settings/settings.hpp"

namespace depotlink::commands {

// `92 MB`, below 10 with a decimal; `under 0.1 MB`.
std::string Megabytes(double bytes);

// Bytes a day for `trackers` that are asked for together each `period_ms` (above 0).
double StatesBytesADay(int trackers, DurationMs period_ms);

// `92 MB a day for 100 trackers that all move, 31 MB stopped, ...`, by the config's periods.
std::string WanText(const settings::Poll& poll);

}  // namespace depotlink::commands
