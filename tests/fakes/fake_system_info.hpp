// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/ports/system_info.hpp"

namespace depotlink::fakes {

// Says what the test wants to hear.
class FakeSystemInfo : public ports::SystemInfo {
 public:
  ports::MemoryUse Memory() override { return use; }

  ports::MemoryUse use{3000, 3500, 0, 0, {}, {}, {}, {}, 0};
};

}  // namespace depotlink::fakes
