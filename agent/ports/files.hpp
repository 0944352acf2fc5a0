// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "agent/base/secret.hpp"
#include "agent/base/status.hpp"

namespace depotlink::ports {

// Small files read whole, at start and on reload. Main thread.
class FileReader {
 public:
  virtual ~FileReader() = default;

  // The text of a regular file of at most `max_bytes`. kAskPerson with the path and the reason
  // (missing, not readable, not a regular file, too large).
  virtual Result<std::string> ReadText(const std::string& path, std::size_t max_bytes) = 0;

  // A secret, by its source: an absolute path; `$CREDENTIALS_DIRECTORY/<name>`, a file that systemd
  // made for this service; or `$NAME`, a variable of the environment, which is wiped as it is read
  // and cannot be read again. A file's text without surrounding white space is it. Refused
  // (kAskPerson, with the remedy) where it is not a regular file, is a symbolic link, belongs to
  // neither this user nor root, can be read or written by group or others (systemd's: written by
  // group, or read by others), is empty, has more than one line, or holds control characters. The
  // text stands in no message.
  virtual Result<Secret> ReadSecret(const std::string& source) = 0;

  // A private key in PEM form, by its source and refused as ReadSecret has it, but of several
  // lines; also refused where it looks like anything else, or is protected by a pass phrase.
  virtual Result<Secret> ReadPrivateKey(const std::string& source) = 0;
};

}  // namespace depotlink::ports
