// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tells a service manager how the agent does: datagrams of `KEY=VALUE` to the socket that
// $NOTIFY_SOCKET names (sd_notify(3), "Well-known assignments" and "Notes"). Without that variable
// all of it does nothing. Main thread.

#include <string>
#include <string_view>

#include "agent/base/time.hpp"

namespace depotlink::platform {

class ServiceNotify {
 public:
  // Takes $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID, and removes them: they are for this
  // process alone.
  ServiceNotify();
  ~ServiceNotify();
  ServiceNotify(const ServiceNotify&) = delete;
  ServiceNotify& operator=(const ServiceNotify&) = delete;

  // It works now; `status` is for people, one line.
  void Ready(std::string_view status);
  // It is not ready for a while: the config is taken up. Ready() follows.
  void Reloading();
  // The clean stop has begun.
  void Stopping();
  // True where the manager wants to hear from us now. Without a watchdog: each minute, for
  // `status`.
  bool Due(MonoTime now) const { return fd_ >= 0 && due_ <= now; }
  // When Due() is true next; kNever without a manager.
  MonoTime due() const { return fd_ >= 0 ? due_ : kNever; }
  // It gets on with its work. To be called where Due(); not called, the manager ends us in the end.
  void Alive(MonoTime now, std::string_view status);

 private:
  void Send(std::string_view text) const;

  int fd_ = -1;
  std::string address_;  // as in sockaddr_un::sun_path; a leading NUL: an abstract one
  bool watchdog_ = false;
  DurationMs period_ms_ = kMinuteMs;
  MonoTime due_{};
};

}  // namespace depotlink::platform
