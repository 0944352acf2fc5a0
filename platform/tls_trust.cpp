// SPDX-License-Identifier: Apache-2.0
#include "platform/tls_trust.hpp"

#ifdef DEPOTLINK_CURL_MBEDTLS

#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include "platform/root_store.hpp"

namespace depotlink::platform {

namespace {

const mbedtls_x509_crt_profile& Profile() {
  return mbedtls_x509_crt_profile_default;  // SHA-2, RSA from 2048 bits
}

// The most telling of the faults.
const char* Describe(std::uint32_t flags) {
  if ((flags & MBEDTLS_X509_BADCERT_FUTURE) != 0) {
    return "the server's certificate is not valid yet: is this machine's clock right?";
  }
  if ((flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0) {
    return "the server's certificate has expired, unless this machine's clock is wrong";
  }
  if ((flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0) {
    return "the server's certificate is for another host";
  }
  if ((flags & (MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK |
                MBEDTLS_X509_BADCERT_BAD_KEY)) != 0) {
    return "the server's certificate rests on a weak signature or key";
  }
  if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0) {
    return "no trusted root vouches for the server's certificate";
  }
  return "the server's certificate is not acceptable";
}

}  // namespace

void TlsTrust::Configure(void* config) {
  Forget();
  auto* tls = static_cast<mbedtls_ssl_config*>(config);
  mbedtls_ssl_conf_authmode(tls, MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_ssl_conf_cert_profile(tls, &Profile());
  mbedtls_ssl_conf_verify(tls, &TlsTrust::OnVerify, this);
}

// Mbed TLS has verified the chain against no root at all; this is called for each certificate, the
// server's own (depth 0, the rest behind it) last. What it found is thrown away, but for the check
// of the host's name, and the chain verified again as a whole, with roots. A connection comes about
// only where no flag is left at any depth.
int TlsTrust::OnVerify(void* self, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags) {
  if (depth > 0) {
    *flags = 0;
    return 0;
  }
  auto* trust = static_cast<TlsTrust*>(self);
  *flags &= MBEDTLS_X509_BADCERT_CN_MISMATCH;
  *flags |= trust->VerifyChain(*certificate);
  if (*flags != 0 && trust->problem_.empty()) trust->problem_ = Describe(*flags);
  return 0;
}

std::uint32_t TlsTrust::VerifyChain(mbedtls_x509_crt& chain) {
  mbedtls_x509_crt roots;
  mbedtls_x509_crt_init(&roots);
  std::uint32_t flags = 0;
  problem_.clear();
  if (!LoadRootsFor(chain, ca_file_, roots, problem_)) {
    flags = MBEDTLS_X509_BADCERT_NOT_TRUSTED;
  } else {
    const int outcome = mbedtls_x509_crt_verify_with_profile(&chain, &roots, nullptr, &Profile(),
                                                             nullptr, &flags, nullptr, nullptr);
    // It sets flags whenever it fails; should it not, the failure counts all the same.
    if (outcome != 0 && flags == 0) flags = MBEDTLS_X509_BADCERT_OTHER;
  }
  mbedtls_x509_crt_free(&roots);
  return flags;
}

}  // namespace depotlink::platform

#endif  // DEPOTLINK_CURL_MBEDTLS
