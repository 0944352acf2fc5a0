// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the entries of `extra` must be beyond their types: an action that may be asked for, with
// what it needs, under a topic of its own.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/settings/settings.hpp"

namespace depotlink::settings {

struct ExtraFault {
  std::string leaf;  // path, topic, params, split
  std::string message;
};

// Of `extras[number]`. What is empty in it has been told already. `panel`: there is a panel's
// login.
std::vector<ExtraFault> CheckExtra(const std::vector<Extra>& extras, std::size_t number,
                                   bool panel);

// What is wrong with a parameter of any depth; empty where nothing is. `text`: its value, where it
// is a text. A credential has no place in a config, and the request has its own.
std::string CheckParam(std::string_view name, std::string_view text);

}  // namespace depotlink::settings
