// SPDX-License-Identifier: Apache-2.0
// The wait of the process: what ends it, and that nothing else does.

#include <chrono>
#include <csignal>
#include <thread>

#include "platform/curl_http.hpp"
#include "platform/event_loop.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::platform::CurlHttp;
using depotlink::platform::CurlHttpOptions;
using depotlink::platform::EventLoop;

namespace {
constexpr depotlink::DurationMs kForever = 60 * depotlink::kSecondMs;
}

TEST_GROUP(EventLoop) {
  EventLoop loop;
  CurlHttp http{CurlHttpOptions{}};

  // How long it took, in milliseconds.
  long long Wait(depotlink::DurationMs timeout) {
    const auto begin = std::chrono::steady_clock::now();
    loop.Wait(http, timeout);
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
