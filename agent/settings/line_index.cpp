// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/line_index.hpp"

#include <algorithm>
#include <iterator>

#include "agent/json/utf8.hpp"

namespace depotlink::settings {

LineIndex::LineIndex(std::string_view text) : text_(text), starts_{0} {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') starts_.push_back(i + 1);
  }
}

Position LineIndex::At(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  const auto next = std::upper_bound(starts_.begin(), starts_.end(), offset);
  const std::size_t start = *std::prev(next);
  std::string_view before = text_.substr(start, offset - start);
  if (start == 0 && before.substr(0, json::kByteOrderMark.size()) == json::kByteOrderMark) {
    before.remove_prefix(json::kByteOrderMark.size());
  }
  return {static_cast<int>(next - starts_.begin()),
          static_cast<int>(json::CountCharacters(before)) + 1};
}

std::size_t LineIndex::Offset(std::size_t line, std::size_t byte_column) const {
  const std::size_t index = std::clamp<std::size_t>(line, 1, starts_.size()) - 1;
  return std::min(starts_[index] + std::max<std::size_t>(byte_column, 1) - 1, text_.size());
}

}  // namespace depotlink::settings
