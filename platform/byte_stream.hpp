// SPDX-License-Identifier: Apache-2.0
#pragma once

// One end that bytes come from and go to, without ever waiting. Main thread.

#include <poll.h>

#include <cstddef>
#include <cstdint>

namespace depotlink::platform {

enum class IoState : std::uint8_t {
  kDone,   // `count` bytes, at least one
  kAgain,  // nothing for now: wait for read_wants() or write_wants()
  kEnd,    // the other side has ended in order
  kFailed  // and has no more to say
};

struct IoResult {
  IoState state = IoState::kAgain;
  std::size_t count = 0;
};

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  virtual IoResult Read(char* out, std::size_t most) = 0;
  // After kAgain the same bytes, at the same place, are to be offered again.
  virtual IoResult Write(const char* bytes, std::size_t count) = 0;
  // Says that nothing more will be written. False where it must be called again, after a wait for
  // write_wants().
  virtual bool Finish() = 0;
  // For poll(), after a Read or a Write that said kAgain.
  virtual short read_wants() const { return POLLIN; }
  virtual short write_wants() const { return POLLOUT; }
};

}  // namespace depotlink::platform
