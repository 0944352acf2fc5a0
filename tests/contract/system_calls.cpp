// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/system_calls.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

using depotlink::contract::Calls;

namespace {

bool Interrupted() {
  if (Calls().interruptions <= 0) return false;
  --Calls().interruptions;
  errno = EINTR;
  return true;
}

std::size_t Piece(std::size_t bytes) {
  ++Calls().reads_and_writes;
  return Calls().piece == 0 ? bytes : std::min(bytes, Calls().piece);
}

bool SyncFails() {
  const int error = std::exchange(Calls().sync_error, 0);
  if (error != 0) errno = error;
  return error != 0;
}

}  // namespace

namespace depotlink::contract {

SystemCalls& Calls() {
  static SystemCalls calls;
  return calls;
}

std::atomic<bool>& NextWritevBreaks() {
  static std::atomic<bool> breaks{false};
  return breaks;
}

}  // namespace depotlink::contract

// The linker's names for what is wrapped and what stands behind it.
extern "C" {

ssize_t __real_pwrite(int file, const void* from, size_t bytes, off_t offset);
ssize_t __real_pread(int file, void* out, size_t bytes, off_t offset);
int __real_fdatasync(int file);
int __real_fsync(int file);
ssize_t __real_writev(int file, const iovec* pieces, int count);

ssize_t __wrap_writev(int file, const iovec* pieces, int count) {
  if (!depotlink::contract::NextWritevBreaks().exchange(false)) {
    return __real_writev(file, pieces, count);
  }
  shutdown(file, SHUT_RDWR);
  errno = EPIPE;
  return -1;
}

ssize_t __wrap_pwrite(int file, const void* from, size_t bytes, off_t offset) {
  if (Interrupted()) return -1;
  return __real_pwrite(file, from, Piece(bytes), offset);
}

ssize_t __wrap_pread(int file, void* out, size_t bytes, off_t offset) {
  if (Interrupted()) return -1;
  return __real_pread(file, out, Piece(bytes), offset);
}

int __wrap_fdatasync(int file) {
  if (Interrupted()) return -1;
  ++Calls().data_syncs;
  return SyncFails() ? -1 : __real_fdatasync(file);
}

int __wrap_fsync(int file) {
  if (Interrupted()) return -1;
  struct stat info {};
  if (fstat(file, &info) == 0) Calls().full_syncs.push_back(info.st_ino);
  return SyncFails() ? -1 : __real_fsync(file);
}

}  // extern "C"
