// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/wan_estimate.hpp"

#include <cmath>

namespace depotlink::commands {
namespace {

constexpr int kTrackers = 100;
constexpr double kStateBytes = 100;
constexpr double kListEntryBytes = 80;
constexpr double kRequestBytes = 600;  // headers and TLS records, both ways

double TimesADay(DurationMs period_ms) {
  return 24.0 * kHourMs / static_cast<double>(period_ms);
}

}  // namespace

std::string Megabytes(double bytes) {
  constexpr double kMegabyte = 1e6;
  const double megabytes = bytes / kMegabyte;
  if (megabytes < 0.1) return "under 0.1 MB";
  const double tenths = std::round(megabytes * 10);
  if (tenths < 100) {
    const auto shown = static_cast<long>(tenths);
    return std::to_string(shown / 10) + '.' + std::to_string(shown % 10) + " MB";
  }
  return std::to_string(std::lround(megabytes)) + " MB";
}

double StatesBytesADay(int trackers, DurationMs period_ms) {
  return TimesADay(period_ms) * (kRequestBytes + trackers * kStateBytes);
}

std::string WanText(const settings::Poll& poll) {
  const auto states = [](DurationMs period_ms) {
    return Megabytes(StatesBytesADay(kTrackers, period_ms));
  };
  const double list = TimesADay(poll.fleet_ms) * (2 * kRequestBytes + kTrackers * kListEntryBytes);
  return states(poll.moving_ms) + " a day for 100 trackers that all move, " +
         states(poll.stopped_ms) + " stopped, " + states(poll.parked_ms) + " parked, " +
         states(poll.offline_ms) + " offline; " + Megabytes(list) + " for their list";
}

}  // namespace depotlink::commands
