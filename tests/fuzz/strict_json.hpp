// SPDX-License-Identifier: Apache-2.0
#pragma once

// JsonCpp's strict mode as a second opinion.

#include <json/json.h>

#include <exception>
#include <memory>
#include <string>
#include <string_view>

namespace depotlink::fuzz {

// False also where it gives up over the depth.
inline bool StrictlyParses(std::string_view text, Json::Value& root) {
  Json::CharReaderBuilder builder;
  Json::CharReaderBuilder::strictMode(&builder.settings_);
  const std::unique_ptr<Json::CharReader> reader(builder.newCharReader());
  std::string errors;
  try {
    return reader->parse(text.data(), text.data() + text.size(), &root, &errors);
  } catch (const std::exception&) {
    return false;
  }
}

// Any value, as an item of an array: strict mode wants an array or an object at the top.
inline bool StrictlyParsesValue(std::string_view text, Json::Value& value) {
  Json::Value root;
  if (!StrictlyParses('[' + std::string(text) + ']', root) || root.size() != 1) return false;
  value = root[0];
  return true;
}

}  // namespace depotlink::fuzz
