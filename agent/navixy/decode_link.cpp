// SPDX-License-Identifier: Apache-2.0
#include "agent/navixy/decode_link.hpp"

#include "agent/json/utf8.hpp"
#include "agent/navixy/decode_state.hpp"

namespace depotlink::navixy {
namespace {

using json::Array;
using json::Found;
using json::Object;

struct GrantWord {
  std::string_view word;
  model::Grants grant;
};
// Of the eight, those that something is polled of.
constexpr GrantWord kGrantWords[] = {{"speed", model::kGrantSpeed},
                                     {"movement_status", model::kGrantMovement},
                                     {"connection_status", model::kGrantConnection},
                                     {"vehicle_label", model::kGrantVehicleLabel}};

template <std::size_t kCapacity>
void LinkText(const Object& from, std::string_view name, FixedString<kCapacity>& out,
              DecodeNotes& notes) {
  std::string_view text;
  if (from.GetText(name, limits::kElementBytes, text) != Found::kYes) return;
  if (!json::AssignClean(text, out)) ++notes.mended_texts;
}

// False where there is something that is no time.
bool LinkTime(const Object& lifetime, std::string_view name, model::Maybe<WallTime>& out,
              DecodeNotes& notes) {
  WallTime time;
  const Found found = lifetime.GetTime(name, time);
  if (found == Found::kNoZone) ++notes.local_times;
  if (found == Found::kYes) out.Set(time);
  return found == Found::kYes || found == Found::kAbsent;
}

void FillTerms(const Object& root, model::LinkTerms& out, DecodeNotes& notes) {
  (void)root.GetBool("enabled", out.enabled);
  Object lifetime;
  const Found found = root.GetObject("lifetime", lifetime);
  out.bad_lifetime = found == Found::kWrong;
  if (found != Found::kYes) return;
  const bool from = LinkTime(lifetime, "from", out.from, notes);
  const bool to = LinkTime(lifetime, "to", out.to, notes);
  out.bad_lifetime = !from || !to;
}

bool IsBounded(const Object& root) {
  Object params;
  const Found found = root.GetObject("params", params);
  if (found != Found::kYes) return found == Found::kWrong;
  Array zones;
  const Found has_zones = params.GetArray("bounding_zone_ids", zones);
  return has_zones == Found::kWrong || (has_zones == Found::kYes && zones.size() > 0);
}

model::Grants ReadGrants(const Object& tracker) {
  Object params;
  Array words;
  if (tracker.GetObject("params", params) != Found::kYes ||
      params.GetArray("object_data", words) != Found::kYes) {
    return 0;
  }
  model::Grants grants = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view word;
    if (!words.GetText(i, limits::kKeyBytes, word)) continue;
    for (const GrantWord& known : kGrantWords) {
      if (known.word == word) grants = static_cast<model::Grants>(grants | known.grant);
    }
  }
  return grants;
}

void FillTrackers(const Object& root, model::GeoLink& out, DecodeNotes& notes) {
  Array trackers;
  if (root.GetArray("trackers", trackers) != Found::kYes) return;
  for (std::size_t i = 0; i < trackers.size(); ++i) {
    Object tracker;
    model::TrackerId id = 0;
    if (out.tracker_count == out.trackers.size() || !trackers.GetObject(i, tracker) ||
        tracker.GetId("tracker_id", 1, kMaxId, id) != Found::kYes) {
      ++out.left_out;
      continue;
    }
    model::LinkTracker& shared = out.trackers[out.tracker_count++];
    shared.id = id;
    shared.alias.Clear();
    LinkText(tracker, "alias", shared.alias, notes);
    shared.grants = ReadGrants(tracker);
  }
  if (out.left_out > 0) ++notes.cut_lists;
}

}  // namespace

Status DecodeLink(json::ElementReader& reader, std::string_view element_text, model::GeoLink& out,
                  DecodeNotes& notes) {
  out.id = 0;
  out.description.Clear();
  out.terms = {};
  out.tracker_count = out.left_out = 0;
  Status status = reader.Parse(element_text);
  if (!status.ok()) return status;
  const Object root = reader.root();
  if (root.GetId("id", 1, kMaxId, out.id) == Found::kYes) {
    LinkText(root, "description", out.description, notes);
    FillTerms(root, out.terms, notes);
    out.bounded_by_zones = IsBounded(root);
    FillTrackers(root, out, notes);
  } else {
    status = {Code::kSkip, "no usable id"};
  }
  notes.AddFrom(reader);
  reader.Clear();
  return status;
}

}  // namespace depotlink::navixy
