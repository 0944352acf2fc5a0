// SPDX-License-Identifier: Apache-2.0
#pragma once

// A person whose answers are known beforehand; then the input ends.

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "agent/ports/terminal.hpp"

namespace depotlink::fakes {

class FakeTerminal : public ports::Terminal {
 public:
  void Answer(std::string line) { answers_.push_back(std::move(line)); }
  // What was said, and what was typed and shown.
  const std::string& screen() const { return screen_; }
  std::size_t answers_left() const { return answers_.size(); }
  void set_person(bool there) { person_ = there; }

  bool HasPerson() const override { return person_; }
  void Say(std::string_view text) override { screen_ += text; }
  Result<std::string> ReadLine(std::size_t max_bytes) override {
    std::string line;
    Status status = Take(max_bytes, line);
    if (!status.ok()) return status;
    screen_ += line + '\n';
    return line;
  }
  Result<Secret> ReadHidden(std::size_t max_bytes) override {
    std::string line;
    Status status = Take(max_bytes, line);
    screen_ += '\n';
    if (!status.ok()) return status;
    return Result<Secret>(Secret(std::move(line)));
  }

 private:
  Status Take(std::size_t max_bytes, std::string& line) {
    if (answers_.empty()) return {Code::kSkip, "the input has ended"};
    line = std::move(answers_.front());
    answers_.pop_front();
    return line.size() > max_bytes ? Status(Code::kReject, "the line is too long") : Status::Ok();
  }

  std::deque<std::string> answers_;
  std::string screen_;
  bool person_ = true;
};

}  // namespace depotlink::fakes
