// SPDX-License-Identifier: Apache-2.0
#pragma once

// ports::Compressor on zlib: raw deflate, a window of 8 KiB (windowBits -13), memLevel 6, level 6
// (1 for little effort).
// Packing and unpacking use the same memory by turns, since neither keeps anything from one block
// to the next: one arena of 72 KiB, taken when it is made. (zlib 1.3.1 takes 69.8 KiB of it for
// packing and 15.0 KiB for unpacking.) One thread.

#include <cstddef>
#include <memory>

#include "agent/base/limits.hpp"
#include "agent/ports/compressor.hpp"

namespace depotlink::platform {

class DeflateCompressor final : public ports::Compressor {
 public:
  static constexpr std::size_t kArenaBytes = limits::kCompressorBytes;

  DeflateCompressor();
  ~DeflateCompressor() override;
  DeflateCompressor(const DeflateCompressor&) = delete;
  DeflateCompressor& operator=(const DeflateCompressor&) = delete;

  // False where this zlib wants more than the arena has: Pack and Unpack then fail always.
  bool ready() const { return ready_; }
  // The most that zlib has taken of the arena.
  std::size_t arena_used() const;

  std::size_t Pack(Effort effort, std::string_view dictionary, std::string_view raw, char* out,
                   std::size_t capacity) override;
  bool Unpack(std::string_view dictionary, std::string_view packed, char* out,
              std::size_t raw_bytes) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
  bool ready_ = false;
};

}  // namespace depotlink::platform
