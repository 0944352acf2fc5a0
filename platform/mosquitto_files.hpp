// SPDX-License-Identifier: Apache-2.0
#pragma once

// Looks through /proc for mosquittos, and reads the configs that they were started with.
// Bounds: kMost brokers, a config of kConfigBytes, which is more than anybody writes.

#include <cstddef>
#include <string>
#include <vector>

#include "agent/ports/broker_files.hpp"

namespace depotlink::platform {

class MosquittoFiles final : public ports::BrokerFiles {
 public:
  static constexpr std::size_t kMost = 64;
  static constexpr std::size_t kConfigBytes = std::size_t{256} * 1024;

  std::vector<std::string> MosquittoConfigs() override;
};

}  // namespace depotlink::platform
