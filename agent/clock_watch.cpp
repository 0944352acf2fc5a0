// SPDX-License-Identifier: Apache-2.0
#include "agent/clock_watch.hpp"

#include <array>
#include <cstdlib>
#include <string_view>

#include "agent/queue/small_file.hpp"

namespace depotlink {
namespace {

constexpr std::string_view kFile = "clock";
constexpr std::string_view kNewFile = "clock.new";

struct IsoText {
  explicit IsoText(WallTime time) : length(FormatIsoTime(time, /*with_ms=*/false, text.data())) {}
  std::string_view view() const { return {text.data(), length}; }

  std::array<char, kIsoTimeMaxBytes> text{};
  std::size_t length;
};

}  // namespace

void ClockWatch::Recall(ports::Storage& disk) {
  std::array<char, kIsoTimeMaxBytes> text{};
  const Result<std::size_t> bytes = queue::ReadSmallFile(disk, kFile, text.data(), text.size());
  WallTime left;
  if (bytes.ok() && ParseIsoTime({text.data(), bytes.value()}, left) && floor_ < left) {
    floor_ = left;
  }
}

const ClockFinding& ClockWatch::Look(MonoTime now, WallTime system,
                                     const poll::ServerClock& server) {
  const WallTime reference = server.known() ? server.Now(now) : floor_;
  const DurationMs off_ms = reference.ms - system.ms;
  const DurationMs limit_ms = finding_.trusted ? kWrongMs : kRightMs;
  const bool trusted = server.known() ? std::abs(off_ms) <= limit_ms : off_ms <= 0;
  finding_.correction_ms = server.known() ? off_ms : 0;
  if (trusted == finding_.trusted) return finding_;
  finding_.trusted = trusted;
  Tell(system, reference);
  return finding_;
}

void ClockWatch::Tell(WallTime system, WallTime reference) const {
  const IsoText says(system);
  if (finding_.trusted) {
    log_->Info("this machine's clock is right again", {{"clock", says.view()}});
    return;
  }
  const IsoText wanted(reference);
  log_->Warn(
      "this machine's clock is wrong: set it, by NTP for one; no time of it is published "
      "until then, and certificates may seem expired or not valid yet",
      {{"clock", says.view()},
       {finding_.correction_ms == 0 ? "not_before" : "api_time", wanted.view()}});
}

void ClockWatch::Remember(MonoTime now, const poll::ServerClock& server, ports::Storage& disk) {
  if (remember_at_.ms == 0) remember_at_ = now + kRememberFirstMs;
  if (now < remember_at_ || !server.known()) return;
  remember_at_ = now + kRememberMs;
  const IsoText text(server.Now(now));
  const Status kept = queue::ReplaceFile(disk, kFile, kNewFile, text.view(), queue::Durable::kYes);
  if (!kept.ok()) {
    log_->Debug("the time could not be kept for the next start", {{"why", kept.message()}});
  }
}

}  // namespace depotlink
