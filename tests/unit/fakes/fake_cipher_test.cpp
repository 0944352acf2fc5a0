// SPDX-License-Identifier: Apache-2.0
// The fake of ports::Cipher keeps the port's contract, counts, and fails where it is told to.
#include "tests/fakes/fake_cipher.hpp"
#include "tests/contract/cipher_contract.hpp"

using depotlink::Code;
using depotlink::Status;
using depotlink::fakes::FakeCipher;
using depotlink::ports::CipherKey;

TEST_GROUP_BASE(FakeCipherContract, CipherContract) {
  FakeCipher fake;
  depotlink::ports::Cipher& cipher() override {
    return fake;
  }
};

CIPHER_CONTRACT(FakeCipherContract)

TEST(FakeCipherContract, ARepeatedNonceIsCounted) {
  CipherKey key;
  CipherKey other;
  SetKey(key, 'k');
  SetKey(other, 'o');
  Sealed(key, 1, "", "a");
  Sealed(key, 2, "", "a");
  Sealed(other, 1, "", "a");
  LONGS_EQUAL(0, fake.nonce_repeats());
  Sealed(key, 2, "other", "text");
  LONGS_EQUAL(1, fake.nonce_repeats());
  LONGS_EQUAL(4, fake.seals());
  std::string plain;
  CHECK(!Opens(key, 1, "", std::string(20, 'x'), plain));
  LONGS_EQUAL(1, fake.opens());
  LONGS_EQUAL(1, fake.refusals());
}

TEST(FakeCipherContract, FailsWhereItIsTold) {
  CipherKey key;
  char out[32];
  fake.FailSelfTest({Code::kUnsupported, "wrong"});
  CHECK(fake.SelfTest().code() == Code::kUnsupported);
  fake.FailRandom({Code::kRetryLater, "none"});
  CHECK(fake.RandomBytes(out, 1).code() == Code::kRetryLater);
  fake.FailDerive({Code::kRetryLater, "none"});
  CHECK(fake.DeriveKey(key, "", "", key).code() == Code::kRetryLater);
  fake.FailSeal({Code::kRetryLater, "none"});
  CHECK(fake.Seal(key, Nonce(1), "", "", out).code() == Code::kRetryLater);
  LONGS_EQUAL(0, fake.seals());
  fake.FailSeal(Status::Ok());
  CHECK(fake.Seal(key, Nonce(1), "", "", out).ok());
  LONGS_EQUAL(0, fake.nonce_repeats());
}

TEST(FakeCipherContract, TheSameSeedGivesTheSameBytes) {
  FakeCipher again;
  FakeCipher other(2);
  char one[32];
  char two[32];
  char three[32];
  CHECK(fake.RandomBytes(one, 32).ok() && again.RandomBytes(two, 32).ok() &&
        other.RandomBytes(three, 32).ok());
  CHECK(std::string(one, 32) == std::string(two, 32));
  CHECK(std::string(one, 32) != std::string(three, 32));
}
