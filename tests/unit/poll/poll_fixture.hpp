// SPDX-License-Identifier: Apache-2.0
#pragma once

// A poller over a fake server, with stages behind it that only write down what they are given.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "agent/json/element_reader.hpp"
#include "agent/poll/fleet_job.hpp"
#include "agent/poll/poller.hpp"
#include "agent/poll/session.hpp"
#include "agent/poll/states_job.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/fake_files.hpp"
#include "tests/fakes/fake_http.hpp"
#include "tests/fakes/fake_random.hpp"
#include "tests/fakes/log_capture.hpp"

namespace depotlink::poll {

inline constexpr std::string_view kGood = R"({"states":{},"success":true})";
inline constexpr std::string_view kEmptyList = R"({"list":[],"success":true})";

inline std::string ErrorBody(int code) {
  return R"({"success":false,"status":{"code":)" + std::to_string(code) +
         R"(,"description":"words"}})";
}

class RecordedWork : public PollWork {
 public:
  std::size_t TakeDue(MonoTime, model::TrackerId* ids, std::size_t most) override {
    asked_most = most;
    const std::size_t count = std::min(most, due.size());
    std::copy_n(due.begin(), count, ids);
    return count;
  }
  MonoTime NextDue() override { return due.empty() ? next_due : MonoTime{0}; }
  bool Ready() const override { return room > 0; }
  void OnGroup(std::string_view element) override { Note("group", element); }
  void OnTracker(std::string_view element) override { Note("tracker", element); }
  void OnState(std::string_view key, std::string_view element) override {
    Note("state " + std::string(key), element);
  }
  void OnBlocked(std::string_view element) override { Note("blocked", element); }
  void OnNotExisting(std::string_view element) override { Note("missing", element); }
  void OnGroupListEnd(bool whole) override { calls.push_back(whole ? "groups end" : "groups cut"); }
  void OnTrackerListEnd(bool whole) override { calls.push_back(whole ? "list end" : "list cut"); }
  void OnStatesEnd(bool good, const model::TrackerId* ids, std::size_t count) override {
    calls.push_back((good ? "states end " : "states cut ") + std::to_string(count));
    if (good) Take(ids, count);
  }
  void OnStateRefused(model::TrackerId id, std::string_view) override {
    calls.push_back("refused " + std::to_string(id));
    Take(&id, 1);
  }

  std::vector<std::string> Take() {
    std::vector<std::string> taken;
    taken.swap(calls);
    return taken;
  }

  std::vector<model::TrackerId> due;
  MonoTime next_due = kNever;
  std::size_t asked_most = 0;
  std::size_t room = SIZE_MAX;  // elements until it is full
  std::vector<std::string> calls;

 private:
  // Asked for, and not due any more.
  void Take(const model::TrackerId* ids, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) due.erase(std::find(due.begin(), due.end(), ids[i]));
  }
  void Note(const std::string& what, std::string_view element) {
    if (room != SIZE_MAX) --room;
    calls.push_back(what + ' ' + std::string(element));
  }
};

struct PollSetup {
  DurationMs fleet_ms = 10 * kMinuteMs;
  std::size_t batch = limits::kDefaultBatch;
  double requests_per_second = 5;
  SessionConfig session{CredentialKind::kApiKey, {}, "/key"};
};

class PollFixture {
 public:
  explicit PollFixture(const PollSetup& setup = {})
      : session(setup.session, Secret(std::string("key")), files, reader, random, log),
        fleet(setup.fleet_ms, work, random, log),
        states(setup.batch, work),
        poller({setup.requests_per_second, {}}, {"https://api.example/v2", 30 * kSecondMs, {}},
               http, reader, clock, random, log) {
    files.Put("/key", "key");
    poller.Add(session);
    poller.Add(fleet);
    poller.Add(states);
  }

  MonoTime Step(DurationMs ms = 0) {
    clock.Advance(ms);
    next = poller.Step(clock.Now());
    return next;
  }
  // Time goes on, step by step, until a request is under way.
  void StepToRequest() {
    for (int steps = 0; steps < 1000 && !http.busy(); ++steps) {
      Step();
      if (!http.busy()) clock.AdvanceTo(next);
    }
  }
  // The next request is answered like this; returns which it was: the path's end.
  std::string Answer(int status, std::string_view body, std::int64_t retry_after_ms = -1) {
    StepToRequest();
    const std::string url = http.last().url;
    http.Answer(status, body, 0, retry_after_ms);
    return url.substr(url.find("/v2/") + 4);
  }
  // The fleet is listed: groups and trackers, both without any.
  void List() {
    Answer(200, kEmptyList);
    Answer(200, kEmptyList);
    work.Take();
  }

  fakes::FakeClock clock;
  fakes::FakeHttp http;
  fakes::FixedRandom random{0};
  fakes::LogCapture logs;
  Logger log{logs, LogLevel::kDebug};
  json::ElementReader reader;
  fakes::FakeFiles files;
  RecordedWork work;
  MonoTime next{};
  Session session;
  FleetJob fleet;
  StatesJob states;
  Poller poller;
};

}  // namespace depotlink::poll
