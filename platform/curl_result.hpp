// SPDX-License-Identifier: Apache-2.0
#pragma once

// How libcurl's outcome of a transfer reads in the port's words. Pure look-ups.

#include <curl/curl.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/ports/http.hpp"

namespace depotlink::platform {

// `handle` has just ended with `code`.
ports::HttpEnd ToHttpEnd(CURL* handle, CURLcode code);

// A date as HTTP writes it (RFC 9110, 5.6.7); 0 where it is none.
std::int64_t ToUnixMs(std::string_view http_date);

// Whom the transfer under way calls, as libcurl reads its URL, without brackets; empty where that
// cannot be told.
std::string HostOf(CURL* handle);

// Fills status, Retry-After and byte counts. Counted in: status line, headers and body as they came
// (encoded), without chunk framing and TLS. Out: request line, headers and body.
void FillCounts(CURL* handle, bool has_retry_after, ports::HttpResult& result);

}  // namespace depotlink::platform
