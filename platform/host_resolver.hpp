// SPDX-License-Identifier: Apache-2.0
#pragma once

// Host names to numeric addresses, without ever blocking the main thread: Paho would call
// getaddrinfo under its global lock and freeze every call into it for as long as a name server is
// silent. At most four addresses, in the order in which the system prefers them. Main thread; the
// look-up has a thread of its own that may outlive this object, and touches nothing of it then.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "agent/base/status.hpp"

namespace depotlink::platform {

class HostResolver {
 public:
  static constexpr std::size_t kMostAddresses = 4;
  struct Addresses {
    std::array<std::string, kMostAddresses> text;  // IPv6 without brackets
    std::size_t count = 0;                         // 0: the look-up failed
    std::string failure;
  };

  // `wake` is called from another thread when the look-up has ended.
  explicit HostResolver(std::function<void()> wake);
  ~HostResolver();
  HostResolver(const HostResolver&) = delete;
  HostResolver& operator=(const HostResolver&) = delete;

  // Drops the look-up under way, if any. A numeric address is ready at once. kRetryLater where no
  // thread could be had.
  Status Start(const std::string& host);
  void Drop();
  // True, once, when the look-up has ended.
  bool Take(Addresses& out);

 private:
  struct Job;
  std::function<void()> wake_;
  std::shared_ptr<Job> job_;  // shared with the thread, which may outlive us
};

}  // namespace depotlink::platform
