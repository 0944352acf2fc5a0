// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace depotlink::settings {

// The paths of the keys (`poll.moving`) that stand in one of two configs only, or with another
// value, sorted; an array is one value. How a config is laid out, and what its comments say, is no
// change; a default that is written out is. A text that is no JSON has no keys.
std::vector<std::string> ChangedKeys(std::string_view before, std::string_view after);

}  // namespace depotlink::settings
