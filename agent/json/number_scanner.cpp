// SPDX-License-Identifier: Apache-2.0
#include "agent/json/number_scanner.hpp"

namespace depotlink::json {

bool NumberScanner::Take(char c) {
  const bool digit = c >= '0' && c <= '9';
  const bool e = c == 'e' || c == 'E';
  const auto go = [this](Step next) {
    step_ = next;
    return true;
  };
  switch (step_) {
    case Step::kMinus:
      return digit && go(c == '0' ? Step::kZero : Step::kInt);
    case Step::kZero:
      return (c == '.' && go(Step::kPoint)) || (e && go(Step::kE));
    case Step::kInt:
      return digit || (c == '.' && go(Step::kPoint)) || (e && go(Step::kE));
    case Step::kPoint:
      return digit && go(Step::kFraction);
    case Step::kFraction:
      return digit || (e && go(Step::kE));
    case Step::kE:
      return (digit && go(Step::kExponent)) || ((c == '+' || c == '-') && go(Step::kESign));
    case Step::kESign:
      return digit && go(Step::kExponent);
    case Step::kExponent:
      return digit;
  }
  return false;
}

}  // namespace depotlink::json
