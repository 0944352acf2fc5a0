// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/status.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "agent/commands/amounts.hpp"
#include "agent/error_book.hpp"
#include "agent/json/element_reader.hpp"

namespace depotlink::commands {
namespace {

constexpr std::size_t kTextBytes = 1024;

// A member as text, control characters made harmless; `-` where it is not there.
std::string Member(const json::Object& object, std::string_view name) {
  std::string_view text;
  if (object.GetScalar(name, kTextBytes, text) != json::Found::kYes) return "-";
  return Harmless(text);
}

json::Object Section(const json::Object& root, std::string_view name) {
  json::Object section;
  static_cast<void>(root.GetObject(name, section));  // without members where it is missing
  return section;
}

std::string Line(std::string_view name, const std::string& text) {
  std::string line = "  " + std::string(name);
  line.resize(std::max<std::size_t>(line.size() + 1, 12), ' ');
  return line + text + '\n';
}

std::string ErrorLine(const json::Object& section) {
  const std::string error = Member(section, "last_error");
  return error == "-" ? std::string() : Line("", "last error: " + error);
}

// Empty also where `now` is 0: no age can be told by a clock that is wrong.
std::string Since(const json::Object& section, std::string_view name, WallTime now) {
  WallTime time;
  if (now.ms == 0) return {};
  if (section.GetTime(name, time) != json::Found::kYes) return {};
  return FormatAge(now.ms - time.ms);
}

// How a credential fares, where it is not simply good.
std::string CredentialText(const json::Object& section) {
  const std::string state = Member(section, "credential");
  return state == "ok" || state == "starting" || state == "-" ? "" : ", credential " + state;
}

std::string PanelLines(const json::Object& panel) {
  const std::string state = Member(panel, "credential");
  return state == "-" ? std::string() : Line("panel", "credential " + state) + ErrorLine(panel);
}

std::string ApiLines(const json::Object& api, WallTime now) {
  const std::string success = Since(api, "last_success_time", now);
  return Line("api", Member(api, "state") + CredentialText(api) +
                         (success.empty() ? std::string() : ", last answer " + success + " ago") +
                         ", " + Member(api, "requests") + " requests, " + Member(api, "errors") +
                         " errors") +
         ErrorLine(api);
}

std::string ExtrasLines(const json::Object& extras) {
  const std::string count = Member(extras, "count");
  if (count == "-") return {};
  const std::string failing = Member(extras, "failing");
  std::string lines =
      Line("extras", count + (failing == "0" ? "" : ", of which " + failing + " in trouble"));
  if (failing != "0") lines += Line("", Member(extras, "failing_path"));
  return lines + ErrorLine(extras);
}

std::string BrokerLines(const json::Object& broker) {
  const std::string takeovers = Member(broker, "takeovers");
  return Line("broker", Member(broker, "state") + ", MQTT " + Member(broker, "protocol") + ", " +
                            Member(broker, "connects") + " connects") +
         (takeovers == "-" ? std::string()
                           : Line("", "thrown out " + takeovers +
                                          " times by another client with the same client id")) +
         ErrorLine(broker);
}

std::string LinksLines(const json::Object& links) {
  const std::string known = Member(links, "known");
  if (known == "-") return {};
  const std::string refused = Member(links, "refused");
  return Line("links", known + ", " + Member(links, "active") + " active" +
                           (refused == "0" ? std::string() : ", " + refused + " refused")) +
         ErrorLine(links);
}

std::string BackfillLines(const json::Object& backfill) {
  const std::string gaps = Member(backfill, "gaps");
  if (gaps == "-" || gaps == "0") return {};
  return Line("missed", gaps + " gaps to read back, " + Member(backfill, "trackers_left") +
                            " trackers left of the first, " + Member(backfill, "points") +
                            " points so far");
}

std::string QueueLines(const json::Object& queue, WallTime now) {
  std::string text = Member(queue, "disk") + ", " + Member(queue, "on_disk") + " records in " +
                     Member(queue, "bytes") + " bytes";
  const std::string age = Since(queue, "oldest_time", now);
  if (!age.empty()) text += ", the oldest of " + age + " ago";
  std::string lines = Line("queue", text) + ErrorLine(queue);
  const auto tell = [&](std::string_view name, const char* words) {
    const std::string count = Member(queue, name);
    if (count != "0" && count != "-") lines += Line("", count + words);
  };
  tell("locked", " records sealed with another key");
  tell("set_aside", " damaged files set aside");
  tell("out_of_scope", " records not published: recorded for another scope");
  bool journal = true;
  if (queue.GetBool("journal", journal) == json::Found::kYes && !journal) {
    lines += Line("", "no journal: a crash would lose what is in memory");
  }
  return lines +
         Line("lost", Member(queue, "lost_memory") + " for want of memory, " +
                          Member(queue, "lost_quota") + " by quota, " + Member(queue, "lost_age") +
                          " by age, " + Member(queue, "lost_damaged") + " by damage");
}

std::string SnapshotLines(const json::Object& snapshot) {
  const std::string rounds = Member(snapshot, "rounds");
  if (rounds == "-") return {};
  return Line("snapshot", rounds + " published, the last one " + Member(snapshot, "states") +
                              " trackers on " + Member(snapshot, "pages") + " pages") +
         ErrorLine(snapshot);
}

std::string HeapLine(const json::Object& heap) {
  if (Member(heap, "agent_kib") == "-") return {};
  const auto part = [&heap](const char* words, const std::string& name) {
    return words + Member(heap, name + "_kib") + " KiB (at most " +
           Member(heap, name + "_peak_kib") + ")";
  };
  return Line("", "of its heap: agent " + part("", "agent") + part(", HTTP ", "http") +
                      part(", TLS ", "tls") + part(", MQTT and the rest ", "rest"));
}

std::string TrackerLines(const json::Object& root) {
  const std::string left_out = Member(root, "trackers_left_out");
  const json::Object shard = Section(root, "shard");
  const std::string count = Member(shard, "count");
  return Line("trackers",
              Member(root, "trackers") + ", " + Member(root, "polls") + " polls" +
                  (count == "-" ? std::string()
                                : ", shard " + Member(shard, "index") + " of " + count)) +
         (left_out == "-" ? std::string()
                          : Line("", left_out + " beyond memory.max_trackers left out"));
}

std::string Table(const json::Object& root, WallTime now) {
  const json::Object records = Section(root, "records");
  return ApiLines(Section(root, "api"), now) + PanelLines(Section(root, "panel")) +
         BrokerLines(Section(root, "broker")) + ExtrasLines(Section(root, "extras")) +
         TrackerLines(root) + LinksLines(Section(root, "links")) +
         Line("records", Member(records, "acked") + " delivered, " + Member(records, "waiting") +
                             " waiting, " + Member(records, "refused") + " refused, " +
                             Member(records, "dropped") + " lost") +
         QueueLines(Section(root, "queue"), now) + BackfillLines(Section(root, "backfill")) +
         SnapshotLines(Section(root, "snapshot")) +
         Line("memory", Member(root, "memory_rss_kib") + " KiB, at most " +
                            Member(root, "memory_peak_kib") + " KiB of " +
                            Member(root, "memory_budget_kib") + " KiB, of which " +
                            Member(root, "memory_planned_kib") + " KiB are planned") +
         HeapLine(Section(root, "heap"));
}

// What the report says of itself.
struct View {
  bool timed = false;   // it says when it was made
  bool trusted = true;  // the machine's clock, which is so where it does not say
  DurationMs age_ms = 0;
  std::string start;  // when the agent began; empty: not known
};

struct Wait {
  const char* name;
  std::string words;  // empty: it does not wait for that
};

std::string ClockWait(bool trusted) {
  return trusted ? "" : "this machine's clock to be set";
}

std::string CredentialWait(const json::Object& api) {
  if (Member(api, "state") != "credential") return {};
  const std::string state = Member(api, "credential");
  if (state == "limited") return "the API to allow another login";
  return "a person: the credential is " + (state == "ok" || state == "-" ? "refused" : state);
}

std::string ApiWait(const json::Object& api, WallTime now) {
  const std::string state = Member(api, "state");
  if (state == "starting") return "the API's first answer";
  if (state != "failing") return {};
  const std::string since = Since(api, "last_success_time", now);
  return "the API" + (since.empty() ? "" : ", which last answered " + since + " ago");
}

std::string BrokerWait(const json::Object& root) {
  const std::string state = Member(Section(root, "broker"), "state");
  if (state == "connected" || state == "-") return {};
  if (state == "refused") return "a person: the broker refuses this agent";
  return "the broker; meanwhile " + Member(Section(root, "records"), "waiting") + " records wait";
}

std::string DiskWait(const json::Object& queue) {
  const std::string state = Member(queue, "disk");
  if (state == "full") return "space on the queue's disk";
  if (state == "refused") return "a person: the queue's disk is refused";
  return state == "failing" ? "the queue's disk" : "";
}

// What the agent cannot go on without, in the order in which a person would look at it.
std::array<Wait, 5> WaitsOf(const json::Object& root, bool trusted, WallTime now) {
  const json::Object api = Section(root, "api");
  return {{{"clock", ClockWait(trusted)},
           {"credential", CredentialWait(api)},
           {"api", ApiWait(api, now)},
           {"broker", BrokerWait(root)},
           {"disk", DiskWait(Section(root, "queue"))}}};
}

std::string WaitLines(const std::array<Wait, 5>& waits) {
  std::string lines;
  for (const Wait& wait : waits) {
    if (wait.words.empty()) continue;
    lines += Line(lines.empty() ? "waits for" : "", wait.words);
  }
  return lines.empty() ? Line("waits for", "nothing but the next poll") : lines;
}

std::string ErrorLines(const Result<std::string>& errors, WallTime now) {
  json::ElementReader reader;
  if (!errors.ok() || !reader.Parse(errors.value()).ok()) return {};
  const json::Object root = reader.root();
  std::string lines;
  for (const std::string_view kind : kErrorKindNames) {
    const json::Object error = Section(root, kind);
    const std::string text = Member(error, "text");
    if (text == "-") continue;
    std::string words(kind);
    const std::string age = Since(error, "time", now);
    if (!age.empty()) words += ", " + age + " ago";
    words += ": " + text;
    lines += Line(lines.empty() ? "errors" : "", words);
  }
  return lines;
}

// When the agent started; empty where that is not known.
std::string StartTime(const json::Object& root, WallTime time) {
  std::int64_t uptime_s = 0;
  if (time.ms == 0 ||
      root.GetInt("uptime_s", 0, INT64_MAX / kSecondMs, uptime_s) != json::Found::kYes) {
    return {};
  }
  return FormatTime(time.ms - uptime_s * kSecondMs);
}

View LookAt(const json::Object& root, bool readable, WallTime now) {
  View view;
  WallTime time;
  view.timed = readable && root.GetTime("time", time) == json::Found::kYes;
  static_cast<void>(root.GetBool("time_trusted", view.trusted));
  view.age_ms = std::max<std::int64_t>(0, now.ms - time.ms);
  view.start = StartTime(root, time);
  return view;
}

std::string Json(const StatusInput& input, const json::Object& root, bool readable,
                 const View& view) {
  std::string line = std::string("{\"running\":") + (input.running ? "true" : "false");
  if (view.timed) line += ",\"age_s\":" + std::to_string(view.age_ms / kSecondMs);
  if (!view.start.empty()) line += ",\"since\":\"" + view.start + '"';
  if (readable && input.running) {
    std::string names;
    for (const Wait& wait : WaitsOf(root, view.trusted, input.now)) {
      if (wait.words.empty()) continue;
      names += (names.empty() ? "\"" : ",\"") + std::string(wait.name) + '"';
    }
    line += ",\"waits_for\":[" + names + ']';
  }
  json::ElementReader errors;
  if (input.errors.ok() && errors.Parse(input.errors.value()).ok()) {
    line += ",\"errors\":" + input.errors.value();
  }
  if (readable) line += ",\"health\":" + input.report.value();
  return line + "}\n";
}

std::string NoReport(const StatusInput& input) {
  return std::string("depotlink ") + (input.running ? "runs" : "does not run") +
         ", and has left no report" + (input.report.ok() ? " that can be read\n" : "\n");
}

std::string Text(const StatusInput& input, const json::Object& root, const View& view) {
  // By a clock that is wrong no age can be told.
  const WallTime now = view.trusted ? input.now : WallTime{};
  return "depotlink " + Member(root, "version") + ", site " + Member(root, "site") + ", run " +
         Member(root, "run") + ": " + (input.running ? "runs" : "does not run") +
         (input.running && !view.start.empty() ? " since " + view.start : std::string()) +
         (view.timed ? ", report of " + FormatAge(view.age_ms) + " ago" : std::string()) + '\n' +
         (view.trusted ? std::string()
                       : Line("clock", "wrong on this machine: set it, by NTP for one")) +
         (input.running ? WaitLines(WaitsOf(root, view.trusted, now)) : std::string()) +
         Table(root, now) + ErrorLines(input.errors, now);
}

// Over what stood there before, line by line, so that nothing flickers.
std::string InPlace(const std::string& text) {
  std::string out = "\x1b[H";
  for (const char c : text) {
    if (c == '\n') out += "\x1b[K";
    out += c;
  }
  return out + "\x1b[J";
}

}  // namespace

int RunStatus(const StatusInput& input, const std::function<void(std::string_view)>& print) {
  json::ElementReader reader;
  const bool readable = input.report.ok() && reader.Parse(input.report.value()).ok();
  const json::Object root = reader.root();
  const View view = LookAt(root, readable, input.now);
  if (input.json) {
    print(Json(input, root, readable, view));
  } else {
    print(readable ? Text(input, root, view) : NoReport(input));
  }
  return input.running && readable ? 0 : 1;
}

int RunWatch(const WatchInput& input, const std::function<void(std::string_view)>& print) {
  const bool terminal = input.style == WatchStyle::kTerminal;
  for (bool first = true;; first = false) {
    const StatusInput status = input.read();
    std::string text;
    RunStatus(status, [&](std::string_view piece) { text += piece; });
    if (terminal) {
      text = InPlace(text);
    } else if (!first && !status.json) {
      text.insert(0, "\n");
    }
    print(text);
    if (!input.wait(input.every_ms)) return 0;
  }
}

}  // namespace depotlink::commands
