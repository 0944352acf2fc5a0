// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace depotlink::queue {

inline constexpr std::string_view kLateMark = ",\"late\":true}";

// A state's payload with `"late":true` as its last member, written to `out`; as it is where it says
// so already, is no object, or does not fit.
std::string_view MarkLate(std::string_view payload, char* out, std::size_t capacity);

}  // namespace depotlink::queue
