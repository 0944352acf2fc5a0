// SPDX-License-Identifier: Apache-2.0
#pragma once

// What extra polls need from the stages behind them. One extra is read at a time: from Begin() on
// until End() or Abandon() no other may begin, so that they share one buffer.

#include <cstddef>
#include <string_view>

#include "agent/base/time.hpp"

namespace depotlink::poll {

class ExtraWork {
 public:
  virtual ~ExtraWork() = default;
  // The bus is there, has room, and no other extra is being read. False: nothing is asked, for
  // the answer would go nowhere.
  virtual bool MayAsk(std::size_t extra) const = 0;
  // While an answer is read: the next element has room, or will not be published anyway.
  virtual bool HasRoom() const = 0;

  virtual void Begin(std::size_t extra) = 0;
  // An element of the list, or the value.
  virtual void Take(std::string_view text) = 0;
  // All of it was answered. `whole`: nothing was left out, so that what it does not name is not
  // there. False where it did not get to the bus: it must be asked for again.
  virtual bool End(bool whole) = 0;
  // It will not be answered to its end. What was published of it stands.
  virtual void Abandon() = 0;

  // True once where the bus has lost what was published: it must be asked for again.
  virtual bool TakeAskAgain(std::size_t extra) = 0;
};

}  // namespace depotlink::poll
