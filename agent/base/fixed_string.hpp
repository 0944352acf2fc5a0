// SPDX-License-Identifier: Apache-2.0
#pragma once

// Text of a bounded length inside its owner: no heap, copyable, never overruns. For names that
// strangers choose: what does not fit is cut at a whole UTF-8 character.

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace depotlink {

template <std::size_t kCapacity>
class FixedString {
 public:
  FixedString() = default;
  explicit FixedString(std::string_view text) { Assign(text); }

  // Returns false where the text had to be cut.
  bool Assign(std::string_view text) {
    std::size_t length = text.size();
    if (length > kCapacity) {
      length = kCapacity;
      while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) --length;
    }
    if (length > 0) std::memcpy(bytes_.data(), text.data(), length);
    size_ = length;
    return length == text.size();
  }
  void Clear() { size_ = 0; }
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, kCapacity> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace depotlink
