// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/changes.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/settings/document.hpp"

namespace depotlink::settings {
namespace {

using Values = std::map<std::string, std::string>;

// Of an entry that is in objects only.
std::string PathOf(const Document& document, const Entry& entry) {
  std::string path = entry.key;
  for (int at = entry.parent; at != kNoEntry;) {
    const Entry& parent = document.entries[static_cast<std::size_t>(at)];
    path.insert(0, parent.key + '.');
    at = parent.parent;
  }
  return path;
}

bool IsInArray(const Document& document, const Entry& entry) {
  for (const Entry* at = &entry;;) {
    if (at->item != kNoItem) return true;
    if (at->parent == kNoEntry) return false;
    at = &document.entries[static_cast<std::size_t>(at->parent)];
  }
}

Values ValuesOf(std::string_view text) {
  Values values;
  Document document;
  if (ReadDocument(text, document)) return values;
  for (const Entry& entry : document.entries) {
    if (entry.overridden || entry.kind == ValueKind::kObject || IsInArray(document, entry))
      continue;
    values[PathOf(document, entry)] = CompactValue(document, entry);
  }
  return values;
}

}  // namespace

std::vector<std::string> ChangedKeys(std::string_view before, std::string_view after) {
  const Values old_values = ValuesOf(before);
  const Values new_values = ValuesOf(after);
  Values either = old_values;
  either.insert(new_values.begin(), new_values.end());
  std::vector<std::string> changed;
  for (const auto& [path, value] : either) {
    const auto was = old_values.find(path);
    const auto is = new_values.find(path);
    const bool same =
        was != old_values.end() && is != new_values.end() && was->second == is->second;
    if (!same) changed.push_back(path);
  }
  return changed;
}

}  // namespace depotlink::settings
