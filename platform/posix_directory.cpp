// SPDX-License-Identifier: Apache-2.0
#include "platform/posix_directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "platform/missing_mount.hpp"

namespace depotlink::platform {

namespace {

Code CodeOf(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return Code::kFull;
    case EROFS:
    case EACCES:
    case EPERM:
      return Code::kAskPerson;
    default:
      return Code::kRetryLater;
  }
}

std::string_view RemedyOf(int error) {
  switch (error) {
    case EROFS:
      return "; remedy: mount it for writing";
    case EACCES:
    case EPERM:
      return "; remedy: give it to the user that runs depotlink";
    case EDQUOT:
      return "; remedy: raise this user's quota";
    case ELOOP:
      return "; remedy: put the file itself in the place of the link";
    default:
      return "";
  }
}

Status Person(const std::string& path, std::string_view what, const std::string& remedy) {
  return {Code::kAskPerson, path + ": " + std::string(what) + "; remedy: " + remedy};
}

// For looking at, and as a place to start from; may be one that cannot be listed.
Descriptor Step(int from, const char* name) {
  return Descriptor(
      Uninterrupted([&] { return openat(from, name, O_PATH | O_DIRECTORY | O_CLOEXEC); }));
}

Descriptor OpenToSync(int from, const char* name) {
  return Descriptor(
      Uninterrupted([&] { return openat(from, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
}

// Makes `name` in `parent`, and its entry durable. Where that fails it is unmade, so that the next
// attempt does not take it for an old one. 0, or the errno.
int MakeOne(int parent, const char* name) {
  if (Uninterrupted([&] { return mkdirat(parent, name, 0700); }) != 0) {
    return errno == EEXIST ? 0 : errno;
  }
  const Descriptor directory = OpenToSync(parent, ".");
  const int error = directory.valid() ? SyncNames(directory.get()) : errno;
  if (error != 0) unlinkat(parent, name, AT_REMOVEDIR);
  return error;
}

// Makes what is missing of `path`, from the front.
Status MakeDirectories(const std::string& path) {
  Descriptor at = Step(AT_FDCWD, path.front() == '/' ? "/" : ".");
  std::size_t begin = path.find_first_not_of('/');
  while (begin != std::string::npos) {
    const std::size_t end = path.find('/', begin);
    const std::string name = path.substr(begin, end - begin);
    const std::string so_far = path.substr(0, end);
    Descriptor next = Step(at.get(), name.c_str());
    if (!next.valid() && errno == ENOENT) {
      if (const int error = MakeOne(at.get(), name.c_str()); error != 0) {
        return SystemFailure(so_far, "cannot be made", error);
      }
      next = Step(at.get(), name.c_str());
      if (!next.valid() && errno == ENOENT) {
        return Person(so_far, "is a symbolic link to nothing", "make what it names");
      }
    }
    if (!next.valid()) return SystemFailure(so_far, "cannot be opened", errno);
    at = std::move(next);
    begin = path.find_first_not_of('/', end);
  }
  return Status::Ok();
}

Status CheckOwn(const std::string& path, int directory) {
  struct stat info {};
  if (fstat(directory, &info) != 0) return SystemFailure(path, "cannot be examined", errno);
  if (info.st_uid != geteuid() && info.st_uid != 0) {
    return Person(path, "belongs to another user (uid " + std::to_string(info.st_uid) + ")",
                  "chown " + std::to_string(geteuid()) + " " + path);
  }
  if ((info.st_mode & S_IWOTH) != 0 && (info.st_mode & S_ISVTX) == 0) {
    return Person(path, "everybody may change what is in it", "chmod o-w " + path);
  }
  return Status::Ok();
}

}  // namespace

Status SystemFailure(const std::string& path, std::string_view what, int error) {
  std::string message = path + ": " + std::string(what) + ": " + std::strerror(error);
  message.append(RemedyOf(error));
  return {CodeOf(error), std::move(message)};
}

Status OpenOwnDirectory(const std::string& path, Descriptor& out) {
  if (path.empty()) return {Code::kAskPerson, "the directory's path is empty"};
  if (const std::string missing = MissingMount(path); !missing.empty()) {
    return Person(path, "is to be on the disk of " + missing + ", which is not mounted",
                  "mount it, or take it out of /etc/fstab");
  }
  Descriptor directory = OpenToSync(AT_FDCWD, path.c_str());
  if (!directory.valid() && errno == ENOENT) {
    if (Status status = MakeDirectories(path); !status.ok()) return status;
    directory = OpenToSync(AT_FDCWD, path.c_str());
  }
  if (!directory.valid()) {
    if (errno == ENOTDIR) return Person(path, "is not a directory", "name a directory");
    return SystemFailure(path, "cannot be opened", errno);
  }
  if (Status status = CheckOwn(path, directory.get()); !status.ok()) return status;
  out = std::move(directory);
  return Status::Ok();
}

bool DirectoryExists(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

int SyncNames(int directory) {
  if (Uninterrupted([&] { return fsync(directory); }) == 0) return 0;
  // Said by file systems that cannot sync a directory: there is nothing more to be had there.
  return errno == EINVAL ? 0 : errno;
}

}  // namespace depotlink::platform
