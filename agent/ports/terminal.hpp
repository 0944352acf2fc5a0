// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "agent/base/secret.hpp"
#include "agent/base/status.hpp"

namespace depotlink::ports {

// A person who is asked, or a pipe in their place. Main thread; each call waits.
class Terminal {
 public:
  virtual ~Terminal() = default;

  // Whether a person can answer: the input is a terminal.
  virtual bool HasPerson() const = 0;

  // Shows `text` as it is; a question stands without a line's end. It must hold nothing that moves
  // a cursor.
  virtual void Say(std::string_view text) = 0;

  // One line without its end. kReject where it has more than `max_bytes` (it is passed over), kSkip
  // where the input has ended or a signal asks to stop: then no further question is answered.
  virtual Result<std::string> ReadLine(std::size_t max_bytes) = 0;

  // Likewise, but what is typed is not shown. The terminal shows again what is typed when this
  // returns, however it does.
  virtual Result<Secret> ReadHidden(std::size_t max_bytes) = 0;
};

}  // namespace depotlink::ports
