// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace depotlink::ports {

// Raw DEFLATE (RFC 1951) of one block at a time, with a preset dictionary. The format is fixed:
// what one build packed, every other unpacks. All memory is taken when the adapter is made. Main
// thread.
class Compressor {
 public:
  // Both are read alike. Little: half of the time, and 5 percent more room for text that holds few
  // repeats, up to a third more for other text.
  enum class Effort { kLittle, kFull };

  virtual ~Compressor() = default;
  // Bytes written to `out`; 0 where the result would not fit into `capacity`. `dictionary` may be
  // empty.
  virtual std::size_t Pack(Effort effort, std::string_view dictionary, std::string_view raw,
                           char* out, std::size_t capacity) = 0;
  // True where `packed` unpacks with the same dictionary to exactly `raw_bytes`, which then stand
  // in `out`. Never writes beyond `raw_bytes`, whatever `packed` is.
  [[nodiscard]] virtual bool Unpack(std::string_view dictionary, std::string_view packed, char* out,
                                    std::size_t raw_bytes) = 0;
};

}  // namespace depotlink::ports
