// SPDX-License-Identifier: Apache-2.0
#include "platform/tls_trust.hpp"

#include <mbedtls/base64.h>
#include <mbedtls/oid.h>
#include <mbedtls/sha256.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <new>

#include "agent/base/time.hpp"
#include "platform/linux_clock.hpp"
#include "platform/root_store.hpp"

namespace depotlink::platform {

namespace {

const mbedtls_x509_crt_profile& Profile() {
  return mbedtls_x509_crt_profile_default;  // SHA-2, RSA from 2048 bits
}

std::string Date(const mbedtls_x509_time& time) {
  std::array<char, 40> text{};
  const int length = std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02dZ",
                                   time.year, time.mon, time.day, time.hour, time.min, time.sec);
  return {text.data(), static_cast<std::size_t>(std::max(length, 0))};
}

std::string ClockSays() {
  std::array<char, kIsoTimeMaxBytes> text{};
  const std::size_t length = FormatIsoTime(LinuxClock().WallNow(), false, text.data());
  return "; this machine's clock says " + std::string(text.data(), length);
}

std::string DescribeNaming(Naming naming) {
  switch (naming) {
    case Naming::kNone:
      return "the server's certificate names its host in the CN at most; it needs a subjectAltName";
    case Naming::kOtherAddress:
      return "the server's certificate is for another host: its subjectAltName has no entry of "
             "type IP with the address that was called";
    default:
      return "the server's certificate is for another host";
  }
}

// The most telling of the faults. A certificate further up may be the one that is out of date.
std::string Describe(std::uint32_t flags, const mbedtls_x509_crt& leaf, Naming naming) {
  if ((flags & MBEDTLS_X509_BADCERT_FUTURE) != 0) {
    return "the server's certificate is not valid yet (" +
           (mbedtls_x509_time_is_future(&leaf.valid_from) != 0
                ? "it begins at " + Date(leaf.valid_from)
                : "one of those above it begins later") +
           ")" + ClockSays();
  }
  if ((flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0) {
    return "the server's certificate has expired (" +
           (mbedtls_x509_time_is_past(&leaf.valid_to) != 0 ? "at " + Date(leaf.valid_to)
                                                           : std::string("one of those above it")) +
           ")" + ClockSays();
  }
  if ((flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0) return DescribeNaming(naming);
  if ((flags & (MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK |
                MBEDTLS_X509_BADCERT_BAD_KEY)) != 0) {
    return "the server's certificate rests on a weak signature or key";
  }
  if ((flags & MBEDTLS_X509_BADCERT_EXT_KEY_USAGE) != 0) {
    return "the server's certificate is not meant for a server";
  }
  if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0) {
    return "no trusted root vouches for the server's certificate";
  }
  return "the server's certificate is not acceptable";
}

struct Roots {
  Roots() { mbedtls_x509_crt_init(&list); }
  ~Roots() { mbedtls_x509_crt_free(&list); }
  Roots(const Roots&) = delete;
  Roots& operator=(const Roots&) = delete;
  mbedtls_x509_crt list;
};

}  // namespace

void TlsTrust::Configure(void* config, std::string_view host) {
  Forget();
  host_ = host;
  auto* tls = static_cast<mbedtls_ssl_config*>(config);
  mbedtls_ssl_conf_authmode(tls, MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_ssl_conf_cert_profile(tls, &Profile());
  mbedtls_ssl_conf_verify(tls, &TlsTrust::OnVerify, this);
}

// Mbed TLS has verified the chain against no root at all; this is called for each certificate, the
// server's own (depth 0, the rest behind it) last. What it found is thrown away, and the chain
// verified again as a whole, with roots, and for the host that was called. A connection comes about
// only where no flag is left at any depth. No exception passes through C: where memory ends, nobody
// is trusted.
int TlsTrust::OnVerify(void* self, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags) {
  if (depth > 0) {
    *flags = 0;
    return 0;
  }
  try {
    *flags = static_cast<TlsTrust*>(self)->Verify(*certificate);
    return 0;
  } catch (const std::bad_alloc&) {
    *flags = MBEDTLS_X509_BADCERT_OTHER;
    return MBEDTLS_ERR_X509_ALLOC_FAILED;
  }
}

std::uint32_t TlsTrust::Verify(mbedtls_x509_crt& certificate) {
  const Naming naming = CheckName(certificate, host_);
  std::uint32_t flags = naming == Naming::kGood ? 0 : MBEDTLS_X509_BADCERT_CN_MISMATCH;
  flags |= VerifyChain(certificate);
  // Mbed TLS would refuse it as well, but later, and without a word that a person understands.
  if (mbedtls_x509_crt_check_extended_key_usage(&certificate, MBEDTLS_OID_SERVER_AUTH,
                                                MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH)) != 0) {
    flags |= MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
  }
  if (flags == 0) flags = VerifyPin(certificate);
  if (flags != 0 && problem_.empty()) problem_ = Describe(flags, certificate, naming);
  return flags;
}

std::uint32_t TlsTrust::VerifyPin(const mbedtls_x509_crt& certificate) {
  if (pin_.empty()) return 0;
  std::array<unsigned char, 32> digest{};
  std::array<unsigned char, 48> text{};
  std::size_t length = 0;
#if MBEDTLS_VERSION_MAJOR >= 3
  const int hashed = mbedtls_sha256(certificate.pk_raw.p, certificate.pk_raw.len, digest.data(), 0);
#else
  const int hashed =
      mbedtls_sha256_ret(certificate.pk_raw.p, certificate.pk_raw.len, digest.data(), 0);
#endif
  const bool made = hashed == 0 && mbedtls_base64_encode(text.data(), text.size(), &length,
                                                         digest.data(), digest.size()) == 0;
  const std::string pin =
      "sha256//" + std::string(reinterpret_cast<const char*>(text.data()), length);
  if (made && pin_.find(pin) != std::string::npos) return 0;
  problem_ = "the server's public key is not the one that api.pin names; it has " + pin;
  return MBEDTLS_X509_BADCERT_OTHER;
}

std::uint32_t TlsTrust::VerifyChain(mbedtls_x509_crt& chain) {
  Roots roots;
  problem_.clear();
  if (!LoadRootsFor(chain, ca_file_, roots.list, problem_)) return MBEDTLS_X509_BADCERT_NOT_TRUSTED;
  std::uint32_t flags = 0;
  const int outcome = mbedtls_x509_crt_verify_with_profile(&chain, &roots.list, nullptr, &Profile(),
                                                           nullptr, &flags, nullptr, nullptr);
  // It sets flags whenever it fails; should it not, the failure counts all the same.
  return outcome != 0 && flags == 0 ? MBEDTLS_X509_BADCERT_OTHER : flags;
}

}  // namespace depotlink::platform
