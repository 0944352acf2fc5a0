// SPDX-License-Identifier: Apache-2.0
#include "agent/gap_book.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace depotlink {
namespace {

// The first number of the file: what the others mean.
constexpr std::uint64_t kFormat = 1;
constexpr std::uint64_t kMostTimeMs = 4102444800000;  // 2100-01-01T00:00:00Z

class Numbers {
 public:
  explicit Numbers(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

  bool done() const { return at_ == end_; }
  // The next one, up to `most`, and the one character behind it.
  bool Take(std::uint64_t most, std::uint64_t& out) {
    const auto [next, error] = std::from_chars(at_, end_, out);
    if (error != std::errc() || next == end_ || out > most) return false;
    at_ = next + 1;
    return true;
  }
  bool Take(std::int64_t& out) {
    std::uint64_t ms = 0;
    if (!Take(kMostTimeMs, ms)) return false;
    out = static_cast<std::int64_t>(ms);
    return true;
  }

 private:
  const char* at_;
  const char* end_;
};

}  // namespace

// The first one may be worked on, and stays as it is.
void GapBook::Add(const Gap& gap) {
  if (count_ == gaps_.size()) {
    std::size_t nearest = 1;
    for (std::size_t i = 1; i + 1 < count_; ++i) {
      const auto space = [this](std::size_t at) { return gaps_[at + 1].from_ms - gaps_[at].to_ms; };
      if (space(i) < space(nearest)) nearest = i;
    }
    gaps_[nearest].to_ms = gaps_[nearest + 1].to_ms;
    gaps_[nearest].marked = false;
    std::move(gaps_.begin() + static_cast<std::ptrdiff_t>(nearest) + 2, gaps_.end(),
              gaps_.begin() + static_cast<std::ptrdiff_t>(nearest) + 1);
    --count_;
  }
  gaps_[count_++] = gap;
}

void GapBook::PopFront() {
  std::move(gaps_.begin() + 1, gaps_.end(), gaps_.begin());
  --count_;
}

void GapBook::Unmark() {
  for (Gap& gap : gaps_) gap.marked = false;
}

std::string GapBook::Write(std::int64_t last_good_ms) const {
  std::string text = std::to_string(kFormat) + ' ' + std::to_string(last_good_ms) + '\n';
  for (std::size_t i = 0; i < count_; ++i) {
    const Gap& gap = gaps_[i];
    text += std::to_string(gap.from_ms) + ' ' + std::to_string(gap.to_ms) + ' ' +
            std::to_string(gap.done) + '\n';
  }
  return text;
}

bool GapBook::Read(std::string_view text, std::int64_t& last_good_ms) {
  Numbers numbers(text);
  GapBook read;
  std::uint64_t format = 0;
  std::int64_t last_ms = 0;
  if (!numbers.Take(kFormat, format) || format != kFormat || !numbers.Take(last_ms)) return false;
  while (!numbers.done()) {
    Gap gap;
    if (read.count_ == limits::kGaps || !numbers.Take(gap.from_ms) || !numbers.Take(gap.to_ms) ||
        !numbers.Take(UINT64_MAX, gap.done) || gap.to_ms <= gap.from_ms) {
      return false;
    }
    read.Add(gap);
  }
  *this = read;
  last_good_ms = last_ms;
  return true;
}

}  // namespace depotlink
