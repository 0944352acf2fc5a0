// SPDX-License-Identifier: Apache-2.0
#pragma once

// Keeps what was logged, for a test to look at.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/log.hpp"

namespace depotlink::fakes {

class LogCapture : public LogSink {
 public:
  struct Line {
    LogLevel level;
    std::string text;
  };

  void WriteLine(LogLevel level, std::string_view line) override {
    lines_.push_back({level, std::string(line)});
  }

  const std::vector<Line>& lines() const { return lines_; }
  void Clear() { lines_.clear(); }
  std::size_t Count(LogLevel level) const {
    return CountIf([level](const Line& line) { return line.level == level; });
  }
  std::size_t Count(LogLevel level, std::string_view part) const {
    return CountIf([level, part](const Line& line) {
      return line.level == level && line.text.find(part) != std::string::npos;
    });
  }
  // In whatever level.
  bool Has(std::string_view part) const {
    return CountIf([part](const Line& line) { return line.text.find(part) != std::string::npos; }) >
           0;
  }

 private:
  template <typename Wanted>
  std::size_t CountIf(Wanted wanted) const {
    return static_cast<std::size_t>(std::count_if(lines_.begin(), lines_.end(), wanted));
  }

  std::vector<Line> lines_;
};

}  // namespace depotlink::fakes
