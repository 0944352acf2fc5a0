// SPDX-License-Identifier: Apache-2.0
// Whatever prefix, site, topic and id: no topic that a broker would refuse, or that says more than
// it should.
#include <array>
#include <string>
#include <string_view>

#include "agent/encode/topics.hpp"
#include "tests/fakes/reference_json.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace depotlink::fuzz {
namespace {

// By another way than the agent's: as bytes, and as a string of JSON.
bool MayBePublishedTo(std::string_view topic) {
  if (topic.empty() || topic.size() > limits::kTopicBytes || topic[0] == '$') return false;
  const std::string edged = '/' + std::string(topic) + '/';
  if (edged.find("//") != std::string::npos) return false;
  std::string quoted = "\"";
  for (const char c : topic) {
    if (c == '+' || c == '#' || c == '\x7F') return false;
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  std::string compact;
  return fakes::ReferenceJson::IsValue(quoted + '"', compact);
}

}  // namespace

void Topics(std::string_view bytes) {
  Input input(bytes);
  const std::string_view prefix = input.Word();
  const std::string_view site = input.Word();
  const std::string_view topic = input.Word();
  const std::size_t id = input.Number(8);
  for (const std::string_view word : {prefix, site, topic}) {
    if (encode::IsSafeTopic(word)) Require(MayBePublishedTo(word), "what is called safe is");
  }
  const encode::TopicBuilder builder(prefix, site);
  std::array<char, limits::kTopicBytes> out;
  const std::size_t capacity = out.size() - Choice(bytes, 3) * Choice(bytes, out.size() / 2);
  const std::string base = std::string(prefix) + '/' + std::string(site) + '/';
  const auto check = [&](std::string_view made, bool said) {
    Require(said || made.empty(), "no topic of what names nothing");
    if (made.empty()) return;
    Require(builder.ok() && made.size() <= capacity, "the capacity is kept");
    Require(MayBePublishedTo(made), "each topic is safe");
    Require(made.substr(0, base.size()) == base, "each topic is below its site");
  };
  const bool known = id >= 1 && id <= std::size_t{1} << 53U;
  check(builder.Status(out.data(), capacity), true);
  check(builder.Health(out.data(), capacity), true);
  check(builder.Link(id, out.data(), capacity), known);
  check(builder.Tracker(id, encode::TrackerTopic::kState, out.data(), capacity), known);
  check(builder.Extra(topic, id, out.data(), capacity), known || id == 0);
}

}  // namespace depotlink::fuzz
