// SPDX-License-Identifier: Apache-2.0
// The adapter of ports::Cipher for Mbed TLS: the port's contract, answers that others computed, and
// a library that has no memory.

#include <mbedtls/platform.h>

#if defined(MBEDTLS_PLATFORM_MEMORY) && !defined(MBEDTLS_PLATFORM_CALLOC_MACRO)
#define DEPOTLINK_CAN_TAKE_MEMORY_AWAY
#endif

#include <cstdlib>
#include <cstring>
#include <string>

#include "platform/mbedtls_cipher.hpp"
#include "tests/contract/cipher_contract.hpp"

using depotlink::Code;
using depotlink::platform::MbedtlsCipher;
using depotlink::ports::CipherKey;
using depotlink::ports::kCipherKeyBytes;

TEST_GROUP_BASE(MbedtlsCipher, CipherContract) {
  MbedtlsCipher real;
  depotlink::ports::Cipher& cipher() override {
    return real;
  }
#ifdef DEPOTLINK_CAN_TAKE_MEMORY_AWAY
  void teardown() override {
    mbedtls_platform_set_calloc_free(std::calloc, std::free);
  }
#endif

  static std::string Hex(std::string_view bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
      text += kDigits[static_cast<unsigned char>(c) >> 4U];
      text += kDigits[static_cast<unsigned char>(c) & 15U];
    }
    return text;
  }
};

CIPHER_CONTRACT(MbedtlsCipher)

// Expected: Python's cryptography 48 (OpenSSL 4.0), AESGCM(b"k" * 32).encrypt(...).
TEST(MbedtlsCipher, SealsAsOthersDo) {
  CipherKey key;
  SetKey(key, 'k');
  STRCMP_EQUAL("41a98dede6f42ac594a31f0fa642ce1d99924a1d96582f86e2d0e98b395e483027bdc32b",
               Hex(Sealed(key, 1, "depot", "a state of a tracker")).c_str());
}

// Expected: the same, HKDF(SHA256(), 32, b"salt", b"segment").derive(b"m" * 32).
TEST(MbedtlsCipher, DerivesAsOthersDo) {
  CipherKey master;
  CipherKey out;
  SetKey(master, 'm');
  CHECK(real.DeriveKey(master, "salt", "segment", out).ok());
  const void* bytes = out.data();
  STRCMP_EQUAL("39a6019193b04eace7381bdbcc6717cb23c7dadcb9cac70286d45216d4589e93",
               Hex({static_cast<const char*>(bytes), kCipherKeyBytes}).c_str());
}

#ifdef DEPOTLINK_CAN_TAKE_MEMORY_AWAY
TEST(MbedtlsCipher, WithoutMemoryNothingIsSealedNorOpened) {
  CipherKey key;
  CipherKey other;
  SetKey(key, 'k');
  SetKey(other, 'o');
  const std::string sealed = Sealed(key, 1, "", "some text");
  std::string plain;
  CHECK(Opens(key, 1, "", sealed, plain));
  char out[64];
  mbedtls_platform_set_calloc_free([](size_t, size_t) -> void* { return nullptr; }, std::free);
  const auto seal = real.Seal(other, Nonce(1), "", "some text", out);
  const bool opens = Opens(key, 1, "", sealed, plain);  // no longer keyed for it
  const auto derived = real.DeriveKey(key, "", "", other);
  mbedtls_platform_set_calloc_free(std::calloc, std::free);
  CHECK(seal.code() == Code::kRetryLater);
  CHECK(!opens);
  CHECK(derived.code() == Code::kRetryLater);
  CHECK(std::string(kCipherKeyBytes, '\0') ==
        std::string(static_cast<const char*>(static_cast<const void*>(other.data())),
                    kCipherKeyBytes));
  CHECK(Opens(key, 1, "", sealed, plain));  // well again
}
#endif
