// SPDX-License-Identifier: Apache-2.0
#pragma once

// ports::SystemInfo from /proc/self/status, and of the heap from counted_heap.hpp. One thread.

#include "agent/ports/system_info.hpp"

namespace depotlink::platform {

class LinuxSystemInfo final : public ports::SystemInfo {
 public:
  ports::MemoryUse Memory() override;
};

}  // namespace depotlink::platform
