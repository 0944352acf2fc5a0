// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one place where the process waits: for the network (through CurlHttp, and for one Watched),
// for a wake from another thread, for a signal, or for a deadline. With nothing to do the main
// thread makes no system call until then. Main thread, but for Wake.
//
// To be constructed before any other thread exists: it blocks these signals, and
// threads inherit that.

#include <poll.h>

#include <cstddef>

#include "agent/base/status.hpp"
#include "agent/base/time.hpp"

namespace depotlink::platform {

class CurlHttp;

// Something else that wants to be woken by descriptors of its own.
class Watched {
 public:
  static constexpr std::size_t kMostDescriptors = 2;
  virtual ~Watched() = default;
  // Fills in what to wait for, at most kMostDescriptors; returns how many.
  virtual std::size_t Watch(pollfd* out) = 0;
  // The longest wait.
  virtual DurationMs WatchMs() = 0;
  // After each wait. Never waits itself.
  virtual void Drive() = 0;
};

class EventLoop {
 public:
  // Sets up the descriptors and blocks the signals.
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // kRetryLater where the system gave no descriptors.
  Status ready() const;

  // Waits at most `timeout_ms` (a negative value is 0). Callbacks of `http` come from within, and
  // the calls to `watched`, if any.
  void Wait(CurlHttp& http, DurationMs timeout_ms, Watched* watched = nullptr);

  // Ends a Wait that is under way, or the next one. Any thread, also from a signal handler.
  void Wake();

  // The number of a signal that came (SIGTERM, SIGINT, SIGHUP, SIGUSR1) and was not taken yet, else
  // 0.
  int TakeSignal();

 private:
  int wake_fd_ = -1;
  int signal_fd_ = -1;
};

}  // namespace depotlink::platform
