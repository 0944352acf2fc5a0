// SPDX-License-Identifier: Apache-2.0
#include "agent/login_book.hpp"

#include "tests/fakes/fake_storage.hpp"
#include "tests/fakes/log_capture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::kHourMs;
using depotlink::kSecondMs;
using depotlink::Logger;
using depotlink::LoginBook;
using depotlink::LogLevel;
using depotlink::MonoTime;
using depotlink::fakes::FakeStorage;
using depotlink::fakes::LogCapture;
using depotlink::navixy::Api;

namespace {

constexpr MonoTime kFirstLogin{1000 * kSecondMs};

}  // namespace

TEST_GROUP(LoginBook) {
  LogCapture logs;
  Logger log{logs, LogLevel::kDebug};
  FakeStorage ram;

  void setup() override {
    CHECK(ram.Open().ok());
  }
  // As a run after a crash finds it.
  bool MayLogIn(Api api, MonoTime now) {
    LoginBook book(ram, log);
    book.Recall(now);
    return book.FreeAt(api) <= now;
  }
};

TEST(LoginBook, AnAgentThatIsStartedAgainAndAgainLogsInEightTimesAnHour) {
  int logins = 0;
  for (MonoTime now = kFirstLogin; now < kFirstLogin + 3 * kHourMs; now = now + 5 * kSecondMs) {
    LoginBook book(ram, log);
    book.Recall(now);
    if (now < book.FreeAt(Api::kUser)) continue;
    book.OnLogin(Api::kUser, now);
    ++logins;
  }
  LONGS_EQUAL(3 * 8, logins);
}

TEST(LoginBook, WhatCameToNothingDoesNotCount) {
  LoginBook book(ram, log);
  for (int i = 0; i < 7; ++i) book.OnLogin(Api::kUser, kFirstLogin + i);
  for (int i = 0; i < 50; ++i) {
    book.OnLogin(Api::kUser, kFirstLogin + 10 + i);
    book.OnNoLogin(Api::kUser);
  }
  CHECK(MayLogIn(Api::kUser, kFirstLogin + 100));
  book.OnLogin(Api::kUser, kFirstLogin + 100);
  CHECK_FALSE(MayLogIn(Api::kUser, kFirstLogin + 101));
  CHECK(book.FreeAt(Api::kUser) == kFirstLogin + kHourMs);
}

TEST(LoginBook, TheOtherApiHasItsOwn) {
  LoginBook book(ram, log);
  for (int i = 0; i < 8; ++i) book.OnLogin(Api::kPanel, kFirstLogin + i);
  CHECK_FALSE(MayLogIn(Api::kPanel, kFirstLogin + kHourMs - 1));
  CHECK(MayLogIn(Api::kPanel, kFirstLogin + kHourMs));
  CHECK(MayLogIn(Api::kUser, kFirstLogin + 8));
}

TEST(LoginBook, AfterARebootItBeginsAnew) {
  LoginBook book(ram, log);
  for (int i = 0; i < 8; ++i) book.OnLogin(Api::kUser, kFirstLogin + i);
  CHECK(MayLogIn(Api::kUser, {10 * kSecondMs}));
}

TEST(LoginBook, WhatIsLeftInTheFileCannotHarm) {
  for (const char* text : {"", "x", "-5 -5 -5 -5 -5 -5 -5 -5", "99999999999999999999", "1 1 1",
                           "\xff\xff\xff 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20"}) {
    ram.Erase("logins");
    ram.Put("logins", text);
    CHECK(MayLogIn(Api::kUser, kFirstLogin + 2 * kHourMs));
  }
}

TEST(LoginBook, WithoutADirectoryItHoldsForThisRun) {
  ram.set_read_only(true);
  LoginBook book(ram, log);
  for (int i = 0; i < 8; ++i) book.OnLogin(Api::kUser, kFirstLogin + i);
  CHECK(book.FreeAt(Api::kUser) == kFirstLogin + kHourMs);
  LONGS_EQUAL(0, logs.Count(LogLevel::kWarn));
}
