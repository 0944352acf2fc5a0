// SPDX-License-Identifier: Apache-2.0
#pragma once

// Finds what somebody meant who mistyped a name.

#include <cstddef>
#include <string>
#include <string_view>

namespace depotlink::settings {

// How many insertions, removals, replacements and swaps of neighbours lead from `a` to `b` (optimal
// string alignment), in bytes.
std::size_t EditDistance(std::string_view a, std::string_view b);

// Lower case, without `_`, `-` and blanks: `keyFile`, `key-file` and `key_file` are one name.
std::string FoldName(std::string_view name);

// How far `written` is from `meant` as a slip: 0 where only the folding differs. kNoSlip where they
// have too little in common. A name that contains the other (of 4 letters or more) counts as near.
inline constexpr std::size_t kNoSlip = 1000;
std::size_t SlipDistance(std::string_view written, std::string_view meant);

}  // namespace depotlink::settings
