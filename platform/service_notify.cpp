// SPDX-License-Identifier: Apache-2.0
#include "platform/service_notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace depotlink::platform {
namespace {

constexpr std::uint64_t kUsInMs = 1000;
constexpr std::uint64_t kWatchdogMostUs = 24ULL * 3600 * 1000 * 1000;

// 0 where there is none, or it is no number.
std::uint64_t NumberIn(const char* variable) {
  const char* const text = std::getenv(variable);
  if (text == nullptr) return 0;
  std::uint64_t number = 0;
  const char* const end = text + std::strlen(text);
  const auto [stopped, error] = std::from_chars(text, end, number);
  return error == std::errc() && stopped == end ? number : 0;
}

}  // namespace

ServiceNotify::ServiceNotify() {
  const char* const socket_name = std::getenv("NOTIFY_SOCKET");
  if (socket_name != nullptr) address_ = socket_name;
  const std::uint64_t watchdog_us = NumberIn("WATCHDOG_USEC");
  const std::uint64_t watchdog_pid = NumberIn("WATCHDOG_PID");
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
  const bool usable = address_.size() > 1 && address_.size() < sizeof(sockaddr_un::sun_path) &&
                      (address_[0] == '/' || address_[0] == '@');
  if (!usable) return;
  if (address_[0] == '@') address_[0] = '\0';
  fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const bool ours = watchdog_pid == 0 || watchdog_pid == static_cast<std::uint64_t>(getpid());
  watchdog_ = ours && watchdog_us >= 2 * kUsInMs && watchdog_us <= kWatchdogMostUs;
  // Twice in the time that it gives us (sd_watchdog_enabled(3)).
  if (watchdog_) period_ms_ = static_cast<DurationMs>(watchdog_us / kUsInMs / 2);
}

ServiceNotify::~ServiceNotify() {
  if (fd_ >= 0) close(fd_);
}

void ServiceNotify::Ready(std::string_view status) {
  Send("READY=1\nSTATUS=" + std::string(status));
}

void ServiceNotify::Reloading() {
  Send("RELOADING=1\nSTATUS=taking up the config");
}

void ServiceNotify::Stopping() {
  Send("STOPPING=1\nSTATUS=stopping");
}

void ServiceNotify::Alive(MonoTime now, std::string_view status) {
  due_ = now + period_ms_;
  Send((watchdog_ ? "WATCHDOG=1\nSTATUS=" : "STATUS=") + std::string(status));
}

// A manager that does not listen is nothing to stop for.
void ServiceNotify::Send(std::string_view text) const {
  if (fd_ < 0) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  const ssize_t sent = sendto(fd_, text.data(), text.size(), MSG_NOSIGNAL,
                              reinterpret_cast<const sockaddr*>(&to), bytes);
  static_cast<void>(sent);
}

}  // namespace depotlink::platform
