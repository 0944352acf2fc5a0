// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a payload must survive: reading by JsonCpp at its strictest, and a round trip through cJSON,
// with which small devices read it.

#ifdef DEPOTLINK_HAVE_CJSON
#include <cjson/cJSON.h>
#endif
#include <json/json.h>

#include <cmath>
#include <cstddef>
#include <fstream>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

namespace depotlink::encode {

inline bool ReadStrictly(std::string_view text, Json::Value& out) {
  Json::CharReaderBuilder builder;
  Json::CharReaderBuilder::strictMode(&builder.settings_);
  const std::unique_ptr<Json::CharReader> reader(builder.newCharReader());
  return reader->parse(text.data(), text.data() + text.size(), &out, nullptr);
}

#ifdef DEPOTLINK_HAVE_CJSON
inline std::string_view TextOf(const Json::Value& value) {
  const char* begin = nullptr;
  const char* end = nullptr;
  if (!value.getString(&begin, &end)) return {};
  return {begin, static_cast<std::size_t>(end - begin)};
}

// True where both say the same, in the same order of arrays and with the same members. Numbers may
// differ by `tolerance`, as a part of the number.
inline bool Same(const cJSON* item, const Json::Value& value, double tolerance) {
  if (cJSON_IsString(item)) return value.isString() && TextOf(value) == item->valuestring;
  if (cJSON_IsBool(item)) return value.isBool() && value.asBool() == (cJSON_IsTrue(item) != 0);
  if (cJSON_IsNull(item)) return value.isNull();
  if (cJSON_IsNumber(item)) {
    if (!value.isNumeric() || value.isBool()) return false;
    const double number = value.asDouble();
    return std::fabs(item->valuedouble - number) <= std::fabs(number) * tolerance;
  }
  const bool object = cJSON_IsObject(item) != 0;
  if (object ? !value.isObject() : !value.isArray()) return false;
  Json::ArrayIndex count = 0;
  for (const cJSON* child = item->child; child != nullptr; child = child->next, ++count) {
    if (object && !value.isMember(child->string)) return false;
    if (!object && count >= value.size()) return false;
    if (!Same(child, object ? value[child->string] : value[count], tolerance)) return false;
  }
  return count == value.size();
}
#endif

// True where cJSON reads of `text` exactly what JsonCpp reads, and what cJSON prints of it says the
// same again. (cJSON prints 15 digits where they come within DBL_EPSILON of the number.) Without
// cJSON: true where JsonCpp reads it.
inline bool SurvivesRoundTrip(std::string_view text) {
  Json::Value value;
  if (!ReadStrictly(text, value)) return false;
#ifdef DEPOTLINK_HAVE_CJSON
  cJSON* tree = cJSON_ParseWithLength(text.data(), text.size());
  if (tree == nullptr) return false;
  bool same = Same(tree, value, 0);
  char* printed = cJSON_PrintUnformatted(tree);
  cJSON_Delete(tree);
  if (printed == nullptr) return false;
  tree = cJSON_Parse(printed);
  same = same && tree != nullptr && Same(tree, value, std::numeric_limits<double>::epsilon());
  cJSON_Delete(tree);
  cJSON_free(printed);
  return same;
#else
  return true;
#endif
}

// A golden payload, without the line end that its file ends with.
inline std::string ReadGolden(std::string_view name) {
  std::ifstream file(std::string(DEPOTLINK_FIXTURES) + "/payload/" + std::string(name),
                     std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  std::string text = bytes.str();
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace depotlink::encode
