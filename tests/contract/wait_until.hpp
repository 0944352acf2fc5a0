// SPDX-License-Identifier: Apache-2.0
#pragma once

// Bounds for tests that wait on events of the real world: generous, because they are reached only
// by a test that fails.

#include <chrono>

namespace depotlink::contract {

class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds most = std::chrono::seconds(20))
      : end_(std::chrono::steady_clock::now() + most) {}
  bool over() const { return std::chrono::steady_clock::now() >= end_; }

 private:
  std::chrono::steady_clock::time_point end_;
};

}  // namespace depotlink::contract
