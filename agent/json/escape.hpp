// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace depotlink::json {

// What stands for `name` behind a backslash (RFC 8259, section 7), but for u and its four digits;
// 0: nothing does.
inline char MeaningOfEscape(char name) {
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const std::size_t at = kNames.find(name);
  return at == std::string_view::npos ? '\0' : kMeanings[at];
}

}  // namespace depotlink::json
