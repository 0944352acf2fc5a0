// SPDX-License-Identifier: Apache-2.0
#pragma once

// What must hold at the end of each test over a spool rig, whatever it was about.

#include "tests/unit/queue/spool_rig.hpp"

#include "CppUTest/TestHarness.h"

namespace depotlink::queue {

inline void EndSoundly(SpoolRig& rig) {
  rig.spool.reset();
  LONGS_EQUAL(0, rig.wrong);
  LONGS_EQUAL(0, rig.disk.violations().size());
  LONGS_EQUAL(0, rig.disk.open_handles());
  LONGS_EQUAL(0, rig.cipher.nonce_repeats());
}

}  // namespace depotlink::queue
