// SPDX-License-Identifier: Apache-2.0
#include "platform/posix_storage.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "platform/posix_directory.hpp"

namespace depotlink::platform {

namespace {

static_assert(sizeof(off_t) == 8, "files and disks are larger than 2 GiB");

bool IsPlainName(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  };
  return !name.empty() && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), plain);
}

// The name as the system wants it, on the stack. What is no plain name becomes the empty one, of
// which there is no file.
class NameText {
 public:
  explicit NameText(std::string_view name) {
    if (IsPlainName(name) && name.size() < text_.size()) name.copy(text_.data(), name.size());
  }
  const char* c_str() const { return text_.data(); }
  bool plain() const { return text_[0] != '\0'; }

 private:
  std::array<char, NAME_MAX + 1> text_{};
};

off_t Position(std::uint64_t offset) {
  return static_cast<off_t>(offset);
}

// What a name that should be there lacks is that name, as far as the caller is concerned.
Status OrMissing(const Status& status, int error) {
  return error == ENOENT ? Status(Code::kSkip, status.message()) : status;
}

// Where an open file is, as far as the system tells.
std::string PathOf(ports::FileHandle file, const std::string& directory) {
  const std::string link = "/proc/self/fd/" + std::to_string(file);
  std::array<char, 4096> path{};
  const ssize_t bytes = readlink(link.c_str(), path.data(), path.size());
  if (bytes <= 0) return directory;
  return {path.data(), static_cast<std::size_t>(bytes)};
}

}  // namespace

Status PosixStorage::NameFailure(std::string_view name, std::string_view what, int error) const {
  return SystemFailure(path_ + "/" + std::string(name), what, error);
}

Status PosixStorage::FileFailure(ports::FileHandle file, std::string_view what, int error) const {
  return SystemFailure(PathOf(file, path_), what, error);
}

Status PosixStorage::Open(const std::string& path) {
  path_ = path;
  directory_ = Descriptor();
  return OpenOwnDirectory(path, directory_);
}

bool PosixStorage::OnRamDisk() const {
  struct statfs info {};
  if (fstatfs(directory_.get(), &info) != 0) return false;
  const auto type = static_cast<std::uint32_t>(info.f_type);  // signed, and of any width
  return type == TMPFS_MAGIC || type == RAMFS_MAGIC;
}

Result<ports::FileHandle> PosixStorage::OpenFile(std::string_view name, int flags) {
  const NameText text(name);
  if (!text.plain()) return NameFailure(name, "cannot be opened", EINVAL);
  // O_NONBLOCK: what is no regular file must not hold us up.
  flags |= O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  Descriptor file(
      Uninterrupted([&] { return openat(directory_.get(), text.c_str(), flags, 0600); }));
  const bool create = (flags & O_CREAT) != 0;
  if (!file.valid()) {
    const int error = errno;
    if (!create) return OrMissing(NameFailure(name, "cannot be opened", error), error);
    Status status = NameFailure(name, "cannot be made", error);
    return error == EEXIST ? Status(Code::kReject, status.message()) : status;
  }
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return NameFailure(name, "cannot be examined", errno);
  if (!S_ISREG(info.st_mode)) {
    return Status(Code::kRetryLater, path_ + "/" + std::string(name) + ": is not a regular file");
  }
  return file.Release();
}

Result<ports::FileHandle> PosixStorage::Create(std::string_view name) {
  return OpenFile(name, O_RDWR | O_CREAT | O_EXCL);
}

Result<ports::FileHandle> PosixStorage::OpenRead(std::string_view name) {
  return OpenFile(name, O_RDONLY);
}

Result<ports::FileHandle> PosixStorage::OpenWrite(std::string_view name) {
  return OpenFile(name, O_RDWR);
}

void PosixStorage::Close(ports::FileHandle file) {
  const Descriptor closed(file);
}

Status PosixStorage::WriteAt(ports::FileHandle file, std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        Uninterrupted([&] { return pwrite(file, bytes.data(), bytes.size(), Position(offset)); });
    if (written <= 0) return FileFailure(file, "cannot be written", written < 0 ? errno : EIO);
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return Status::Ok();
}

