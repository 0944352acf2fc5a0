// SPDX-License-Identifier: Apache-2.0
#pragma once

// The topics that the agent publishes to, below `<prefix>/<site>/`. Nothing that a stranger can
// choose gets into a topic: of a tracker only its number does. No heap.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/base/fixed_string.hpp"
#include "agent/base/limits.hpp"
#include "agent/model/geo_link.hpp"
#include "agent/model/tracker_state.hpp"

namespace depotlink::encode {

// True for a topic that may be published to: 1 to limits::kTopicBytes of valid UTF-8, no wildcard
// (`+`, `#`), no control or non-character, no empty level, and no `$` in front (a broker's own).
[[nodiscard]] bool IsSafeTopic(std::string_view topic);

enum class TrackerTopic : std::uint8_t { kState, kInfo, kHistory };

// What stands retained below an agent's site, and only the agent knows whether it still should.
enum class RetainedTopic : std::uint8_t { kState, kInfo, kLink };
inline constexpr std::size_t kRetainedTopics = 3;

struct RetainedAt {
  RetainedTopic kind = RetainedTopic::kState;
  std::uint64_t id = 0;  // of a tracker or link, 1 .. 2^53; 0: not a topic of these
};

class TopicBuilder {
 public:
  // `prefix`: one level or more; `site`: one level. Both are copied.
  TopicBuilder(std::string_view prefix, std::string_view site);

  // False where prefix or site cannot be part of a topic, or leave no room for the longest one.
  // Then each topic is empty.
  bool ok() const { return !base_.empty(); }

  // Each writes into `out` and returns a view of it; empty where `capacity` is too small.
  std::string_view Status(char* out, std::size_t capacity) const;
  std::string_view Health(char* out, std::size_t capacity) const;
  // Empty also for an id outside 1 .. 2^53.
  std::string_view Tracker(model::TrackerId id, TrackerTopic kind, char* out,
                           std::size_t capacity) const;
  std::string_view Link(model::LinkId id, char* out, std::size_t capacity) const;
  std::string_view Snapshot(std::uint64_t page, char* out, std::size_t capacity) const;
  // `extra/<topic>`, or `extra/<topic>/<id>` where `id` is not 0; empty for an id over 2^53.
  // `topic`: levels that may be part of one.
  std::string_view Extra(std::string_view topic, std::uint64_t id, char* out,
                         std::size_t capacity) const;
  // The filter that all topics of a kind match (MQTT 5, 4.7.1).
  std::string_view Filter(RetainedTopic kind, char* out, std::size_t capacity) const;
  // What a topic is of, as the functions above write it.
  RetainedAt Read(std::string_view topic) const;

 private:
  FixedString<limits::kTopicBytes> base_;  // `<prefix>/<site>/`
};

}  // namespace depotlink::encode
