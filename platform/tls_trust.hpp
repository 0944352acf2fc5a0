// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which servers are trusted, over HTTPS and MQTT alike. libcurl alone would accept SHA-1 signatures
// and RSA keys of 1024 bits, and hold all roots parsed for as long as the connection lives. Here
// Mbed TLS's own verification runs, over the whole chain, with its default profile and the roots
// that matter. Main thread (libcurl calls from within a poll).
//
// DEPOTLINK_CURL_MBEDTLS says that this build links the Mbed TLS that libcurl uses. Without it (a
// distribution's libcurl, with another TLS library) libcurl's own settings stay as they are, and
// this is for MQTT only.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "platform/tls_name.hpp"

struct mbedtls_x509_crt;

namespace depotlink::platform {

class TlsTrust {
 public:
  // Whether libcurl is among those who ask.
#ifdef DEPOTLINK_CURL_MBEDTLS
  static constexpr bool kForCurl = true;
#else
  static constexpr bool kForCurl = false;
#endif
  // `ca_file`: PEM; empty: none, and nothing is trusted.
  // `pin`: the public keys that a server may have besides, as libcurl writes them; empty: any.
  TlsTrust(std::string ca_file, std::string pin)
      : ca_file_(std::move(ca_file)), pin_(std::move(pin)) {}

  // Before a handshake with `host`, as it stands in the URL, without brackets. `config` is an
  // mbedtls_ssl_config, and must not outlive this object.
  void Configure(void* config, std::string_view host);
  // Why the last certificate was refused, for people; empty where none was since Forget.
  const std::string& problem() const {
    return problem_;
  }
  void Forget() {
    problem_.clear();
  }

 private:
  static int OnVerify(void* self, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags);
  std::uint32_t Verify(mbedtls_x509_crt& certificate);
  std::uint32_t VerifyChain(mbedtls_x509_crt& chain);
  std::uint32_t VerifyPin(const mbedtls_x509_crt& certificate);

  std::string ca_file_;
  std::string pin_;
  std::string host_;
  std::string problem_;
};

}  // namespace depotlink::platform
