// SPDX-License-Identifier: Apache-2.0
#include "agent/encode/extra.hpp"

#include "agent/json/json_writer.hpp"

namespace depotlink::encode {

// Both are written as objects of their own, without the brace where the API's JSON stands.
std::size_t BeginExtra(std::string_view path, std::string_view name, char* out,
                       std::size_t capacity) {
  constexpr std::string_view kEnd = "null}";
  json::JsonWriter writer(out, capacity);
  writer.BeginObject();
  writer.Key("path").Text(path);
  writer.Key(name).Null();
  writer.EndObject();
  return writer.ok() ? writer.view().size() - kEnd.size() : 0;
}

std::size_t EndExtra(const ExtraTail& tail, char* out, std::size_t capacity) {
  json::JsonWriter writer(out, capacity);
  writer.BeginObject();
  if (tail.counted) writer.Key("count").Uint(tail.count);
  if (tail.partial) writer.Key("partial").Bool(true);
  if (tail.poll_time_trusted) writer.Key("poll_time").Time(tail.poll_time, /*with_ms=*/true);
  writer.Key("run").Text(tail.run);
  writer.Key("seq").Uint(tail.seq);
  writer.EndObject();
  if (!writer.ok()) return 0;
  out[0] = ',';
  return writer.view().size();
}

}  // namespace depotlink::encode
