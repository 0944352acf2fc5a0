// SPDX-License-Identifier: Apache-2.0
#pragma once

// ports::FileReader on POSIX. Checks look at the open descriptor, never at the name, so that no
// swap between check and use helps anybody. Bounds as the caller says; secrets
// limits::kSecretFileBytes. Main thread only: it looks into the environment.

#include "agent/ports/files.hpp"

namespace depotlink::platform {

class PosixFiles final : public ports::FileReader {
 public:
  Result<std::string> ReadText(const std::string& path, std::size_t max_bytes) override;
  Result<Secret> ReadSecret(const std::string& source) override;
  Result<Secret> ReadPrivateKey(const std::string& source) override;
};

}  // namespace depotlink::platform
