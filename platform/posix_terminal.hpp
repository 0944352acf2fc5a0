// SPDX-License-Identifier: Apache-2.0
#pragma once

// ports::Terminal on standard input; questions go to standard error, so that standard output holds
// results only. Signals that end a process are held back as long as this lives and end the reading
// instead: nothing is left half-done, and a terminal never without echo. Main thread.

#include <csignal>
#include <cstddef>
#include <string>
#include <string_view>

#include "agent/ports/terminal.hpp"
#include "platform/descriptor.hpp"

namespace depotlink::platform {

class PosixTerminal final : public ports::Terminal {
 public:
  PosixTerminal();
  PosixTerminal(const PosixTerminal&) = delete;
  PosixTerminal& operator=(const PosixTerminal&) = delete;
  // What came meanwhile takes its course.
  ~PosixTerminal() override;

  bool HasPerson() const override;
  void Say(std::string_view text) override;
  Result<std::string> ReadLine(std::size_t max_bytes) override;
  Result<Secret> ReadHidden(std::size_t max_bytes) override;

 private:
  // Into `line`, which has room for it beforehand, so that no copy of a secret stays behind.
  Status Read(std::size_t max_bytes, std::string& line);
  bool WaitForInput();

  sigset_t before_{};
  Descriptor signals_;
};

}  // namespace depotlink::platform
