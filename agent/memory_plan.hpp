// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `memory.budget` is spent on: the most that each part may hold at once, resident, from the
// bounds in agent/base/limits.hpp and, for the libraries, from measured peaks (memory_plan.cpp says
// how each was taken). Of the static build: the parts add up to more than it was ever seen to hold,
// as tests/e2e/test_memory.py asserts.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/settings/settings.hpp"

namespace depotlink {

struct MemoryPart {
  std::string_view name;  // for people
  std::uint64_t bytes = 0;
};

struct MemoryPlan {
  static constexpr std::size_t kParts = 12;

  std::array<MemoryPart, kParts> parts;  // in a fixed order; of 0 bytes: not asked for
  std::uint64_t bytes = 0;               // their sum
  std::uint32_t trackers =
      0;  // planned for: memory.max_trackers, or what a narrower scope can name
};

// Of settings that were read without a fault.
MemoryPlan PlanMemory(const settings::Settings& settings);

// Empty where the plan is within memory.budget. Else what is wrong and what to do about it, with
// the numbers.
std::string MemoryFault(const settings::Settings& settings);

// What of memory.budget is left to the heap. Beside the program and the stacks nothing else is
// planned; what is taken of the heap and hardly touched counts for the heap, but not for the plan.
std::uint64_t HeapCeiling(const settings::Settings& settings);

// Whole KiB, rounded up.
constexpr std::uint64_t InKib(std::uint64_t bytes) {
  return (bytes + 1023) / 1024;
}

}  // namespace depotlink
