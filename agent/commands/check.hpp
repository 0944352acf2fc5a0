// SPDX-License-Identifier: Apache-2.0
#pragma once

// `depotlink check`: says everything that is wrong with a config at once. It asks no network.

#include <functional>
#include <string>
#include <vector>

#include "agent/base/secret.hpp"
#include "agent/base/status.hpp"
#include "agent/ports/files.hpp"
#include "agent/settings/settings.hpp"

namespace depotlink::commands {

// Whether a certificate (the file's path) and its private key can be used together: kAskPerson with
// what is wrong where not. The TLS library knows.
using IdentityCheck = std::function<Status(const std::string& cert_file, const Secret& key)>;

// Reads the config at `path` and the files that it names, and appends to `out`, a line each, either
// every fault or `PATH: OK` and what the agent would do. Returns the exit code: 0 where all is well
// (a warning is well), 1 otherwise. Shows no secret.
int RunCheck(const std::string& path, ports::FileReader& files, const IdentityCheck& identity,
             std::string& out);

// For `run` and `once`: the settings at `path`. kAskPerson where the file cannot be read or has
// faults; `messages` then gets a line for each, fit for a log. The files that the config names are
// not read.
Result<settings::Settings> LoadSettings(const std::string& path, ports::FileReader& files,
                                        std::vector<std::string>& messages);

}  // namespace depotlink::commands
