// SPDX-License-Identifier: Apache-2.0
#pragma once

// What time it is by the API's own clock, carried on by a clock that never jumps. A box without a
// battery may believe anything after a power cut; whatever was polled came with this time.

#include <cstdint>

#include "agent/base/time.hpp"

namespace depotlink::poll {

class ServerClock {
 public:
  // A good answer came at `now` and said that it was `server` (RFC 9110, 6.6.1: Date).
  void Note(WallTime server, MonoTime now) {
    offset_ms_ = server.ms - now.ms;
    noted_ = now;
    known_ = true;
  }
  // False until the first answer.
  bool known() const { return known_; }
  WallTime Now(MonoTime now) const { return {now.ms + offset_ms_}; }
  // When it was last told.
  MonoTime noted() const { return noted_; }

 private:
  std::int64_t offset_ms_ = 0;
  MonoTime noted_{};
  bool known_ = false;
};

}  // namespace depotlink::poll
