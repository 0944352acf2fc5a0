// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace depotlink::platform {

// From now on what Mbed TLS takes from the heap counts as TLS's (counted_heap.hpp), where the
// library was built so that it can be told. Before anything of it is used, and while nothing is.
void CountTlsHeap();

}  // namespace depotlink::platform
