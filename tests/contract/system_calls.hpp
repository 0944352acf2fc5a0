// SPDX-License-Identifier: Apache-2.0
#pragma once

// A seam between the adapters and the C library, put there by the linker (--wrap, see
// CMakeLists.txt): calls on files that are interrupted, do a part only, or fail, as a test says.

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <vector>

namespace depotlink::contract {

struct SystemCalls {
  // So many of the next calls end with EINTR before they did anything.
  int interruptions = 0;
  // The most bytes that one call reads or writes; 0: as many as it is asked for.
  std::size_t piece = 0;
  // The next fsync or fdatasync fails with this; 0: it does not.
  int sync_error = 0;

  // What was called.
  int reads_and_writes = 0;
  int data_syncs = 0;
  std::vector<ino_t> full_syncs;  // the inode of each
};

// The one that is in force; a test sets it back with `= {}`.
SystemCalls& Calls();

// True: the next writev, of whatever thread, finds its connection dead. Sets itself back.
std::atomic<bool>& NextWritevBreaks();

}  // namespace depotlink::contract
