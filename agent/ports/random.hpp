// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace depotlink::ports {

// Random numbers for jitter and run ids (not for keys). Main thread only; never blocks or fails.
class Random {
 public:
  virtual ~Random() = default;
  // Uniform over 64 bits.
  virtual std::uint64_t Next() = 0;
};

}  // namespace depotlink::ports
