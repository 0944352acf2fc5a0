// SPDX-License-Identifier: Apache-2.0
#pragma once

// ports::Cipher without secrecy: quick and the same in each run, but as strict as a real one. The
// tag covers key, nonce, associated data and text, so whatever does not fit is refused; and each
// key and nonce used to seal are remembered, so that a repeat is found.

#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "agent/ports/cipher.hpp"
#include "tests/fakes/fake_random.hpp"

namespace depotlink::fakes {

class FakeCipher final : public ports::Cipher {
 public:
  explicit FakeCipher(std::uint64_t seed = 1) : random_(seed) {}

  // --- ports::Cipher
  Status SelfTest() override { return self_test_; }
  Status RandomBytes(char* out, std::size_t size) override {
    if (!random_status_.ok()) return random_status_;
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(random_.Next());
    return Status::Ok();
  }
  Status DeriveKey(const ports::CipherKey& master, std::string_view salt, std::string_view info,
                   ports::CipherKey& out) override {
    if (!derive_status_.ok()) return derive_status_;
    Sum sum;
    sum.Add(Text(master));
    sum.Add(salt);
    sum.Add(info);
    SeededRandom stream(sum.a ^ sum.b);
    for (std::size_t i = 0; i < ports::kCipherKeyBytes; i += 8) {
      const std::uint64_t word = stream.Next();
      std::memcpy(out.data() + i, &word, sizeof word);
    }
    return Status::Ok();
  }
  Status Seal(const ports::CipherKey& key, const ports::CipherNonce& nonce,
              std::string_view associated, std::string_view plain, char* out) override {
    if (!seal_status_.ok()) return seal_status_;
    ++seals_;
    std::string pair(Text(key));
    pair.append(Text(nonce));
    if (!used_.insert(std::move(pair)).second) ++nonce_repeats_;
    Mask(key, nonce, plain, out);
    const Sum tag = Tag(key, nonce, associated, {out, plain.size()});
    std::memcpy(out + plain.size(), &tag.a, 8);
    std::memcpy(out + plain.size() + 8, &tag.b, 8);
    return Status::Ok();
  }
  bool Open(const ports::CipherKey& key, const ports::CipherNonce& nonce,
            std::string_view associated, std::string_view sealed, char* out) override {
    ++opens_;
    if (sealed.size() < ports::kCipherTagBytes) return false;
    const std::string_view text = sealed.substr(0, sealed.size() - ports::kCipherTagBytes);
    const Sum tag = Tag(key, nonce, associated, text);
    if (std::memcmp(sealed.data() + text.size(), &tag.a, 8) != 0 ||
        std::memcmp(sealed.data() + text.size() + 8, &tag.b, 8) != 0) {
      ++refusals_;
      std::memset(out, 0, text.size());
      return false;
    }
    Mask(key, nonce, text, out);
    return true;
  }

  // --- failures, until Status::Ok() is given
  void FailSelfTest(Status status) { self_test_ = std::move(status); }
  void FailRandom(Status status) { random_status_ = std::move(status); }
  void FailDerive(Status status) { derive_status_ = std::move(status); }
  void FailSeal(Status status) { seal_status_ = std::move(status); }

  // --- what was asked
  std::size_t seals() const { return seals_; }
  std::size_t opens() const { return opens_; }
  // Open with a tag that did not fit.
  std::size_t refusals() const { return refusals_; }
  // Seal with a key and a nonce that had sealed before: never right.
  std::size_t nonce_repeats() const { return nonce_repeats_; }

 private:
  // Two lanes of 64 bits. Each step is one-to-one in the word added, so a change of a single word
  // always shows.
  struct Sum {
    std::uint64_t a = 0x243F6A8885A308D3U;
    std::uint64_t b = 0x13198A2E03707344U;

    void AddWord(std::uint64_t word) {
      a = (a ^ word) * 0x9E3779B97F4A7C15U;
      a ^= a >> 32U;
      b = (b + word) * 0xC2B2AE3D27D4EB4FU;
      b ^= b >> 29U;
    }
    void Add(std::string_view text) {
      AddWord(text.size());
      while (!text.empty()) {
        std::uint64_t word = 0;
        const std::size_t bytes = text.size() < 8 ? text.size() : 8;
        std::memcpy(&word, text.data(), bytes);
        AddWord(word);
        text.remove_prefix(bytes);
      }
    }
  };

  template <typename Bytes>
  static std::string_view Text(const Bytes& bytes) {
    const void* place = bytes.data();
    return {static_cast<const char*>(place), sizeof(Bytes)};
  }
  static Sum Tag(const ports::CipherKey& key, const ports::CipherNonce& nonce,
                 std::string_view associated, std::string_view text) {
    Sum sum;
    sum.Add(Text(key));
    sum.Add(Text(nonce));
    sum.Add(associated);
    sum.Add(text);
    return sum;
  }
  // Its own reverse; `from` and `out` may be the same place.
  static void Mask(const ports::CipherKey& key, const ports::CipherNonce& nonce,
                   std::string_view from, char* out) {
    Sum sum;
    sum.Add(Text(key));
    sum.Add(Text(nonce));
    SeededRandom stream(sum.a);
    for (std::size_t at = 0; at < from.size(); at += 8) {
      const std::size_t bytes = from.size() - at < 8 ? from.size() - at : 8;
      std::uint64_t word = 0;
      std::memcpy(&word, from.data() + at, bytes);
      word ^= stream.Next();
      std::memcpy(out + at, &word, bytes);
    }
  }

  SeededRandom random_;
  Status self_test_;
  Status random_status_;
  Status derive_status_;
  Status seal_status_;
  std::set<std::string> used_;
  std::size_t seals_ = 0;
  std::size_t opens_ = 0;
  std::size_t refusals_ = 0;
  std::size_t nonce_repeats_ = 0;
};

}  // namespace depotlink::fakes
