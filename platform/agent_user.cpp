// SPDX-License-Identifier: Apache-2.0
#include "platform/agent_user.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace depotlink::platform {

AgentUser FindAgentUser(const char* passwd) {
  constexpr const char* kName = "depotlink";
  AgentUser user{"", geteuid(), getegid()};
  if (user.uid != 0) return user;
  std::FILE* file = std::fopen(passwd, "re");
  if (file == nullptr) return user;
  while (const struct passwd* entry = fgetpwent(file)) {
    if (std::strcmp(entry->pw_name, kName) != 0) continue;
    user = {kName, entry->pw_uid, entry->pw_gid};
    break;
  }
  std::fclose(file);
  return user;
}

Status BecomeUser(const AgentUser& user) {
  if (user.name.empty()) return Status::Ok();
  const bool done = setgroups(1, &user.gid) == 0 && setresgid(user.gid, user.gid, user.gid) == 0 &&
                    setresuid(user.uid, user.uid, user.uid) == 0;
  // A change of users sets it back to what the machine has for such programs.
  if (done && prctl(PR_SET_DUMPABLE, 0) == 0) return Status::Ok();
  return {Code::kAskPerson, "cannot become user " + user.name + ": " + std::strerror(errno)};
}

}  // namespace depotlink::platform
