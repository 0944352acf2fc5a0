// SPDX-License-Identifier: Apache-2.0
#include "agent/fleet/link_table.hpp"

#include <algorithm>

namespace depotlink::fleet {

std::vector<KnownLink>::iterator LinkTable::LowerBound(model::LinkId id) {
  return std::lower_bound(
      links_.begin(), links_.end(), id,
      [](const KnownLink& link, model::LinkId wanted) { return link.id < wanted; });
}

KnownLink* LinkTable::Find(model::LinkId id) {
  const auto at = LowerBound(id);
  return at == links_.end() || at->id != id ? nullptr : &*at;
}

KnownLink* LinkTable::Add(model::LinkId id) {
  const auto at = LowerBound(id);
  if (at != links_.end() && at->id == id) return &*at;
  if (links_.size() == limits::kMaxLinks) return nullptr;
  KnownLink link;
  link.id = id;
  return &*links_.insert(at, link);
}

void LinkTable::RemoveAt(std::size_t i) {
  links_.erase(links_.begin() + static_cast<std::ptrdiff_t>(i));
}

}  // namespace depotlink::fleet
