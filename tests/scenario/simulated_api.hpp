// SPDX-License-Identifier: Apache-2.0
#pragma once

// A platform with a fleet: what each tracker's state is follows from its number and the time alone,
// so that a test knows what must stand on the bus in the end.

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/limits.hpp"
#include "agent/base/time.hpp"
#include "agent/model/tracker_state.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/fake_http.hpp"

namespace depotlink::scenario {

class SimulatedApi {
 public:
  SimulatedApi(fakes::FakeHttp& http, const fakes::FakeClock& clock)
      : http_(&http), clock_(&clock) {}

  // --- what the platform holds; ids are 1 .. trackers
  model::TrackerId trackers = 0;
  DurationMs change_ms = 10 * kSecondMs;  // how often a state changes
  std::set<model::TrackerId> gone;
  std::set<model::TrackerId> blocked;
  std::set<model::TrackerId> overlong;  // what the list says of them is more than is taken in
  std::set<model::TrackerId> still;     // nothing new of them since `still_since`
  WallTime still_since;
  // What the machine's clock lags behind the platform's.
  DurationMs ahead_ms = 0;
  // --- how it answers
  bool away = false;
  int refuse_all_code = 0;     // each call is refused with this code; 0: none
  int refuse_groups_code = 0;  // likewise for tracker/group/list alone
  std::size_t piece_bytes = 1400;
  // track/read: a longer span is refused; so many points at most an answer; 0: no limit. Trackers
  // that it refuses.
  DurationMs span_most_ms = 0;
  std::size_t points_most = 0;
  std::set<model::TrackerId> no_track;
  // Trackers that it was asked for, in the order of the calls.
  std::vector<model::TrackerId> tracks_asked;
  std::vector<MonoTime> tracks_asked_at;
  // Answers of other calls, by the end of their path, and how often each was asked for.
  std::map<std::string, std::string> others;
  std::map<std::string, int> others_asked;

  WallTime Now() const { return {clock_->WallNow().ms + ahead_ms}; }
  // The number of the state that a tracker has at a time; what it says follows from that.
  std::int64_t StateNumber(model::TrackerId id, WallTime time) const {
    if (still.count(id) != 0) time.ms = std::min(time.ms, still_since.ms);
    return (time.ms + static_cast<std::int64_t>(id) * 137) / change_ms;
  }
  std::string UpdateTime(model::TrackerId id, std::int64_t number) const {
    char text[kIsoTimeMaxBytes];
    const WallTime time{number * change_ms - static_cast<std::int64_t>(id) * 137};
    return {text, FormatIsoTime(time, true, text)};
  }
  // By which a state is known again.
  static std::string Altitude(std::int64_t number) { return std::to_string(number % 90000); }
  std::string State(model::TrackerId id, std::int64_t number) const {
    const std::string time = UpdateTime(id, number);
    return "{\"source_id\":" + std::to_string(id + 1000) + ",\"gps\":{\"updated\":\"" + time +
           "\",\"location\":{\"lat\":45.5,\"lng\":" + std::to_string(id % 180) +
           "},\"alt\":" + Altitude(number) + "},\"connection_status\":\"active\"," +
           "\"movement_status\":\"moving\",\"last_update\":\"" + time + "\"}";
  }
  // The newest state that was served of a tracker; -1: none.
  std::int64_t ServedNumber(model::TrackerId id) const {
    const auto at = served_.find(id);
    return at == served_.end() ? -1 : at->second;
  }

  // Every state that was served, by tracker.
  const std::map<model::TrackerId, std::set<std::int64_t>>& all_served() const {
    return all_served_;
  }

  // Answers a request under way. False where there was nothing to do.
  bool Serve() {
    if (!http_->busy()) return false;
    if (http_->requests().size() != answered_) {
      answered_ = http_->requests().size();
      Answer(http_->last());
      return true;
    }
    const bool paused = http_->paused();
    http_->Deliver();
    return !paused;
  }

