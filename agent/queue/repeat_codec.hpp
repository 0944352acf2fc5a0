// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a record has in common with the one before it, told by reference: the first half of
// BlockPacking::kFolded2. Records are JSON texts of one form, so nearly all of one stands in the
// one before, at the same distance field by field; what is left, a sixth, is all that the slower
// compressor must look at. The bytes are drawn in README.md of this folder. No memory, no state.

#include <cstddef>
#include <string_view>

namespace depotlink::queue {

// Bytes written to `out`; 0 where the result would not fit into `capacity`, or `raw` is empty.
std::size_t FoldRepeats(std::string_view raw, char* out, std::size_t capacity);

// True where `folded` tells exactly `raw_bytes`, which then stand in `out`. Never writes beyond
// them, nor reads outside of what it has written, whatever `folded` is.
[[nodiscard]] bool UnfoldRepeats(std::string_view folded, char* out, std::size_t raw_bytes);

}  // namespace depotlink::queue
