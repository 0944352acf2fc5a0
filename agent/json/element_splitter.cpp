// SPDX-License-Identifier: Apache-2.0
#include "agent/json/element_splitter.hpp"

#include <cstring>
#include <utility>

#include "agent/base/fingerprint.hpp"

namespace depotlink::json {
namespace {

constexpr bool IsWhite(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

}  // namespace

std::string_view SkipReasonName(SkipReason reason) {
  switch (reason) {
    case SkipReason::kTooLong:
      return "too long";
    case SkipReason::kTooDeep:
      return "nested too deep";
    case SkipReason::kBadText:
      return "unsound text";
    case SkipReason::kKeyTooLong:
      return "name too long";
    case SkipReason::kDuplicateKey:
      return "name given twice";
    case SkipReason::kTooMany:
      return "too many members";
  }
  return "unknown";
}

void ElementSplitter::Begin(const std::string_view* containers, std::size_t count,
                            SplitHandler& handler) {
  containers_ = containers;
  container_count_ = count < kMaxContainers ? count : kMaxContainers;
  handler_ = &handler;
  state_ = State::kStart;
  depth_ = 0;
  object_bits_ = 0;
  seen_containers_ = 0;
  split_ = kNoSplit;
  keeping_ = false;
  top_count_ = 0;
  fault_ = {};
  offset_ = 0;
}

std::size_t ElementSplitter::Feed(std::string_view piece) {
  stop_ = false;
  run_ = piece.data();
  piece_end_ = piece.data() + piece.size();
  std::size_t i = 0;
  while (i < piece.size() && state_ != State::kFailed && !stop_) {
    std::size_t taken = 1;
    at_ = piece.data() + i;
    switch (state_) {
      case State::kKeyString:
      case State::kString:
      case State::kDeepString:
        taken = TakeString({at_, piece.size() - i});
        break;
      case State::kNumber:
        taken = TakeNumber({at_, piece.size() - i});
        break;
      default:
        TakeByte(piece[i]);
        if (state_ == State::kFailed) return i;
        taken += std::exchange(passed_, 0);
    }
    i += taken;
    offset_ += taken;
  }
  if (keeping_) Keep(piece.data() + i);
  return i;
}

BodyEnd ElementSplitter::End() const {
  switch (state_) {
    case State::kDone:
      return BodyEnd::kComplete;
    case State::kFailed:
      return BodyEnd::kNotJson;
    case State::kStart:
      return BodyEnd::kEmpty;
    default:
      return BodyEnd::kTruncated;
  }
}

std::size_t ElementSplitter::TakeString(std::string_view piece) {
  const std::size_t taken = string_.Feed(piece);
  if (string_.bad()) {
    NoteLength(at_ + taken);
    MarkSkipped(SkipReason::kBadText);
  }
  if (!string_.done()) return taken;
  if (state_ == State::kDeepString) {
    state_ = State::kDeep;
  } else if (state_ == State::kString) {
    EndValue(at_ + taken);
  } else {
    state_ = State::kColon;
    if (key_.cut() && AtMemberLevel()) MarkSkipped(SkipReason::kKeyTooLong);
    // A name that is not what was meant must not take the place of the one that is.
    if (depth_ == 1 && !skipped_) NameTopMember();
  }
  return taken;
}

std::size_t ElementSplitter::TakeNumber(std::string_view piece) {
  std::size_t taken = 0;
  while (taken < piece.size() && number_.Take(piece[taken])) ++taken;
  if (taken == piece.size()) return taken;
  if (number_.whole()) {
    EndValue(at_ + taken);
  } else {
    Fail("a number is malformed");
  }
  return taken;
}

void ElementSplitter::TakeByte(char c) {
  if (state_ != State::kLiteral && IsWhite(c)) {
    if (keeping_) Keep(at_);
    run_ = at_ + 1;
    return;
  }
  switch (state_) {
    case State::kStart:
      return TakeStart(c);
    case State::kFirstKeyOrEnd:
      return TakeKeyStart(c, true);
    case State::kKey:
      return TakeKeyStart(c, false);
    case State::kColon:
      if (c != ':') return Fail("a colon is missing");
      state_ = State::kValue;
      return;
    case State::kFirstValueOrEnd:
      return TakeValueStart(c, true);
    case State::kValue:
      return TakeValueStart(c, false);
    case State::kLiteral:
      return TakeLiteral(c);
    case State::kCommaOrEnd:
      return TakeCommaOrEnd(c);
    case State::kDeep:
      return TakeDeep(c);
    default:
      return Fail("something follows the object's end");
  }
}

void ElementSplitter::TakeStart(char c) {
  if (c != '{') return Fail("not a JSON object");
  depth_ = 1;
  object_bits_ = 1;
  state_ = State::kFirstKeyOrEnd;
}

void ElementSplitter::TakeKeyStart(char c, bool may_end) {
  if (c == '}' && may_end) return Close(c);
  if (c != '"') return Fail("a member's name is missing");
  const bool names_member = AtMemberLevel();
  if (names_member) BeginMember();
  string_.Begin(names_member ? &key_ : nullptr);
  state_ = State::kKeyString;
}

void ElementSplitter::TakeValueStart(char c, bool may_end) {
  if (c == ']' && may_end) return Close(c);
  if (!keeping_ && AtMemberLevel()) {
    if (depth_ == 1 && next_split_ != kNoSplit && !skipped_ && (c == '{' || c == '[')) {
      split_ = next_split_;
      seen_containers_ |= 1U << split_;
      return Open(c);
    }
    if (depth_ == 2 && !InObject()) BeginMember();
    if (c == '{' && PassKnown()) return;
    keeping_ = true;
    member_depth_ = depth_;
    element_bytes_ = 0;
    run_ = at_;
  }
  if (c == '{' || c == '[') return Open(c);
  BeginScalar(c);
}

// What was found sound once is so again; nothing of it is read but by the handler's comparison.
bool ElementSplitter::PassKnown() {
  if (depth_ != 2 || !InObject() || skipped_) return false;
  const SplitKnown known =
      handler_->TakeKnown(split_, key_.view(), {at_, static_cast<std::size_t>(piece_end_ - at_)});
  if (known.bytes == 0) return false;
  passed_ = known.bytes - 1;
  stop_ = known.flow == SplitFlow::kStop;
  state_ = State::kCommaOrEnd;
  return true;
}

void ElementSplitter::BeginScalar(char c) {
  if (c == '"') {
    string_.Begin(nullptr);
    state_ = State::kString;
  } else if (c == '-' || (c >= '0' && c <= '9')) {
    number_.Begin(c);
    state_ = State::kNumber;
  } else if (c == 't' || c == 'f' || c == 'n') {
    literal_ = c == 't' ? "true" : c == 'f' ? "false" : "null";
    literal_at_ = 1;
    state_ = State::kLiteral;
  } else {
    Fail("a value is missing or malformed");
  }
}

void ElementSplitter::TakeLiteral(char c) {
  if (c != literal_[literal_at_]) return Fail("neither true nor false nor null");
  if (++literal_at_ == literal_.size()) EndValue(at_ + 1);
}

void ElementSplitter::TakeCommaOrEnd(char c) {
  if (c == '}' || c == ']') return Close(c);
  if (c != ',') return Fail("a comma is missing");
  state_ = InObject() ? State::kKey : State::kValue;
}

void ElementSplitter::Open(char c) {
  ++depth_;
  if (depth_ > static_cast<std::uint32_t>(limits::kJsonDepth)) {
    NoteLength(at_ + 1);
    MarkSkipped(SkipReason::kTooDeep);
  }
  if (depth_ > kRememberedDepth) {
    state_ = State::kDeep;
    return;
  }
  const std::uint64_t bit = std::uint64_t{1} << (depth_ - 1U);
  if (c == '{') {
    object_bits_ |= bit;
    state_ = State::kFirstKeyOrEnd;
  } else {
    object_bits_ &= ~bit;
    state_ = State::kFirstValueOrEnd;
  }
}

void ElementSplitter::Close(char c) {
  if (InObject() != (c == '}')) return Fail("the wrong bracket closes");
  --depth_;
  if (depth_ == 1 && !keeping_) split_ = kNoSplit;
  EndValue(at_ + 1);
}

// Brackets are only counted here: the element is being skipped, and all that matters is its end.
void ElementSplitter::TakeDeep(char c) {
  if (c == '"') {
    string_.Begin(nullptr);
    state_ = State::kDeepString;
  } else if (c == '{' || c == '[') {
    ++depth_;
  } else if (c == '}' || c == ']') {
    --depth_;
    if (depth_ == kRememberedDepth) state_ = State::kCommaOrEnd;
  }
}

void ElementSplitter::EndValue(const char* end) {
  state_ = depth_ == 0 ? State::kDone : State::kCommaOrEnd;
  if (keeping_ && depth_ == member_depth_) HandOver(end);
}

void ElementSplitter::BeginMember() {
  key_.Clear();
  skipped_ = false;
  next_split_ = kNoSplit;
}

void ElementSplitter::NameTopMember() {
  const std::uint64_t name = Fingerprint(key_.view());
  for (std::size_t i = 0; i < top_count_; ++i) {
    if (top_names_[i] == name) return MarkSkipped(SkipReason::kDuplicateKey);
  }
  if (top_count_ == top_names_.size()) return MarkSkipped(SkipReason::kTooMany);
  top_names_[top_count_++] = name;
  for (std::size_t i = 0; i < container_count_; ++i) {
    if (containers_[i] == key_.view()) next_split_ = i;
  }
}

// Copies what of the member at hand stands in the piece before `end`: where the piece or a run
// without white space ends. An element that lies whole in one piece never is copied.
void ElementSplitter::Keep(const char* end) {
  NoteLength(end);
  if (skipped_ || end == run_) return;
  const auto bytes = static_cast<std::size_t>(end - run_);
  std::memcpy(element_.data() + element_bytes_, run_, bytes);
  element_bytes_ += bytes;
}

void ElementSplitter::NoteLength(const char* end) {
  if (!keeping_ || skipped_) return;
  const auto bytes = static_cast<std::size_t>(end - run_);
  if (bytes > element_.size() - element_bytes_) MarkSkipped(SkipReason::kTooLong);
}

void ElementSplitter::MarkSkipped(SkipReason reason) {
  if (skipped_) return;
  skipped_ = true;
  skip_reason_ = reason;
}

void ElementSplitter::HandOver(const char* end) {
  const std::size_t container = depth_ == 2 ? split_ : SplitHandler::kTopLevel;
  NoteLength(end);
  std::string_view text(run_, static_cast<std::size_t>(end - run_));
  if (element_bytes_ > 0) {
    Keep(end);
    text = {element_.data(), element_bytes_};
  }
  keeping_ = false;
  if (skipped_) {
    handler_->OnSkipped(container, key_.view(), skip_reason_);
  } else if (container == SplitHandler::kTopLevel) {
    handler_->OnValue(key_.view(), text);
  } else if (handler_->OnElement(container, key_.view(), text) == SplitFlow::kStop) {
    stop_ = true;
  }
}

void ElementSplitter::Fail(std::string_view why) {
  fault_ = why;
  state_ = State::kFailed;
}

}  // namespace depotlink::json
