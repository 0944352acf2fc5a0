// SPDX-License-Identifier: Apache-2.0
#include "agent/encode/topics.hpp"

#include <array>
#include <charconv>
#include <cstring>
#include <initializer_list>

#include "agent/json/utf8.hpp"

namespace depotlink::encode {
namespace {

constexpr model::TrackerId kMaxId = model::TrackerId{1} << 53U;
constexpr std::string_view kLongestTail = "tracker/9007199254740992/history";

// Code points that Unicode keeps for internal use: U+FDD0..FDEF, and the last two of each plane.
bool IsNonCharacter(char32_t code) {
  return (code >= 0xFDD0 && code <= 0xFDEF) || (code & 0xFFFEU) == 0xFFFE;
}

std::string_view Join(std::initializer_list<std::string_view> parts, char* out,
                      std::size_t capacity) {
  std::size_t size = 0;
  for (const std::string_view part : parts) {
    if (part.size() > capacity - size) return {};
    std::memcpy(out + size, part.data(), part.size());
    size += part.size();
  }
  return {out, size};
}

using IdDigits = std::array<char, 16>;  // 2^53 has 16

std::string_view Digits(std::uint64_t id, IdDigits& out) {
  const auto end = std::to_chars(out.data(), out.data() + out.size(), id);
  return {out.data(), static_cast<std::size_t>(end.ptr - out.data())};
}

std::string_view KindName(TrackerTopic kind) {
  switch (kind) {
    case TrackerTopic::kState:
      return "/state";
    case TrackerTopic::kInfo:
      return "/info";
    case TrackerTopic::kHistory:
      break;
  }
  return "/history";
}

}  // namespace

bool IsSafeTopic(std::string_view topic) {
  if (topic.empty() || topic.size() > limits::kTopicBytes || topic.front() == '$') return false;
  bool level_is_empty = true;
  while (!topic.empty()) {
    const json::Utf8Char c = json::FirstUtf8(topic);
    if (!c.valid || json::IsControl(c.code) || IsNonCharacter(c.code)) return false;
    if (c.code == '+' || c.code == '#') return false;
    if (c.code == '/' && level_is_empty) return false;
    level_is_empty = c.code == '/';
    topic.remove_prefix(c.bytes);
  }
  return !level_is_empty;
}

TopicBuilder::TopicBuilder(std::string_view prefix, std::string_view site) {
  if (!IsSafeTopic(prefix) || !IsSafeTopic(site)) return;
  if (site.find('/') != std::string_view::npos) return;
  std::array<char, limits::kTopicBytes> buffer;
  const std::string_view base = Join({prefix, "/", site, "/"}, buffer.data(), buffer.size());
  if (base.empty() || base.size() + kLongestTail.size() > limits::kTopicBytes) return;
  base_.Assign(base);
}

std::string_view TopicBuilder::Status(char* out, std::size_t capacity) const {
  return ok() ? Join({base_.view(), "status"}, out, capacity) : std::string_view();
}

std::string_view TopicBuilder::Health(char* out, std::size_t capacity) const {
  return ok() ? Join({base_.view(), "health"}, out, capacity) : std::string_view();
}

std::string_view TopicBuilder::Tracker(model::TrackerId id, TrackerTopic kind, char* out,
                                       std::size_t capacity) const {
  if (!ok() || id == 0 || id > kMaxId) return {};
  IdDigits digits;
  return Join({base_.view(), "tracker/", Digits(id, digits), KindName(kind)}, out, capacity);
}

std::string_view TopicBuilder::Link(model::LinkId id, char* out, std::size_t capacity) const {
  if (!ok() || id == 0 || id > kMaxId) return {};
  IdDigits digits;
  return Join({base_.view(), "link/", Digits(id, digits)}, out, capacity);
}

std::string_view TopicBuilder::Snapshot(std::uint64_t page, char* out, std::size_t capacity) const {
  if (!ok() || page == 0 || page > kMaxId) return {};
  IdDigits digits;
  return Join({base_.view(), "snapshot/", Digits(page, digits)}, out, capacity);
}

std::string_view TopicBuilder::Extra(std::string_view topic, std::uint64_t id, char* out,
                                     std::size_t capacity) const {
  if (!ok() || id > kMaxId || !IsSafeTopic(topic)) return {};
  if (id == 0) return Join({base_.view(), "extra/", topic}, out, capacity);
  std::array<char, 16> digits;  // 2^53 has 16
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), id);
  const std::string_view number(digits.data(), static_cast<std::size_t>(end.ptr - digits.data()));
  return Join({base_.view(), "extra/", topic, "/", number}, out, capacity);
}

std::string_view TopicBuilder::Filter(RetainedTopic kind, char* out, std::size_t capacity) const {
  if (!ok()) return {};
  if (kind == RetainedTopic::kLink) return Join({base_.view(), "link/+"}, out, capacity);
  const bool state = kind == RetainedTopic::kState;
  return Join(
      {base_.view(), "tracker/+", KindName(state ? TrackerTopic::kState : TrackerTopic::kInfo)},
      out, capacity);
}

RetainedAt TopicBuilder::Read(std::string_view topic) const {
  const auto take = [&topic](std::string_view start) {
    const bool starts = topic.substr(0, start.size()) == start;
    if (starts) topic.remove_prefix(start.size());
    return starts;
  };
  if (!ok() || !take(base_.view())) return {};
  const bool link = take("link/");
  if (!link && !take("tracker/")) return {};
  std::uint64_t id = 0;
  const char* const end = topic.data() + topic.size();
  const auto [after, error] = std::from_chars(topic.data(), end, id);
  if (error != std::errc() || topic.front() == '0' || id > kMaxId) return {};
  const std::string_view tail(after, static_cast<std::size_t>(end - after));
  if (link) return {RetainedTopic::kLink, tail.empty() ? id : 0};
  if (tail == KindName(TrackerTopic::kState)) return {RetainedTopic::kState, id};
  return {RetainedTopic::kInfo, tail == KindName(TrackerTopic::kInfo) ? id : 0};
}

}  // namespace depotlink::encode
