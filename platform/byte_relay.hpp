// SPDX-License-Identifier: Apache-2.0
#pragma once

// Carries bytes both ways between a near end (ours) and a far one, in two buffers of fixed size:
// where one side takes nothing, the other is not read, so that the pressure reaches who writes.
// What the near end wrote before it closed is still handed over, and the other way round. Main
// thread; never waits.

#include <array>
#include <cstddef>

#include "platform/byte_stream.hpp"

namespace depotlink::platform {

// A TLS record of ours holds no more (toolchains/mbedtls_config.h).
inline constexpr std::size_t kRelayBytes = 4096;

class ByteRelay {
 public:
  // Both must outlive it.
  ByteRelay(ByteStream& near, ByteStream& far) : out_(near, far), in_(far, near) {}
  ByteRelay(const ByteRelay&) = delete;
  ByteRelay& operator=(const ByteRelay&) = delete;

  // Moves what can be moved at once, but no more than some records, so that others have their turn.
  // True where it stopped for that: then it is to be called again without a wait.
  bool Step();

  // One side has ended; what it left is being handed over.
  bool ending() const { return out_.ended() || in_.ended(); }
  // Nothing is left to be handed over to whoever is still there.
  bool done() const { return out_.closed() || in_.closed() || (out_.broken() && in_.broken()); }

  // What to wait for with poll(); 0: nothing, and then the end must stay out of the poll, because a
  // hang-up is told unasked.
  short near_events() const { return Events(out_, in_); }
  short far_events() const { return Events(in_, out_); }

 private:
  class Lane {
   public:
    Lane(ByteStream& from, ByteStream& to) : from_(&from), to_(&to) {}
    bool Move();
    bool ended() const { return ended_ || broken_; }
    // All that came was handed over, and the end of it too.
    bool closed() const { return finished_; }
    bool broken() const { return broken_; }
    short read_events() const {
      return !broken_ && !ended_ && begin_ == end_ ? from_->read_wants() : short{0};
    }
    short write_events() const {
      return !broken_ && !finished_ && (begin_ < end_ || ended_) ? to_->write_wants() : short{0};
    }

   private:
    bool Deliver();
    bool Fetch();

    ByteStream* from_;
    ByteStream* to_;
    std::array<char, kRelayBytes> buffer_{};
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool ended_ = false;     // nothing more comes
    bool finished_ = false;  // and all of it was taken
    bool broken_ = false;    // nothing is taken any more
  };

  static short Events(const Lane& reading, const Lane& writing) {
    return static_cast<short>(reading.read_events() | writing.write_events());
  }

  Lane out_;  // from near to far
  Lane in_;
};

}  // namespace depotlink::platform
