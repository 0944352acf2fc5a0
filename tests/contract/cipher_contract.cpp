// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/cipher_contract.hpp"

#include <cstring>
#include <set>

#include "tests/fakes/fake_random.hpp"

using depotlink::Status;
using depotlink::ports::CipherKey;
using depotlink::ports::CipherNonce;
using depotlink::ports::kCipherKeyBytes;
using depotlink::ports::kCipherTagBytes;

namespace {

constexpr std::size_t kSizes[] = {0, 1, 7, 8, 15, 16, 17, 4095, 32768};
constexpr char kCanary = '#';

std::string Text(std::size_t bytes) {
  depotlink::fakes::SeededRandom random(bytes);
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random.Next());
  return text;
}

std::string Bytes(const CipherKey& key) {
  std::string bytes(kCipherKeyBytes, '\0');
  std::memcpy(bytes.data(), key.data(), kCipherKeyBytes);
  return bytes;
}

}  // namespace

CipherNonce CipherContract::Nonce(std::uint8_t number) {
  CipherNonce nonce{};
  nonce.back() = number;
  return nonce;
}

void CipherContract::SetKey(CipherKey& key, char fill) {
  std::memset(key.data(), fill, kCipherKeyBytes);
}

std::string CipherContract::Sealed(const CipherKey& key, std::uint8_t nonce,
                                   std::string_view associated, std::string_view plain) {
  std::string sealed(plain.size() + kCipherTagBytes + 1, kCanary);
  const Status status = cipher().Seal(key, Nonce(nonce), associated, plain, sealed.data());
  CHECK_TEXT(status.ok(), status.message().c_str());
  CHECK(sealed.back() == kCanary);
  sealed.pop_back();
  return sealed;
}

bool CipherContract::Opens(const CipherKey& key, std::uint8_t nonce, std::string_view associated,
                           std::string_view sealed, std::string& plain) {
  plain.assign(sealed.size() + 1, kCanary);
  const bool opens = cipher().Open(key, Nonce(nonce), associated, sealed, plain.data());
  const std::size_t bytes = sealed.size() < kCipherTagBytes ? 0 : sealed.size() - kCipherTagBytes;
  CHECK(plain.find_first_not_of(kCanary, bytes) == std::string::npos);
  plain.resize(bytes);
  // Nothing of what was refused is left to be used by mistake.
  if (!opens) CHECK(plain == std::string(bytes, '\0'));
  return opens;
}

void CipherContract::PassesItsSelfTest() {
  const Status status = cipher().SelfTest();
  CHECK_TEXT(status.ok(), status.message().c_str());
}

void CipherContract::WhatWasSealedOpens() {
  CipherKey key;
  SetKey(key, 'k');
  for (const std::size_t bytes : kSizes) {
    const std::string text = Text(bytes);
    for (const std::string& associated : {std::string(), std::string("a"), Text(100)}) {
      std::string plain;
      CHECK(Opens(key, 1, associated, Sealed(key, 1, associated, text), plain));
      CHECK(plain == text);
    }
  }
}

void CipherContract::WorksInPlace() {
  CipherKey key;
  SetKey(key, 'k');
  for (const std::size_t bytes : kSizes) {
    const std::string text = Text(bytes);
    std::string place = text + std::string(kCipherTagBytes + 1, kCanary);
    CHECK(cipher().Seal(key, Nonce(1), "a", {place.data(), bytes}, place.data()).ok());
    CHECK(place.back() == kCanary);
    place.pop_back();
    CHECK(place == Sealed(key, 1, "a", text));
    const std::string tag = place.substr(bytes);
    CHECK(cipher().Open(key, Nonce(1), "a", place, place.data()));
    CHECK(place == text + tag);
    CHECK(cipher().Seal(key, Nonce(1), "a", {place.data(), bytes}, place.data()).ok());
    CHECK(!cipher().Open(key, Nonce(1), "b", place, place.data()));
    CHECK(place.substr(0, bytes) == std::string(bytes, '\0'));
  }
}

void CipherContract::AnyFlippedBitIsRefused() {
  CipherKey key;
  SetKey(key, 'k');
  const std::string sealed = Sealed(key, 1, "associated", Text(40));
  std::string plain;
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string damaged = sealed;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    CHECK(!Opens(key, 1, "associated", damaged, plain));
  }
  for (std::size_t bit = 0; bit < 80; ++bit) {
    std::string associated = "associated";
    associated[bit / 8] = static_cast<char>(associated[bit / 8] ^ (1 << (bit % 8)));
    CHECK(!Opens(key, 1, associated, sealed, plain));
  }
  CHECK(Opens(key, 1, "associated", sealed, plain));
}

