// SPDX-License-Identifier: Apache-2.0
#pragma once

// One value of a config against its row of the table.

#include <string>

#include "agent/settings/document.hpp"
#include "agent/settings/keys.hpp"

namespace depotlink::settings {

// Fills `out` and returns an empty text, or returns what is wrong: what was found, what is expected
// and, for a choice, the nearest one. `key` is no section.
std::string ReadValue(const KeySpec& key, const Entry& entry, Parsed& out);

// What may stand there: `a duration from 1s to 24h in quotes, such as "10s"`.
std::string Expectation(const KeySpec& key);

// What was found, where it may be shown: `"10"`, `10`, `an object`, `a text of 32 characters`.
std::string Found(const KeySpec& key, const Entry& entry);

}  // namespace depotlink::settings
