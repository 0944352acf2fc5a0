// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/queue_list.hpp"

#include <cstdio>
#include <string>

#include "agent/commands/amounts.hpp"
#include "agent/commands/queue_view.hpp"

namespace depotlink::commands {
namespace {

struct Totals {
  std::uint64_t segments = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::uint64_t locked = 0;
  std::uint64_t unwell = 0;  // damaged or locked segments, and what is set aside
  std::uint64_t in_memory = 0;
};

std::string_view StateName(SegmentState state) {
  switch (state) {
    case SegmentState::kOk:
      return "ok";
    case SegmentState::kDamaged:
      return "damaged";
    case SegmentState::kLocked:
      break;
  }
  return "locked";
}

std::string Row(const std::string& name, const std::string& records, const std::string& bytes,
                const std::string& oldest, const std::string& newest, std::string_view state) {
  char text[256];
  std::snprintf(text, sizeof text, "%-20s %9s %11s  %-20s  %-20s  %.*s\n", name.c_str(),
                records.c_str(), bytes.c_str(), oldest.c_str(), newest.c_str(),
                static_cast<int>(state.size()), state.data());
  return text;
}

std::string SegmentRow(const SegmentLine& line) {
  queue::SegmentName name;
  const bool timed = line.newest_ms != 0;
  return Row(std::string(queue::NameOf(line.id, name)), std::to_string(line.records),
             std::to_string(line.bytes), timed ? FormatTime(line.oldest_ms) : "-",
             timed ? FormatTime(line.newest_ms) : "-", StateName(line.state));
}

void Add(const SegmentLine& line, Totals& totals) {
  ++totals.segments;
  totals.bytes += line.bytes;
  (line.state == SegmentState::kLocked ? totals.locked : totals.records) += line.records;
  if (line.state != SegmentState::kOk) ++totals.unwell;
}

std::string Sum(const Totals& totals) {
  std::string text = std::to_string(totals.records) + " records on disk in " +
                     std::to_string(totals.segments) + " segments, " +
                     std::to_string(totals.bytes) + " bytes";
  if (totals.locked > 0) text += "; " + std::to_string(totals.locked) + " more are locked";
  if (totals.in_memory > 0) text += "; " + std::to_string(totals.in_memory) + " more in memory";
  return text + '\n';
}

}  // namespace

int RunQueueList(const queue::QueuePorts& ports, const Secret& given_key,
                 const std::function<void(std::string_view)>& print) {
  QueueView view(ports, given_key);
  Status status = view.Open();
  if (!status.ok()) {
    print(status.message() + '\n');
    return 1;
  }
  print(Row("segment", "records", "bytes", "oldest", "newest", "state"));
  Totals totals;
  const auto ignore = [](const queue::Record&) {};
  for (const queue::SegmentId id : view.segments()) {
    SegmentLine line;
    bool found = false;
    status = view.Read(id, line, found, ignore);
    if (!found) continue;
    if (!status.ok()) {
      ++totals.unwell;
      print(status.message() + '\n');
      continue;
    }
    Add(line, totals);
    print(SegmentRow(line));
  }
  for (const SetAsideFile& file : view.set_aside()) {
    if (!file.refused) ++totals.unwell;
    totals.bytes += file.bytes;
    print(Row(Harmless(file.name), "-", std::to_string(file.bytes), "-", "-",
              file.refused ? "refused" : "set aside"));
  }
  status = view.ReadJournal([&totals](const queue::Record&) { ++totals.in_memory; });
  if (!status.ok()) print(status.message() + '\n');
  print(Sum(totals));
  if (totals.locked > 0 && !view.key_trouble().empty()) print(view.key_trouble() + '\n');
  return totals.unwell == 0 && status.ok() ? 0 : 1;
}

}  // namespace depotlink::commands
