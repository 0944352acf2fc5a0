// SPDX-License-Identifier: Apache-2.0
#pragma once

// Titles of tracker groups, by number; at most limits::kMaxGroups, those beyond are left out.

#include <cstdint>
#include <string_view>
#include <vector>

#include "agent/base/limits.hpp"
#include "agent/model/tracker_state.hpp"

namespace depotlink::fleet {

class Groups {
 public:
  // Starts a reading of the whole list.
  void BeginList();
  // Notes one group. False where there is no room for it.
  bool Note(const model::TrackerGroup& group);
  // Ends the reading. `whole`: groups not named since BeginList are forgotten.
  void EndList(bool whole);
  bool listing() const { return listing_; }

  // The number of a group, 1 or more; 0 where it is not known or `id` is 0.
  std::uint16_t Number(std::uint64_t id) const;
  // Empty for number 0.
  std::string_view Title(std::uint16_t number) const;
  std::size_t size() const { return groups_.size(); }

 private:
  struct Group {
    model::TrackerGroup group;
    bool seen = false;
  };
  bool listing_ = false;
  std::vector<Group> groups_;  // a free place has id 0
};

}  // namespace depotlink::fleet
