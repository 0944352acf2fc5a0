// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the process sets right about itself.

#include "agent/base/status.hpp"

namespace depotlink::platform {

// Before anything else happens: main thread, no other thread yet.
// SIGPIPE is ignored (libraries write to sockets that are gone); no core dump and no ptrace by
// others, as both would show secrets; the MQTT library's trace variables are removed, as a trace
// shows payloads; threads get small stacks; a static program looks names up in /etc/hosts and by
// DNS only, without the system's modules; the heap is one arena that gives memory back early. Never
// fails as a whole: what the system refuses is left as it was.
void PrepareProcess();

// Pages of the heap with nothing on them go back to the system: what years of connections that come
// and go leave between the blocks that stay. Any time; takes less than a millisecond.
void GiveBackHeap();

}  // namespace depotlink::platform
