// SPDX-License-Identifier: Apache-2.0
#pragma once

// One element's values in the order of its text, in a table of a fixed size: 16 bytes a value,
// nothing on the heap. Part of ElementReader, in a file of its own for its length. JsonCpp's tree
// of the same element takes ten times the time and the memory, most of it in the allocator; what
// JsonCpp says of an element is what this says (tests/unit/json/element_tree_test.cpp), but for
// what JsonCpp 1.9.5 lets pass even in its strict mode.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "agent/base/limits.hpp"

namespace depotlink::json {

enum class NodeType : std::uint8_t { kNull, kFalse, kTrue, kNumber, kText, kObject, kArray };

class ElementTree {
 public:
  using Place = std::uint16_t;
  static_assert(limits::kElementBytes <= UINT16_MAX && limits::kElementValues <= UINT16_MAX);

  struct Node {
    NodeType type;
    bool escaped;      // its text stands unescaped in the side room
    bool key_escaped;  // likewise its name
    std::uint8_t key_hash;
    Place at;     // of a number, or of a text without its quotes
    Place bytes;  // of it
    Place key_at;
    Place key_bytes;
    Place next;   // the next one in the same list or object; 0: none
    Place count;  // of an object or a list: how many are in it; the first of them follows it
  };

  ElementTree();

  // Reads `text`, at most limits::kElementBytes, which must stay as long as the tree is used.
  // False where it is not one object in strict JSON; then the tree is empty.
  //
  // Refused as well: more than limits::kElementValues, depth, a name twice in one object. Mended
  // and counted: half of a surrogate pair (`\ud83d` alone) is U+FFFD; a number of 1e300 or more is
  // null.
  bool Parse(std::string_view text);
  void Clear() { size_ = 0; }

  bool empty() const { return size_ == 0; }
  const Node& At(std::size_t place) const { return nodes_[place]; }
  // Null where there is none; the node after it is its sibling.
  const Node* First(const Node& parent) const { return parent.count == 0 ? nullptr : &parent + 1; }
  const Node* Next(const Node& node) const { return node.next == 0 ? nullptr : &nodes_[node.next]; }
  std::string_view Text(const Node& node) const {
    return {(node.escaped ? side_.get() : text_.data()) + node.at, node.bytes};
  }
  std::string_view Key(const Node& node) const {
    return {(node.key_escaped ? side_.get() : text_.data()) + node.key_at, node.key_bytes};
  }

  // After Parse(): for people, what is wrong (null: nothing) and at which byte; what was mended.
  const char* fault() const { return fault_; }
  std::size_t fault_at() const { return fault_at_; }
  std::uint32_t mended() const { return mended_; }

 private:
  friend class ElementParser;

  std::unique_ptr<Node[]> nodes_;
  std::unique_ptr<char[]> side_;  // texts without their escapes
  std::string_view text_;
  std::size_t size_ = 0;
  const char* fault_ = nullptr;
  std::size_t fault_at_ = 0;
  std::uint32_t mended_ = 0;
};

}  // namespace depotlink::json
