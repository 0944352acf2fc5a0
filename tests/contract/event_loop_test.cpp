// SPDX-License-Identifier: Apache-2.0
// The wait of the process: what ends it, and that nothing else does.

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <thread>

#include "platform/curl_http.hpp"
#include "platform/event_loop.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::platform::CurlHttp;
using depotlink::platform::CurlHttpOptions;
using depotlink::platform::EventLoop;
using depotlink::platform::Watched;

namespace {

constexpr depotlink::DurationMs kForever = 60 * depotlink::kSecondMs;

class OneDescriptor final : public Watched {
 public:
  explicit OneDescriptor(int fd) : fd_(fd) {}
  std::size_t Watch(pollfd* out) override {
    *out = {fd_, events, 0};
    return events == 0 ? 0 : 1;
  }
  depotlink::DurationMs WatchMs() override { return most_ms; }
  void Drive() override { ++drives; }

  short events = 0;
  depotlink::DurationMs most_ms = kForever;
  int drives = 0;

 private:
  int fd_;
};

}  // namespace

TEST_GROUP(EventLoop) {
  EventLoop loop;
  CurlHttp http{CurlHttpOptions{}};

  // How long it took, in milliseconds.
  long long Wait(depotlink::DurationMs timeout, Watched* watched = nullptr) {
    const auto begin = std::chrono::steady_clock::now();
    loop.Wait(http, timeout, watched);
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 begin)
        .count();
  }
};

TEST(EventLoop, WaitsUntilTheDeadline) {
  CHECK(loop.ready().ok());
  CHECK(Wait(40) >= 39);
  Wait(0);
  Wait(-5);
}

TEST(EventLoop, AWakeEndsTheWaitOnce) {
  loop.Wake();
  loop.Wake();
  CHECK(Wait(kForever) < kForever / 2);
  CHECK(Wait(30) >= 29);
}

TEST(EventLoop, AnotherThreadCanWakeIt) {
  std::thread other([this] { loop.Wake(); });
  CHECK(Wait(kForever) < kForever / 2);
  other.join();
}

TEST(EventLoop, ASignalEndsTheWaitAndIsTakenOnce) {
  for (const int number : {SIGTERM, SIGHUP, SIGINT}) {
    LONGS_EQUAL(0, loop.TakeSignal());
    raise(number);
    CHECK(Wait(kForever) < kForever / 2);
    LONGS_EQUAL(number, loop.TakeSignal());
  }
  LONGS_EQUAL(0, loop.TakeSignal());
}

TEST(EventLoop, WhatIsWatchedEndsTheWaitAndIsDrivenAfterEach) {
  const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  OneDescriptor watched(fd);
  watched.events = POLLIN;
  CHECK(Wait(30, &watched) >= 29);  // nothing to read yet
  LONGS_EQUAL(1, watched.drives);
  watched.events = POLLOUT;
  CHECK(Wait(kForever, &watched) < kForever / 2);
  eventfd_write(fd, 1);
  watched.events = POLLIN;
  CHECK(Wait(kForever, &watched) < kForever / 2);
  watched.events = 0;
  watched.most_ms = 20;  // a deadline of its own
  CHECK(Wait(kForever, &watched) < kForever / 2);
  LONGS_EQUAL(4, watched.drives);
  close(fd);
}
