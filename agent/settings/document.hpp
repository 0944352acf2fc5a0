// SPDX-License-Identifier: Apache-2.0
#pragma once

// A config text as a flat list of its keys in the order of the file, each with its value and its
// two positions. JsonCpp reads the values and judges the grammar; it keeps neither the order nor
// the places of keys nor repeated ones, so those come from the scanner. What stands inside an array
// is not listed.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/settings/scanner.hpp"

namespace depotlink::settings {

enum class ValueKind { kNull, kBoolean, kNumber, kText, kArray, kObject };

inline constexpr int kNoEntry = -1;

struct Entry {
  std::string key;
  int parent = kNoEntry;   // the entry of the object that holds this one; kNoEntry for the root
  int repeats = kNoEntry;  // the earlier entry with the same key in the same object
  // A later entry took this one's place: its value is gone. So are those of all it holds.
  bool overridden = false;
  std::size_t key_offset = 0;
  std::size_t value_offset = 0;
  ValueKind kind = ValueKind::kNull;
  std::string text;  // kText
  double number = 0;
  bool flag = false;
};

struct Document {
  std::vector<Entry> entries;
  std::size_t root_offset = 0;  // of the opening brace
};

// Objects and arrays within each other.
inline constexpr int kMaxDepth = 31;

// Fills `out`, or says where and why the text is not JSON (with comments and trailing commas) whose
// root is an object. Offsets are bytes of `text`.
std::optional<SyntaxFault> ReadDocument(std::string_view text, Document& out);

}  // namespace depotlink::settings
