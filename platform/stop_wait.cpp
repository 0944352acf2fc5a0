// SPDX-License-Identifier: Apache-2.0
#include "platform/stop_wait.hpp"

#include <pthread.h>

#include <cerrno>
#include <ctime>

namespace depotlink::platform {

StopWait::StopWait() {
  sigemptyset(&signals_);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals_, number);
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
}

StopWait::~StopWait() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool StopWait::Wait(DurationMs ms) const {
  const timespec time{static_cast<time_t>(ms / kSecondMs),
                      static_cast<long>(ms % kSecondMs) * 1000000};
  while (sigtimedwait(&signals_, nullptr, &time) < 0) {
    if (errno == EAGAIN) return true;  // the time is up
  }
  return false;
}

}  // namespace depotlink::platform
