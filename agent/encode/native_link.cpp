// SPDX-License-Identifier: Apache-2.0
#include "agent/encode/native_link.hpp"

namespace depotlink::encode {
namespace {

void LinkTrackers(const model::GeoLink& link, std::size_t shown, json::JsonWriter& out) {
  out.Key("trackers").BeginArray();
  for (std::size_t i = 0; i < shown; ++i) {
    const model::LinkTracker& tracker = link.trackers[i];
    out.BeginObject();
    out.Key("id").Uint(tracker.id);
    if (!tracker.alias.empty()) out.Key("alias").Text(tracker.alias.view());
    out.EndObject();
  }
  out.EndArray();
  const std::size_t left_out = link.left_out + link.tracker_count - shown;
  if (left_out > 0) out.Key("trackers_left_out").Uint(left_out);
}

bool EncodeShown(const LinkRecord& record, std::size_t shown, json::JsonWriter& out) {
  out.Reset();
  out.BeginObject();
  out.Key("id").Uint(record.id);
  const bool described = record.link != nullptr && !record.link->description.empty();
  if (described) out.Key("description").Text(record.link->description.view());
  const std::string_view status = model::LinkStatusName(record.status);
  if (!status.empty()) out.Key("status").Text(status);
  if (status.empty() && !record.clock_known) out.Key("clock").Text("unknown");
  if (record.terms.from.has) out.Key("from").Time(record.terms.from.value, /*with_ms=*/false);
  if (record.terms.to.has) out.Key("to").Time(record.terms.to.value, /*with_ms=*/false);
  if (record.link != nullptr) {
    LinkTrackers(*record.link, shown, out);
    if (record.link->bounded_by_zones) out.Key("bounded_by_zones").Bool(true);
  }
  out.Key("run").Text(record.run);
  out.Key("seq").Uint(record.seq);
  out.EndObject();
  return out.ok();
}

}  // namespace

bool EncodeLink(const LinkRecord& record, json::JsonWriter& out) {
  std::size_t shown = record.link == nullptr ? 0 : record.link->tracker_count;
  // Aliases can be longer than all of them have room.
  while (!EncodeShown(record, shown, out)) {
    if (shown == 0) return false;
    shown = shown * 3 / 4;
  }
  return true;
}

}  // namespace depotlink::encode
