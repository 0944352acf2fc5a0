// SPDX-License-Identifier: Apache-2.0
#pragma once

// The stages of geo links before a bus that takes each record at once.

#include <string>
#include <string_view>
#include <vector>

#include "agent/link_stage.hpp"
#include "tests/unit/pipeline_fixture.hpp"

namespace depotlink {

// A geo link as the API sends it.
struct LinkEntry {
  struct Shared {
    model::TrackerId id = 0;
    std::string alias;
    std::string object_data;  // `"speed","address"`
  };
  model::LinkId id = 103;
  std::vector<Shared> trackers;
  bool enabled = true;
  std::int64_t from_ms = 0;  // 0: none
  std::int64_t to_ms = 0;
  std::string zones;

  std::string Text() const {
    std::string lifetime;
    if (from_ms != 0) lifetime += "\"from\":" + Iso(from_ms);
    if (to_ms != 0) lifetime += (lifetime.empty() ? "\"to\":" : ",\"to\":") + Iso(to_ms);
    std::string list;
    for (const Shared& shared : trackers) {
      list += (list.empty() ? "{" : ",{") + std::string("\"tracker_id\":") +
              std::to_string(shared.id) +
              (shared.alias.empty() ? "" : ",\"alias\":\"" + shared.alias + '"') +
              ",\"params\":{\"object_data\":[" + shared.object_data + "]}}";
    }
    return "{\"id\":" + std::to_string(id) + ",\"hash\":\"5ec7e7\",\"description\":\"Yard\"," +
           "\"enabled\":" + (enabled ? "true" : "false") + ",\"lifetime\":{" + lifetime +
           "},\"params\":{\"bounding_zone_ids\":[" + zones + "]},\"trackers\":[" + list + "]}";
  }

 private:
  static std::string Iso(std::int64_t ms) {
    char text[kIsoTimeMaxBytes];
    return '"' + std::string(text, FormatIsoTime({ms}, true, text)) + '"';
  }
};

class LinkFixture : public PipelineFixture, private LinkReader {
 public:
  // `links`: those of the scope; none: the whole fleet.
  explicit LinkFixture(const std::vector<model::LinkId>& links = {}, std::uint32_t trackers = 20)
      : PipelineFixture(trackers, fleet::Scope({}, {}, links)) {
    pipeline.NoteBus(true);
    forget = [this](const queue::Record& record) {
      queue::IsLink(record.kind) ? stage.Forget(record) : pipeline.Forget(record);
    };
    TellTime();
  }

  // The API says what time it is, and is right.
  void TellTime() { server.Note({True()}, clock.Now()); }
  // What time it is in truth, whatever the machine's own clock says.
  std::int64_t True() const { return kBegin + (clock.Now().ms - begun_.ms); }
  MonoTime Step() {
    const MonoTime next = stage.Step(clock.Now(), bus_up);
    if (bus_up) pipeline.ClearGone();
    return next;
  }
  // Until time has changed something.
  void StepToChange() {
    const std::size_t before = pushed.size();
    for (int i = 0; i < 5; ++i) {
      const MonoTime next = Step();
      if (pushed.size() != before) return;
      clock.AdvanceTo(next);
    }
  }
  void Read(const LinkEntry& link) {
    stage.OnLink(link.Text());
    Step();
  }
  void ListLinks(const std::vector<LinkEntry>& links, bool whole = true) {
    stage.OnLinkListBegin();
    for (const LinkEntry& link : links) stage.OnLink(link.Text());
    stage.OnLinkListEnd(whole);
    Step();
  }
  // What stands retained, empty where nothing does.
  std::string Link(model::LinkId id) { return bus["d/yard/link/" + std::to_string(id)]; }
  std::string On(model::TrackerId id, const char* what) {
    return bus["d/yard/tracker/" + std::to_string(id) + '/' + what];
  }

  bool bus_up = true;
  std::vector<model::LinkId> asked;  // to be read again
  poll::ServerClock server;
  LinkStage stage{scope, pipeline, reader, topics, "r1", sink(), *this, server, clock, log};

 private:
  void ReadLinkSoon(model::LinkId id) override { asked.push_back(id); }

  static constexpr std::int64_t kBegin = 1722520000000;
  MonoTime begun_ = clock.Now();
};

}  // namespace depotlink
