// SPDX-License-Identifier: Apache-2.0
#pragma once

// The payload of an extra poll: the API's own JSON between a head and a tail of ours. README.md
// here has the table. The three parts follow each other in one buffer of the caller's; each returns
// the bytes written, 0 where there is no room.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/base/time.hpp"

namespace depotlink::encode {

// `{"path":"retranslator/list","list":`; `name` is list, item or value.
[[nodiscard]] std::size_t BeginExtra(std::string_view path, std::string_view name, char* out,
                                     std::size_t capacity);

struct ExtraTail {
  bool counted = false;
  std::uint64_t count = 0;  // of elements in `list`
  bool partial = false;     // some elements were left out
  WallTime poll_time;
  bool poll_time_trusted = true;  // false while the box's clock may be wrong: then it is left out
  std::string_view run;
  std::uint64_t seq = 0;
};
// `,"count":2,"poll_time":"...","run":"...","seq":7}`.
[[nodiscard]] std::size_t EndExtra(const ExtraTail& tail, char* out, std::size_t capacity);
inline constexpr std::size_t kExtraTailBytes = 160;

}  // namespace depotlink::encode
