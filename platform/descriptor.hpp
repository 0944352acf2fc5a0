// SPDX-License-Identifier: Apache-2.0
#pragma once

// A file descriptor that is closed when its holder goes.

#include <unistd.h>

#include <utility>

namespace depotlink::platform {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) Reset(other.Release());
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { Reset(-1); }

  // -1: none.
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  // The caller's from now on.
  [[nodiscard]] int Release() { return std::exchange(fd_, -1); }

 private:
  // Linux lets go of the descriptor even where close() fails, so that there is nothing to repeat.
  void Reset(int fd) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }

  int fd_ = -1;
};

}  // namespace depotlink::platform
