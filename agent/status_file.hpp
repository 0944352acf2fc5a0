// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the agent last said of itself, as a file in the runtime directory: `depotlink status` reads
// it without the network. Costs no flash, outlives a crash, not a reboot.

#include <string_view>

#include "agent/base/status.hpp"
#include "agent/ports/storage.hpp"

namespace depotlink {

inline constexpr std::string_view kStatusFileName = "status.json";

// Puts `json` in the place of what stood there, as a whole or not at all. After a failure the old
// one stands.
Status WriteStatusFile(ports::Storage& ram, std::string_view json);

}  // namespace depotlink
