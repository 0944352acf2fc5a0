// SPDX-License-Identifier: Apache-2.0
#include "platform/directory_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <utility>

#include "platform/posix_directory.hpp"

namespace depotlink::platform {
namespace {

Descriptor OpenDirectory(const std::string& path) {
  return Descriptor(
      Uninterrupted([&] { return open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
}

bool Lock(const Descriptor& directory) {
  return Uninterrupted([&] { return flock(directory.get(), LOCK_EX | LOCK_NB); }) == 0;
}

}  // namespace

Status DirectoryLock::Take(const std::string& path) {
  Descriptor directory;
  Status status = OpenOwnDirectory(path, directory);
  return status.ok() ? TakeExisting(path) : status;
}

Status DirectoryLock::TakeExisting(const std::string& path) {
  Descriptor directory = OpenDirectory(path);
  if (!directory.valid()) {
    const int error = errno;
    const Code code = error == ENOENT ? Code::kSkip : Code::kAskPerson;
    return {code, SystemFailure(path, "cannot be opened", error).message()};
  }
  if (!Lock(directory)) {
    if (errno == EWOULDBLOCK) return {Code::kReject, path + ": another depotlink uses it"};
    return SystemFailure(path, "cannot be locked", errno);
  }
  directory_ = std::move(directory);
  return Status::Ok();
}

bool DirectoryLock::IsHeld(const std::string& path) {
  const Descriptor directory = OpenDirectory(path);
  return directory.valid() && !Lock(directory) && errno == EWOULDBLOCK;
}

}  // namespace depotlink::platform
