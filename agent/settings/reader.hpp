// SPDX-License-Identifier: Apache-2.0
#pragma once

// Config text to validated settings, with every fault in it at once. Reads no file and no
// environment; the same text always gives the same outcome.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/settings/fault.hpp"
#include "agent/settings/settings.hpp"

namespace depotlink::settings {

struct ReadOutcome {
  Settings settings;          // to be used only where there is no fault
  std::vector<Fault> faults;  // in the order of the file; at most kMaxFaults and a last word
  std::vector<Place> places;  // of the values given, in the order of the file
};

inline constexpr std::size_t kMaxFaults = 100;

// A text that is not JSON has one fault: where it stops being so. Otherwise the faults are all
// there are, with two courtesies: what a misspelt key was probably meant to be is not called
// missing as well, and within a section of unknown name nothing is judged unless its name is a
// slip.
ReadOutcome ReadSettings(std::string_view text);

}  // namespace depotlink::settings
