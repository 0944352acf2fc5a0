// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether a certificate is for the host that was called, by RFC 9525: an address is named by an
// entry of type IP in the subjectAltName, a name by one of type DNS, and by nothing else. Mbed TLS
// also takes a DNS or URI entry that reads like the address, a URI that reads like the name, and
// the CN where there is no subjectAltName; 2.28 knows no addresses at all.

#include <cstdint>
#include <string_view>

struct mbedtls_x509_crt;

namespace depotlink::platform {

enum class Naming : std::uint8_t {
  kGood,
  kNone,         // no subjectAltName
  kOther,        // none of its names
  kOtherAddress  // an address was called, and none of its addresses is that
};

// `host`: as it stands in a URL, without brackets.
Naming CheckName(const mbedtls_x509_crt& certificate, std::string_view host);

}  // namespace depotlink::platform
