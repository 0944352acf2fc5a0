// SPDX-License-Identifier: Apache-2.0
#include "platform/tls_name.hpp"

#include <arpa/inet.h>
#include <mbedtls/asn1.h>
#include <mbedtls/x509_crt.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string>

namespace depotlink::platform {

namespace {

// Types of a name (RFC 5280, section 4.2.1.6, GeneralName).
constexpr int kDnsName = MBEDTLS_ASN1_CONTEXT_SPECIFIC | 2;
constexpr int kIpAddress = MBEDTLS_ASN1_CONTEXT_SPECIFIC | 7;

// As bytes of the network; nothing where it is an address in a form that no certificate has.
struct Address {
  explicit Address(std::string_view host) {
    const std::string text(host);
    if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) length = 4;
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) length = 16;
  }

  std::array<unsigned char, 16> bytes{};
  std::size_t length = 0;
};

// Also in the short forms that a system's resolver takes for one: no top-level name is a number.
bool IsAddress(std::string_view host) {
  if (host.find(':') != std::string_view::npos) return true;
  const std::string_view last = host.substr(host.rfind('.') + 1);
  return !last.empty() && last[0] >= '0' && last[0] <= '9';
}

bool Same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// A star stands for the whole first label, and no more.
bool Covers(std::string_view name, std::string_view host) {
  if (Same(name, host)) return true;
  const std::size_t dot = host.find('.');
  return name.substr(0, 2) == "*." && dot != std::string_view::npos && dot > 0 &&
         Same(name.substr(1), host.substr(dot));
}

}  // namespace

Naming CheckName(const mbedtls_x509_crt& certificate, std::string_view host) {
  if (certificate.subject_alt_names.buf.p == nullptr) return Naming::kNone;
  const bool is_address = IsAddress(host);
  const Address address(host);
  for (const mbedtls_x509_sequence* name = &certificate.subject_alt_names; name != nullptr;
       name = name->next) {
    const mbedtls_x509_buf& entry = name->buf;
    if (is_address) {
      if (entry.tag == kIpAddress && address.length > 0 && entry.len == address.length &&
          std::memcmp(entry.p, address.bytes.data(), entry.len) == 0) {
        return Naming::kGood;
      }
    } else if (entry.tag == kDnsName &&
               Covers({reinterpret_cast<const char*>(entry.p), entry.len}, host)) {
      return Naming::kGood;
    }
  }
  return is_address ? Naming::kOtherAddress : Naming::kOther;
}

}  // namespace depotlink::platform
