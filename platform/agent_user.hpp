// SPDX-License-Identifier: Apache-2.0
#pragma once

// The user that the agent is to run as, as its unit for systemd has it. Main thread.

#include <sys/types.h>

#include <string>

#include "agent/base/status.hpp"

namespace depotlink::platform {

struct AgentUser {
  std::string name;  // empty: who runs this
  uid_t uid = 0;
  gid_t gid = 0;
};

// `depotlink`, where root runs this and /etc/passwd (or `passwd`) knows such a user; else who runs
// this. Other sources of users are not asked: a static program has no way to.
AgentUser FindAgentUser(const char* passwd = "/etc/passwd");

// This process is that user's from now on, for good. kAskPerson where the system refuses.
Status BecomeUser(const AgentUser& user);

}  // namespace depotlink::platform
