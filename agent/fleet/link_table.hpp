// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the agent remembers of each geo link that it publishes: enough to tell whether what is read
// is news, and when its status changes by itself. At most limits::kMaxLinks, reserved at the start.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "agent/base/limits.hpp"
#include "agent/model/geo_link.hpp"

namespace depotlink::fleet {

struct KnownLink {
  model::LinkId id = 0;
  std::uint64_t fingerprint = 0;  // of what was published last; 0: it must be read again
  model::LinkTerms terms;
  model::LinkStatus status = model::LinkStatus::kUnknown;  // as published
  bool unsaid = false;   // its status has changed, and is to be published
  bool seen = false;     // named by the reading under way
  bool evicted = false;  // it had to go for one that comes before it in the list
  bool gone = false;     // its retained topic is to be cleared, then it goes
};

class LinkTable {
 public:
  LinkTable() { links_.reserve(limits::kMaxLinks); }

  std::size_t size() const { return links_.size(); }
  // By id, `i` below size(). References hold until Add or RemoveAt.
  KnownLink& At(std::size_t i) { return links_[i]; }
  const KnownLink& At(std::size_t i) const { return links_[i]; }
  // Null where it is not known.
  KnownLink* Find(model::LinkId id);
  // Finds or adds; null where the table is full.
  KnownLink* Add(model::LinkId id);
  void RemoveAt(std::size_t i);

 private:
  std::vector<KnownLink>::iterator LowerBound(model::LinkId id);

  std::vector<KnownLink> links_;
};

}  // namespace depotlink::fleet
