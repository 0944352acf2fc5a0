// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which trackers are published at all, and what of them: the whole fleet, some trackers and groups,
// or what some geo links share while they are active. What is shared is a privacy decision that
// somebody made: in doubt nothing is. Of a tracker that several active links share, what any of
// them grants is shown, under the alias of the first one (in the config's order) that has one.
//
// A scope by links keeps each of them whole, 21 KiB, at most limits::kScopeLinks.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "agent/base/limits.hpp"
#include "agent/model/geo_link.hpp"

namespace depotlink::fleet {

// What is shown of a tracker.
struct Share {
  bool shared = false;
  model::Grants grants = 0;
  std::string_view alias;   // of the first link that has one; empty: none
  MonoTime until = kNever;  // when the first of its links ends
  std::int64_t to_ms = 0;   // likewise, by the link; 0: none does

  // The tracker's own name: where it is granted, and no alias stands for it.
  bool shows_label() const { return (grants & model::kGrantVehicleLabel) != 0 && alias.empty(); }
};

class Scope {
 public:
  // What a link of the scope takes for each of limits::kLinkTrackers, at most.
  static constexpr std::size_t kSharedBytes = 216;

  // The whole fleet.
  Scope() = default;
  // Any number of `trackers` and `groups`, or `links`; none of all: the whole fleet.
  Scope(std::vector<model::TrackerId> trackers, std::vector<std::uint64_t> groups,
        const std::vector<model::LinkId>& links);

  bool whole() const { return trackers_.empty() && groups_.empty() && links_.empty(); }
  bool by_groups() const { return !groups_.empty(); }
  bool by_links() const { return !links_.empty(); }
  // `group`: its id, 0: none.
  bool Holds(model::TrackerId id, std::uint64_t group) const;
  const std::vector<model::TrackerId>& trackers() const { return trackers_; }

  // False until each link of the scope was read, or said not to be there.
  bool ready() const;

  // The rest is for scopes by links.
  Share Find(model::TrackerId id) const;
  std::size_t link_count() const { return links_.size(); }
  model::LinkId link_id(std::size_t link) const { return links_[link].id; }
  const model::LinkTerms& terms(std::size_t link) const { return links_[link].terms; }
  // link_count() where the scope does not name it.
  std::size_t IndexOf(model::LinkId id) const;
  // What the link says now; copied.
  void SetLink(std::size_t link, const model::GeoLink& from);
  // It shares nothing: it is gone, cannot be read, or cannot be kept to.
  void DropLink(std::size_t link);
  // `until`: when it ends, as is known now.
  void SetActive(std::size_t link, bool active, MonoTime until);
  bool active(std::size_t link) const { return links_[link].active; }
  // Rises whenever what is shared changes.
  std::uint64_t version() const { return version_; }
  // The trackers of a link, by number below tracker_count().
  std::size_t tracker_count(std::size_t link) const { return links_[link].count; }
  model::TrackerId tracker(std::size_t link, std::size_t i) const {
    return links_[link].entries[i].id;
  }

 private:
  struct Entry {
    model::TrackerId id;
    model::Grants grants;
    std::uint8_t alias_bytes;
    char alias[limits::kAliasBytes];

    std::string_view alias_view() const { return {alias, alias_bytes}; }
  };
  static_assert(sizeof(Entry) <= kSharedBytes, "the memory plan counts on it");
  struct Link {
    model::LinkId id = 0;
    model::LinkTerms terms;
    bool read = false;
    bool active = false;
    MonoTime until = kNever;
    std::uint64_t fingerprint = 0;  // of the entries
    std::size_t count = 0;
    std::unique_ptr<Entry[]> entries;  // limits::kLinkTrackers, by tracker

    void Insert(const model::LinkTracker& tracker);
  };

  std::vector<model::TrackerId> trackers_;  // sorted
  std::vector<std::uint64_t> groups_;       // sorted
  std::vector<Link> links_;                 // in the config's order
  std::uint64_t version_ = 0;
};
static_assert(limits::kAliasBytes <= UINT8_MAX, "an alias's length is kept in 8 bits");

}  // namespace depotlink::fleet
