// SPDX-License-Identifier: Apache-2.0
#include "agent/json/element_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

namespace depotlink::json {
namespace {

using Node = ElementTree::Node;

// A number as JsonCpp would have it: whole where it is written so and has room in 64 bits.
struct Number {
  bool whole = false;
  bool negative = false;
  std::uint64_t magnitude = 0;  // of a whole one
  double real = 0;
};

Number ReadNumber(std::string_view digits) {
  Number number;
  number.negative = digits.front() == '-';
  const std::string_view plain = digits.substr(number.negative ? 1 : 0);
  const char* const end = plain.data() + plain.size();
  const auto read = std::from_chars(plain.data(), end, number.magnitude);
  constexpr std::uint64_t kMostNegative = std::uint64_t{1} << 63U;
  number.whole = read.ec == std::errc() && read.ptr == end &&
                 (!number.negative || number.magnitude <= kMostNegative);
  if (number.whole) {
    number.real = static_cast<double>(number.magnitude);
    if (number.negative) number.real = -number.real;
  } else {
    // What follows a number in an object ends it.
    number.real = std::strtod(digits.data(), nullptr);
  }
  return number;
}

bool ToInt64(const Number& number, std::int64_t& out) {
  if (!number.whole) {
    const double real = std::round(number.real);
    constexpr double kEdge = 9.2e18;  // well within 64 bits
    if (!(std::fabs(real) < kEdge)) return false;
    out = static_cast<std::int64_t>(real);
    return true;
  }
  if (number.magnitude > static_cast<std::uint64_t>(INT64_MAX) && !number.negative) return false;
  // Two's complement: of -2^63 as well.
  out = static_cast<std::int64_t>(number.negative ? ~number.magnitude + 1 : number.magnitude);
  return true;
}

bool ReadId(const ElementTree& tree, const Node& node, std::uint64_t min, std::uint64_t max,
            std::uint64_t& out) {
  if (node.type != NodeType::kNumber) return false;
  const Number number = ReadNumber(tree.Text(node));
  std::uint64_t value = number.magnitude;
  if (!number.whole) {
    constexpr double kEnd = 18446744073709551616.0;  // 2^64
    if (!(number.real >= 0 && number.real < kEnd)) return false;
    value = static_cast<std::uint64_t>(number.real);
    if (static_cast<double>(value) < number.real) return false;  // a fraction
  } else if (number.negative && value > 0) {
    return false;
  }
  if (value < min || value > max) return false;
  out = value;
  return true;
}

bool IsBool(const Node& node) {
  return node.type == NodeType::kTrue || node.type == NodeType::kFalse;
}

bool IsLocalTime(std::string_view text) {
  constexpr std::size_t kBytes = 19;  // yyyy-MM-dd HH:mm:ss
  if (text.size() != kBytes) return false;
  std::array<char, kBytes + 1> zoned;
  text.copy(zoned.data(), kBytes);
  zoned.back() = 'Z';
  WallTime unused;
  return ParseIsoTime({zoned.data(), zoned.size()}, unused);
}

}  // namespace

void ElementReader::Clear() {
  tree_.Clear();
}

Status ElementReader::Parse(std::string_view text) {
  Clear();
  ignored_ = 0;
  mended_ = 0;
  first_ignored_.Clear();
  if (text.size() > limits::kElementBytes) return {Code::kSkip, "element too long"};
  if (!tree_.Parse(text)) {
    return {Code::kSkip, std::string("not strict JSON at byte ") +
                             std::to_string(tree_.fault_at()) + ": " + tree_.fault()};
  }
  mended_ = tree_.mended();
  return Status::Ok();
}

Object ElementReader::root() {
  return tree_.empty() ? Object() : Object(&tree_.At(0), this);
}

void ElementReader::CountIgnored(std::string_view name) {
  if (ignored_ == 0) first_ignored_.Assign(name);
  ++ignored_;
}

// After Clear() there is nothing behind the view any more.
const ElementTree::Node* Object::Find(std::string_view name) const {
  if (node_ == nullptr || reader_->tree_.empty()) return nullptr;
  const ElementTree& tree = reader_->tree_;
  for (const Node* node = tree.First(*node_); node != nullptr; node = tree.Next(*node)) {
    if (node->key_bytes != name.size() || tree.Key(*node) != name) continue;
    return node->type == NodeType::kNull ? nullptr : node;
  }
  return nullptr;
}

std::string_view Object::TextOf(const Node& node) const {
  return reader_->tree_.Text(node);
}

Found Object::Wrong(std::string_view name) const {
  reader_->CountIgnored(name);
  return Found::kWrong;
}

Found Object::GetInt(std::string_view name, std::int64_t min, std::int64_t max,
                     std::int64_t& out) const {
  const Node* node = Find(name);
  if (node == nullptr) return Found::kAbsent;
  std::int64_t number = 0;
  if (node->type != NodeType::kNumber || !ToInt64(ReadNumber(TextOf(*node)), number) ||
      number < min || number > max) {
    return Wrong(name);
  }
  out = number;
  return Found::kYes;
}

Found Object::GetId(std::string_view name, std::uint64_t min, std::uint64_t max,
                    std::uint64_t& out) const {
  const Node* node = Find(name);
  if (node == nullptr) return Found::kAbsent;
  return ReadId(reader_->tree_, *node, min, max, out) ? Found::kYes : Wrong(name);
}

Found Object::GetDouble(std::string_view name, double& out) const {
  const Node* node = Find(name);
  if (node == nullptr) return Found::kAbsent;
  if (node->type != NodeType::kNumber) return Wrong(name);
  const double real = ReadNumber(TextOf(*node)).real;
  if (!std::isfinite(real)) return Wrong(name);
  out = real;
  return Found::kYes;
}

Found Object::GetBool(std::string_view name, bool& out) const {
  const Node* node = Find(name);
  if (node == nullptr) return Found::kAbsent;
  if (!IsBool(*node)) return Wrong(name);
  out = node->type == NodeType::kTrue;
  return Found::kYes;
}

Found Object::GetText(std::string_view name, std::size_t max_bytes, std::string_view& out) const {
  const Node* node = Find(name);
  if (node == nullptr) return Found::kAbsent;
  if (node->type != NodeType::kText || node->bytes > max_bytes) return Wrong(name);
  out = TextOf(*node);
  return Found::kYes;
}

Found Object::GetScalar(std::string_view name, std::size_t max_bytes, std::string_view& out) const {
  const Node* node = Find(name);
  if (node == nullptr) return Found::kAbsent;
  std::string_view text;
  if (node->type == NodeType::kText || node->type == NodeType::kNumber) {
    text = TextOf(*node);
  } else if (IsBool(*node)) {
    text = node->type == NodeType::kTrue ? "true" : "false";
  } else {
    return Wrong(name);
  }
  if (text.size() > max_bytes) return Wrong(name);
  out = text;
  return Found::kYes;
}

Found Object::GetTime(std::string_view name, WallTime& out) const {
  const Node* node = Find(name);
  if (node == nullptr) return Found::kAbsent;
  if (node->type != NodeType::kText) return Wrong(name);
  const std::string_view text = TextOf(*node);
  if (ParseIsoTime(text, out)) return Found::kYes;
  reader_->CountIgnored(name);
  return IsLocalTime(text) ? Found::kNoZone : Found::kWrong;
}

Found Object::GetBools(std::string_view name, bool* out, std::size_t capacity,
                       std::size_t& count) const {
  const Node* node = Find(name);
  if (node == nullptr) return Found::kAbsent;
  if (node->type != NodeType::kArray) return Wrong(name);
  const ElementTree& tree = reader_->tree_;
  for (const Node* item = tree.First(*node); item != nullptr; item = tree.Next(*item)) {
    if (!IsBool(*item)) return Wrong(name);
  }
  count = node->count;
  const Node* item = tree.First(*node);
  for (std::size_t i = 0; i < count && i < capacity; ++i, item = tree.Next(*item)) {
    out[i] = item->type == NodeType::kTrue;
  }
  return Found::kYes;
}

Found Object::GetObject(std::string_view name, Object& out) const {
  const Node* node = Find(name);
  if (node == nullptr) return Found::kAbsent;
  if (node->type != NodeType::kObject) return Wrong(name);
  out = Object(node, reader_);
  return Found::kYes;
}

Found Object::GetArray(std::string_view name, Array& out) const {
  const Node* node = Find(name);
  if (node == nullptr) return Found::kAbsent;
  if (node->type != NodeType::kArray) return Wrong(name);
  out = Array(node, reader_);
  return Found::kYes;
}

std::size_t Array::size() const {
  return node_ == nullptr ? 0 : node_->count;
}

// From where the last call was, since most go from one to the next.
const ElementTree::Node& Array::Item(std::size_t i) const {
  const ElementTree& tree = reader_->tree_;
  if (item_ == nullptr || i < at_) {
    item_ = tree.First(*node_);
    at_ = 0;
  }
  for (; at_ < i; ++at_) item_ = tree.Next(*item_);
  return *item_;
}

bool Array::GetObject(std::size_t i, Object& out) const {
  const Node& item = Item(i);
  if (item.type != NodeType::kObject) return false;
  out = Object(&item, reader_);
  return true;
}

bool Array::GetText(std::size_t i, std::size_t max_bytes, std::string_view& out) const {
  const Node& item = Item(i);
  if (item.type != NodeType::kText || item.bytes > max_bytes) return false;
  out = reader_->tree_.Text(item);
  return true;
}

bool Array::GetId(std::size_t i, std::uint64_t min, std::uint64_t max, std::uint64_t& out) const {
  return ReadId(reader_->tree_, Item(i), min, max, out);
}

void Object::VisitNames(void (*visit)(void* context, std::string_view name), void* context) const {
  if (node_ == nullptr || reader_->tree_.empty()) return;
  const ElementTree& tree = reader_->tree_;
  std::array<const Node*, limits::kElementValues> members;
  std::size_t count = 0;
  for (const Node* node = tree.First(*node_); node != nullptr; node = tree.Next(*node)) {
    members[count++] = node;
  }
  std::sort(members.begin(), members.begin() + count, [&tree](const Node* one, const Node* other) {
    return tree.Key(*one) < tree.Key(*other);
  });
  for (std::size_t i = 0; i < count; ++i) visit(context, tree.Key(*members[i]));
}

}  // namespace depotlink::json
