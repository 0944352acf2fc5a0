// SPDX-License-Identifier: Apache-2.0
#pragma once

// The envelope of each answer: `success`, and on an error `status` {code, description} (vendor
// documents, errors). What is to be done is decided by `code` alone; the description is for people.

#include <cstdint>
#include <string_view>

#include "agent/base/fixed_string.hpp"
#include "agent/base/status.hpp"
#include "agent/json/element_reader.hpp"

namespace depotlink::navixy {

struct ApiStatus {
  std::int32_t code = 0;         // 0: none was given
  FixedString<160> description;  // cleaned; empty where there is none
};

// `element_text`: the value of `status`. kSkip where it cannot be read or has no code; then `out`
// is empty.
Status DecodeApiStatus(json::ElementReader& reader, std::string_view element_text, ApiStatus& out);

// `element_text`: the value of `success`. False, `out` untouched, where it is neither true nor
// false.
[[nodiscard]] bool DecodeSuccess(std::string_view element_text, bool& out);

}  // namespace depotlink::navixy
