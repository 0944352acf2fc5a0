// SPDX-License-Identifier: Apache-2.0
#pragma once

// The stages between poll and queue, with a bus behind them that takes every record at once, or
// drops it where the test says so.

#include <array>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/pipeline.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/log_capture.hpp"

namespace depotlink {

// A state as the API sends it. `time`: of last_update and of the fix; empty: neither.
inline std::string StateText(double lat, std::string_view time,
                             std::string_view movement = "moving",
                             std::string_view connection = "active") {
  std::string text = "{\"gps\":{";
  if (!time.empty()) text += "\"updated\":\"" + std::string(time) + "\",";
  text += "\"location\":{\"lat\":" + std::to_string(lat) + ",\"lng\":10.5}},";
  if (!time.empty()) text += "\"last_update\":\"" + std::string(time) + "\",";
  text += "\"movement_status\":\"" + std::string(movement) + "\",\"connection_status\":\"" +
          std::string(connection) + "\"}";
  return text;
}

struct FleetEntry {
  model::TrackerId id = 0;
  std::string label;
  std::uint64_t group = 0;
  bool blocked = false;

  std::string Text() const {
    return "{\"id\":" + std::to_string(id) + ",\"label\":\"" + label +
           "\",\"group_id\":" + std::to_string(group) +
           ",\"source\":{\"model\":\"m1\",\"blocked\":" + (blocked ? "true" : "false") + "}}";
  }
};

class PipelineFixture : private queue::RecordSink {
 public:
  struct Pushed {
    queue::RecordKind kind;
    std::string topic;
    std::string payload;
    bool retain;
  };

  explicit PipelineFixture(std::uint32_t max_trackers = 20, fleet::Scope what = {})
      : table(max_trackers), scope(std::move(what)) {}

  void ListGroups(const std::vector<std::pair<std::uint64_t, std::string>>& titles) {
    for (const auto& [id, title] : titles) {
      pipeline.OnGroup("{\"id\":" + std::to_string(id) + ",\"title\":\"" + title + "\"}");
    }
    pipeline.OnGroupListEnd(true);
  }
  void List(const std::vector<FleetEntry>& fleet, bool whole = true) {
    for (const FleetEntry& entry : fleet) pipeline.OnTracker(entry.Text());
    pipeline.OnTrackerListEnd(whole);
  }
  // An answer that gives the state of one tracker.
  void Poll(model::TrackerId id, const std::string& state) {
    pipeline.OnState(std::to_string(id), state);
    pipeline.OnStatesEnd(true, &id, 1);
  }
  void PollBlocked(model::TrackerId id) {
    pipeline.OnBlocked(std::to_string(id));
    pipeline.OnStatesEnd(true, &id, 1);
  }
  void PollMissing(model::TrackerId id) {
    pipeline.OnNotExisting(std::to_string(id));
    pipeline.OnStatesEnd(true, &id, 1);
  }
  // What was pushed since the last look, `kind topic` each.
  std::vector<std::string> TakeNames() {
    constexpr const char* kNames[] = {"state ",   "info ", "clear-state ", "clear-info ",
                                      "history ", "link ", "clear-link "};
    std::vector<std::string> names;
    for (const Pushed& record : pushed) {
      names.push_back(kNames[static_cast<int>(record.kind)] + record.topic);
    }
    pushed.clear();
    return names;
  }
  queue::RecordSink& sink() { return *this; }
  std::size_t Due() {
    std::array<model::TrackerId, 64> ids{};
    return pipeline.TakeDue(clock.Now(), ids.data(), ids.size());
  }

  fakes::FakeClock clock;
  fakes::LogCapture logs;
  Logger log{logs, LogLevel::kDebug};
  fleet::Table table;
  fleet::Scope scope;
  fleet::Groups groups;
  fleet::Schedule schedule{
      table, {10 * kSecondMs, 30 * kSecondMs, 60 * kSecondMs, 300 * kSecondMs}, clock.Now()};
  json::ElementReader reader;
  encode::TopicBuilder topics{"d", "yard"};
  std::vector<Pushed> pushed;
  std::map<std::string, std::string> bus;  // what stands retained
  std::size_t room = SIZE_MAX;
  std::function<void(const queue::Record&)> forget = [this](const queue::Record& record) {
    pipeline.Forget(record);
  };
  std::function<bool()> drops = [] { return false; };
  Pipeline pipeline{table, groups, schedule, scope, reader, topics, "r1", *this, clock, log};

 private:
  void Push(const queue::Record& record) override {
    if (room != SIZE_MAX) --room;
    if (drops()) return forget(record);
    pushed.push_back(
        {record.kind, std::string(record.topic), std::string(record.payload), record.retain});
    if (record.payload.empty()) {
      bus.erase(pushed.back().topic);
    } else {
      bus[pushed.back().topic] = pushed.back().payload;
    }
  }
  bool Ready() const override { return room > 0; }
};

}  // namespace depotlink
