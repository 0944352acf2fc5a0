// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/settings/findings.hpp"
#include "agent/settings/settings.hpp"

namespace depotlink::settings {

// What no key can be judged by alone: pairs that belong together, and pairs that exclude each
// other. `settings` holds what was read so far, faulty values left out; `plain_http`: the address
// of the API is http:// to another machine.
void CheckAcross(const Settings& settings, bool plain_http, Findings& findings);

}  // namespace depotlink::settings
