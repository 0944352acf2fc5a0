// SPDX-License-Identifier: Apache-2.0
#include "agent/fleet/groups.hpp"

#include <algorithm>

namespace depotlink::fleet {

void Groups::BeginList() {
  listing_ = true;
  for (Group& kept : groups_) kept.seen = false;
}

bool Groups::Note(const model::TrackerGroup& group) {
  const auto is_it = [&group](const Group& kept) { return kept.group.id == group.id; };
  const auto is_free = [](const Group& kept) { return kept.group.id == 0; };
  auto kept = std::find_if(groups_.begin(), groups_.end(), is_it);
  if (kept == groups_.end()) kept = std::find_if(groups_.begin(), groups_.end(), is_free);
  if (kept == groups_.end()) {
    if (groups_.size() == limits::kMaxGroups) return false;
    kept = groups_.emplace(groups_.end());
  }
  kept->group = group;
  kept->seen = true;
  return true;
}

void Groups::EndList(bool whole) {
  listing_ = false;
  if (!whole) return;
  for (Group& kept : groups_) {
    if (!kept.seen) kept.group = model::TrackerGroup{};
  }
}

std::uint16_t Groups::Number(std::uint64_t id) const {
  if (id == 0) return 0;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    if (groups_[i].group.id == id) return static_cast<std::uint16_t>(i + 1);
  }
  return 0;
}

std::string_view Groups::Title(std::uint16_t number) const {
  if (number == 0 || number > groups_.size()) return {};
  return groups_[number - 1U].group.title.view();
}

}  // namespace depotlink::fleet
