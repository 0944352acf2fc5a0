// SPDX-License-Identifier: Apache-2.0
#pragma once

// ports::Cipher on Mbed TLS (3.6, or a distribution's 2.28). Stays keyed for the last key; another
// key, and DeriveKey, take and give back some 300 bytes of heap inside the library. Both are wiped
// when it goes. Random bytes are the kernel's own. One thread.

#include <memory>

#include "agent/ports/cipher.hpp"

namespace depotlink::platform {

class MbedtlsCipher final : public ports::Cipher {
 public:
  MbedtlsCipher();
  ~MbedtlsCipher() override;
  MbedtlsCipher(const MbedtlsCipher&) = delete;
  MbedtlsCipher& operator=(const MbedtlsCipher&) = delete;

  Status SelfTest() override;
  Status RandomBytes(char* out, std::size_t size) override;
  Status DeriveKey(const ports::CipherKey& master, std::string_view salt, std::string_view info,
                   ports::CipherKey& out) override;
  Status Seal(const ports::CipherKey& key, const ports::CipherNonce& nonce,
              std::string_view associated, std::string_view plain, char* out) override;
  bool Open(const ports::CipherKey& key, const ports::CipherNonce& nonce,
            std::string_view associated, std::string_view sealed, char* out) override;

 private:
  bool SelfTestGcm();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace depotlink::platform
