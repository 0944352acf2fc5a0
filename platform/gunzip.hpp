// SPDX-License-Identifier: Apache-2.0
#pragma once

// Gzip decoding in bounded pieces. libcurl could decode by itself, but while a transfer is paused
// it keeps everything that the last network piece inflates to (up to 64 MiB); here a pause keeps
// the encoded piece only. Holds about 40 KiB while an answer is being decoded. One thread.

#include <cstddef>
#include <memory>
#include <string_view>

namespace depotlink::platform {

class Gunzip {
 public:
  Gunzip();
  ~Gunzip();
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  // Gets ready for a new stream. False where there is no memory for it.
  [[nodiscard]] bool Begin();
  // Takes from the front of `input` (what is left of it stays) and fills at most `room` bytes of
  // `out`. Returns the bytes made, or -1 where the stream is broken. 0 with an empty `input`: needs
  // more.
  std::ptrdiff_t Read(std::string_view& input, char* out, std::size_t room);
  // True where the stream ended where a gzip stream may end.
  bool complete() const;
  // Gives the memory back.
  void End();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace depotlink::platform
