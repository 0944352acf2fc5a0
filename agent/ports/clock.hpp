// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/base/time.hpp"

namespace depotlink::ports {

// The only source of time. Any thread may call it; it never blocks or fails.
class Clock {
 public:
  virtual ~Clock() = default;
  // Goes forward only, also while the machine sleeps.
  virtual MonoTime Now() const = 0;
  // What the system believes; may jump either way.
  virtual WallTime WallNow() const = 0;
};

}  // namespace depotlink::ports