void CipherContract::AnotherKeyNonceOrContextIsRefused() {
  CipherKey key;
  CipherKey other;
  SetKey(key, 'k');
  const std::string sealed = Sealed(key, 1, "ab", "some text");
  std::string plain;
  for (std::size_t bit = 0; bit < kCipherKeyBytes * 8; ++bit) {
    SetKey(other, 'k');
    other.data()[bit / 8] = static_cast<unsigned char>(other.data()[bit / 8] ^ (1U << (bit % 8)));
    CHECK(!Opens(other, 1, "ab", sealed, plain));
  }
  for (std::uint8_t nonce = 0; nonce < 255; ++nonce) {
    CHECK(Opens(key, nonce, "ab", sealed, plain) == (nonce == 1));
  }
  for (const std::string_view associated : {"", "a", "abc", "ba"}) {
    CHECK(!Opens(key, 1, associated, sealed, plain));
  }
  CHECK(Opens(key, 1, "ab", sealed, plain));
}

void CipherContract::WhatIsTooShortIsRefused() {
  CipherKey key;
  SetKey(key, 'k');
  const std::string sealed = Sealed(key, 1, "", Text(20));
  std::string plain;
  for (std::size_t bytes = 0; bytes < sealed.size(); ++bytes) {
    CHECK(!Opens(key, 1, "", std::string_view(sealed).substr(0, bytes), plain));
  }
}

void CipherContract::SealedTextShowsNothing() {
  CipherKey key;
  SetKey(key, 'k');
  const std::string text(64, 'x');
  const std::string one = Sealed(key, 1, "", text);
  const std::string two = Sealed(key, 2, "", text);
  CHECK(one.find("xx") == std::string::npos);
  CHECK(one.substr(0, 64) != two.substr(0, 64));
}

void CipherContract::KeysCanBeChangedAtWill() {
  CipherKey one;
  CipherKey two;
  SetKey(one, '1');
  SetKey(two, '2');
  const std::string by_one = Sealed(one, 1, "", "first");
  const std::string by_two = Sealed(two, 1, "", "second");
  std::string plain;
  for (int round = 0; round < 3; ++round) {
    CHECK(Opens(one, 1, "", by_one, plain) && plain == "first");
    CHECK(Opens(two, 1, "", by_two, plain) && plain == "second");
    CHECK(!Opens(two, 1, "", by_one, plain));
  }
  SetKey(one, '2');  // the same object, another key
  CHECK(Opens(one, 1, "", by_two, plain));
}

void CipherContract::DerivedKeysDependOnEverything() {
  CipherKey master;
  CipherKey other;
  CipherKey out;
  SetKey(master, 'm');
  SetKey(other, 'o');
  std::set<std::string> seen;
  const auto derive = [&](const CipherKey& from, std::string_view salt, std::string_view info) {
    CHECK(cipher().DeriveKey(from, salt, info, out).ok());
    seen.insert(Bytes(out));
  };
  derive(master, "salt", "info");
  derive(master, "salt", "info");
  LONGS_EQUAL(1, seen.size());
  derive(other, "salt", "info");
  derive(master, "sals", "info");
  derive(master, "salt", "infp");
  derive(master, "sal", "tinfo");
  derive(master, "", "info");
  derive(master, "salt", "");
  LONGS_EQUAL(7, seen.size());
  CHECK(seen.count(Bytes(master)) == 0);
}

void CipherContract::RandomBytesDiffer() {
  std::set<std::string> seen;
  for (const std::size_t bytes : {16U, 32U, 32U, 32U, 1000U}) {
    std::string out(bytes + 1, kCanary);
    CHECK(cipher().RandomBytes(out.data(), bytes).ok());
    CHECK(out.back() == kCanary);
    const std::string tail = out.substr(bytes - 8, 8);
    CHECK(tail != std::string(8, kCanary));  // filled to the end
    seen.insert(out);
  }
  LONGS_EQUAL(5, seen.size());
  CHECK(cipher().RandomBytes(nullptr, 0).ok());
}
