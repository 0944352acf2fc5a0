// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/block_codec.hpp"

#include <algorithm>
#include <array>

#include "agent/queue/crc32c.hpp"
#include "agent/queue/dictionary.hpp"
#include "agent/queue/little_endian.hpp"
#include "agent/queue/repeat_codec.hpp"

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
    : cipher_(&cipher),
      compressor_(&compressor),
      buffer_(new char[kBlockMostBytes]),
      folded_(new char[kFoldedMostBytes]) {}

// Bytes of `text`, at most as many as `raw` has.
std::size_t BlockCodec::Pack(BlockHeader& header, std::string_view raw, char* text) {
  using Effort = ports::Compressor::Effort;
  const std::size_t folded = FoldRepeats(raw, folded_.get(), raw.size() * 3 / 8);
  if (folded > 0) {
    header.packing = BlockPacking::kFolded2;
    PutFixed(text, static_cast<std::uint16_t>(folded));
    const std::size_t packed =
        compressor_->Pack(Effort::kLittle, kDictionary1, {folded_.get(), folded},
                          text + kFoldedSizeBytes, raw.size() - kFoldedSizeBytes);
    if (packed > 0) return packed + kFoldedSizeBytes;
  }
  header.packing = BlockPacking::kDeflate1;
  const std::size_t packed =
      raw.empty() ? 0 : compressor_->Pack(Effort::kFull, kDictionary1, raw, text, raw.size());
  if (packed > 0) return packed;
  header.packing = BlockPacking::kStored;
  std::copy(raw.begin(), raw.end(), text);
  return raw.size();
}

bool BlockCodec::Unpack(const BlockHeader& header, std::string_view packed, char* raw) {
  if (header.packing == BlockPacking::kDeflate1)
    return compressor_->Unpack(kDictionary1, packed, raw, header.raw_bytes);
  if (header.packing == BlockPacking::kFolded2) {
    if (packed.size() < kFoldedSizeBytes) return false;
    const std::size_t folded = GetFixed<std::uint16_t>(packed.data());
    packed.remove_prefix(kFoldedSizeBytes);
    return folded <= kFoldedMostBytes &&
           compressor_->Unpack(kDictionary1, packed, folded_.get(), folded) &&
           UnfoldRepeats({folded_.get(), folded}, raw, header.raw_bytes);
  }
  if (packed.size() != header.raw_bytes) return false;
  std::copy(packed.begin(), packed.end(), raw);
  return true;
}

Status BlockCodec::Seal(const ports::CipherKey& key, BlockHeader& header, std::string_view raw,
                        std::string_view& block) {
  if (raw.size() > kBlockRawBytes) return {Code::kReject, "a block is larger than its bound"};
  char* text = buffer_.get() + kBlockHeaderBytes;
  const std::size_t packed = Pack(header, raw, text);
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
  return Unpack(header, packed, raw) ? BlockVerdict::kGood : BlockVerdict::kDamaged;
}

}  // namespace depotlink::queue
