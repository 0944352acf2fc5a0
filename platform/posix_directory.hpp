// SPDX-License-Identifier: Apache-2.0
#pragma once

// Opening a directory of our own, and the words for what the system refuses.

#include <cerrno>
#include <string>
#include <string_view>

#include "agent/base/status.hpp"
#include "platform/descriptor.hpp"

namespace depotlink::platform {

// Calls again what a signal interrupted.
template <typename Call>
auto Uninterrupted(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// `<path>: <what>: <the system's reason>`, with the remedy where it is known, under the code that
// ports::Storage gives this errno; what is about one file only (kSkip, kReject) is the caller's.
Status SystemFailure(const std::string& path, std::string_view what, int error);

// As PosixStorage::Open describes it. `out` keeps what it held where this fails.
Status OpenOwnDirectory(const std::string& path, Descriptor& out);

// True where there is such a directory; makes none.
bool DirectoryExists(const std::string& path);

// Names in it are on the device. 0, or the errno.
int SyncNames(int directory);

}  // namespace depotlink::platform
