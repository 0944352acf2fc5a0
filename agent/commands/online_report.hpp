// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `check --online` says: a line a probe, or all of them as one JSON object.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace depotlink::commands {

enum class Mark : std::uint8_t { kOk, kWarn, kFail, kSkipped };

struct Finding {
  Mark mark = Mark::kSkipped;
  std::string text;
  std::string remedy;  // what to do about it; empty: nothing

  static Finding Ok(std::string text) { return {Mark::kOk, std::move(text), {}}; }
  static Finding Warn(std::string text, std::string remedy) {
    return {Mark::kWarn, std::move(text), std::move(remedy)};
  }
  static Finding Fail(std::string text, std::string remedy) {
    return {Mark::kFail, std::move(text), std::move(remedy)};
  }
  static Finding Skipped(std::string why) { return {Mark::kSkipped, std::move(why), {}}; }
  bool good() const { return mark == Mark::kOk || mark == Mark::kWarn; }
};

enum class ReportStyle : std::uint8_t { kPlain, kColour, kJson };

class OnlineReport {
 public:
  // `print` must outlive this.
  OnlineReport(const std::function<void(std::string_view)>& print, ReportStyle style)
      : print_(&print), style_(style) {}

  // Prints it, what strangers said in it without what moves a terminal's cursor.
  void Add(std::string_view probe, const Finding& finding);
  // Prints how it went. Returns the exit code: 0 where nothing failed or was left out.
  int Finish();

 private:
  void PrintLine(std::string_view probe, const Finding& finding) const;
  std::string Json(bool good) const;

  struct Line {
    std::string probe;
    Finding finding;
  };

  const std::function<void(std::string_view)>* print_;
  ReportStyle style_;
  std::vector<Line> lines_;
};

}  // namespace depotlink::commands
