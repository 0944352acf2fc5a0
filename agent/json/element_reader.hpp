// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads one element of a response (at most limits::kElementBytes of JSON text) and hands out its
// fields through checked getters. Strict JSON only: comments, raw control characters, malformed
// numbers, names that come twice, depth are refused. element_tree.hpp says why JsonCpp does not do
// it.
//
// Two faults are mended instead, because one bad label must not cost a tracker: half of a surrogate
// pair becomes U+FFFD, and a number too large for a double becomes null.
//
// A field of the wrong type or out of range is counted and passed over; it never fails the element.
// null and absent are the same. Nothing here throws, and nothing is allocated after construction.
// One instance serves one thread, and is kept: its tables (80 KiB, of which only what was used is
// resident) are reused.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/base/fixed_string.hpp"
#include "agent/base/limits.hpp"
#include "agent/base/status.hpp"
#include "agent/base/time.hpp"
#include "agent/json/element_tree.hpp"

namespace depotlink::json {

class Array;
class ElementReader;

enum class Found : std::uint8_t {
  kYes,     // `out` is set; in each other case it is left as it was
  kAbsent,  // not there, or null
  kWrong,   // another type, or out of range; counted
  kNoZone   // GetTime: a date that does not say its zone; counted, never guessed
};

// One JSON object inside the reader: a view, valid until the reader's next Parse() or Clear().
// A default-made Object has no members.
class Object {
 public:
  Object() = default;

  // A number within min..max; one with a fraction is rounded to the nearest whole.
  Found GetInt(std::string_view name, std::int64_t min, std::int64_t max, std::int64_t& out) const;
  // A whole number within min..max and nothing else: what is used as an identity.
  Found GetId(std::string_view name, std::uint64_t min, std::uint64_t max,
              std::uint64_t& out) const;
  // A finite number.
  Found GetDouble(std::string_view name, double& out) const;
  Found GetBool(std::string_view name, bool& out) const;
  // At most `max_bytes`. May hold control characters and ill-formed UTF-8: CopyClean() it.
  Found GetText(std::string_view name, std::size_t max_bytes, std::string_view& out) const;
  // A text as it is, a number with exactly the digits that were sent (of any length), `true` or
  // `false`. At most `max_bytes`.
  Found GetScalar(std::string_view name, std::size_t max_bytes, std::string_view& out) const;
  // ISO 8601 with a zone, as ParseIsoTime() reads it.
  Found GetTime(std::string_view name, WallTime& out) const;
  // An array of nothing but true and false. Fills at most `capacity`; `count` is how many there
  // are.
  Found GetBools(std::string_view name, bool* out, std::size_t capacity, std::size_t& count) const;
  Found GetObject(std::string_view name, Object& out) const;
  Found GetArray(std::string_view name, Array& out) const;

  // Calls `visit(std::string_view name)` for each member, in the order of the names' bytes.
  template <typename Visit>
  void ForEachName(Visit visit) const {
    VisitNames([](void* context, std::string_view name) { (*static_cast<Visit*>(context))(name); },
               &visit);
  }

 private:
  friend class Array;
  friend class ElementReader;
  Object(const ElementTree::Node* node, ElementReader* reader) : node_(node), reader_(reader) {}

  const ElementTree::Node* Find(std::string_view name) const;  // null where absent or null
  std::string_view TextOf(const ElementTree::Node& node) const;
  Found Wrong(std::string_view name) const;
  void VisitNames(void (*visit)(void* context, std::string_view name), void* context) const;

  const ElementTree::Node* node_ = nullptr;
  ElementReader* reader_ = nullptr;
};

// Likewise one array. What an item is not, it is passed over as, uncounted: the caller knows what
// it asked for. Indices below size().
class Array {
 public:
  Array() = default;

  std::size_t size() const;
  // False where the item is no object, no text of at most `max_bytes`, or no whole number within
  // min..max.
  bool GetObject(std::size_t i, Object& out) const;
  bool GetText(std::size_t i, std::size_t max_bytes, std::string_view& out) const;
  bool GetId(std::size_t i, std::uint64_t min, std::uint64_t max, std::uint64_t& out) const;

 private:
  friend class Object;
  Array(const ElementTree::Node* node, ElementReader* reader) : node_(node), reader_(reader) {}

  const ElementTree::Node& Item(std::size_t i) const;

  const ElementTree::Node* node_ = nullptr;
  ElementReader* reader_ = nullptr;
  mutable const ElementTree::Node* item_ = nullptr;  // number at_
  mutable std::size_t at_ = 0;
};

class ElementReader {
 public:
  ElementReader() = default;
  ElementReader(const ElementReader&) = delete;
  ElementReader& operator=(const ElementReader&) = delete;

  // `text`: one JSON object; must stay valid and unchanged as long as root() is used. kSkip where
  // it is not an object, not strict JSON, too long, or too deep.
  Status Parse(std::string_view text);
  // The object that was read; without members after a failure.
  Object root();
  // Forgets the object; root() has no members any more.
  void Clear();

  // Since the last Parse(): fields passed over, and the name of the first of them.
  std::uint32_t ignored() const { return ignored_; }
  std::string_view first_ignored() const { return first_ignored_.view(); }
  // Since the last Parse(): faults in the text that were mended.
  std::uint32_t mended() const { return mended_; }

 private:
  friend class Array;
  friend class Object;

  void CountIgnored(std::string_view name);

  ElementTree tree_;
  std::uint32_t ignored_ = 0;
  std::uint32_t mended_ = 0;
  FixedString<limits::kKeyBytes> first_ignored_;
};

}  // namespace depotlink::json
