// SPDX-License-Identifier: Apache-2.0
#pragma once

// Byte offsets of a text as lines and columns, as an editor shows them: both from 1, columns in
// characters, a tab counts one, a byte order mark counts nothing.

#include <cstddef>
#include <string_view>
#include <vector>

namespace depotlink::settings {

struct Position {
  int line = 1;
  int column = 1;
};

class LineIndex {
 public:
  // `text` must outlive the index.
  explicit LineIndex(std::string_view text);

  // An offset behind the end stands for the end.
  Position At(std::size_t offset) const;
  // The offset of a line and a byte column, both from 1; what lies outside is moved to the nearest
  // place inside.
  std::size_t Offset(std::size_t line, std::size_t byte_column) const;

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;  // of each line, ascending
};

}  // namespace depotlink::settings
