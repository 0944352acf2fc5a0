// SPDX-License-Identifier: Apache-2.0
#pragma once

// A PEM file of trusted roots, read anew for each handshake and never held: the usual bundle of 150
// certificates weighs more than a megabyte once parsed, the one or two that can have signed the
// chain at hand some kilobytes. One thread. Bounds: 8 KiB a certificate, 16 candidates.

#include <string>

#include <mbedtls/x509_crt.h>

namespace depotlink::platform {

// Appends to `roots` (initialised) each certificate of the file whose subject is the issuer of some
// certificate of `chain`: these are all that the verification would look at. False, with the reason
// in `problem`, where the file cannot be read or holds no certificate.
bool LoadRootsFor(const mbedtls_x509_crt& chain, const std::string& file, mbedtls_x509_crt& roots,
                  std::string& problem);

}  // namespace depotlink::platform
