// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where the seeds of a target lie.

#include <sstream>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.hpp"

namespace depotlink::fuzz {

// `tests`: the folder of all tests. seeds/<name> may be missing.
inline std::vector<std::string> SeedFolders(const std::string& tests, const Target& target) {
  std::vector<std::string> folders{tests + "/fuzz/seeds/" + std::string(target.name)};
  std::istringstream more{std::string(target.more_seeds)};
  for (std::string folder; more >> folder;) folders.push_back(tests + '/' + folder);
  return folders;
}

}  // namespace depotlink::fuzz
