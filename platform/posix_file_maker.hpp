// SPDX-License-Identifier: Apache-2.0
#pragma once

// ports::FileMaker on POSIX. Main thread.

#include <sys/types.h>

#include <string>
#include <string_view>
#include <utility>

#include "agent/ports/file_maker.hpp"
#include "platform/agent_user.hpp"

namespace depotlink::platform {

class PosixFileMaker final : public ports::FileMaker {
 public:
  explicit PosixFileMaker(AgentUser user) : user_(std::move(user)) {}

  std::string AgentsName() const override { return user_.name; }
  ports::Standing Look(const std::string& path) override;
  Status MakeDirectory(const std::string& path, ports::Readers readers) override;
  Status Write(const std::string& path, std::string_view text, ports::Readers readers,
               bool replace) override;
  Status Adopt(const std::string& path) override;
  void Remove(const std::string& path) override;

 private:
  // Gives the open file or directory to whom `readers` says; 0 or the errno.
  int Give(int fd, ports::Readers readers, mode_t mode) const;
  // A new file beside, written and synced; 0 or the errno.
  int Fill(int directory, const std::string& name, std::string_view text,
           ports::Readers readers) const;

  AgentUser user_;
};

}  // namespace depotlink::platform
