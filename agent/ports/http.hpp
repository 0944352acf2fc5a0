// SPDX-License-Identifier: Apache-2.0
#pragma once

// One HTTPS request at a time, its answer handed over as it arrives.

#include <cstdint>
#include <string_view>

#include "agent/base/status.hpp"
#include "agent/base/time.hpp"

namespace depotlink::ports {

// A POST with a JSON body. The views must stay valid until Start returns; the adapter copies.
struct HttpRequest {
  std::string_view url;
  std::string_view authorization;  // value of the Authorization header, a secret; may be empty
  std::string_view body;
  bool iso_datetime =
      true;  // header `NVX-ISO-DateTime: true` (vendor, backend-api/README, Data types)
  DurationMs timeout_ms = 0;         // for the whole exchange, > 0
  std::uint64_t max_body_bytes = 0;  // of the decoded body, > 0
};

enum class HttpEnd : std::uint8_t {
  kComplete,       // a whole answer, whatever its status
  kNameFailed,     // the host name was not resolved
  kConnectFailed,  // refused, unreachable, or timed out while connecting
  kTlsFailed,      // handshake or certificate
  kTimeout,        // timeout_ms passed
  kCutShort,       // the connection ended before the body did, or its encoding is broken
  kTooLarge,       // headers or decoded body went over their bound
  kAborted,        // the sink asked for it, or Cancel was called
  kFailed          // anything else
};

struct HttpResult {
  HttpEnd end = HttpEnd::kFailed;
  int status = 0;                    // HTTP status, 0 where none arrived
  std::int64_t retry_after_ms = -1;  // from Retry-After, either form; -1 where there was none
  std::int64_t server_time_ms =
      0;                           // from Date, Unix epoch; 0 where there was none that can be read
  std::int64_t server_age_ms = 0;  // how long ago that header came, on a clock that never jumps
  std::uint64_t wire_bytes_in = 0;  // headers and body as they came, encoded, without TLS framing
  std::uint64_t wire_bytes_out = 0;
  std::string_view detail;  // what went wrong, for people; valid during OnEnd only; no secret
};

enum class BodyFlow : std::uint8_t {
  kContinue,
  kPause,  // nothing of this piece was taken: stop reading, hand the same piece again after Resume.
           // The request's time-out may stand still meanwhile: do not pause for ever
  kAbort   // stop the exchange; OnEnd follows with kAborted
};

// Receives an answer. Called on the main thread, from within the loop's wait only, never from
// Start.
class HttpSink {
 public:
  virtual ~HttpSink() = default;
  // The next piece of the decoded body, in order, of any size above 0. `status` is the HTTP status.
  virtual BodyFlow OnBody(int status, std::string_view piece) = 0;
  // The last call of an exchange, exactly once.
  virtual void OnEnd(const HttpResult& result) = 0;
};

class Http {
 public:
  virtual ~Http() = default;
  // Begins an exchange; `sink` must live until OnEnd. kReject where the request is malformed or
  // another exchange is under way; then the sink hears nothing. Redirects are not followed: a 3xx
  // ends as kComplete with its status. The connection is kept alive for the next request.
  virtual Status Start(const HttpRequest& request, HttpSink& sink) = 0;
  // Goes on after kPause; no effect otherwise.
  virtual void Resume() = 0;
  // Ends the exchange under way with kAborted from within the loop's next wait; no effect
  // otherwise.
  virtual void Cancel() = 0;
};

}  // namespace depotlink::ports
