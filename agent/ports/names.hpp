// SPDX-License-Identifier: Apache-2.0
#pragma once

// Host names to addresses, for those who only want to know.

#include <string>

#include "agent/base/status.hpp"

namespace depotlink::ports {

struct NameAnswer {
  std::string addresses;  // numeric, parted by blanks, at most four; empty: the look-up failed
  std::string failure;    // then why, for people
};

class Names {
 public:
  virtual ~Names() = default;
  // Begins to look `host` up, and drops what was begun before. Never blocks. kRetryLater where the
  // system is out of means. A numeric address is its own answer.
  virtual Status Start(const std::string& host) = 0;
  // True, once, when it has ended, which ends the loop's wait.
  virtual bool Take(NameAnswer& out) = 0;
};

}  // namespace depotlink::ports
