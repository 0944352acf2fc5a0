// SPDX-License-Identifier: Apache-2.0
#pragma once

// One process a directory: a lock (flock) on the directory itself, so that nothing is written for
// it, a read-only disk will do, and the system lets go of it however the process ends. Main thread.

#include <string>

#include "agent/base/status.hpp"
#include "platform/descriptor.hpp"

namespace depotlink::platform {

class DirectoryLock {
 public:
  // Makes the directory where it is missing, as PosixStorage::Open does, and holds it as long as
  // this lives. kReject where another process holds it; else as PosixStorage::Open fails.
  Status Take(const std::string& path);
  // Likewise, but makes nothing: kSkip where there is no such directory.
  Status TakeExisting(const std::string& path);

  // Whether another process holds it. False also where there is no such directory or it cannot be
  // opened.
  static bool IsHeld(const std::string& path);

 private:
  Descriptor directory_;
};

}  // namespace depotlink::platform
