// SPDX-License-Identifier: Apache-2.0
// How an account is split among gateways that do not know of each other.
#include "agent/fleet/shard.hpp"

#include <array>
#include <cstdint>

#include "CppUTest/TestHarness.h"

using depotlink::fleet::Shard;
using depotlink::model::TrackerId;

namespace {

constexpr TrackerId kFirstSharded = 1'200'000;  // numbers follow each other, as in an account
constexpr TrackerId kSharded = 25000;

// 0: none has it, or several have.
std::uint32_t Owner(TrackerId id, std::uint32_t count) {
  std::uint32_t owner = 0;
  std::uint32_t owners = 0;
  for (std::uint32_t index = 1; index <= count; ++index) {
    if (!Shard(index, count).Holds(id)) continue;
    owner = index;
    ++owners;
  }
  return owners == 1 ? owner : 0;
}

}  // namespace

TEST_GROUP(Shard){};

TEST(Shard, EachTrackerBelongsToExactlyOneAndTheSharesAreEven) {
  for (const std::uint32_t count : {1U, 2U, 3U, 7U}) {
    std::array<std::uint32_t, 8> shares{};
    for (TrackerId id = kFirstSharded; id < kFirstSharded + kSharded; ++id)
      ++shares[Owner(id, count)];
    LONGS_EQUAL(0, shares[0]);
    for (std::uint32_t index = 1; index <= count; ++index) {
      CHECK(shares[index] * count > kSharded * 95 / 100);
      CHECK(shares[index] * count < kSharded * 105 / 100);
    }
  }
  for (TrackerId id = 1; id < 50; ++id) CHECK(Owner(id, 64) != 0);
}

TEST(Shard, OneGatewayMoreMovesOnlyWhatItTakes) {
  for (std::uint32_t count = 1; count < 6; ++count) {
    std::uint32_t moved = 0;
    for (TrackerId id = kFirstSharded; id < kFirstSharded + kSharded; ++id) {
      const std::uint32_t now = Owner(id, count + 1);
      if (now == Owner(id, count)) continue;
      LONGS_EQUAL(count + 1, now);
      ++moved;
    }
    CHECK(moved * (count + 1) > kSharded * 95 / 100);
    CHECK(moved * (count + 1) < kSharded * 105 / 100);
  }
}

// Gateways of different versions share an account: these never change.
TEST(Shard, WhoTakesWhatIsSettled) {
  struct Settled {
    TrackerId id;
    std::uint32_t of_two, of_three, of_ten;
  };
  for (const Settled& settled :
       {Settled{1, 2, 3, 10}, Settled{2, 2, 2, 2}, Settled{3, 2, 2, 4}, Settled{1234567, 1, 1, 9},
        Settled{1234568, 1, 1, 10}, Settled{9007199254740992, 1, 1, 1}}) {
    LONGS_EQUAL(settled.of_two, Owner(settled.id, 2));
    LONGS_EQUAL(settled.of_three, Owner(settled.id, 3));
    LONGS_EQUAL(settled.of_ten, Owner(settled.id, 10));
  }
}
