// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which part of the fleet what waits was recorded for, in a small file beside it. What is shared is
// a privacy decision: it holds for what waits, too, where the config's scope has changed meanwhile.

#include <cstdint>
#include <string_view>

#include "agent/ports/storage.hpp"
#include "agent/queue/record.hpp"
#include "agent/queue/small_file.hpp"

namespace depotlink::queue {

inline constexpr std::string_view kScopeMarkFile = "scope";

struct ScopeMark {
  std::uint64_t scope = 0;  // a fingerprint; 0: the whole fleet
  Order others_up_to = 0;   // records up to here were recorded for another one
};

// Of the whole fleet, the widest, where there is no file or none that can be read.
ScopeMark ReadScopeMark(ports::Storage& storage);

Status WriteScopeMark(ports::Storage& storage, const ScopeMark& mark, Durable durable);

}  // namespace depotlink::queue
