// SPDX-License-Identifier: Apache-2.0
#pragma once

// A text that must not be seen: not copyable, not printable, wiped when it goes. Reading it takes a
// call whose name can be searched for.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace depotlink {

// Overwrites in a way that the compiler may not leave out.
inline void Wipe(void* bytes, std::size_t count) {
  volatile char* wiped = static_cast<char*>(bytes);
  for (std::size_t i = 0; i < count; ++i) wiped[i] = '\0';
}

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string&& text) : text_(std::move(text)) { WipeString(text); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { WipeString(other.text_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      WipeString(text_);
      text_ = std::move(other.text_);
      WipeString(other.text_);
    }
    return *this;
  }
  ~Secret() { WipeString(text_); }

  bool empty() const { return text_.empty(); }
  std::string_view Reveal() const { return text_; }

  // All that `text` has room for, then empties it.
  static void WipeString(std::string& text) {
    Wipe(text.data(), text.capacity());
    text.clear();
  }

 private:
  std::string text_;
};

}  // namespace depotlink
