// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/status.hpp"

namespace depotlink::ports {

enum class Standing : std::uint8_t {
  kNothing,
  kFile,  // a regular file
  kOther  // a directory, a link, a device, or it cannot be told
};

// Whose a new file or directory is, and who may read it. The agent's user is `depotlink`, where
// there is one and root makes the file; else the one who makes it.
enum class Readers : std::uint8_t {
  kAll,         // ours; everybody may read it
  kAgentGroup,  // ours; besides us only the group of the agent's user may read it
  kAgent        // the agent's user's, who alone may read and write it
};

// Makes the files that an agent is set up with. A file comes as a whole or not at all. Absolute
// paths. Main thread. Failures are kAskPerson with the path, the reason and the remedy.
class FileMaker {
 public:
  virtual ~FileMaker() = default;

  // The agent's user, where that is another one than who runs this; else empty.
  virtual std::string AgentsName() const = 0;

  virtual Standing Look(const std::string& path) = 0;

  // Makes what is missing of `path`; what is there stays as it is.
  virtual Status MakeDirectory(const std::string& path, Readers readers) = 0;

  // Writes `text` to a file beside and puts that, synced, into the place of `path`. Without
  // `replace` it fails where something stands there by then.
  virtual Status Write(const std::string& path, std::string_view text, Readers readers,
                       bool replace) = 0;

  // Makes a regular file that is there the agent's user's own (Readers::kAgent).
  virtual Status Adopt(const std::string& path) = 0;

  // Takes away a file that was made just now.
  virtual void Remove(const std::string& path) = 0;
};

}  // namespace depotlink::ports
