// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether a directory lies on a disk that should be mounted and is not.

#include <string>

namespace depotlink::platform {

// The mount point that `fstab` names at or above `path` (absolute) where `mounts` has none: what
// would be written there now would go to another disk, and be hidden once that one is mounted.
// Empty where all is as it should be, or a file cannot be read. Entries with `noauto` and the root
// are passed by.
std::string MissingMount(const std::string& path, const char* fstab = "/etc/fstab",
                         const char* mounts = "/proc/self/mounts");

}  // namespace depotlink::platform
