// SPDX-License-Identifier: Apache-2.0
#pragma once

// What every payload must be, whatever was decoded.

#include <string>
#include <string_view>

#include "agent/json/utf8.hpp"
#include "tests/fakes/reference_json.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace depotlink::fuzz {

// Valid UTF-8 without anything that acts on a terminal.
inline bool IsCalm(std::string_view text) {
  while (!text.empty()) {
    const json::Utf8Char c = json::FirstUtf8(text);
    if (!c.valid || json::IsControl(c.code)) return false;
    text.remove_prefix(c.bytes);
  }
  return true;
}

inline void RequirePayload(std::string_view payload) {
  std::string compact;
  Require(fakes::ReferenceJson::IsValue(payload, compact), "a payload is sound JSON");
  Require(compact == payload, "a payload holds no white space");
  Require(IsCalm(payload), "a payload holds no raw control character");
}

}  // namespace depotlink::fuzz
