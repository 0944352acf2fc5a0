// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/block_codec.hpp"

#include <algorithm>
#include <array>

#include "agent/queue/crc32c.hpp"
#include "agent/queue/dictionary.hpp"
#include "agent/queue/little_endian.hpp"

namespace depotlink::queue {
namespace {

constexpr std::string_view kKeyPurpose = "depotlink queue segment ";

ports::CipherNonce NonceOf(const BlockHeader& header) {
  ports::CipherNonce nonce{};
  for (std::size_t i = 0; i < sizeof header.index; ++i) {
    nonce[i] = static_cast<unsigned char>(header.index >> (8 * i));
  }
  // An end block has the number of blocks for an index: no other block of the segment has it.
  return nonce;
}

}  // namespace

Status DeriveSegmentKey(ports::Cipher& cipher, const ports::CipherKey& master, const Salt& salt,
                        SegmentId id, ports::CipherKey& out) {
  std::array<char, kKeyPurpose.size() + sizeof id> info{};
  std::copy(kKeyPurpose.begin(), kKeyPurpose.end(), info.begin());
  PutFixed(info.data() + kKeyPurpose.size(), id);
  return cipher.DeriveKey(master, {salt.data(), salt.size()}, {info.data(), info.size()}, out);
}

BlockCodec::BlockCodec(ports::Cipher& cipher, ports::Compressor& compressor)
    : cipher_(&cipher), compressor_(&compressor), buffer_(new char[kBlockMostBytes]) {}

Status BlockCodec::Seal(const ports::CipherKey& key, BlockHeader& header, std::string_view raw,
                        std::string_view& block) {
  if (raw.size() > kBlockRawBytes) return {Code::kReject, "a block is larger than its bound"};
  char* text = buffer_.get() + kBlockHeaderBytes;
  std::size_t packed = raw.empty() ? 0 : compressor_->Pack(kDictionary1, raw, text, raw.size());
  header.packing = packed == 0 ? BlockPacking::kStored : BlockPacking::kDeflate1;
  if (packed == 0)
    packed = static_cast<std::size_t>(std::copy(raw.begin(), raw.end(), text) - text);
  header.raw_bytes = static_cast<std::uint32_t>(raw.size());
  header.sealed_bytes = static_cast<std::uint32_t>(packed + ports::kCipherTagBytes);
  header.sealed_crc = 0;
  PutBlockHeader(header, buffer_.get());
  Status sealed =
      cipher_->Seal(key, NonceOf(header), {buffer_.get(), kAssociatedBytes}, {text, packed}, text);
  if (!sealed.ok()) return sealed;
  header.sealed_crc = Crc32c({text, header.sealed_bytes});
  PutBlockHeader(header, buffer_.get());
  block = {buffer_.get(), kBlockHeaderBytes + header.sealed_bytes};
  return {};
}

BlockVerdict BlockCodec::Open(const ports::CipherKey& key, const BlockHeader& header, char* raw) {
  char* text = buffer_.get() + kBlockHeaderBytes;
  const std::string_view sealed(text, header.sealed_bytes);
  if (Crc32c(sealed) != header.sealed_crc) return BlockVerdict::kDamaged;
  if (!cipher_->Open(key, NonceOf(header), {buffer_.get(), kAssociatedBytes}, sealed, text)) {
    return BlockVerdict::kForged;
  }
  const std::string_view packed(text, header.sealed_bytes - ports::kCipherTagBytes);
  if (header.packing == BlockPacking::kDeflate1) {
    return compressor_->Unpack(kDictionary1, packed, raw, header.raw_bytes)
               ? BlockVerdict::kGood
               : BlockVerdict::kDamaged;
  }
  if (packed.size() != header.raw_bytes) return BlockVerdict::kDamaged;
  std::copy(packed.begin(), packed.end(), raw);
  return BlockVerdict::kGood;
}

}  // namespace depotlink::queue
