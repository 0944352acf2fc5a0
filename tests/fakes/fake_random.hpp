// SPDX-License-Identifier: Apache-2.0
#pragma once

// Random numbers that are the same in each run.

#include <cstddef>
#include <cstdint>

#include "agent/ports/random.hpp"

namespace depotlink::fakes {

// The same number for ever.
class FixedRandom : public ports::Random {
 public:
  explicit FixedRandom(std::uint64_t value) : value_(value) {}
  std::uint64_t Next() override { return value_; }
  void Set(std::uint64_t value) { value_ = value; }

 private:
  std::uint64_t value_;
};

// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
class SeededRandom : public ports::Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Next() override {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }
  // 0 .. `bound` - 1.
  std::size_t Below(std::size_t bound) { return static_cast<std::size_t>(Next() % bound); }
  // True `percent` times in a hundred.
  bool Chance(unsigned percent) { return Next() % 100 < percent; }

 private:
  std::uint64_t state_;
};

}  // namespace depotlink::fakes
