// SPDX-License-Identifier: Apache-2.0
#pragma once

// The last error of each kind with its time, also after it has passed: for `depotlink status`, from
// a file of its own beside the last `health`. Since the start of this agent; a fixed size; texts
// for people, never a secret.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/base/fixed_string.hpp"
#include "agent/base/status.hpp"
#include "agent/base/time.hpp"
#include "agent/ports/storage.hpp"

namespace depotlink {

enum class ErrorKind : std::uint8_t {
  kApi,
  kCredential,
  kPanel,
  kLinks,
  kExtras,
  kBroker,
  kRefused,  // by the broker: a record was set aside
  kQueue,
  kLost,  // records
  kClock,
  kMemory,
  kConfig  // a reload that was not taken up
};
inline constexpr std::size_t kErrorKinds = 12;
inline constexpr std::size_t kErrorTextBytes = 256;

// Their names, in that order: api, credential, panel, ...
extern const std::array<std::string_view, kErrorKinds> kErrorKindNames;

inline constexpr std::string_view kErrorFileName = "errors.json";

class ErrorBook {
 public:
  // An error that there is at `now`, or was just now. An empty text is none. What is too long is
  // cut.
  void Note(ErrorKind kind, std::string_view text, MonoTime now);

  // Writes `errors.json` to `ram` where something is new since the last time, as WriteStatusFile
  // does: {"api":{"text":"...","time":"..."},...}. `wall` is the time at `now`.
  void Keep(ports::Storage& ram, WallTime wall, MonoTime now);

 private:
  struct Entry {
    FixedString<kErrorTextBytes> text;
    MonoTime at;
  };
  std::array<Entry, kErrorKinds> entries_;
  bool news_ = true;  // what an earlier run left goes
};

}  // namespace depotlink
