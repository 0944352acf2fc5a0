// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/online_check.hpp"

#include <cmath>
#include <string>
#include <utility>

#include "agent/commands/online_api.hpp"
#include "agent/commands/online_bus.hpp"
#include "agent/commands/online_disk.hpp"
#include "agent/commands/online_keeping.hpp"
#include "agent/commands/wan_estimate.hpp"

namespace depotlink::commands {
namespace {

// Requests for the states of `trackers` a day, where all are asked for each `period_ms`.
double RequestsADay(std::int64_t trackers, DurationMs period_ms) {
  const auto batch = static_cast<std::int64_t>(limits::kDefaultBatch);
  const auto batches = (trackers + batch - 1) / batch;
  return static_cast<double>(batches) * 24 * kHourMs / static_cast<double>(period_ms);
}

Finding Traffic(const settings::Settings& settings, std::int64_t trackers) {
  if (trackers < 0) return Finding::Skipped("the size of the fleet is not known");
  const settings::Poll& poll = settings.poll;
  const auto count = static_cast<int>(trackers);
  const double most = RequestsADay(trackers, poll.moving_ms);
  const std::string text =
      "a day about " + std::to_string(std::llround(most)) + " requests and " +
      Megabytes(StatesBytesADay(count, poll.moving_ms)) + " for states where all move, " +
      std::to_string(std::llround(RequestsADay(trackers, poll.parked_ms))) + " and " +
      Megabytes(StatesBytesADay(count, poll.parked_ms)) + " where all are parked";
  constexpr double kDayS = 24 * 3600;
  if (most / kDayS > settings.api.requests_per_second) {
    return Finding::Warn(text + ": more than api.requests_per_second lets through",
                         "raise api.requests_per_second, or poll.moving");
  }
  return Finding::Ok(text);
}

}  // namespace

int RunOnlineCheck(const settings::Settings& settings, OnlineSecrets secrets,
                   const OnlinePorts& ports, ReportStyle style,
                   const std::function<void(std::string_view)>& print,
                   const std::function<bool(MonoTime)>& wait_until) {
  OnlineReport report(print, style);
  Patience patience(*ports.clock, wait_until);
  std::int64_t trackers = -1;
  {
    ApiProbes api(settings, secrets, ports, patience, report);
    api.Run();
    trackers = api.trackers();
  }
  report.Add("traffic", Traffic(settings, trackers));
  BusProbes bus(settings, std::move(secrets.mqtt_password), *ports.mqtt, patience, report);
  bus.Run(trackers);
  report.Add("persistence", ProbeKeeping(settings.mqtt, *ports.broker_files));
  report.Add("disk", patience.over() ? Finding::Skipped("there was no time left")
                                     : ProbeDisk(settings, trackers, *ports.disk, patience));
  return report.Finish();
}

}  // namespace depotlink::commands
