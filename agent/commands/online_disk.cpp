// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/online_disk.hpp"

#include <algorithm>
#include <string>

#include "agent/commands/amounts.hpp"

namespace depotlink::commands {
namespace {

constexpr std::string_view kTrialName = "check.trial";
constexpr std::size_t kPieceBytes = std::size_t{64} * 1024;
constexpr DurationMs kWriteMs = 10 * kSecondMs;
constexpr double kMebibyte = 1024.0 * 1024.0;

std::string Mib(double bytes) {
  const auto whole = static_cast<std::uint64_t>(bytes / kMebibyte);
  return (whole == 0 ? "under 1" : std::to_string(whole)) + " MiB";
}

struct Trial {
  Status status;
  std::uint64_t bytes = 0;  // written and synced
  DurationMs ms = 0;
};

// Pieces that compress badly: some devices are quick with zeros.
std::string Piece() {
  std::string piece(kPieceBytes, '\0');
  std::uint64_t state = 1;
  for (char& byte : piece) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    byte = static_cast<char>(state >> 56U);
  }
  return piece;
}

Trial Write(ports::Storage& disk, const Patience& patience) {
  Trial trial;
  static_cast<void>(disk.Remove(kTrialName));  // of a check that was killed
  const Result<ports::FileHandle> file = disk.Create(kTrialName);
  trial.status = file.status();
  if (!file.ok()) return trial;
  const std::string piece = Piece();
  const MonoTime begun = patience.Now();
  while (trial.status.ok() && trial.bytes < kTrialBytes && patience.Now() - begun < kWriteMs) {
    trial.status = disk.WriteAt(file.value(), trial.bytes, piece);
    if (trial.status.ok()) trial.bytes += piece.size();
  }
  if (trial.status.ok()) trial.status = disk.Sync(file.value());
  trial.ms = std::max<DurationMs>(patience.Now() - begun, 1);
  disk.Close(file.value());
  const Status removed = disk.Remove(kTrialName);
  if (trial.status.ok()) trial.status = removed;
  return trial;
}

std::string Rate(const Trial& trial) {
  const double a_second =
      static_cast<double>(trial.bytes) * kSecondMs / static_cast<double>(trial.ms);
  return Mib(static_cast<double>(trial.bytes)) + " written and synced in " +
         std::to_string(trial.ms) + " ms (" + Mib(a_second) + " a second)";
}

// A day in which every tracker of the scope moves throughout.
double DayBytes(const settings::Settings& settings, std::int64_t trackers) {
  const double records =
      static_cast<double>(trackers) * 24 * kHourMs / static_cast<double>(settings.poll.moving_ms);
  return records * kQueuedRecordBytes;
}

Finding Judge(const settings::Settings& settings, std::int64_t trackers, std::uint64_t free_bytes,
              const std::string& text) {
  const settings::Queue& queue = settings.queue;
  const std::uint64_t usable =
      free_bytes > queue.min_free_bytes ? free_bytes - queue.min_free_bytes : 0;
  if (usable < queue.max_bytes) {
    return Finding::Warn(text + "; room for " + Mib(static_cast<double>(usable)) +
                             " of the queue's " + Mib(static_cast<double>(queue.max_bytes)),
                         "make room, or set queue.max_size to what there is");
  }
  const double day = trackers > 0 ? DayBytes(settings, trackers) : 0;
  if (day > static_cast<double>(queue.max_bytes)) {
    const double hours = 24 * static_cast<double>(queue.max_bytes) / day;
    return Finding::Warn(text + "; the queue holds " +
                             FormatAge(static_cast<DurationMs>(hours * kHourMs)) +
                             " of an outage in which all move",
                         "raise queue.max_size where outages may be longer");
  }
  return Finding::Ok(text);
}

}  // namespace

Finding ProbeDisk(const settings::Settings& settings, std::int64_t trackers, ports::Storage& disk,
                  const Patience& patience) {
  const std::string& directory = settings.queue.dir;
  const std::string remedy = "give " + directory +
                             " to the user that runs depotlink, on a disk that can be written to, "
                             "and run this check as that user";
  const Status opened = disk.Open();
  if (!opened.ok()) return Finding::Fail(opened.message(), remedy);
  if (disk.InMemory()) {
    return Finding::Warn(directory + " is in memory: a reboot loses what waits there",
                         "put queue.dir on a disk");
  }
  const Result<std::uint64_t> free_bytes = disk.FreeBytes();
  if (!free_bytes.ok()) return Finding::Fail(free_bytes.status().message(), remedy);
  const std::string free = Mib(static_cast<double>(free_bytes.value())) + " free";
  if (free_bytes.value() < settings.queue.min_free_bytes + kTrialBytes) {
    return Finding::Fail(free + ", less than queue.min_free leaves: the queue takes nothing",
                         "make room on the disk of " + directory + ", or lower queue.min_free");
  }
  const Trial trial = Write(disk, patience);
  if (!trial.status.ok()) return Finding::Fail(trial.status.message(), remedy);
  std::string text = free + "; " + Rate(trial);
  if (trackers > 0) {
    text += "; a day's outage takes at most " + Mib(DayBytes(settings, trackers)) + " of the queue";
  }
  if (trial.bytes < kTrialBytes || trial.ms > kWriteMs) {
    return Finding::Warn(text, "the device is too slow, or worn out: replace it");
  }
  return Judge(settings, trackers, free_bytes.value(), text);
}

}  // namespace depotlink::commands
