// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is found in a config while it is judged: which keys are given and where, what is wrong, and
// what a fault has spoken for already.

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/settings/fault.hpp"
#include "agent/settings/keys.hpp"
#include "agent/settings/line_index.hpp"

namespace depotlink::settings {

class Findings {
 public:
  struct Given {
    std::string path;
    std::size_t offset;  // of the value, in the text
  };

  void Report(std::size_t offset, const std::string& path, std::string message);
  // That `key` has to be given; `path` is as the file would show it.
  void ReportMissing(std::size_t offset, const std::string& path, const KeySpec& key);
  // `path` is as in the table of keys; what stands in a list has [] for its number.
  void NoteGiven(const std::string& path, std::size_t offset);
  // Null: it is not given. Valid until the next NoteGiven().
  const Given* Find(std::string_view path) const;

  // A fault has spoken for this key: it, or its section's members, are not called missing as well.
  void Excuse(std::string_view path);
  void TakeBackExcuse(const std::string& path);
  bool IsExcused(std::string_view path) const;

  // In the order of the text; beyond `most` a last word says how many more there are.
  std::vector<Fault> Faults(const LineIndex& lines, std::size_t most);
  std::vector<Place> Places(const LineIndex& lines) const;

 private:
  struct Located {
    std::size_t offset;
    std::string path;
    std::string message;
  };

  std::vector<Located> faults_;
  std::vector<Given> given_;
  std::set<std::string> excused_;
};

}  // namespace depotlink::settings
