// SPDX-License-Identifier: Apache-2.0
#pragma once

// One block between its raw records and its bytes in the file: without what they have in common,
// compressed where that helps, then sealed with the segment's own key, the block's index as nonce
// and its header as associated data;
// the check sums stand outside the seal, so that damage is told from forgery, and found without the
// key.

#include <memory>
#include <string_view>

#include "agent/base/status.hpp"
#include "agent/ports/cipher.hpp"
#include "agent/ports/compressor.hpp"
#include "agent/queue/segment_format.hpp"

namespace depotlink::queue {

// The key of one segment (HKDF from the master key, the segment's salt and number).
Status DeriveSegmentKey(ports::Cipher& cipher, const ports::CipherKey& master, const Salt& salt,
                        SegmentId id, ports::CipherKey& out);

enum class BlockVerdict {
  kGood,
  kDamaged,  // the check sum does not fit: an accident
  kForged    // the check sum fits and the seal does not: another key, or somebody's work
};

class BlockCodec {
 public:
  // Both must outlive this. Takes kBlockMostBytes and kFoldedMostBytes once.
  BlockCodec(ports::Cipher& cipher, ports::Compressor& compressor);

  // Fills in the header's sizes, packing and check sums for `raw` (at most kBlockRawBytes) and
  // gives the whole block as it goes to the file; the view holds until the next call. Kind,
  // segment, salt, index, counts and times are the caller's.
  Status Seal(const ports::CipherKey& key, BlockHeader& header, std::string_view raw,
              std::string_view& block);

  // Where the caller reads a block to, header and all, before Open(): kBlockMostBytes.
  char* buffer() { return buffer_.get(); }
  // Opens what stands in buffer(), of which `header` was read; writes header.raw_bytes to `raw`.
  BlockVerdict Open(const ports::CipherKey& key, const BlockHeader& header, char* raw);

 private:
  std::size_t Pack(BlockHeader& header, std::string_view raw, char* text);
  bool Unpack(const BlockHeader& header, std::string_view packed, char* raw);

  ports::Cipher* cipher_;
  ports::Compressor* compressor_;
  std::unique_ptr<char[]> buffer_;
  std::unique_ptr<char[]> folded_;
};

}  // namespace depotlink::queue
