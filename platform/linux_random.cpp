// SPDX-License-Identifier: Apache-2.0
#include "platform/linux_random.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <ctime>

namespace depotlink::platform {

LinuxRandom::LinuxRandom() {
  // A box without a clock may start before its kernel has gathered randomness. Jitter needs no
  // secrecy, only that boxes differ: no waiting.
  if (getrandom(&state_, sizeof(state_), GRND_NONBLOCK) == static_cast<ssize_t>(sizeof(state_))) {
    return;
  }
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  state_ = static_cast<std::uint64_t>(now.tv_nsec) ^
           (static_cast<std::uint64_t>(now.tv_sec) << 32) ^
           (static_cast<std::uint64_t>(getpid()) << 48) ^ reinterpret_cast<std::uintptr_t>(this);
}

// Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014), figure 17.
std::uint64_t LinuxRandom::Next() {
  state_ += 0x9E3779B97F4A7C15U;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBU;
  return mixed ^ (mixed >> 31);
}

}  // namespace depotlink::platform
