// SPDX-License-Identifier: Apache-2.0
#include "platform/byte_relay.hpp"

namespace depotlink::platform {

namespace {

// In one Step and one direction: 64 KiB at most.
constexpr int kMostMoves = 32;

}  // namespace

// False where there is nothing to do before a wait, or ever.
bool ByteRelay::Lane::Deliver() {
  const IoResult result = to_->Write(buffer_.data() + begin_, end_ - begin_);
  if (result.state == IoState::kAgain) return false;
  if (result.state == IoState::kDone) {
    begin_ += result.count;
    return true;
  }
  broken_ = true;
  return false;
}

bool ByteRelay::Lane::Fetch() {
  const IoResult result = from_->Read(buffer_.data(), buffer_.size());
  if (result.state == IoState::kAgain) return false;
  begin_ = 0;
  end_ = result.state == IoState::kDone ? result.count : 0;
  ended_ = result.state != IoState::kDone;
  return true;
}

bool ByteRelay::Lane::Move() {
  for (int i = 0; i < kMostMoves; ++i) {
    if (broken_ || finished_) return false;
    if (begin_ < end_) {
      if (!Deliver()) return false;
    } else if (ended_) {
      finished_ = to_->Finish();
      return false;
    } else if (!Fetch()) {
      return false;
    }
  }
  return true;
}

// Where one side takes nothing more, its lane is broken, and the other goes on to its end: what was
// said before is still to be fetched.
bool ByteRelay::Step() {
  const bool more_out = out_.Move();
  const bool more_in = in_.Move();
  return !done() && (more_out || more_in);
}

}  // namespace depotlink::platform
