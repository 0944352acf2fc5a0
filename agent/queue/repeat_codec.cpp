// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/repeat_codec.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "agent/queue/little_endian.hpp"

namespace depotlink::queue {
namespace {

// Part of the file format.
constexpr unsigned kCopyCode = 0x80;      // to 0xBF: as many bytes more than kLeastCopy, or ...
constexpr unsigned kLongCopy = 0xBF;      // ... this many, and a varint more
constexpr unsigned kNearerCode = 0xC0;    // to 0xFD: the distance changes by -31 to 30
constexpr unsigned kDistanceCode = 0xFE;  // the distance is the varint that follows
constexpr unsigned kBytesCode = 0xFF;     // a varint, and as many bytes as they are
constexpr std::size_t kLeastCopy = 3;
constexpr std::size_t kShortCopies = kLongCopy - kCopyCode;
constexpr std::int64_t kNearest = -31;
constexpr std::int64_t kFarthest = kDistanceCode - 1 - kNearerCode + kNearest;

// How the writer looks for repeats; any other way would be read as well.
constexpr std::size_t kSureMatch = 4;
constexpr std::size_t kNameMatch = 6;
constexpr std::size_t kLookBack = 64;
constexpr std::size_t kLookAhead = 192;
constexpr std::size_t kSameStart = 5;
constexpr std::size_t kStartBytes = 16;  // with the number of a tracker
constexpr unsigned kPlaceBits = 6;

// What does not end a value or a name.
constexpr std::array<bool, 256> MakeWordBytes() {
  std::array<bool, 256> word{};
  for (bool& is : word) is = true;
  for (const char end : {'"', ',', '{', '}', '[', ']', ' '}) {
    word[static_cast<unsigned char>(end)] = false;
  }
  return word;
}
constexpr std::array<bool, 256> kWordBytes = MakeWordBytes();

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// Of the front of a text; of whatever byte order, since nobody else sees it.
std::size_t StartKey(const char* from) {
  std::array<std::uint64_t, 2> words{};
  static_assert(sizeof words == kStartBytes);
  std::memcpy(words.data(), from, kStartBytes);
  constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15U;
  return static_cast<std::size_t>((words[0] * kSpread ^ words[1]) * kSpread >> (64U - kPlaceBits));
}

bool IsWord(char c) {
  return kWordBytes.data()[static_cast<unsigned char>(c)];
}

std::size_t EndOfWord(std::string_view text, std::size_t at) {
  while (at < text.size() && IsWord(text[at])) ++at;
  return at;
}

// How many bytes at `at` are those at `from`, which is before it.
std::size_t CommonBytes(std::string_view text, std::size_t from, std::size_t at) {
  const char* a = text.data() + from;
  const char* b = text.data() + at;
  const std::size_t most = text.size() - at;
  std::size_t n = 0;
  for (; n + 8 <= most; n += 8) {
    if (std::memcmp(a + n, b + n, 8) != 0) break;
  }
  while (n < most && a[n] == b[n]) ++n;
  return n;
}

// Where they overlap, what was just written is repeated.
void CopyFromBefore(char* out, std::size_t distance, std::size_t bytes) {
  const char* from = out - distance;
  if (distance >= bytes) {
    std::memcpy(out, from, bytes);
  } else {
    for (std::size_t i = 0; i < bytes; ++i) out[i] = from[i];
  }
}

class Folder {
 public:
  Folder(std::string_view raw, char* out, std::size_t capacity)
      : raw_(raw), out_(out), capacity_(capacity) {}

  std::size_t Fold();

 private:
  bool FindRepeat();
  bool IsRecordStart();
  bool LookAround(std::size_t word);
  bool PutLiterals();
  bool PutRepeat(std::size_t bytes);
  bool HasRoom(std::size_t bytes) const { return capacity_ - size_ >= bytes; }
  void Put(unsigned code) { out_[size_++] = static_cast<char>(static_cast<unsigned char>(code)); }

