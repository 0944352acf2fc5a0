// SPDX-License-Identifier: Apache-2.0
#include "platform/posix_file_maker.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "platform/descriptor.hpp"
#include "platform/posix_directory.hpp"

namespace depotlink::platform {
namespace {

using ports::Readers;
using ports::Standing;

mode_t FileMode(Readers readers) {
  if (readers == Readers::kAll) return 0644;
  return readers == Readers::kAgentGroup ? 0640 : 0600;
}

mode_t DirectoryMode(Readers readers) {
  if (readers == Readers::kAll) return 0755;
  return readers == Readers::kAgentGroup ? 0750 : 0700;
}

Status Failure(const std::string& path, std::string_view what, int error) {
  return {Code::kAskPerson, SystemFailure(path, what, error).message()};
}

std::string DirectoryOfFile(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

Descriptor OpenAt(int directory, const std::string& name, int flags) {
  return Descriptor(Uninterrupted(
      [&] { return openat(directory, name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600); }));
}

int WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = Uninterrupted([&] { return write(fd, text.data(), text.size()); });
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return Uninterrupted([&] { return fsync(fd); }) == 0 ? 0 : errno;
}

}  // namespace

Standing PosixFileMaker::Look(const std::string& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) == 0) {
    return S_ISREG(info.st_mode) ? Standing::kFile : Standing::kOther;
  }
  // What cannot be looked at fails when it is written, in the system's own words.
  return errno == ENOENT || errno == EACCES ? Standing::kNothing : Standing::kOther;
}

int PosixFileMaker::Give(int fd, Readers readers, mode_t mode) const {
  constexpr auto kStays = static_cast<uid_t>(-1);
  const uid_t owner = readers == Readers::kAgent ? user_.uid : kStays;
  const bool other = !user_.name.empty() && readers != Readers::kAll;
  if (other && fchown(fd, owner, user_.gid) != 0) return errno;
  return fchmod(fd, mode) == 0 ? 0 : errno;
}

Status PosixFileMaker::MakeDirectory(const std::string& path, Readers readers) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string so_far = path.substr(0, end);
    if (mkdir(so_far.c_str(), 0700) == 0) {
      const Descriptor made = OpenAt(AT_FDCWD, so_far, O_RDONLY | O_DIRECTORY);
      const int error = made.valid() ? Give(made.get(), readers, DirectoryMode(readers)) : errno;
      if (error != 0) return Failure(so_far, "cannot be made", error);
    } else if (errno != EEXIST) {
      return Failure(so_far, "cannot be made", errno);
    }
    if (end == std::string::npos) return Status::Ok();
  }
}

int PosixFileMaker::Fill(int directory, const std::string& name, std::string_view text,
                         Readers readers) const {
  const Descriptor file = OpenAt(directory, name, O_WRONLY | O_CREAT | O_EXCL);
  if (!file.valid()) return errno;
  const int error = Give(file.get(), readers, FileMode(readers));
  return error != 0 ? error : WriteAll(file.get(), text);
}

Status PosixFileMaker::Write(const std::string& path, std::string_view text, Readers readers,
                             bool replace) {
  const std::string parent = DirectoryOfFile(path);
  const Descriptor directory = Descriptor(
      Uninterrupted([&] { return open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (!directory.valid()) return Failure(parent, "cannot be opened", errno);
  const std::string name = path.substr(path.find_last_of('/') + 1);
  const std::string beside = '.' + name + ".new";
  unlinkat(directory.get(), beside.c_str(), 0);  // of one that was killed
  int error = Fill(directory.get(), beside, text, readers);
  if (error == 0) {
    // A link, unlike a rename, leaves alone what stands there.
    const int done =
        replace ? renameat(directory.get(), beside.c_str(), directory.get(), name.c_str())
                : linkat(directory.get(), beside.c_str(), directory.get(), name.c_str(), 0);
    error = done == 0 ? 0 : errno;
  }
  if (error != 0 || !replace) unlinkat(directory.get(), beside.c_str(), 0);
  if (error == 0) error = SyncNames(directory.get());
  return error == 0 ? Status::Ok() : Failure(path, "cannot be written", error);
}

Status PosixFileMaker::Adopt(const std::string& path) {
  const Descriptor file = OpenAt(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file.valid()) return Failure(path, "cannot be opened", errno);
  struct stat info {};
  if (fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return {Code::kAskPerson, path + ": is not a regular file"};
  }
  // It may be anybody's under its other name.
  if (info.st_nlink != 1) return {Code::kAskPerson, path + ": has another name as well"};
  const bool ours = info.st_uid == user_.uid && (info.st_mode & 077U) == 0;
  const int error = ours ? 0 : Give(file.get(), Readers::kAgent, 0600);
  return error == 0 ? Status::Ok() : Failure(path, "cannot be given to the agent", error);
}

void PosixFileMaker::Remove(const std::string& path) {
  unlink(path.c_str());
}

}  // namespace depotlink::platform
