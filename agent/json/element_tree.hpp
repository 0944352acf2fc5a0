// SPDX-License-Identifier: Apache-2.0
#pragma once

// A pass over an element's text before JsonCpp reads it: refuses what JsonCpp 1.9.5 lets pass even
// in its strict mode, and mends what would cost a whole element for one bad field. Part of
// ElementReader, in a file of its own for its length.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace depotlink::json {

struct ElementCheck {
  const char* fault = nullptr;  // null: the text may go to JsonCpp
  std::size_t fault_at = 0;     // byte
  std::uint32_t mended = 0;
};

// Refused as well: more than limits::kElementValues, which would cost memory that is not planned.
// `mended_text`: the text to read instead where `mended` > 0 (same length, same places); else
// empty.
// - Half of a surrogate pair (`\ud83d` alone) becomes `\ufffd`.
// - A number of 1e300 or more becomes null: JsonCpp 1.9.5 fails on those past a double's range.
ElementCheck CheckElement(std::string_view text, std::string& mended_text);

}  // namespace depotlink::json
