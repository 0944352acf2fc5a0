// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the process sets right about itself before anything else happens. Main thread, no other
// thread yet.

#include "agent/base/status.hpp"

namespace depotlink::platform {

// SIGPIPE is ignored (libraries write to sockets that are gone); no core dump and no ptrace by
// others, as both would show secrets; the MQTT library's trace variables are removed, as a trace
// shows payloads; threads get small stacks; a static program looks names up in /etc/hosts and by
// DNS only, without the system's modules; the heap is one arena that gives memory back early. Never
// fails as a whole: what the system refuses is left as it was.
void PrepareProcess();

}  // namespace depotlink::platform
