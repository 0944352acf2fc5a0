// SPDX-License-Identifier: Apache-2.0
#pragma once

// What polling the fleet needs from the stages behind it.

#include <cstddef>
#include <string_view>

#include "agent/base/time.hpp"
#include "agent/model/tracker_state.hpp"

namespace depotlink::poll {

class PollWork {
 public:
  virtual ~PollWork() = default;
  // Up to `most` trackers to ask for now; 0 where nobody is due.
  virtual std::size_t TakeDue(MonoTime now, model::TrackerId* ids, std::size_t most) = 0;
  virtual MonoTime NextDue() = 0;
  virtual bool Ready() const = 0;

  virtual void OnGroup(std::string_view element) = 0;
  virtual void OnTracker(std::string_view element) = 0;
  // `key`: the member's name or, in `blocked` and `not_exist`, the element itself.
  virtual void OnState(std::string_view key, std::string_view element) = 0;
  // Where `ahead` begins with the state of tracker `key` that was taken last, byte for byte: its
  // length, and it is taken as OnState() would take it; else 0.
  virtual std::size_t TakeKnownState(std::string_view /*key*/, std::string_view /*ahead*/) {
    return 0;
  }
  virtual void OnBlocked(std::string_view element) = 0;
  virtual void OnNotExisting(std::string_view element) = 0;

  // Ends of calls. `whole`: the answer was good and nothing of it was left out, so that what it
  // does not name is not there.
  virtual void OnGroupListEnd(bool whole) = 0;
  virtual void OnTrackerListEnd(bool whole) = 0;
  // `good`: the answer was good; else the trackers asked for stay due.
  virtual void OnStatesEnd(bool good, const model::TrackerId* ids, std::size_t count) = 0;
  // The API answers for others, but not for this one: it is due again as if it were offline.
  virtual void OnStateRefused(model::TrackerId id, std::string_view why) = 0;
};

}  // namespace depotlink::poll
