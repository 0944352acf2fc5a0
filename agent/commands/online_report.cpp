// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/online_report.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "agent/commands/amounts.hpp"
#include "agent/json/json_writer.hpp"

namespace depotlink::commands {
namespace {

struct MarkWords {
  std::string_view word;
  std::string_view in_json;
  std::string_view colour;
};

MarkWords WordsOf(Mark mark) {
  switch (mark) {
    case Mark::kOk:
      return {"ok", "ok", "\x1b[32m"};
    case Mark::kWarn:
      return {"warn", "warn", "\x1b[33m"};
    case Mark::kFail:
      return {"FAIL", "fail", "\x1b[1;31m"};
    case Mark::kSkipped:
      break;
  }
  return {"skip", "skipped", "\x1b[2m"};
}

void Pad(std::string& line, std::size_t width) {
  if (line.size() < width) line.append(width - line.size(), ' ');
}

}  // namespace

void OnlineReport::Add(std::string_view probe, const Finding& finding) {
  lines_.push_back({std::string(probe), finding});
  if (style_ != ReportStyle::kJson) PrintLine(probe, finding);
}

void OnlineReport::PrintLine(std::string_view probe, const Finding& finding) const {
  constexpr std::size_t kMarkWidth = 6;
  constexpr std::size_t kTextColumn = 20;
  const MarkWords words = WordsOf(finding.mark);
  std::string line(words.word);
  Pad(line, kMarkWidth);
  line += probe;
  Pad(line, kTextColumn);
  line += Harmless(finding.text);
  if (style_ == ReportStyle::kColour) {
    line.insert(words.word.size(), "\x1b[0m");
    line.insert(0, words.colour);
  }
  line += '\n';
  if (!finding.remedy.empty()) {
    line.append(kTextColumn, ' ').append("-> ").append(Harmless(finding.remedy)) += '\n';
  }
  (*print_)(line);
}

std::string OnlineReport::Json(bool good) const {
  constexpr std::size_t kRoom = std::size_t{64} * 1024;
  std::string buffer(kRoom, '\0');
  json::JsonWriter out(buffer.data(), buffer.size());
  out.BeginObject();
  out.Key("ok").Bool(good);
  out.Key("probes").BeginArray();
  for (const Line& line : lines_) {
    out.BeginObject();
    out.Key("probe").Text(line.probe);
    out.Key("mark").Text(WordsOf(line.finding.mark).in_json);
    out.Key("finding").Text(line.finding.text);
    if (!line.finding.remedy.empty()) out.Key("remedy").Text(line.finding.remedy);
    out.EndObject();
  }
  out.EndArray();
  out.EndObject();
  return std::string(out.view()) + '\n';
}

int OnlineReport::Finish() {
  const auto count = [this](Mark mark) {
    return std::count_if(lines_.begin(), lines_.end(),
                         [mark](const Line& line) { return line.finding.mark == mark; });
  };
  const auto failed = count(Mark::kFail);
  const auto skipped = count(Mark::kSkipped);
  const auto warned = count(Mark::kWarn);
  const bool good = failed == 0 && skipped == 0;
  if (style_ == ReportStyle::kJson) {
    (*print_)(Json(good));
  } else if (good) {
    (*print_)(warned == 0 ? "all is well\n"
                          : "all is well, with " + std::to_string(warned) + " to look at\n");
  } else {
    (*print_)(std::to_string(failed) + " failed, " + std::to_string(skipped) + " skipped\n");
  }
  return good ? 0 : 1;
}

}  // namespace depotlink::commands
