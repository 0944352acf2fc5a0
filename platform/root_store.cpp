// SPDX-License-Identifier: Apache-2.0
#include "platform/root_store.hpp"

#include <mbedtls/asn1.h>
#include <mbedtls/base64.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace depotlink::platform {

namespace {

constexpr std::size_t kMostDerBytes = 8 * 1024;
constexpr int kMostCandidates = 16;
constexpr int kSequence = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE;
constexpr int kVersionTag = MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_ASN1_CONSTRUCTED;
constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

// Walks a DER certificate to its subject (RFC 5280, 4.1) without parsing the rest. The outer header
// of the name is part of what Mbed TLS keeps as issuer_raw.
bool FindSubject(const std::vector<unsigned char>& der, std::string_view& subject) {
  // The library's reader takes a non-const cursor, but reads only.
  auto* at = const_cast<unsigned char*>(der.data());
  const unsigned char* end = at + der.size();
  std::size_t length = 0;
  const auto enter = [&](int tag) { return mbedtls_asn1_get_tag(&at, end, &length, tag) == 0; };
  const auto skip = [&](int tag) {
    if (!enter(tag)) return false;
    at += length;
    return true;
  };
  for (const int tag : {kSequence, kSequence}) {  // the certificate, and in it what is signed
    if (!enter(tag)) return false;
  }
  if (at < end && *at == kVersionTag && !skip(kVersionTag)) return false;
  // Serial number, signature algorithm, issuer, validity.
  for (const int tag : {MBEDTLS_ASN1_INTEGER, kSequence, kSequence, kSequence}) {
    if (!skip(tag)) return false;
  }
  const unsigned char* begin = at;
  if (!skip(kSequence)) return false;
  subject = {reinterpret_cast<const char*>(begin), static_cast<std::size_t>(at - begin)};
  return true;
}

bool IsIssuerWithin(const mbedtls_x509_crt& chain, std::string_view subject) {
  for (const mbedtls_x509_crt* one = &chain; one != nullptr; one = one->next) {
    const std::string_view issuer(reinterpret_cast<const char*>(one->issuer_raw.p),
                                  one->issuer_raw.len);
    if (issuer == subject) return true;
  }
  return false;
}

bool Decode(const std::string& base64, std::vector<unsigned char>& der) {
  der.resize(kMostDerBytes);
  std::size_t length = 0;
  if (mbedtls_base64_decode(der.data(), der.size(), &length,
                            reinterpret_cast<const unsigned char*>(base64.data()),
                            base64.size()) != 0) {
    return false;
  }
  der.resize(length);
  return true;
}

}  // namespace

bool LoadRootsFor(const mbedtls_x509_crt& chain, const std::string& file, mbedtls_x509_crt& roots,
                  std::string& problem) {
  const std::unique_ptr<std::FILE, CloseFile> in(std::fopen(file.c_str(), "re"));
  if (in == nullptr) {
    problem = "the trusted roots " + file + " cannot be read: " + std::strerror(errno);
    return false;
  }
  std::array<char, 1024> buffer;
  std::string base64;
  std::vector<unsigned char> der;
  bool inside = false;
  int found = 0;
  int taken = 0;
  while (taken < kMostCandidates && std::fgets(buffer.data(), buffer.size(), in.get()) != nullptr) {
    const std::string_view line(buffer.data());
    if (line.substr(0, kBegin.size()) == kBegin) {
      inside = true;
      base64.clear();
    } else if (inside && line.substr(0, kEnd.size()) == kEnd) {
      inside = false;
      std::string_view subject;
      if (!Decode(base64, der) || !FindSubject(der, subject)) continue;
      ++found;
      if (IsIssuerWithin(chain, subject) &&
          mbedtls_x509_crt_parse_der(&roots, der.data(), der.size()) == 0) {
        ++taken;
      }
    } else if (inside && base64.size() + line.size() < 2 * kMostDerBytes) {
      base64 += line;
    }
  }
  if (found == 0) problem = "the trusted roots " + file + " hold no certificate in PEM form";
  return found > 0;
}

}  // namespace depotlink::platform
