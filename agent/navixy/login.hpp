// SPDX-License-Identifier: Apache-2.0
#pragma once

// What user/auth and panel/account/auth are asked, and what they answer (vendor documents,
// user-api/backend-api/resources/commons/user, auth; panel-api/resources/account).

#include <string>
#include <string_view>

#include "agent/base/secret.hpp"

namespace depotlink::navixy {

// The request's JSON; it holds the password. False where login or password are too long to be any.
[[nodiscard]] bool WriteLogin(std::string_view login, const Secret& password, std::string& body);

// The value of `hash` as it stands in the answer. False, `out` untouched, where it is no session's:
// 32 hexadecimal digits.
[[nodiscard]] bool ReadSessionHash(std::string_view text, std::string& out);

// The value of `type`: a second factor is asked for, and `hash` is good for nothing else.
bool IsSecondFactor(std::string_view text);

// The Authorization header's value for a key or a session (vendor documents,
// user-api/authentication).
std::string MakeAuthorization(std::string_view hash);

}  // namespace depotlink::navixy
