// SPDX-License-Identifier: Apache-2.0
#include "agent/navixy/permissions.hpp"

#include "agent/base/limits.hpp"

namespace depotlink::navixy {

void Permissions::Read(json::ElementReader& reader, std::string_view text) {
  Clear();
  if (!reader.Parse(text).ok()) return;
  const json::Object root = reader.root();
  root.ForEachName([this, &root](std::string_view category) {
    json::Array operations;
    if (root.GetArray(category, operations) != json::Found::kYes) return;
    for (std::size_t i = 0; i < operations.size() && count_ < kMost; ++i) {
      std::string_view operation;
      if (!operations.GetText(i, limits::kKeyBytes, operation)) continue;
      pairs_[count_++] = Pair(category, operation);
    }
  });
  reader.Clear();
}

bool Permissions::Grants(std::string_view category, std::string_view operation) const {
  const auto* end = pairs_.data() + count_;
  return std::find(pairs_.data(), end, Pair(category, operation)) != end;
}

}  // namespace depotlink::navixy
