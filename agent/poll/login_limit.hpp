// SPDX-License-Identifier: Apache-2.0
#pragma once

// How many logins there may be in an hour, over restarts too: an agent that crashes and is started
// again must not lock an account out.

#include "agent/base/time.hpp"
#include "agent/navixy/endpoints.hpp"

namespace depotlink::poll {

class LoginLimit {
 public:
  virtual ~LoginLimit() = default;
  // When the next login may be tried; a time that is past where one may be tried now.
  virtual MonoTime FreeAt(navixy::Api api) const = 0;
  // One is about to be tried.
  virtual void OnLogin(navixy::Api api, MonoTime now) = 0;
  // That one did not get as far as a judgement of login and password: it does not count.
  virtual void OnNoLogin(navixy::Api api) = 0;
};

}  // namespace depotlink::poll
