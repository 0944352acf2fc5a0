// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the broker forgets with a power cut. MQTT does not tell; of a mosquitto on this machine its
// config does (mosquitto.conf(5): persistence, autosave_interval). A broker that forgets everything
// is well: it has forgotten the agent's session, too, so the agent publishes the fleet anew. One
// that goes back to what it saved half an hour ago is not, for it says that it kept its memory.

#include "agent/commands/online_report.hpp"
#include "agent/ports/broker_files.hpp"
#include "agent/settings/settings.hpp"

namespace depotlink::commands {

Finding ProbeKeeping(const settings::Mqtt& mqtt, ports::BrokerFiles& files);

}  // namespace depotlink::commands
