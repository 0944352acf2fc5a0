// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a panel session may do: pairs of a category and an operation (vendor documents, panel-api,
// getting-started, "Panel API Permissions"). A category that is not named grants nothing.

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "agent/base/fingerprint.hpp"
#include "agent/json/element_reader.hpp"

namespace depotlink::navixy {

class Permissions {
 public:
  // Reads the value of `permissions`: {category: [operation, ...]}. What cannot be read grants
  // nothing.
  void Read(json::ElementReader& reader, std::string_view text);
  void Clear() { count_ = 0; }
  bool empty() const { return count_ == 0; }
  bool operator==(const Permissions& other) const {
    return std::equal(pairs_.begin(), pairs_.begin() + count_, other.pairs_.begin(),
                      other.pairs_.begin() + other.count_);
  }
  bool Grants(std::string_view category, std::string_view operation) const;

 private:
  // The documents name 13 categories with 34 operations.
  static constexpr std::size_t kMost = 128;

  static std::uint64_t Pair(std::string_view category, std::string_view operation) {
    return Fingerprint(category) * 31 + Fingerprint(operation);
  }

  std::array<std::uint64_t, kMost> pairs_{};
  std::size_t count_ = 0;
};

}  // namespace depotlink::navixy
