// SPDX-License-Identifier: Apache-2.0
#pragma once

// `depotlink check --online`: tries everything that the agent will need, in the order in which a
// technician would, and says for each failure what to do about it. Leaves nothing behind: it logs
// out, clears what it put on the bus, and removes what it wrote. A running agent is not disturbed.
//
// Each probe has a deadline: a look-up 10 s, a call of the API `api.timeout` (30 s at most), a
// connect to the broker 10 s (twice where it knows no MQTT 5), an acknowledgement 10 s, a burst
// three times 20 s, writing 10 s. After Patience::kTotalMs nothing more is begun and nothing waited
// for, but for writing; only a device that holds up a single write can make that longer than 10 s.

#include <functional>
#include <string_view>

#include "agent/base/secret.hpp"
#include "agent/commands/online_report.hpp"
#include "agent/ports/broker_files.hpp"
#include "agent/ports/clock.hpp"
#include "agent/ports/files.hpp"
#include "agent/ports/http.hpp"
#include "agent/ports/mqtt.hpp"
#include "agent/ports/names.hpp"
#include "agent/ports/random.hpp"
#include "agent/ports/storage.hpp"
#include "agent/settings/settings.hpp"

namespace depotlink::commands {

struct OnlineSecrets {
  Secret api;    // the API key, or the user's password
  Secret panel;  // the panel's password; empty: no panel
  Secret mqtt_password;
};

struct OnlinePorts {
  const ports::Clock* clock = nullptr;
  ports::Random* random = nullptr;
  ports::Http* http = nullptr;
  ports::Mqtt* mqtt = nullptr;
  ports::FileReader* files = nullptr;
  ports::Names* names = nullptr;
  ports::Storage* disk = nullptr;  // queue.dir, not opened yet
  ports::BrokerFiles* broker_files = nullptr;
};

// `print` writes a text out. `wait_until` waits for events or that time, and is false where the
// user wants to stop. Returns the exit code: 0 where all is well (a warning is well), else 1. No
// secret is printed.
int RunOnlineCheck(const settings::Settings& settings, OnlineSecrets secrets,
                   const OnlinePorts& ports, ReportStyle style,
                   const std::function<void(std::string_view)>& print,
                   const std::function<bool(MonoTime)>& wait_until);

}  // namespace depotlink::commands
