// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/late.hpp"

#include <algorithm>

namespace depotlink::queue {

std::string_view MarkLate(std::string_view payload, char* out, std::size_t capacity) {
  const std::size_t kept = payload.size() - 1;  // the closing brace is the mark's
  const bool object = payload.size() > 2 && payload.back() == '}';
  const bool marked = object && payload.size() >= kLateMark.size() &&
                      payload.substr(payload.size() - kLateMark.size()) == kLateMark;
  if (!object || marked || kept + kLateMark.size() > capacity) return payload;
  char* end = std::copy_n(payload.data(), kept, out);
  end = std::copy(kLateMark.begin(), kLateMark.end(), end);
  return {out, static_cast<std::size_t>(end - out)};
}

}  // namespace depotlink::queue
