// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

namespace depotlink::platform {

// curl_global_init() with what libcurl takes from the heap counted as HTTP's (counted_heap.hpp).
CURLcode InitCurl();

}  // namespace depotlink::platform
