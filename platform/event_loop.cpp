// SPDX-License-Identifier: Apache-2.0
#include "platform/event_loop.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>

#include "platform/curl_http.hpp"

namespace depotlink::platform {

EventLoop::EventLoop() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal_fd_ = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  wake_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

EventLoop::~EventLoop() {
  if (signal_fd_ >= 0) close(signal_fd_);
  if (wake_fd_ >= 0) close(wake_fd_);
}

Status EventLoop::ready() const {
  if (signal_fd_ >= 0 && wake_fd_ >= 0) return Status::Ok();
  return {Code::kRetryLater, "no file descriptors for the event loop"};
}

void EventLoop::Wait(CurlHttp& http, DurationMs timeout_ms, Watched* watched) {
  std::array<pollfd, 2 + Watched::kMostDescriptors> fds{
      {{wake_fd_, POLLIN, 0}, {signal_fd_, POLLIN, 0}}};
  std::size_t used = 2;
  if (watched != nullptr) {
    used += watched->Watch(&fds[used]);
    timeout_ms = std::min(timeout_ms, watched->WatchMs());
  }
  http.Poll(fds.data(), used, std::max<DurationMs>(timeout_ms, 0));
  if (watched != nullptr) watched->Drive();
  if (fds[0].revents == 0) return;
  std::uint64_t count = 0;
  // Many wakes count as one. It cannot fail but for EAGAIN, which is as good.
  [[maybe_unused]] const ssize_t taken = read(wake_fd_, &count, sizeof(count));
}

void EventLoop::Wake() {
  const std::uint64_t one = 1;
  // EAGAIN: it is awake already, 2^64 - 2 times.
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof(one));
}

int EventLoop::TakeSignal() {
  signalfd_siginfo info{};
  if (read(signal_fd_, &info, sizeof(info)) != static_cast<ssize_t>(sizeof(info))) return 0;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace depotlink::platform
