// SPDX-License-Identifier: Apache-2.0
#include "platform/deflate_compressor.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace depotlink::platform {

namespace {

constexpr int kWindowBits = -13;  // negative: raw
constexpr int kLittleLevel = 1;
constexpr int kFullLevel = 6;
constexpr int kMemLevel = 6;

// Hands out memory from the front; takes nothing back but all of it.
class Arena {
 public:
  void* Take(std::size_t bytes) {
    constexpr std::size_t kAlign = alignof(std::max_align_t);
    if (bytes > kBytes) return nullptr;
    bytes = (bytes + kAlign - 1) / kAlign * kAlign;
    if (bytes > kBytes - used_) return nullptr;
    void* place = memory_.get() + used_;
    used_ += bytes;
    most_ = std::max(most_, used_);
    return place;
  }
  void Clear() { used_ = 0; }
  std::size_t most() const { return most_; }

 private:
  static constexpr std::size_t kBytes = DeflateCompressor::kArenaBytes;
  // Not set to zero: pages that nobody uses cost nothing.
  std::unique_ptr<unsigned char[]> memory_{new unsigned char[kBytes]};
  std::size_t used_ = 0;
  std::size_t most_ = 0;
};

voidpf TakeMemory(voidpf arena, uInt items, uInt size) {
  return static_cast<Arena*>(arena)->Take(std::size_t{items} * size);
}

void GiveBack(voidpf, voidpf) {}

// zlib's pointers to what it only reads are const only by request.
Bytef* Input(std::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

// zlib refuses to be told of no place, even for nothing.
Bytef* Output(char* out, Bytef& nowhere) {
  return out == nullptr ? &nowhere : reinterpret_cast<Bytef*>(out);
}

bool CountsFit(std::size_t one, std::size_t two, std::size_t three) {
  return std::max({one, two, three}) <= std::numeric_limits<uInt>::max();
}

}  // namespace

struct DeflateCompressor::State {
  enum class Use { kNone, kPack, kUnpack };

  // Ready for another block.
  bool Begin(Use wanted) {
    if (use == wanted) {
      return (wanted == Use::kPack ? deflateReset(&stream) : inflateReset(&stream)) == Z_OK;
    }
    use = Use::kNone;
    arena.Clear();
    stream = z_stream{};
    stream.zalloc = TakeMemory;
    stream.zfree = GiveBack;
    stream.opaque = &arena;
    const int result = wanted == Use::kPack
                           ? deflateInit2(&stream, level = kFullLevel, Z_DEFLATED, kWindowBits,
                                          kMemLevel, Z_DEFAULT_STRATEGY)
                           : inflateInit2(&stream, kWindowBits);
    if (result == Z_OK) use = wanted;
    return result == Z_OK;
  }

  void SetRoom(std::string_view in, Bytef* out, std::size_t out_bytes) {
    stream.next_in = Input(in);
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = out;
    stream.avail_out = static_cast<uInt>(out_bytes);
  }

  // For the block that was just begun.
  bool SetLevel(int wanted) {
    if (wanted == level) return true;
    const bool good = deflateParams(&stream, wanted, Z_DEFAULT_STRATEGY) == Z_OK;
    if (good) level = wanted;
    return good;
  }

  Arena arena;
  z_stream stream{};
  Use use = Use::kNone;
  int level = kFullLevel;  // of packing
};

DeflateCompressor::DeflateCompressor() : state_(std::make_unique<State>()) {
  // Each takes all the memory that it will ever take.
  const char text = 'x';
  char packed[16];
  char again = 0;
  const std::size_t bytes = Pack(Effort::kFull, {&text, 1}, {&text, 1}, packed, sizeof packed);
  ready_ = bytes > 0 && Unpack({&text, 1}, {packed, bytes}, &again, 1) && again == text;
}

DeflateCompressor::~DeflateCompressor() = default;

std::size_t DeflateCompressor::arena_used() const {
  return state_->arena.most();
}

std::size_t DeflateCompressor::Pack(Effort effort, std::string_view dictionary,
                                    std::string_view raw, char* out, std::size_t capacity) {
  if (!CountsFit(dictionary.size(), raw.size(), capacity)) return 0;
  if (!state_->Begin(State::Use::kPack)) return 0;
  if (!state_->SetLevel(effort == Effort::kFull ? kFullLevel : kLittleLevel)) return 0;
  z_stream& stream = state_->stream;
  if (!dictionary.empty() && deflateSetDictionary(&stream, Input(dictionary),
                                                  static_cast<uInt>(dictionary.size())) != Z_OK) {
    return 0;
  }
  Bytef nowhere = 0;
  state_->SetRoom(raw, Output(out, nowhere), capacity);
  int result = deflate(&stream, Z_FINISH);
  if (result == Z_OK && stream.avail_out == 0) {
    // Where the last byte of room was the last one needed, zlib says so only when it is asked again
    // with more room.
    stream.next_out = &nowhere;
    stream.avail_out = 1;
    result = deflate(&stream, Z_FINISH);
  }
  return result == Z_STREAM_END && stream.total_out <= capacity ? stream.total_out : 0;
}

bool DeflateCompressor::Unpack(std::string_view dictionary, std::string_view packed, char* out,
                               std::size_t raw_bytes) {
  if (!CountsFit(dictionary.size(), packed.size(), raw_bytes)) return false;
  if (!state_->Begin(State::Use::kUnpack)) return false;
  z_stream& stream = state_->stream;
  if (!dictionary.empty() && inflateSetDictionary(&stream, Input(dictionary),
                                                  static_cast<uInt>(dictionary.size())) != Z_OK) {
    return false;
  }
  Bytef nowhere = 0;
  state_->SetRoom(packed, Output(out, nowhere), raw_bytes);
  return inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0 &&
         stream.avail_out == 0;
}

}  // namespace depotlink::platform
