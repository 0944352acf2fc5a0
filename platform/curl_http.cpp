// SPDX-License-Identifier: Apache-2.0
#include "platform/curl_http.hpp"

#include <algorithm>
#include <climits>

#include "platform/curl_exchange.hpp"

namespace depotlink::platform {

CurlHttp::CurlHttp(const CurlHttpOptions& options)
    : exchange_(std::make_unique<Exchange>(options)) {}

CurlHttp::~CurlHttp() = default;

Status CurlHttp::ready() const {
  return exchange_->ready();
}

Status CurlHttp::Start(const ports::HttpRequest& request, ports::HttpSink& sink) {
  return exchange_->Start(request, sink);
}

void CurlHttp::Resume() {
  exchange_->Resume();
}

void CurlHttp::Cancel() {
  exchange_->Cancel();
}

void CurlHttp::Poll(pollfd* extra, std::size_t count, DurationMs timeout_ms) {
  // What the sink hears may change what its owner wants to do next: do not sleep on it.
  if (exchange_->Drive()) timeout_ms = 0;
  const auto wait = std::clamp<DurationMs>(timeout_ms, 0, INT_MAX);
  exchange_->Wait(extra, count, static_cast<int>(wait));
  exchange_->Drive();
}

}  // namespace depotlink::platform
