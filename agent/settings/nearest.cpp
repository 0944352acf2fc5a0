// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/nearest.hpp"

#include <algorithm>
#include <vector>

namespace depotlink::settings {
namespace {

// Longer names are no slip of any key; it bounds the table.
constexpr std::size_t kLongestName = 64;
constexpr std::size_t kShortestPart = 4;
constexpr std::size_t kPartDistance = 8;  // behind every real slip

}  // namespace

std::size_t EditDistance(std::string_view a, std::string_view b) {
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> cells((a.size() + 1) * width);
  const auto cell = [&cells, width](std::size_t i, std::size_t j) -> std::size_t& {
    return cells[i * width + j];
  };
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cell(i, j) = i + j;
        continue;
      }
      const std::size_t replace = cell(i - 1, j - 1) + (a[i - 1] == b[j - 1] ? 0 : 1);
      cell(i, j) = std::min({cell(i - 1, j) + 1, cell(i, j - 1) + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cell(i, j) = std::min(cell(i, j), cell(i - 2, j - 2) + 1);
      }
    }
  }
  return cell(a.size(), b.size());
}

std::string FoldName(std::string_view name) {
  std::string folded;
  for (const char c : name) {
    if (c == '_' || c == '-' || c == ' ') continue;
    folded += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return folded;
}

std::size_t SlipDistance(std::string_view written, std::string_view meant) {
  if (written.size() > kLongestName) return kNoSlip;
  const std::string a = FoldName(written);
  const std::string b = FoldName(meant);
  if (a.empty()) return kNoSlip;
  const std::size_t distance = EditDistance(a, b);
  const std::size_t longest = std::max(a.size(), b.size());
  const std::size_t allowed = std::clamp<std::size_t>(longest / 3, 1, 3);
  if (distance <= allowed && distance < longest) return distance;
  const bool part = (a.size() >= kShortestPart && b.find(a) != std::string::npos) ||
                    (b.size() >= kShortestPart && a.find(b) != std::string::npos);
  return part ? kPartDistance : kNoSlip;
}

}  // namespace depotlink::settings
