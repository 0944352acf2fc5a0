// SPDX-License-Identifier: Apache-2.0
#include "platform/mbedtls_cipher.hpp"

#include <mbedtls/gcm.h>
#include <mbedtls/hkdf.h>
#include <mbedtls/md.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace depotlink::platform {

namespace {

using ports::kCipherKeyBytes;
using ports::kCipherTagBytes;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* Bytes(char* text) {
  return reinterpret_cast<unsigned char*>(text);
}

Status LibraryFailure(const char* what, int error) {
  return {Code::kRetryLater,
          std::string(what) + ": the crypto library says " + std::to_string(error)};
}

// HKDF-SHA-256 (RFC 5869). 0, or the library's error.
int Hkdf(std::string_view salt, const unsigned char* secret, std::size_t secret_bytes,
         std::string_view info, unsigned char* out, std::size_t bytes) {
  return mbedtls_hkdf(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), Bytes(salt), salt.size(),
                      secret, secret_bytes, Bytes(info), info.size(), out, bytes);
}

unsigned HexDigit(char c) {
  return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
}

// Known answers are written as their sources print them.
template <std::size_t kBytes>
std::array<unsigned char, kBytes> Hex(const char (&text)[2 * kBytes + 1]) {
  std::array<unsigned char, kBytes> bytes{};
  for (std::size_t i = 0; i < kBytes; ++i) {
    bytes[i] = static_cast<unsigned char>(HexDigit(text[2 * i]) * 16 + HexDigit(text[2 * i + 1]));
  }
  return bytes;
}

template <std::size_t kBytes>
std::string_view View(const std::array<unsigned char, kBytes>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), kBytes};
}

// A text of the standard: what `plain` becomes under the key, text and tag.
template <std::size_t kPlain, std::size_t kAssociated>
struct GcmAnswer {
  std::array<unsigned char, kCipherKeyBytes> key;
  ports::CipherNonce nonce;
  std::array<unsigned char, kPlain> plain;
  std::array<unsigned char, kAssociated> associated;
  std::array<unsigned char, kPlain + kCipherTagBytes> sealed;
};

// NIST CAVP, gcmEncryptExtIV256.rsp: IV 96, text 128, additional data 128, tag 128 bits, count 0.
GcmAnswer<16, 16> WholeBlock() {
  return {Hex<32>("92e11dcdaa866f5ce790fd24501f92509aacf4cb8b1339d50c9c1240935dd08b"),
          Hex<12>("ac93a1a6145299bde902f21a"), Hex<16>("2d71bcfa914e4ac045b2aa60955fad24"),
          Hex<16>("1e0889016f67601c8ebea4943bc23ad6"),
          Hex<32>("8995ae2e6df3dbf96fac7b7137bae67f"
                  "eca5aa77d51d4a0a14d9c51e1da474ab")};
}

