// SPDX-License-Identifier: Apache-2.0
#pragma once

// A config text as a flat list of its keys in the order of the file, each with its value and its
// two positions. JsonCpp reads the values and judges the grammar; it keeps neither the order nor
// the places of keys nor repeated ones, so those come from the scanner. An item of an array is an
// entry without a key, and so are those within it listed.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/settings/scanner.hpp"

namespace depotlink::settings {

enum class ValueKind { kNull, kBoolean, kNumber, kText, kArray, kObject };

inline constexpr int kNoEntry = -1;
inline constexpr int kNoItem = -1;

struct Entry {
  std::string key;         // empty for an item of an array
  int parent = kNoEntry;   // the entry of the object or array that holds this one; kNoEntry: root
  int item = kNoItem;      // the place in its array, from 0
  int repeats = kNoEntry;  // the earlier entry with the same key in the same object
  // A later entry took this one's place: its value is gone. So are those of all it holds.
  bool overridden = false;
  std::size_t key_offset = 0;
  std::size_t value_offset = 0;
  std::size_t value_end = 0;  // behind the value
  ValueKind kind = ValueKind::kNull;
  std::string text;  // kText
  double number = 0;
  bool flag = false;
};

struct Document {
  std::vector<Entry> entries;
  std::size_t root_offset = 0;  // of the opening brace
  std::string text;             // without comments, at the same offsets
};

// Objects and arrays within each other.
inline constexpr int kMaxDepth = 31;

// Fills `out`, or says where and why the text is not JSON (with comments and trailing commas) whose
// root is an object. Offsets are bytes of `text`.
std::optional<SyntaxFault> ReadDocument(std::string_view text, Document& out);

// The value of an entry as JSON without white space; numbers as JsonCpp writes them.
std::string CompactValue(const Document& document, const Entry& entry);

}  // namespace depotlink::settings
