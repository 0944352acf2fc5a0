// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the reading back of missed positions needs from the stages behind it.

#include <cstdint>
#include <string_view>

#include "agent/base/time.hpp"
#include "agent/model/tracker_state.hpp"

namespace depotlink::poll {

// Both ends are exclusive, whole seconds of the API's clock.
struct TrackSpan {
  model::TrackerId tracker = 0;
  WallTime from;
  WallTime to;
};

class BackfillWork {
 public:
  virtual ~BackfillWork() = default;
  // Something is to be read back, now or later. Cheap: it is asked for with each step.
  virtual bool HasWork() const = 0;
  // Now is the time: live polls, the bus and the queue have nothing more urgent to do.
  virtual bool MayAsk() const = 0;
  // While an answer is read: the next point has room.
  virtual bool HasRoom() const = 0;

  // What to ask for next; false where nothing is left. The same again after trouble.
  virtual bool NextSpan(TrackSpan& span) = 0;
  virtual void OnPoint(std::string_view element) = 0;
  // How it ended: read, and whether the API had more than it gave; not answered; too long a span;
  // refused for this tracker.
  virtual void OnSpanRead(bool limit_exceeded) = 0;
  virtual void OnSpanFailed() = 0;
  virtual void OnSpanTooBig() = 0;
  virtual void OnTrackRefused(std::string_view why) = 0;
};

}  // namespace depotlink::poll
