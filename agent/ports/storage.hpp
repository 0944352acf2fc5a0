// SPDX-License-Identifier: Apache-2.0
#pragma once

// One directory of files that belongs to one user of this port. The promises are those of POSIX and
// no more: what was written is on the device only after Sync(), a name (created, removed, renamed)
// only after SyncDirectory(), and until then either may survive a power cut or not, whole or in
// part.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/status.hpp"

namespace depotlink::ports {

// Given out by Create, OpenRead and OpenWrite; dead after Close.
using FileHandle = int;
inline constexpr FileHandle kNoFile = -1;

struct FileEntry {
  std::string_view name;  // valid during the call
  std::uint64_t bytes = 0;
};

class FileVisitor {
 public:
  virtual ~FileVisitor() = default;
  // Must not call the storage.
  virtual void OnFile(const FileEntry& entry) = 0;
};

// Codes of a failed Status: kFull (no space, no inodes, quota), kAskPerson (not permitted,
// read-only file system), kSkip (no file of that name), kReject (Create: the name exists),
// kRetryLater (anything else, I/O errors among it). Messages name the path and the system's reason,
// and the remedy where it is known. EINTR and short writes stay inside the adapter. Main thread;
// calls block as long as the device does.
class Storage {
 public:
  virtual ~Storage() = default;

  // Makes the directory where it is missing and gets hold of it; before all else, and again where
  // it failed or a disk came back. What was open stays open. kAskPerson where it is not ours alone.
  virtual Status Open() = 0;
  // True where what is written here costs no flash and does not outlive a reboot. After Open().
  virtual bool InMemory() const = 0;

  // Names are plain: letters, digits, `.`, `-`, `_`; no slash.

  // A new, empty file (mode 0600) opened for writing and reading.
  virtual Result<FileHandle> Create(std::string_view name) = 0;
  // A file that exists, for reading only. Symbolic links are not followed.
  virtual Result<FileHandle> OpenRead(std::string_view name) = 0;
  // A file that exists, for writing and reading.
  virtual Result<FileHandle> OpenWrite(std::string_view name) = 0;
  // No effect on kNoFile. Never fails: what matters was synced before.
  virtual void Close(FileHandle file) = 0;

  // Writes all of `bytes` at `offset`, which is at most the file's size. After a failure any part
  // of the range may have been written.
  virtual Status WriteAt(FileHandle file, std::uint64_t offset, std::string_view bytes) = 0;
  // Fewer than `capacity` bytes only where the file ends.
  virtual Result<std::size_t> ReadAt(FileHandle file, std::uint64_t offset, char* out,
                                     std::size_t capacity) = 0;
  virtual Result<std::uint64_t> Size(FileHandle file) = 0;
  virtual Status Truncate(FileHandle file, std::uint64_t bytes) = 0;
  // Data and size are on the device when it succeeds (fdatasync). After a failure the kernel may
  // have thrown the data away and report success the next time: never call it again for this
  // handle.
  virtual Status Sync(FileHandle file) = 0;

  virtual Status Remove(std::string_view name) = 0;
  // Replaces `to` where it exists.
  virtual Status Rename(std::string_view from, std::string_view to) = 0;
  // Names are on the device when it succeeds.
  virtual Status SyncDirectory() = 0;
  // Regular files only, in no particular order.
  virtual Status List(FileVisitor& visitor) = 0;
  // What an unprivileged user may still write on this file system.
  virtual Result<std::uint64_t> FreeBytes() = 0;
};

}  // namespace depotlink::ports
