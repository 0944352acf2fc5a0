// SPDX-License-Identifier: Apache-2.0
#include "agent/encode/native_info.hpp"

namespace depotlink::encode {

bool EncodeInfo(const InfoRecord& record, json::JsonWriter& out) {
  if (record.info == nullptr) return false;
  const model::TrackerInfo& info = *record.info;
  out.BeginObject();
  out.Key("id").Uint(info.id);
  if (!info.label.empty()) out.Key("label").Text(info.label.view());
  if (!record.alias.empty()) out.Key("alias").Text(record.alias);
  if (!record.group.empty()) out.Key("group").Text(record.group);
  if (!info.model.empty()) out.Key("model").Text(info.model.view());
  if (info.blocked) out.Key("blocked").Bool(true);
  if (info.clone) out.Key("clone").Bool(true);
  if (!record.run.empty()) out.Key("run").Text(record.run);
  out.Key("seq").Uint(record.seq);
  out.EndObject();
  return out.ok();
}

}  // namespace depotlink::encode
