// SPDX-License-Identifier: Apache-2.0
#pragma once

// Fixture files, and the text of a part of one, as the splitter would hand it over.

#include <json/json.h>

#include <fstream>
#include <initializer_list>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

namespace depotlink::navixy {

// `name` below tests/fixtures, for instance "vendor/tracker_list.json". Empty where it cannot be
// read.
inline std::string ReadFixture(std::string_view name) {
  std::ifstream file(std::string(DEPOTLINK_FIXTURES) + "/" + std::string(name), std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The text of the member that `path` leads to; a number as text is an index. Empty where there is
// none.
inline std::string PartOf(const std::string& document, std::initializer_list<const char*> path) {
  Json::Value root;
  const std::unique_ptr<Json::CharReader> reader(Json::CharReaderBuilder().newCharReader());
  if (!reader->parse(document.data(), document.data() + document.size(), &root, nullptr)) return {};
  const Json::Value* at = &root;
  for (const char* step : path) {
    if (at->isArray()) {
      at = &(*at)[static_cast<Json::ArrayIndex>(std::stoul(step))];
    } else if (at->isObject()) {
      at = &(*at)[step];
    }
  }
  const auto begin = static_cast<std::size_t>(at->getOffsetStart());
  const auto end = static_cast<std::size_t>(at->getOffsetLimit());
  return document.substr(begin, end - begin);
}

}  // namespace depotlink::navixy
