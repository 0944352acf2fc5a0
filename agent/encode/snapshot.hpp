// SPDX-License-Identifier: Apache-2.0
#pragma once

// A page of `snapshot/<page>`: states as native_state.hpp writes them, without `run` and `seq`,
// which are the page's. README.md here has the table. The three parts follow each other in one
// buffer of the caller's; each returns the bytes written, 0 where there is no room.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/encode/native_state.hpp"

namespace depotlink::encode {

// `{"page":3,"round":2,"states":[`.
[[nodiscard]] std::size_t BeginSnapshotPage(std::uint64_t page, std::uint64_t round, char* out,
                                            std::size_t capacity);

// One state, a comma ahead of it unless it is the first.
[[nodiscard]] std::size_t AddSnapshotState(StateRecord record, bool first, char* out,
                                           std::size_t capacity);

struct SnapshotTail {
  std::uint64_t count = 0;  // of states on the page
  std::uint64_t pages = 0;  // in the round; 0: more are to come
  std::string_view run;
  std::uint64_t seq = 0;
};
// `],"count":57,"pages":3,"run":"k3v9","seq":900}`.
[[nodiscard]] std::size_t EndSnapshotPage(const SnapshotTail& tail, char* out,
                                          std::size_t capacity);
inline constexpr std::size_t kSnapshotTailBytes = 128;

}  // namespace depotlink::encode