// McGrew and Viega, "The Galois/Counter Mode of Operation", test case 16: ends within a block.
GcmAnswer<60, 20> PartOfABlock() {
  return {Hex<32>("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
          Hex<12>("cafebabefacedbaddecaf888"),
          Hex<60>("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"),
          Hex<20>("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
          Hex<76>("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                  "76fc6ece0f4e1768cddf8853bb2d551b")};
}

// Sealed as the standard says, opened again in place, and refused where a bit is another.
template <std::size_t kPlain, std::size_t kAssociated>
bool Agrees(ports::Cipher& cipher, const GcmAnswer<kPlain, kAssociated>& answer) {
  ports::CipherKey key;
  std::memcpy(key.data(), answer.key.data(), kCipherKeyBytes);
  std::array<char, kPlain + kCipherTagBytes> text{};
  const auto open = [&] {
    return cipher.Open(key, answer.nonce, View(answer.associated), {text.data(), text.size()},
                       text.data());
  };
  if (!cipher.Seal(key, answer.nonce, View(answer.associated), View(answer.plain), text.data())
           .ok() ||
      std::memcmp(text.data(), answer.sealed.data(), text.size()) != 0) {
    return false;
  }
  if (!open() || std::memcmp(text.data(), answer.plain.data(), kPlain) != 0) return false;
  for (const std::size_t at : {std::size_t{0}, kPlain, kPlain + kCipherTagBytes - 1}) {
    std::memcpy(text.data(), answer.sealed.data(), text.size());
    text[at] = static_cast<char>(text[at] ^ 1);
    if (open()) return false;
  }
  return true;
}

// RFC 5869, appendix A.1.
bool HkdfAgrees() {
  std::array<unsigned char, 22> secret{};
  secret.fill(0x0b);
  const auto expected = Hex<42>(
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
      "34007208d5b887185865");
  std::array<unsigned char, 42> out{};
  return Hkdf(View(Hex<13>("000102030405060708090a0b0c")), secret.data(), secret.size(),
              View(Hex<10>("f0f1f2f3f4f5f6f7f8f9")), out.data(), out.size()) == 0 &&
         out == expected;
}

}  // namespace

struct MbedtlsCipher::State {
  State() { mbedtls_gcm_init(&gcm); }
  ~State() { mbedtls_gcm_free(&gcm); }  // wipes it
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // 0, or the library's error.
  int UseKey(const ports::CipherKey& wanted) {
    if (keyed && std::memcmp(key.data(), wanted.data(), kCipherKeyBytes) == 0) return 0;
    keyed = false;
    mbedtls_gcm_free(&gcm);
    mbedtls_gcm_init(&gcm);
    const int error =
        mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, wanted.data(), kCipherKeyBytes * 8);
    if (error != 0) return error;
    std::memcpy(key.data(), wanted.data(), kCipherKeyBytes);
    keyed = true;
    return 0;
  }

  mbedtls_gcm_context gcm{};
  ports::CipherKey key;  // that `gcm` has, where it has one
  bool keyed = false;
};

MbedtlsCipher::MbedtlsCipher() : state_(std::make_unique<State>()) {}

MbedtlsCipher::~MbedtlsCipher() = default;

bool MbedtlsCipher::SelfTestGcm() {
  // The second one changes the key.
  return Agrees(*this, WholeBlock()) && Agrees(*this, PartOfABlock());
}

Status MbedtlsCipher::SelfTest() {
  if (!SelfTestGcm()) {
    return {Code::kUnsupported, "AES-256-GCM does not compute the known answers on this machine"};
  }
  if (!HkdfAgrees()) {
    return {Code::kUnsupported, "HKDF-SHA-256 does not compute the known answers on this machine"};
  }
  return Status::Ok();
}

Status MbedtlsCipher::RandomBytes(char* out, std::size_t size) {
  while (size > 0) {
    const ssize_t got = getrandom(out, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      return {Code::kRetryLater,
              std::string("the system's random generator gives nothing: ") + std::strerror(errno)};
    }
    out += got;
    size -= static_cast<std::size_t>(got);
  }
  return Status::Ok();
}

Status MbedtlsCipher::DeriveKey(const ports::CipherKey& master, std::string_view salt,
                                std::string_view info, ports::CipherKey& out) {
  const int error = Hkdf(salt, master.data(), kCipherKeyBytes, info, out.data(), kCipherKeyBytes);
  if (error == 0) return Status::Ok();
  out.Wipe();
  return LibraryFailure("no key can be derived", error);
}

Status MbedtlsCipher::Seal(const ports::CipherKey& key, const ports::CipherNonce& nonce,
                           std::string_view associated, std::string_view plain, char* out) {
  int error = state_->UseKey(key);
  if (error == 0) {
    error =
        mbedtls_gcm_crypt_and_tag(&state_->gcm, MBEDTLS_GCM_ENCRYPT, plain.size(), nonce.data(),
                                  nonce.size(), Bytes(associated), associated.size(), Bytes(plain),
                                  Bytes(out), kCipherTagBytes, Bytes(out + plain.size()));
  }
  if (error != 0) return LibraryFailure("nothing can be sealed", error);
  return Status::Ok();
}

bool MbedtlsCipher::Open(const ports::CipherKey& key, const ports::CipherNonce& nonce,
                         std::string_view associated, std::string_view sealed, char* out) {
  if (sealed.size() < kCipherTagBytes) return false;
  const std::size_t bytes = sealed.size() - kCipherTagBytes;
  if (state_->UseKey(key) != 0) {
    std::memset(out, 0, bytes);
    return false;
  }
  // Wipes `out` where the tag does not fit.
  return mbedtls_gcm_auth_decrypt(&state_->gcm, bytes, nonce.data(), nonce.size(),
                                  Bytes(associated), associated.size(), Bytes(sealed) + bytes,
                                  kCipherTagBytes, Bytes(sealed), Bytes(out)) == 0;
}

}  // namespace depotlink::platform
