// SPDX-License-Identifier: Apache-2.0
#pragma once

// Waiting that SIGTERM, SIGINT and SIGHUP end. They are held back as long as this lives. Main
// thread.

#include <csignal>

#include "agent/base/time.hpp"

namespace depotlink::platform {

class StopWait {
 public:
  StopWait();
  StopWait(const StopWait&) = delete;
  StopWait& operator=(const StopWait&) = delete;
  ~StopWait();

  // False at once where such a signal comes, or has come.
  bool Wait(DurationMs ms) const;

 private:
  sigset_t signals_{};
  sigset_t before_{};
};

}  // namespace depotlink::platform
