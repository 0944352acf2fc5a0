// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "agent/base/status.hpp"
#include "agent/ports/storage.hpp"

namespace depotlink::queue {

enum class Durable {
  kNo,  // for a directory in memory
  kYes  // contents first, then the name: both are on the device when it succeeds
};

// Writes a small file whole under `new_name`, and then gives it its name: who opens that finds the
// old file or the new one, never a part. What stands under `new_name`, left by a run that was cut
// short, goes. After a failure the old file may be there or the new one.
Status ReplaceFile(ports::Storage& storage, std::string_view name, std::string_view new_name,
                   std::string_view bytes, Durable durable);

// Reads what a small file begins with, at most `capacity` bytes, to `out`; returns how many. kSkip
// where there is none of that name.
Result<std::size_t> ReadSmallFile(ports::Storage& storage, std::string_view name, char* out,
                                  std::size_t capacity);

}  // namespace depotlink::queue
