// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/extra.hpp"

#include <algorithm>

#include "agent/json/element_reader.hpp"
#include "agent/json/relay.hpp"
#include "agent/navixy/endpoints.hpp"
#include "agent/navixy/readable.hpp"
#include "agent/settings/echo.hpp"
#include "agent/settings/nearest.hpp"

namespace depotlink::settings {
namespace {

constexpr std::size_t kHashDigits = 32;

std::string_view NearestPath(std::string_view written) {
  std::string_view nearest;
  std::size_t best = kNoSlip;
  for (const navixy::Readable& row : navixy::AllReadable()) {
    const std::size_t distance = SlipDistance(written, row.path);
    if (distance >= best) continue;
    best = distance;
    nearest = row.path;
  }
  return nearest;
}

std::string ExplainPath(std::string_view path) {
  const std::string found = "found " + EchoQuoted(path) + "; ";
  const std::string_view why = navixy::WhyWithheld(path);
  if (!why.empty()) return found + "this action is not published: " + std::string(why);
  const std::string_view meant = NearestPath(path);
  return found + "expected a read-only action of the API that answers a list or a value" +
         (meant.empty() ? "; config/README.md names them all"
                        : "; did you mean \"" + std::string(meant) + "\"?");
}

// The names in `needs` that the parameters do not have.
std::string Lacking(std::string_view needs, std::string_view params) {
  json::ElementReader reader;
  if (!params.empty() && !reader.Parse(params).ok()) return {};
  std::string lacking;
  while (!needs.empty()) {
    const std::size_t end = std::min(needs.find(' '), needs.size());
    const std::string_view name = needs.substr(0, end);
    bool has = false;
    reader.root().ForEachName([&has, name](std::string_view n) { has = has || n == name; });
    if (!has) lacking += (lacking.empty() ? "\"" : ", \"") + std::string(name) + '"';
    needs.remove_prefix(std::min(end + 1, needs.size()));
  }
  return lacking;
}

// True where what the one publishes could stand under a topic of the other.
bool Collide(const Extra& a, const Extra& b) {
  const auto below = [](const Extra& upper, const Extra& lower) {
    const std::string level = upper.topic + '/';
    return upper.split && lower.topic.compare(0, level.size(), level) == 0;
  };
  return a.topic == b.topic || below(a, b) || below(b, a);
}

}  // namespace

std::vector<ExtraFault> CheckExtra(const std::vector<Extra>& extras, std::size_t number,
                                   bool panel) {
  std::vector<ExtraFault> faults;
  if (number >= extras.size()) return faults;
  const Extra& extra = extras[number];
  if (extra.params.size() > limits::kExtraParamsBytes) {
    faults.push_back({"params", "too long; at most " + std::to_string(limits::kExtraParamsBytes) +
                                    " bytes are sent with each request"});
  }
  for (std::size_t i = 0; i < number && !extra.topic.empty(); ++i) {
    if (extras[i].topic.empty() || !Collide(extras[i], extra)) continue;
    faults.push_back({"topic", "the same topic as that of extra[" + std::to_string(i) +
                                   "], or one below it; give each its own"});
    break;
  }
  if (extra.path.empty()) return faults;
  const navixy::Readable* row = navixy::FindReadable(extra.path);
  if (row == nullptr) {
    faults.push_back({"path", ExplainPath(extra.path)});
    return faults;
  }
  if (navixy::ApiOf(row->path) == navixy::Api::kPanel && !panel) {
    faults.push_back(
        {"path", "found \"" + extra.path +
                     "\", which only the panel's API answers; add its login: \"panel\": { "
                     "\"login\": ..., \"password_file\": ... } in \"api\""});
  }
  if (row->answers == navixy::Answers::kValue && extra.split) {
    faults.push_back(
        {"split", "found true, but \"" + extra.path + "\" answers one value, no list; remove it"});
  }
  const std::string lacking = Lacking(row->needs, extra.params);
  if (!lacking.empty()) {
    faults.push_back({"params", '"' + extra.path + "\" needs " + lacking + " in \"params\""});
  }
  return faults;
}

std::string CheckParam(std::string_view name, std::string_view text) {
  const bool credential =
      text.size() == kHashDigits &&
      text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  if (!credential && !json::IsSecretName(name)) return {};
  return "a credential does not belong in this file; the agent sends the right one by itself; "
         "remove it";
}

}  // namespace depotlink::settings
