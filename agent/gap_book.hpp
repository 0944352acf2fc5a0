// SPDX-License-Identifier: Apache-2.0
#pragma once

// The spans of time in which positions were missed, and how far each is worked off: a few numbers
// that are kept over a restart. All times are the API's, in milliseconds of the Unix epoch.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/limits.hpp"
#include "agent/model/tracker_state.hpp"

namespace depotlink {

struct Gap {
  std::int64_t from_ms = 0;   // of the last good answer before it; a whole second
  std::int64_t to_ms = 0;     // when all were answered again; a whole second, above `from_ms`
  model::TrackerId done = 0;  // trackers up to this one are worked off
  // Not kept over a restart:
  bool marked = false;        // the table knows what each tracker missed in it
  std::int64_t least_ms = 0;  // what was before is read back already, or will be with another gap
};

class GapBook {
 public:
  bool empty() const { return count_ == 0; }
  std::size_t size() const { return count_; }
  Gap& front() { return gaps_[0]; }
  const Gap& front() const { return gaps_[0]; }
  const Gap& At(std::size_t i) const { return gaps_[i]; }
  const Gap& back() const { return gaps_[count_ - 1]; }
  // The newest of all. Where there is no room, the two that are nearest to each other become one.
  void Add(const Gap& gap);
  void PopFront();
  // The table's marks are about another gap from now on.
  void Unmark();

  // As text for a file, with the time of the last good answer.
  std::string Write(std::int64_t last_good_ms) const;
  // False, nothing changed, where the text is not what Write() makes.
  bool Read(std::string_view text, std::int64_t& last_good_ms);

 private:
  std::array<Gap, limits::kGaps> gaps_{};
  std::size_t count_ = 0;
};

}  // namespace depotlink
