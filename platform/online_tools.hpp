// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `check --online` needs of the system besides the agent's adapters. Main thread.

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/ports/files.hpp"
#include "agent/ports/names.hpp"
#include "platform/host_resolver.hpp"
#include "platform/posix_files.hpp"

namespace depotlink::platform {

class SystemNames final : public ports::Names {
 public:
  // `wake`: as HostResolver has it.
  explicit SystemNames(std::function<void()> wake) : resolver_(std::move(wake)) {}
  Status Start(const std::string& host) override { return resolver_.Start(host); }
  bool Take(ports::NameAnswer& out) override;

 private:
  HostResolver resolver_;
};

// Secrets in variables of the environment are read once and handed out again: they are gone after
// the first time.
class RememberingFiles final : public ports::FileReader {
 public:
  Result<std::string> ReadText(const std::string& path, std::size_t max_bytes) override {
    return files_.ReadText(path, max_bytes);
  }
  Result<Secret> ReadSecret(const std::string& source) override;
  Result<Secret> ReadPrivateKey(const std::string& source) override;

 private:
  const Secret* Known(const std::string& source) const;
  Result<Secret> Keep(const std::string& source, Result<Secret> secret);

  PosixFiles files_;
  std::map<std::string, Secret> known_;
};

// Takes away in the end the directories of `path` that were not there in the beginning, where they
// are empty: who runs a check need not be who runs the agent.
class NoTrace {
 public:
  explicit NoTrace(const std::string& path);
  ~NoTrace();
  NoTrace(const NoTrace&) = delete;
  NoTrace& operator=(const NoTrace&) = delete;

 private:
  std::vector<std::string> missing_;  // the innermost first
};

// Standard output is a terminal, and nobody asked for no colours (NO_COLOR).
bool WantsColour();

}  // namespace depotlink::platform
