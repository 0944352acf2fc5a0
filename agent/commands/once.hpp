// SPDX-License-Identifier: Apache-2.0
#pragma once

// `depotlink once`: polls the whole fleet and each extra once, and prints the records that it would
// publish, a line each: topic, a tab, payload. Touches no bus.

#include <functional>
#include <string>
#include <string_view>

#include "agent/base/log.hpp"
#include "agent/base/secret.hpp"
#include "agent/ports/clock.hpp"
#include "agent/ports/files.hpp"
#include "agent/ports/http.hpp"
#include "agent/ports/random.hpp"
#include "agent/settings/settings.hpp"

namespace depotlink::commands {

struct OnceSecrets {
  Secret api;    // the API key, or the user's password
  Secret panel;  // the panel's password; empty: no panel
};

struct OncePorts {
  ports::Clock* clock = nullptr;
  ports::Random* random = nullptr;
  ports::Http* http = nullptr;
  ports::FileReader* files = nullptr;
};

// `print` writes a text out. `wait_until` waits for events or that time, and is false where the
// user wants to stop. Returns the exit code: 0 where the whole fleet and all extras were read, 1
// where something could not be asked for (the reason has been logged).
int RunOnce(const settings::Settings& settings, OnceSecrets secrets, const OncePorts& ports,
            Logger& log, const std::function<void(std::string_view)>& print,
            const std::function<bool(MonoTime)>& wait_until);

}  // namespace depotlink::commands
