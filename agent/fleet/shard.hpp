// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which part of an account this gateway takes, where several share it: rendezvous hashing of the
// tracker's id. Each tracker belongs to exactly one shard, the shares are even, and one shard more
// moves only the trackers that the new one takes.

#include <cstdint>

#include "agent/model/tracker_state.hpp"

namespace depotlink::fleet {

class Shard {
 public:
  // The whole account.
  constexpr Shard() = default;
  // `index`: 1 .. `count`.
  constexpr Shard(std::uint32_t index, std::uint32_t count) : index_(index), count_(count) {}

  constexpr bool whole() const { return count_ == 1; }
  constexpr bool Holds(model::TrackerId id) const { return whole() || OwnerOf(id) == index_; }

 private:
  // The shard whose number gives the highest weight with the id: what each gateway works out for
  // itself, so the arithmetic must never change.
  constexpr std::uint32_t OwnerOf(model::TrackerId id) const {
    std::uint32_t owner = 1;
    std::uint64_t highest = 0;
    for (std::uint32_t shard = 1; shard <= count_; ++shard) {
      const std::uint64_t weight = Mix(Mix(id) ^ (shard * kGolden));
      if (weight <= highest) continue;
      highest = weight;
      owner = shard;
    }
    return owner;
  }
  static constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15ULL;
  // The finalizer of splitmix64 (Steele, Lea, Flood, 2014).
  static constexpr std::uint64_t Mix(std::uint64_t x) {
    x += kGolden;
    x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31U);
  }

  std::uint32_t index_ = 1;
  std::uint32_t count_ = 1;
};

}  // namespace depotlink::fleet
