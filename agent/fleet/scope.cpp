// SPDX-License-Identifier: Apache-2.0
#include "agent/fleet/scope.hpp"

#include <algorithm>
#include <utility>

#include "agent/base/fingerprint.hpp"

namespace depotlink::fleet {
namespace {

constexpr std::uint64_t kMix = 0x9E3779B97F4A7C15ULL;

}  // namespace

Scope::Scope(std::vector<model::TrackerId> trackers, std::vector<std::uint64_t> groups,
             const std::vector<model::LinkId>& links)
    : trackers_(std::move(trackers)), groups_(std::move(groups)) {
  std::sort(trackers_.begin(), trackers_.end());
  std::sort(groups_.begin(), groups_.end());
  for (const model::LinkId id : links) {
    if (IndexOf(id) != links_.size() || links_.size() == limits::kScopeLinks) continue;
    Link link;
    link.id = id;
    // Plain new[]: pages that no tracker has used stay out of the resident set.
    link.entries.reset(new Entry[limits::kLinkTrackers]);
    links_.push_back(std::move(link));
  }
}

bool Scope::Holds(model::TrackerId id, std::uint64_t group) const {
  if (by_links()) return Find(id).shared;
  return whole() || std::binary_search(trackers_.begin(), trackers_.end(), id) ||
         (group != 0 && std::binary_search(groups_.begin(), groups_.end(), group));
}

Share Scope::Find(model::TrackerId id) const {
  Share share;
  for (const Link& link : links_) {
    if (!link.active) continue;
    const Entry* const first = link.entries.get();
    const Entry* const end = first + link.count;
    const Entry* const entry = std::lower_bound(
        first, end, id,
        [](const Entry& each, model::TrackerId wanted) { return each.id < wanted; });
    if (entry == end || entry->id != id) continue;
    share.shared = true;
    share.grants = static_cast<model::Grants>(share.grants | entry->grants);
    if (share.alias.empty()) share.alias = entry->alias_view();
    if (!link.terms.to.has || share.until <= link.until) continue;
    share.until = link.until;
    share.to_ms = link.terms.to.value.ms;
  }
  return share;
}

std::size_t Scope::IndexOf(model::LinkId id) const {
  const auto found =
      std::find_if(links_.begin(), links_.end(), [id](const Link& link) { return link.id == id; });
  return static_cast<std::size_t>(found - links_.begin());
}

bool Scope::ready() const {
  return std::all_of(links_.begin(), links_.end(), [](const Link& link) { return link.read; });
}

void Scope::Link::Insert(const model::LinkTracker& tracker) {
  Entry* const end = entries.get() + count;
  Entry* const at =
      std::lower_bound(entries.get(), end, tracker.id,
                       [](const Entry& each, model::TrackerId wanted) { return each.id < wanted; });
  if (at != end && at->id == tracker.id) return;  // named twice: the first counts
  std::move_backward(at, end, end + 1);
  at->id = tracker.id;
  at->grants = tracker.grants;
  at->alias_bytes = static_cast<std::uint8_t>(tracker.alias.size());
  const std::string_view alias = tracker.alias.view();
  std::copy(alias.begin(), alias.end(), at->alias);
  ++count;
}

void Scope::SetLink(std::size_t link, const model::GeoLink& from) {
  Link& to = links_[link];
  to.read = true;
  to.terms = from.terms;
  to.count = 0;
  std::uint64_t fingerprint = from.tracker_count;
  if (from.terms.to.has) fingerprint += static_cast<std::uint64_t>(from.terms.to.value.ms) * kMix;
  for (std::size_t i = 0; i < from.tracker_count; ++i) {
    const model::LinkTracker& tracker = from.trackers[i];
    to.Insert(tracker);
    fingerprint = fingerprint * kMix + tracker.id;
    fingerprint = fingerprint * kMix + tracker.grants;
    fingerprint = fingerprint * kMix + Fingerprint(tracker.alias.view());
  }
  if (to.fingerprint != fingerprint) ++version_;
  to.fingerprint = fingerprint;
}

void Scope::DropLink(std::size_t link) {
  Link& to = links_[link];
  to.read = true;
  to.terms = {};
  to.fingerprint = 0;
  if (to.active || to.count > 0) ++version_;
  to.count = 0;
  to.active = false;
}

void Scope::SetActive(std::size_t link, bool active, MonoTime until) {
  links_[link].until = until;
  if (links_[link].active == active) return;
  links_[link].active = active;
  ++version_;
}

}  // namespace depotlink::fleet
