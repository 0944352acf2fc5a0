// SPDX-License-Identifier: Apache-2.0
#pragma once

// ports::Random: SplitMix64, seeded by the kernel. Not for keys. One thread.

#include <cstdint>

#include "agent/ports/random.hpp"

namespace depotlink::platform {

class LinuxRandom final : public ports::Random {
 public:
  LinuxRandom();
  std::uint64_t Next() override;

 private:
  std::uint64_t state_ = 0;
};

}  // namespace depotlink::platform
