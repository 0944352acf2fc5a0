// SPDX-License-Identifier: Apache-2.0
// The relay between two ends that take and give as the test says.
#include "platform/byte_relay.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <utility>

#include "CppUTest/TestHarness.h"

using depotlink::platform::ByteRelay;
using depotlink::platform::ByteStream;
using depotlink::platform::IoResult;
using depotlink::platform::IoState;
using depotlink::platform::kRelayBytes;

namespace {

class FakeEnd final : public ByteStream {
 public:
  IoResult Read(char* out, std::size_t most) override {
    ++reads;
    if (source.empty()) return {after, 0};
    const std::size_t count = std::min({most, source.size(), piece});
    source.copy(out, count);
    source.erase(0, count);
    return {IoState::kDone, count};
  }
  IoResult Write(const char* bytes, std::size_t count) override {
    if (!refused.empty()) CHECK(std::string(bytes, count) == refused);  // the same again
    refused.clear();
    if (broken) return {IoState::kFailed, 0};
    const std::size_t taken = std::min({count, room, piece});
    if (taken == 0) {
      refused.assign(bytes, count);
      return {IoState::kAgain, 0};
    }
    got.append(bytes, taken);
    room -= taken;
    return {IoState::kDone, taken};
  }
  bool Finish() override {
    if (slow_finishes > 0) return --slow_finishes, false;
    CHECK(refused.empty());
    finished = true;
    return true;
  }
  short read_wants() const override { return wants_to_read; }

  std::string source;               // what it still has to say
  IoState after = IoState::kAgain;  // and what comes then
  std::string got;
  std::size_t room = SIZE_MAX;   // that it takes
  std::size_t piece = SIZE_MAX;  // at a time
  bool broken = false;
  int slow_finishes = 0;
  bool finished = false;
  int reads = 0;
  short wants_to_read = POLLIN;

 private:
  std::string refused;
};

std::string SomeText(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text.push_back(static_cast<char>(i * 7 + i / 251));
  return text;
}

}  // namespace

TEST_GROUP(ByteRelay) {
  FakeEnd near;
  FakeEnd far;
  ByteRelay relay{near, far};

  void Run() {
    for (int i = 0; i < 1000 && relay.Step(); ++i) {
    }
  }
};

TEST(ByteRelay, CarriesBothWaysThenWaitsForBothEnds) {
  near.source = "connect";
  far.source = "connack";
  CHECK_FALSE(relay.Step());
  STRCMP_EQUAL("connect", far.got.c_str());
  STRCMP_EQUAL("connack", near.got.c_str());
  LONGS_EQUAL(POLLIN, relay.near_events());
  LONGS_EQUAL(POLLIN, relay.far_events());
  CHECK_FALSE(relay.ending());
  // TLS may have to write before it can read.
  far.wants_to_read = POLLOUT;
  LONGS_EQUAL(POLLOUT, relay.far_events());
}

TEST(ByteRelay, WhatASideDoesNotTakeIsNotReadFromTheOther) {
  near.source = SomeText(100000);
  far.room = 0;
  CHECK_FALSE(relay.Step());
  LONGS_EQUAL(100000 - kRelayBytes, near.source.size());
  LONGS_EQUAL(0, relay.near_events());  // nothing to wake for
  LONGS_EQUAL(POLLIN | POLLOUT, relay.far_events());
  const int reads = near.reads;
  CHECK_FALSE(relay.Step());
  LONGS_EQUAL(reads, near.reads);
  // The other direction goes on.
  far.source = "puback";
  CHECK_FALSE(relay.Step());
  STRCMP_EQUAL("puback", near.got.c_str());
  far.room = SIZE_MAX;
  Run();
  CHECK(far.got == SomeText(100000));
  // And the same the other way round.
  far.source = SomeText(50000);
  near.room = 100;
  Run();
  LONGS_EQUAL(POLLIN | POLLOUT, relay.near_events());
  LONGS_EQUAL(0, relay.far_events());
  near.room = SIZE_MAX;
  Run();
  CHECK(near.got == "puback" + SomeText(50000));
}

TEST(ByteRelay, OthersHaveTheirTurn) {
  near.source = SomeText(1000000);
  CHECK(relay.Step());
  CHECK(far.got.size() <= 64 * 1024);
  CHECK(!far.got.empty());
}

TEST(ByteRelay, WhatWasWrittenBeforeTheEndIsHandedOver) {
  for (FakeEnd* from : {&near, &far}) {
    FakeEnd* to = from == &near ? &far : &near;
    ByteRelay fresh{near, far};
    near.finished = far.finished = false;
    to->got.clear();
    from->source = SomeText(5000);
    from->after = IoState::kEnd;
    to->room = 4500;
    CHECK_FALSE(fresh.Step());
    CHECK_FALSE(fresh.done());
    CHECK_FALSE(to->finished);
    to->room = SIZE_MAX;
    to->slow_finishes = 1;
    CHECK_FALSE(fresh.Step());
    CHECK(fresh.ending());
    CHECK_FALSE(fresh.done());
    LONGS_EQUAL(POLLOUT, (to == &far ? fresh.far_events() : fresh.near_events()) & POLLOUT);
    CHECK_FALSE(fresh.Step());
    CHECK(fresh.done());
    CHECK(to->finished);
    CHECK(to->got == SomeText(5000));
    from->after = IoState::kAgain;
  }
}

TEST(ByteRelay, WhatABrokenSideHadSaidIsStillFetched) {
  for (FakeEnd* gone : {&near, &far}) {
    FakeEnd* left = gone == &near ? &far : &near;
    ByteRelay fresh{near, far};
    left->got.clear();
    left->source = "to nobody";
    gone->broken = true;
    gone->source = SomeText(9000);  // a DISCONNECT with its reason, before it closed
    left->room = 5000;
    CHECK_FALSE(fresh.Step());
    CHECK_FALSE(fresh.done());
    left->room = SIZE_MAX;
    gone->after = IoState::kFailed;
    CHECK_FALSE(fresh.Step());
    CHECK(fresh.done());
    CHECK(left->got == SomeText(9000));
    gone->broken = false;
    gone->after = IoState::kAgain;
    left->source.clear();
  }
}

TEST(ByteRelay, WithBothSidesBrokenItIsDone) {
  near.broken = far.broken = true;
  near.source = far.source = "x";
  CHECK_FALSE(relay.Step());
  CHECK(relay.done());
  LONGS_EQUAL(0, relay.near_events() | relay.far_events());
}

TEST(ByteRelay, NothingIsLostOrTurnedRoundHoweverItGoes) {
  std::mt19937 random(1);
  std::string sent_out;
  std::string sent_in;
  for (int round = 0; round < 3000; ++round) {
    near.piece = 1 + random() % 6000;
    far.piece = 1 + random() % 6000;
    near.room = random() % 3 == 0 ? 0 : random() % 9000;
    far.room = random() % 3 == 0 ? 0 : random() % 9000;
    const std::string out = SomeText(random() % 3000);
    const std::string in = SomeText(random() % 3000);
    near.source += out;
    far.source += in;
    sent_out += out;
    sent_in += in;
    relay.Step();
    CHECK(sent_out.size() - near.source.size() - far.got.size() <= kRelayBytes);
  }
  near.room = far.room = near.piece = far.piece = SIZE_MAX;
  for (int i = 0; i < 10000 && relay.Step(); ++i) {
  }
  CHECK(far.got == sent_out);
  CHECK(near.got == sent_in);
}
