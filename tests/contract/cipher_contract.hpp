// SPDX-License-Identifier: Apache-2.0
#pragma once

// What agent/ports/cipher.hpp promises, as tests over any cipher. A group derives from
// CipherContract and lists them by CIPHER_CONTRACT(group).

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/ports/cipher.hpp"

#include "CppUTest/TestHarness.h"

class CipherContract : public Utest {
 public:
  virtual depotlink::ports::Cipher& cipher() = 0;

  void PassesItsSelfTest();
  void WhatWasSealedOpens();
  void WorksInPlace();
  void AnyFlippedBitIsRefused();
  void AnotherKeyNonceOrContextIsRefused();
  void WhatIsTooShortIsRefused();
  void SealedTextShowsNothing();
  void KeysCanBeChangedAtWill();
  void DerivedKeysDependOnEverything();
  void RandomBytesDiffer();

 protected:
  static depotlink::ports::CipherNonce Nonce(std::uint8_t number);
  static void SetKey(depotlink::ports::CipherKey& key, char fill);
  std::string Sealed(const depotlink::ports::CipherKey& key, std::uint8_t nonce,
                     std::string_view associated, std::string_view plain);
  // Opens into a place that held something else, and beyond which nothing may be written.
  bool Opens(const depotlink::ports::CipherKey& key, std::uint8_t nonce,
             std::string_view associated, std::string_view sealed, std::string& plain);
};

#define CIPHER_CONTRACT_TEST(group, name) \
  TEST(group, name) {                     \
    name();                               \
  }

#define CIPHER_CONTRACT(group)                                   \
  CIPHER_CONTRACT_TEST(group, PassesItsSelfTest)                 \
  CIPHER_CONTRACT_TEST(group, WhatWasSealedOpens)                \
  CIPHER_CONTRACT_TEST(group, WorksInPlace)                      \
  CIPHER_CONTRACT_TEST(group, AnyFlippedBitIsRefused)            \
  CIPHER_CONTRACT_TEST(group, AnotherKeyNonceOrContextIsRefused) \
  CIPHER_CONTRACT_TEST(group, WhatIsTooShortIsRefused)           \
  CIPHER_CONTRACT_TEST(group, SealedTextShowsNothing)            \
  CIPHER_CONTRACT_TEST(group, KeysCanBeChangedAtWill)            \
  CIPHER_CONTRACT_TEST(group, DerivedKeysDependOnEverything)     \
  CIPHER_CONTRACT_TEST(group, RandomBytesDiffer)
