// SPDX-License-Identifier: Apache-2.0
#pragma once

// ports::Http on libcurl's multi interface: one easy handle, one connection kept alive. Everything
// runs on the thread that calls Poll, but for libcurl's name resolver. Bounds: 16 KiB of response
// headers, 16 KiB read at a time, decoded pieces of 8 KiB, one answer at a time.
//
// libcurl itself sends a request again on a fresh connection where a kept-alive one turns out to be
// dead before any byte of the answer came.

#include <poll.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>

#include "agent/base/status.hpp"
#include "agent/base/time.hpp"
#include "agent/ports/http.hpp"

namespace depotlink::platform {

struct CurlHttpOptions {
  std::string user_agent = "depotlink";
  std::string ca_file;      // roots to trust, PEM; empty: the system's bundle
  std::string pin;          // of the server's public key, as libcurl writes it; empty: any
  bool allow_http = false;  // for tests: http:// beside https://
  DurationMs connect_timeout_ms = 15 * kSecondMs;  // name, TCP and TLS together
};

// The bundle of roots that libcurl was built to use; empty: none.
std::string SystemCaFile();

class CurlHttp final : public ports::Http {
 public:
  explicit CurlHttp(const CurlHttpOptions& options);
  ~CurlHttp() override;

  // kRetryLater where libcurl could not be set up (no memory); then Start fails too.
  Status ready() const;

  Status Start(const ports::HttpRequest& request, ports::HttpSink& sink) override;
  void Resume() override;
  void Cancel() override;

  // Waits at most `timeout_ms` for the network, for one of `extra` (at most 8, POLLIN and POLLOUT;
  // of their revents, too, these only are set), or for
  // a deadline of libcurl's own; the sink is called from in here only.
  void Poll(pollfd* extra, std::size_t count, DurationMs timeout_ms);

 private:
  class Exchange;
  std::unique_ptr<Exchange> exchange_;
};

}  // namespace depotlink::platform
