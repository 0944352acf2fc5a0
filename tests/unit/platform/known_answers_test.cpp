// SPDX-License-Identifier: Apache-2.0

// Mbed TLS as it was built for this target gives the answers that the standards print. A compiler
// that miscompiles it (Mbed TLS 3.6.6, ChangeLog: GCM tags with some GCC at -O3) is found here.

#include <mbedtls/gcm.h>
#include <mbedtls/hkdf.h>
#include <mbedtls/md.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "CppUTest/TestHarness.h"

namespace {

using Bytes = std::vector<unsigned char>;

Bytes Hex(const std::string& text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<unsigned char>(std::stoi(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

// McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B.
struct GcmCase {
  const char* key;
  const char* cipher_text;
  const char* tag;
};
constexpr const char* kIv = "cafebabefacedbaddecaf888";
constexpr const char* kPlain =
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
constexpr const char* kAdditional = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
constexpr GcmCase kCases[] = {
    {"feffe9928665731c6d6a8f9467308308",  // test case 4
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
     "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
     "5bc94fbc3221a5db94fae95ae7121a47"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",  // test case 16
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"}};

}  // namespace

TEST_GROUP(KnownAnswers){};

TEST(KnownAnswers, AesGcmSealsAsTheSpecificationSays) {
  for (const GcmCase& test_case : kCases) {
    const Bytes key = Hex(test_case.key);
    const Bytes iv = Hex(kIv);
    const Bytes plain = Hex(kPlain);
    const Bytes additional = Hex(kAdditional);
    Bytes sealed(plain.size());
    Bytes tag(16);
    mbedtls_gcm_context gcm;
    mbedtls_gcm_init(&gcm);
    LONGS_EQUAL(0, mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key.data(),
                                      static_cast<unsigned>(key.size() * 8)));
    LONGS_EQUAL(0, mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, plain.size(), iv.data(),
                                             iv.size(), additional.data(), additional.size(),
                                             plain.data(), sealed.data(), tag.size(), tag.data()));
    CHECK(sealed == Hex(test_case.cipher_text));
    CHECK(tag == Hex(test_case.tag));
    Bytes opened(sealed.size());
    tag[0] ^= 1U;
    CHECK(mbedtls_gcm_auth_decrypt(&gcm, sealed.size(), iv.data(), iv.size(), additional.data(),
                                   additional.size(), tag.data(), tag.size(), sealed.data(),
                                   opened.data()) != 0);
    mbedtls_gcm_free(&gcm);
  }
}

TEST(KnownAnswers, Sha256) {  // FIPS 180-2, appendix B.1
  const Bytes text = {'a', 'b', 'c'};
  Bytes digest(32);
  LONGS_EQUAL(0, mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), text.data(), text.size(),
                            digest.data()));
  CHECK(digest == Hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
}

TEST(KnownAnswers, HkdfSha256) {  // RFC 5869, appendix A.1
  const Bytes secret(22, 0x0b);
  const Bytes salt = Hex("000102030405060708090a0b0c");
  const Bytes info = Hex("f0f1f2f3f4f5f6f7f8f9");
  Bytes key(42);
  LONGS_EQUAL(0, mbedtls_hkdf(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), salt.data(),
                              salt.size(), secret.data(), secret.size(), info.data(), info.size(),
                              key.data(), key.size()));
  CHECK(key == Hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
                   "34007208d5b887185865"));
}