Result<std::size_t> PosixStorage::ReadAt(ports::FileHandle file, std::uint64_t offset, char* out,
                                         std::size_t capacity) {
  std::size_t total = 0;
  while (total < capacity) {
    const ssize_t got = Uninterrupted(
        [&] { return pread(file, out + total, capacity - total, Position(offset + total)); });
    if (got < 0) return FileFailure(file, "cannot be read", errno);
    if (got == 0) break;
    total += static_cast<std::size_t>(got);
  }
  return total;
}

Result<std::uint64_t> PosixStorage::Size(ports::FileHandle file) {
  struct stat info {};
  if (fstat(file, &info) != 0) return FileFailure(file, "cannot be examined", errno);
  return static_cast<std::uint64_t>(info.st_size);
}

Status PosixStorage::Truncate(ports::FileHandle file, std::uint64_t bytes) {
  if (Uninterrupted([&] { return ftruncate(file, Position(bytes)); }) != 0)
    return FileFailure(file, "cannot be cut", errno);
  return Status::Ok();
}

Status PosixStorage::Sync(ports::FileHandle file) {
  if (Uninterrupted([&] { return fdatasync(file); }) != 0)
    return FileFailure(file, "cannot be synced", errno);
  return Status::Ok();
}

Status PosixStorage::Remove(std::string_view name) {
  const NameText text(name);
  if (!text.plain()) return NameFailure(name, "cannot be removed", EINVAL);
  if (unlinkat(directory_.get(), text.c_str(), 0) != 0) {
    const int error = errno;
    return OrMissing(NameFailure(name, "cannot be removed", error), error);
  }
  return Status::Ok();
}

Status PosixStorage::Rename(std::string_view from, std::string_view to) {
  const NameText old_name(from);
  const NameText new_name(to);
  if (!old_name.plain() || !new_name.plain()) return NameFailure(from, "cannot be renamed", EINVAL);
  if (renameat(directory_.get(), old_name.c_str(), directory_.get(), new_name.c_str()) != 0) {
    const int error = errno;
    return OrMissing(NameFailure(from, "cannot be renamed", error), error);
  }
  return Status::Ok();
}

// After a failure this descriptor is not asked again: what it says then is worth nothing.
Status PosixStorage::SyncDirectory() {
  if (unsynced_) {
    Status reopened = Open();
    if (!reopened.ok()) return reopened;
  }
  const int error = SyncNames(directory_.get());
  unsynced_ = error != 0;
  return unsynced_ ? SystemFailure(path_, "cannot be synced", error) : Status::Ok();
}

// By getdents64, since opendir would allocate.
Status PosixStorage::List(ports::FileVisitor& visitor) {
  const Descriptor listed(Uninterrupted(
      [&] { return openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (!listed.valid()) return SystemFailure(path_, "cannot be listed", errno);
  alignas(dirent64) std::array<char, 4096> entries;
  for (;;) {
    const ssize_t bytes =
        Uninterrupted([&] { return getdents64(listed.get(), entries.data(), entries.size()); });
    if (bytes < 0) return SystemFailure(path_, "cannot be listed", errno);
    if (bytes == 0) return Status::Ok();
    for (ssize_t at = 0; at < bytes;) {
      const void* place = entries.data() + at;  // the kernel aligns entries
      const auto* entry = static_cast<const dirent64*>(place);
      at += entry->d_reclen;
      struct stat info {};
      if (fstatat(listed.get(), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) continue;  // gone since
        return NameFailure(entry->d_name, "cannot be examined", errno);
      }
      if (!S_ISREG(info.st_mode)) continue;
      visitor.OnFile({entry->d_name, static_cast<std::uint64_t>(info.st_size)});
    }
  }
}

Result<std::uint64_t> PosixStorage::FreeBytes() {
  struct statvfs info {};
  if (Uninterrupted([&] { return fstatvfs(directory_.get(), &info); }) != 0)
    return SystemFailure(path_, "cannot be examined", errno);
  return std::uint64_t{info.f_bavail} * info.f_frsize;
}

}  // namespace depotlink::platform
