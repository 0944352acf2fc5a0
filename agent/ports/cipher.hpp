// SPDX-License-Identifier: Apache-2.0
#pragma once

// Authenticated encryption of what goes to disk: AES-256-GCM (NIST SP 800-38D) under keys that are
// derived with HKDF-SHA-256 (RFC 5869). Main thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/base/secret.hpp"
#include "agent/base/status.hpp"

namespace depotlink::ports {

inline constexpr std::size_t kCipherKeyBytes = 32;
inline constexpr std::size_t kCipherNonceBytes = 12;
inline constexpr std::size_t kCipherTagBytes = 16;

// Wiped when it goes.
class CipherKey {
 public:
  CipherKey() = default;
  CipherKey(const CipherKey&) = delete;
  CipherKey& operator=(const CipherKey&) = delete;
  ~CipherKey() { Wipe(); }

  unsigned char* data() { return bytes_.data(); }
  const unsigned char* data() const { return bytes_.data(); }
  void Wipe() { depotlink::Wipe(bytes_.data(), bytes_.size()); }

 private:
  std::array<unsigned char, kCipherKeyBytes> bytes_{};
};

using CipherNonce = std::array<unsigned char, kCipherNonceBytes>;

class Cipher {
 public:
  virtual ~Cipher() = default;

  // Whether the library computes known answers as the standards do on this machine. Where it does
  // not, nothing may be sealed. kUnsupported with the reason.
  virtual Status SelfTest() = 0;
  // `size` bytes fit for keys and salts. Blocks until the system's generator is seeded. kRetryLater
  // where it gives nothing.
  virtual Status RandomBytes(char* out, std::size_t size) = 0;
  // HKDF-SHA-256: `out` from the master key, `salt` and `info`.
  virtual Status DeriveKey(const CipherKey& master, std::string_view salt, std::string_view info,
                           CipherKey& out) = 0;
  // Writes plain.size() + kCipherTagBytes to `out`, which may be where `plain` stands (then the tag
  // follows it). A nonce must never be used twice with a key.
  virtual Status Seal(const CipherKey& key, const CipherNonce& nonce, std::string_view associated,
                      std::string_view plain, char* out) = 0;
  // The reverse: `sealed` holds text and tag; writes sealed.size() - kCipherTagBytes to `out`,
  // which may be where `sealed` stands. False where the tag does not fit; `out` holds nothing then.
  [[nodiscard]] virtual bool Open(const CipherKey& key, const CipherNonce& nonce,
                                  std::string_view associated, std::string_view sealed,
                                  char* out) = 0;
};

}  // namespace depotlink::ports
