// SPDX-License-Identifier: Apache-2.0
#pragma once

// Something to ask the API for, again and again. The poller decides which job's turn it is and what
// a failure costs; the job knows what to ask, what to do with the answer, and when it wants to ask
// again. All calls come on the main thread.

#include <cstddef>
#include <string>
#include <string_view>

#include "agent/base/time.hpp"
#include "agent/json/element_splitter.hpp"
#include "agent/navixy/endpoints.hpp"
#include "agent/navixy/verdict.hpp"

namespace depotlink::poll {

class Job {
 public:
  virtual ~Job() = default;

  // What it asks next. From Begin() to OnGood() or OnBad() it stays the same.
  virtual const navixy::Endpoint& endpoint() const = 0;
  // When that is to be asked; kNever where there is nothing to ask.
  virtual MonoTime Due() = 0;
  // Writes the request's JSON into `body`, which is empty. False where there is nothing to ask
  // after all.
  virtual bool Begin(MonoTime now, std::string& body) = 0;
  // False where what an answer may bring has no room: nothing is begun, and reading pauses.
  virtual bool Ready() const { return true; }
  // Polling as such fails where this fails; other jobs wait with it.
  virtual bool core() const { return false; }

  // The parts of an answer, as they come. The views hold during the call.
  virtual void OnElement(std::size_t /*container*/, std::string_view /*key*/,
                         std::string_view /*text*/) {}
  // See CallHandler.
  virtual std::size_t TakeKnown(std::size_t /*container*/, std::string_view /*key*/,
                                std::string_view /*ahead*/) {
    return 0;
  }
  virtual void OnValue(std::string_view /*key*/, std::string_view /*text*/) {}
  // The answer ended well. `whole`: nothing of it was left out, so that what it does not name is
  // not there.
  virtual void OnGood(bool whole, MonoTime now) = 0;
  // It did not. What was handed over before stands, but nothing may be concluded from absence. True
  // where the job has dealt with it: then it counts as no failure, and the job is asked when Due()
  // says. Else the poller waits, and asks again.
  virtual bool OnBad(const navixy::Judgement& judgement, MonoTime now) = 0;
};

}  // namespace depotlink::poll