 private:
  void Answer(const fakes::FakeHttp::Request& request) {
    if (away) return http_->Fail(ports::HttpEnd::kConnectFailed, "no route to host");
    const auto is = [&request](std::string_view path) {
      return request.url.size() >= path.size() &&
             request.url.compare(request.url.size() - path.size(), path.size(), path) == 0;
    };
    if (is("track/read") && refuse_all_code == 0) return AnswerTrack(request.body);
    const bool groups = is("tracker/group/list");
    const int code = groups && refuse_groups_code != 0 ? refuse_groups_code : refuse_all_code;
    if (code != 0) {
      return http_->Answer(
          400, "{\"success\":false,\"status\":{\"code\":" + std::to_string(code) + "}}");
    }
    for (const auto& [path, other] : others) {
      if (!is(path)) continue;
      ++others_asked[path];
      return http_->Answer(200, other, piece_bytes);
    }
    const std::string body = groups ? R"({"list":[{"id":1,"title":"Yard"}],"success":true})"
                             : is("tracker/list") ? FleetList()
                                                  : States(request.body);
    http_->Answer(200, body, piece_bytes);
  }
  static std::string Part(const std::string& body, const std::string& name) {
    const std::size_t at = body.find('"' + name + "\":") + name.size() + 3;
    const std::size_t from = body[at] == '"' ? at + 1 : at;
    return body.substr(from, body.find_first_of("\",}", from) - from);
  }
  void AnswerTrack(const std::string& body) {
    const model::TrackerId id = std::stoull(Part(body, "tracker_id"));
    tracks_asked.push_back(id);
    tracks_asked_at.push_back(clock_->Now());
    WallTime from;
    WallTime to;
    const bool read = ParseIsoTime(Part(body, "from"), from) && ParseIsoTime(Part(body, "to"), to);
    const bool whole = Part(body, "filter") == "false" && Part(body, "simplify") == "false";
    int code = read && whole && from < to ? 0 : 7;
    if (code == 0 && span_most_ms > 0 && to.ms - from.ms > span_most_ms) code = 211;
    if (no_track.count(id) != 0 || gone.count(id) != 0) code = 201;
    if (code != 0) {
      return http_->Answer(
          400, "{\"success\":false,\"status\":{\"code\":" + std::to_string(code) + "}}");
    }
    std::string points;
    std::size_t count = 0;
    bool more = false;
    for (std::int64_t number = StateNumber(id, from); !more; ++number) {
      const std::int64_t ms = number * change_ms - static_cast<std::int64_t>(id) * 137;
      if (ms <= from.ms) continue;
      if (ms >= to.ms || number > StateNumber(id, Now())) break;
      more = points_most > 0 && count == points_most;
      if (more) break;
      ++count;
      points += (points.empty() ? "" : ",") +
                ("{\"get_time\":\"" + UpdateTime(id, number) + "\",\"lat\":45.5,\"lng\":") +
                std::to_string(id % 180) + ",\"alt\":" + Altitude(number) +
                ",\"address\":\"\",\"satellites\":9}";
    }
    http_->Answer(200,
                  std::string("{\"success\":true,\"limit_exceeded\":") + (more ? "true" : "false") +
                      ",\"list\":[" + points + "]}",
                  piece_bytes);
  }
  std::string FleetList() const {
    std::string list;
    for (model::TrackerId id = 1; id <= trackers; ++id) {
      if (gone.count(id) != 0) continue;
      const std::string text = std::to_string(id);
      const std::string more(overlong.count(id) == 0 ? 0 : limits::kElementBytes, 'x');
      list += (list.empty() ? "" : ",") + ("{\"id\":" + text) + ",\"label\":\"Truck " + text +
              more + "\",\"group_id\":1,\"source\":{\"blocked\":false}}";
    }
    return "{\"success\":true,\"list\":[" + list + "]}";
  }
  std::string States(const std::string& body) {
    std::string states;
    std::string refused;
    std::string missing;
    const auto add = [](std::string& to, const std::string& text) {
      to += (to.empty() ? "" : ",") + text;
    };
    const char* at = body.c_str() + body.find('[') + 1;
    while (*at != ']') {
      char* end = nullptr;
      const model::TrackerId id = std::strtoull(at, &end, 10);
      at = *end == ',' ? end + 1 : end;
      if (gone.count(id) != 0) {
        add(missing, std::to_string(id));
      } else if (blocked.count(id) != 0) {
        add(refused, std::to_string(id));
      } else {
        const std::int64_t number = StateNumber(id, Now());
        served_[id] = number;
        all_served_[id].insert(number);
        add(states, '"' + std::to_string(id) + "\":" + State(id, number));
      }
    }
    return "{\"states\":{" + states + "},\"blocked\":[" + refused + "],\"not_exist\":[" + missing +
           "],\"success\":true}";
  }

  fakes::FakeHttp* http_;
  const fakes::FakeClock* clock_;
  std::size_t answered_ = 0;
  std::map<model::TrackerId, std::int64_t> served_;
  std::map<model::TrackerId, std::set<std::int64_t>> all_served_;
};

}  // namespace depotlink::scenario
