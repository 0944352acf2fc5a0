// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a request tells libcurl: its address, its headers, its body, its time-outs. Private to
// curl_exchange.

#include <curl/curl.h>

#include <string>
#include <string_view>

#include "agent/base/status.hpp"
#include "agent/ports/http.hpp"

namespace depotlink::platform {

// Whatever the case of the letters, as header names and schemes are compared.
bool StartsWith(std::string_view text, std::string_view start);

// kReject where the request is malformed, or goes to another scheme than is allowed.
Status CheckRequest(const ports::HttpRequest& request, bool allow_http);

// Keeps what libcurl only points to while an exchange is under way.
class CurlRequest {
 public:
  CurlRequest() = default;
  ~CurlRequest();
  CurlRequest(const CurlRequest&) = delete;
  CurlRequest& operator=(const CurlRequest&) = delete;

  // Sets the request's options. False where libcurl refuses or memory is short; then Forget().
  bool Apply(CURL* easy, const ports::HttpRequest& request, DurationMs connect_timeout_ms);

  // Takes headers and body back from libcurl and wipes them, for they may hold credentials. What
  // libcurl put into its own send buffer is out of reach; it is overwritten by the next request.
  // `easy` may be null.
  void Forget(CURL* easy);

 private:
  bool BuildHeaders(const ports::HttpRequest& request);

  curl_slist* headers_ = nullptr;
  std::string body_;
};

}  // namespace depotlink::platform
