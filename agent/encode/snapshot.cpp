// SPDX-License-Identifier: Apache-2.0
#include "agent/encode/snapshot.hpp"

#include "agent/json/json_writer.hpp"

namespace depotlink::encode {

// Head and tail are written as objects of their own, less the brackets where they meet.
std::size_t BeginSnapshotPage(std::uint64_t page, std::uint64_t round, char* out,
                              std::size_t capacity) {
  constexpr std::string_view kEnd = "]}";
  json::JsonWriter writer(out, capacity);
  writer.BeginObject();
  writer.Key("page").Uint(page);
  writer.Key("round").Uint(round);
  writer.Key("states").BeginArray();
  writer.EndArray();
  writer.EndObject();
  return writer.ok() ? writer.view().size() - kEnd.size() : 0;
}

std::size_t AddSnapshotState(StateRecord record, bool first, char* out, std::size_t capacity) {
  const std::size_t comma = first ? 0 : 1;
  if (capacity <= comma) return 0;
  record.run = {};
  record.seq = 0;
  json::JsonWriter writer(out + comma, capacity - comma);
  if (!EncodeState(record, writer)) return 0;
  if (!first) out[0] = ',';
  return comma + writer.view().size();
}

std::size_t EndSnapshotPage(const SnapshotTail& tail, char* out, std::size_t capacity) {
  if (capacity == 0) return 0;
  json::JsonWriter writer(out + 1, capacity - 1);
  writer.BeginObject();
  writer.Key("count").Uint(tail.count);
  if (tail.pages > 0) writer.Key("pages").Uint(tail.pages);
  writer.Key("run").Text(tail.run);
  writer.Key("seq").Uint(tail.seq);
  writer.EndObject();
  if (!writer.ok()) return 0;
  out[0] = ']';
  out[1] = ',';
  return 1 + writer.view().size();
}

}  // namespace depotlink::encode
