// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace depotlink::ports {

// What can be known of brokers on this machine without asking them. Main thread.
class BrokerFiles {
 public:
  virtual ~BrokerFiles() = default;
  // The config of each mosquitto that runs here, as it reads it: what it includes stands in its
  // place. Empty for one that was started without. None that this user may not read.
  virtual std::vector<std::string> MosquittoConfigs() = 0;
};

}  // namespace depotlink::ports
