// SPDX-License-Identifier: Apache-2.0
#pragma once

// ports::Storage over one directory. The directory is opened once and everything in it is reached
// through that descriptor, so that nobody can put another in its place. A handle of the port is a
// file descriptor; the success path allocates nothing. Names of up to 255 bytes. Main thread.

#include <string>
#include <utility>

#include "agent/ports/storage.hpp"
#include "platform/descriptor.hpp"

namespace depotlink::platform {

class PosixStorage final : public ports::Storage {
 public:
  PosixStorage() = default;
  // For Open() without a path.
  explicit PosixStorage(std::string path) : path_(std::move(path)) {}

  // Opens the directory `path`, and makes it where it is missing, and what is missing above it
  // (mode 0700; each new name is synced). Refused (kAskPerson, with the remedy) where it is no
  // directory, belongs to neither this user nor root, or may be changed by everybody (unless its
  // sticky bit is set). Other failures by the codes of the port. Until it succeeds, every other
  // call fails (kRetryLater). May be called again at any time, as for a disk that came back: the
  // directory that was open is then let go, handles stay as they are.
  Status Open(const std::string& path);
  // Whether what is written there is gone with the power: the directory is on a tmpfs or ramfs.
  bool OnRamDisk() const;

  Status Open() override { return Open(std::string(path_)); }
  bool InMemory() const override { return OnRamDisk(); }

  Result<ports::FileHandle> Create(std::string_view name) override;
  Result<ports::FileHandle> OpenRead(std::string_view name) override;
  Result<ports::FileHandle> OpenWrite(std::string_view name) override;
  void Close(ports::FileHandle file) override;
  Status WriteAt(ports::FileHandle file, std::uint64_t offset, std::string_view bytes) override;
  Result<std::size_t> ReadAt(ports::FileHandle file, std::uint64_t offset, char* out,
                             std::size_t capacity) override;
  Result<std::uint64_t> Size(ports::FileHandle file) override;
  Status Truncate(ports::FileHandle file, std::uint64_t bytes) override;
  Status Sync(ports::FileHandle file) override;
  Status Remove(std::string_view name) override;
  Status Rename(std::string_view from, std::string_view to) override;
  Status SyncDirectory() override;
  Status List(ports::FileVisitor& visitor) override;
  Result<std::uint64_t> FreeBytes() override;

 private:
  Result<ports::FileHandle> OpenFile(std::string_view name, int flags);
  Status NameFailure(std::string_view name, std::string_view what, int error) const;
  Status FileFailure(ports::FileHandle file, std::string_view what, int error) const;

  std::string path_;  // for messages
  Descriptor directory_;
  bool unsynced_ = false;  // the last SyncDirectory() failed
};

}  // namespace depotlink::platform