  std::string_view raw_;
  char* out_;
  std::size_t capacity_;
  std::size_t size_ = 0;
  std::size_t told_ = 0;      // up to here it is told
  std::size_t at_ = 0;        // up to here it has been looked at
  std::size_t from_ = 0;      // what is likely to be the same as at_
  std::size_t record_ = 0;    // where the text of this record begins; 0: not seen yet
  std::size_t distance_ = 0;  // as the reader has it
  std::array<std::uint16_t, 1U << kPlaceBits> places_{};  // of texts, by how they begin
};

// Where a text begins as the one before did, all is likely to be the same again; more so in one of
// the same tracker.
bool Folder::IsRecordStart() {
  if (raw_[at_] != '{' || at_ + kStartBytes > raw_.size()) return false;
  if (record_ != 0 && CommonBytes(raw_, record_, at_) < kSameStart) return false;
  std::uint16_t& place = places_.data()[StartKey(raw_.data() + at_)];
  const std::size_t alike = std::exchange(place, static_cast<std::uint16_t>(at_));
  from_ = alike != 0 && CommonBytes(raw_, alike, at_) >= kStartBytes ? alike : record_;
  record_ = at_;
  return from_ != 0;
}

// A field more or less than the record before has: is this name near to where it was looked for?
bool Folder::LookAround(std::size_t word) {
  if (from_ >= record_ || IsDigit(raw_[word]) || word + kNameMatch > raw_.size()) return false;
  const char* const last = raw_.data() + std::min(from_ + kLookAhead, word);
  const char* const wanted = raw_.data() + word;
  for (const char* near = raw_.data() + from_ - std::min(from_, kLookBack); near < last; ++near) {
    near =
        static_cast<const char*>(std::memchr(near, *wanted, static_cast<std::size_t>(last - near)));
    if (near == nullptr) return false;
    if (std::memcmp(near, wanted, kNameMatch) != 0) continue;
    from_ = static_cast<std::size_t>(near - raw_.data());
    at_ = word;
    return true;
  }
  return false;
}

// Sets at_ and from_ to the next repeat. False where there is none up to the end.
bool Folder::FindRepeat() {
  while (at_ < raw_.size()) {
    const std::size_t word = at_;
    at_ = EndOfWord(raw_, at_);
    if (at_ == raw_.size()) return false;
    if (IsRecordStart()) return true;
    const std::size_t end = EndOfWord(raw_, from_);
    const bool alike = end < at_ && CommonBytes(raw_, end, at_) >= kSureMatch;
    if (alike) from_ = end;
    if (alike || LookAround(word)) return true;
    if (end < at_ && raw_[end] == raw_[at_]) from_ = end + 1;
    ++at_;
  }
  return false;
}

bool Folder::PutLiterals() {
  const auto plain = [](char c) { return static_cast<unsigned char>(c) < kCopyCode; };
  const char* end = raw_.data() + at_;
  const char* other = std::find_if_not(raw_.data() + told_, end, plain);
  const auto others = static_cast<std::size_t>(end - other);
  if (!HasRoom(at_ - told_ + 1 + kVarintMostBytes)) return false;
  std::copy(raw_.data() + told_, other, out_ + size_);
  size_ += at_ - told_ - others;
  if (others > 0) {
    Put(kBytesCode);
    size_ += PutVarint(out_ + size_, others);
    std::copy(other, end, out_ + size_);
    size_ += others;
  }
  told_ = at_;
  return true;
}

bool Folder::PutRepeat(std::size_t bytes) {
  if (!HasRoom(2 + 2 * kVarintMostBytes)) return false;
  const std::size_t distance = at_ - from_;
  const auto change = static_cast<std::int64_t>(distance) - static_cast<std::int64_t>(distance_);
  if (change >= kNearest && change <= kFarthest) {
    if (change != 0) Put(static_cast<unsigned>(kNearerCode + (change - kNearest)));
  } else {
    Put(kDistanceCode);
    size_ += PutVarint(out_ + size_, distance);
  }
  distance_ = distance;
  const std::size_t more = bytes - kLeastCopy;
  Put(static_cast<unsigned>(kCopyCode + std::min(more, kShortCopies)));
  if (more >= kShortCopies) size_ += PutVarint(out_ + size_, more - kShortCopies);
  at_ += bytes;
  from_ += bytes;
  told_ = at_;
  return true;
}

std::size_t Folder::Fold() {
  while (FindRepeat()) {
    if (!PutLiterals() || !PutRepeat(CommonBytes(raw_, from_, at_))) return 0;
  }
  at_ = raw_.size();
  return PutLiterals() ? size_ : 0;
}

class Unfolder {
 public:
  Unfolder(char* out, std::size_t raw_bytes) : out_(out), raw_bytes_(raw_bytes) {}

  bool full() const { return size_ == raw_bytes_; }
  bool TakeByte(unsigned char byte) {
    if (full()) return false;
    out_[size_++] = static_cast<char>(byte);
    return true;
  }
  // Any other code; what belongs to it is taken from `rest`.
  bool Follow(unsigned code, std::string_view& rest);

 private:
  bool TakeBytes(std::uint64_t bytes, std::string_view& rest);
  bool Repeat(std::uint64_t bytes);

  char* out_;
  std::size_t raw_bytes_;
  std::size_t size_ = 0;
  std::uint64_t distance_ = 0;
};

bool Unfolder::TakeBytes(std::uint64_t bytes, std::string_view& rest) {
  if (bytes > rest.size() || bytes > raw_bytes_ - size_) return false;
  std::copy_n(rest.data(), static_cast<std::size_t>(bytes), out_ + size_);
  size_ += static_cast<std::size_t>(bytes);
  rest.remove_prefix(static_cast<std::size_t>(bytes));
  return true;
}

bool Unfolder::Repeat(std::uint64_t bytes) {
  if (distance_ == 0 || distance_ > size_ || bytes > raw_bytes_ - size_) return false;
  CopyFromBefore(out_ + size_, static_cast<std::size_t>(distance_),
                 static_cast<std::size_t>(bytes));
  size_ += static_cast<std::size_t>(bytes);
  return true;
}

bool Unfolder::Follow(unsigned code, std::string_view& rest) {
  std::uint64_t number = 0;
  if ((code == kLongCopy || code >= kDistanceCode) && !TakeVarint(rest, number)) return false;
  if (code == kBytesCode) return TakeBytes(number, rest);
  if (code <= kLongCopy) {
    return Repeat(code - kCopyCode + kLeastCopy + std::min<std::uint64_t>(number, raw_bytes_));
  }
  if (code == kDistanceCode) {
    distance_ = number;
  } else {
    distance_ +=
        static_cast<std::uint64_t>(static_cast<std::int64_t>(code - kNearerCode) + kNearest);
  }
  return true;
}

}  // namespace

std::size_t FoldRepeats(std::string_view raw, char* out, std::size_t capacity) {
  return Folder(raw, out, capacity).Fold();
}

bool UnfoldRepeats(std::string_view folded, char* out, std::size_t raw_bytes) {
  Unfolder unfolder(out, raw_bytes);
  while (!folded.empty()) {
    const auto code = static_cast<unsigned char>(folded.front());
    folded.remove_prefix(1);
    if (!(code < kCopyCode ? unfolder.TakeByte(code) : unfolder.Follow(code, folded))) return false;
  }
  return unfolder.full();
}

}  // namespace depotlink::queue
