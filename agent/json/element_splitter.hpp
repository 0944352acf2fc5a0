// SPDX-License-Identifier: Apache-2.0
#pragma once

// Takes an answer of the API apart while it streams in, in constant memory: each member of the
// containers that the caller names (`states`, `list`, ...) is handed over as a text of its own, as
// soon as it is whole; whatever else stands at the top (`success`, `user_time`, `status`) likewise.
// The body is never held; what is held is one element, at most limits::kElementBytes.
//
// Strict: RFC 8259, no comments, no trailing commas, nothing before or behind the one object, sound
// UTF-8, no raw control characters, no lone surrogates, a bounded depth.
// Bounded: an element that is too long, too deep or whose text is unsound is skipped and told, and
// the rest goes on. A fault in the structure itself (a missing comma, a bad number) ends the body:
// what follows cannot be trusted. Elements handed over before stay handed over.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/base/limits.hpp"
#include "agent/json/number_scanner.hpp"
#include "agent/json/string_scanner.hpp"

namespace depotlink::json {

enum class BodyEnd : std::uint8_t {
  kComplete,   // one whole object
  kTruncated,  // sound so far, but its end is missing
  kNotJson,    // not JSON, or no object; fault() and fault_offset() say where
  kEmpty       // nothing but white space
};

enum class SkipReason : std::uint8_t {
  kTooLong,       // over limits::kElementBytes
  kTooDeep,       // over limits::kJsonDepth
  kBadText,       // UTF-8, control character, escape or surrogate
  kKeyTooLong,    // over limits::kKeyBytes
  kDuplicateKey,  // a top-level name for the second time
  kTooMany        // more top-level members than are kept track of
};
std::string_view SkipReasonName(SkipReason reason);

enum class SplitFlow : std::uint8_t {
  kContinue,
  kStop  // the element is taken; stop before the next one
};

// What a handler recognizes ahead: so many bytes are a whole element; 0: nothing.
struct SplitKnown {
  std::size_t bytes = 0;
  SplitFlow flow = SplitFlow::kContinue;
};

// Receives the parts. The views hold only during the call.
class SplitHandler {
 public:
  virtual ~SplitHandler() = default;
  // A member of the named container number `container`: `key` is its name, decoded (empty in an
  // array); `text` is its JSON, without white space between tokens, syntactically sound.
  virtual SplitFlow OnElement(std::size_t container, std::string_view key,
                              std::string_view text) = 0;
  // Asked before an object in the named container `container`, itself an object, is read. `ahead`
  // begins with it and goes on as far as there are bytes. Where that begins with an element byte
  // for byte as it was handed over before, the handler may take it here, and tells its length: then
  // nobody reads it again, and OnElement() is not called.
  virtual SplitKnown TakeKnown(std::size_t /*container*/, std::string_view /*key*/,
                               std::string_view /*ahead*/) {
    return {};
  }
  // Any other top-level member, whole.
  virtual void OnValue(std::string_view key, std::string_view text) = 0;
  // A member of container `container` (kTopLevel for a top-level member) that was left out.
  static constexpr std::size_t kTopLevel = SIZE_MAX;
  virtual void OnSkipped(std::size_t container, std::string_view key, SkipReason reason) = 0;
};

class ElementSplitter {
 public:
  static constexpr std::size_t kMaxContainers = 8;

  // Starts a new body. `containers`: the top-level names to take apart, at most kMaxContainers; the
  // array and the handler must outlive the body.
  void Begin(const std::string_view* containers, std::size_t count, SplitHandler& handler);
  // Takes the next piece. Returns how many bytes were taken: fewer than given only after the
  // handler said kStop (feed the rest later) or after a fault (feed no more).
  std::size_t Feed(std::string_view piece);
  // How the body stands; call it when no more bytes come.
  BodyEnd End() const;
  bool failed() const { return state_ == State::kFailed; }
  // True where container `i` was there, even if empty.
  bool has_container(std::size_t i) const { return ((seen_containers_ >> i) & 1U) != 0; }
  // For a person: what is wrong, and at which byte of the decoded body (from 0).
  std::string_view fault() const { return fault_; }
  std::uint64_t fault_offset() const { return offset_; }

 private:
  enum class State : std::uint8_t {
    kStart,
    kFirstKeyOrEnd,
    kKey,
    kKeyString,
    kColon,
    kFirstValueOrEnd,
    kValue,
    kString,
    kNumber,
    kLiteral,
    kCommaOrEnd,
    kDeep,  // below the depth whose brackets are remembered: only counted
    kDeepString,
    kDone,
    kFailed
  };
  static constexpr std::uint32_t kRememberedDepth = 64;
  static constexpr std::size_t kMaxTopMembers = 32;

  std::size_t TakeString(std::string_view piece);
  std::size_t TakeNumber(std::string_view piece);
  void TakeByte(char c);
  void TakeStart(char c);
  void TakeKeyStart(char c, bool may_end);
  void TakeValueStart(char c, bool may_end);
  void TakeLiteral(char c);
  void TakeCommaOrEnd(char c);
  void TakeDeep(char c);
  void BeginScalar(char c);
  void Open(char c);
  void Close(char c);
  void EndValue(const char* end);
  bool PassKnown();

  bool InObject() const { return ((object_bits_ >> (depth_ - 1U)) & 1U) != 0; }
  bool AtMemberLevel() const { return depth_ == 1 || (depth_ == 2 && split_ != kNoSplit); }
  void BeginMember();
  void NameTopMember();
  void Keep(const char* end);
  void NoteLength(const char* end);
  void MarkSkipped(SkipReason reason);
  void HandOver(const char* end);
  void Fail(std::string_view why);

  static constexpr std::size_t kNoSplit = SIZE_MAX;

  const std::string_view* containers_ = nullptr;
  std::size_t container_count_ = 0;
  SplitHandler* handler_ = nullptr;

  State state_ = State::kStart;
  bool stop_ = false;
  std::uint32_t depth_ = 0;
  std::uint64_t object_bits_ = 0;  // bit d-1: the container at depth d is an object
  std::uint32_t seen_containers_ = 0;
  std::size_t split_ = kNoSplit;       // container being taken apart
  std::size_t next_split_ = kNoSplit;  // the member whose value comes is container number ...

  bool keeping_ = false;  // inside a member's value
  std::uint32_t member_depth_ = 0;
  bool skipped_ = false;
  SkipReason skip_reason_ = SkipReason::kTooLong;

  StringScanner string_;
  NumberScanner number_;
  std::string_view literal_;
  std::size_t literal_at_ = 0;

  KeyText key_;
  std::array<std::uint64_t, kMaxTopMembers> top_names_{};
  std::size_t top_count_ = 0;
  std::array<char, limits::kElementBytes> element_;
  std::size_t element_bytes_ = 0;  // of what was kept, in element_
  const char* run_ = nullptr;      // and what follows, in the piece at hand, starts here
  const char* at_ = nullptr;       // the byte at hand
  const char* piece_end_ = nullptr;
  std::size_t passed_ = 0;  // bytes behind the one at hand that need not be read

  std::string_view fault_;
  std::uint64_t offset_ = 0;
};

}  // namespace depotlink::json
