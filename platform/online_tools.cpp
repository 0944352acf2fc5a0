// SPDX-License-Identifier: Apache-2.0
#include "platform/online_tools.hpp"

#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "platform/posix_directory.hpp"

namespace depotlink::platform {

bool SystemNames::Take(ports::NameAnswer& out) {
  HostResolver::Addresses found;
  if (!resolver_.Take(found)) return false;
  out = {};
  out.failure = found.failure;
  for (std::size_t i = 0; i < found.count; ++i) {
    if (i > 0) out.addresses += ' ';
    out.addresses += found.text[i];
  }
  return true;
}

namespace {

bool IsVariable(const std::string& source) {
  return source[0] == '$' && source.find('/') == std::string::npos;
}

}  // namespace

const Secret* RememberingFiles::Known(const std::string& source) const {
  const auto at = known_.find(source);
  return at == known_.end() ? nullptr : &at->second;
}

Result<Secret> RememberingFiles::Keep(const std::string& source, Result<Secret> secret) {
  if (secret.ok() && IsVariable(source))
    known_[source] = Secret(std::string(secret.value().Reveal()));
  return secret;
}

Result<Secret> RememberingFiles::ReadSecret(const std::string& source) {
  const Secret* known = Known(source);
  if (known != nullptr) return Secret(std::string(known->Reveal()));
  return Keep(source, files_.ReadSecret(source));
}

Result<Secret> RememberingFiles::ReadPrivateKey(const std::string& source) {
  const Secret* known = Known(source);
  if (known != nullptr) return Secret(std::string(known->Reveal()));
  return Keep(source, files_.ReadPrivateKey(source));
}

NoTrace::NoTrace(const std::string& path) {
  for (std::string at = path; !at.empty() && !DirectoryExists(at);) {
    missing_.push_back(at);
    const std::size_t slash = at.find_last_of('/');
    at.resize(slash == std::string::npos ? 0 : slash);
  }
}

NoTrace::~NoTrace() {
  for (const std::string& directory : missing_) rmdir(directory.c_str());
}

bool WantsColour() {
  const char* refused = std::getenv("NO_COLOR");  // no-color.org: set and not empty
  return isatty(STDOUT_FILENO) != 0 && (refused == nullptr || *refused == '\0');
}

}  // namespace depotlink::platform
