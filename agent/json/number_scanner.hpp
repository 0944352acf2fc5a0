// SPDX-License-Identifier: Apache-2.0
#pragma once

// The grammar of a JSON number (RFC 8259, section 6), a byte at a time.

#include <cstdint>

namespace depotlink::json {

class NumberScanner {
 public:
  // Starts with the number's first byte, `-` or a digit.
  void Begin(char first) {
    step_ = first == '-' ? Step::kMinus : first == '0' ? Step::kZero : Step::kInt;
  }
  // Takes one more byte of the number; false where it does not belong to it.
  bool Take(char c);
  // True where the number could end here.
  bool whole() const {
    return step_ == Step::kZero || step_ == Step::kInt || step_ == Step::kFraction ||
           step_ == Step::kExponent;
  }

 private:
  enum class Step : std::uint8_t { kMinus, kZero, kInt, kPoint, kFraction, kE, kESign, kExponent };
  Step step_ = Step::kMinus;
};

}  // namespace depotlink::json
