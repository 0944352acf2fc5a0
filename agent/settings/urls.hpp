// SPDX-License-Identifier: Apache-2.0
#pragma once

// The two addresses of a config. Stricter than RFC 3986 on purpose: what is refused here could
// carry a secret or would not do what its writer expects.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace depotlink::settings {

inline constexpr std::size_t kUrlBytes = 256;

struct Url {
  std::string scheme;      // http, https, mqtt, mqtts, unix
  std::string host;        // without brackets
  bool bracketed = false;  // an IPv6 address
  std::uint16_t port = 0;  // 0: none given
  std::string path;        // with its leading slash, without a trailing one; empty: none
};

// `https://` or `http://` host [`:`port] [path]. Empty, or why it is refused.
std::string ParseApiUrl(std::string_view text, Url& out);

// `mqtt://` or `mqtts://` host [`:`port], a trailing slash allowed, or `unix://` and the absolute
// path of a socket. Empty, or why it is refused.
std::string ParseBrokerUrl(std::string_view text, Url& out);

// localhost, 127.0.0.0/8 or ::1.
bool IsLoopback(const Url& url);
// Likewise, of a host without brackets.
bool IsLoopback(std::string_view host);

// http:// to another machine: who listens on the way reads the credential.
bool IsInTheClear(const Url& api);
// The same of an address as a config has it; false where it is none.
bool IsInTheClear(std::string_view api_url);

}  // namespace depotlink::settings
