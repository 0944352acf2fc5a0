// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/findings.hpp"

#include <algorithm>
#include <utility>

namespace depotlink::settings {

void Findings::Report(std::size_t offset, const std::string& path, std::string message) {
  faults_.push_back({offset, path, std::move(message)});
}

void Findings::ReportMissing(std::size_t offset, const std::string& path, const KeySpec& key) {
  const bool number = key.type == KeyType::kDecimal || key.type == KeyType::kWhole;
  const std::string example(key.example);
  Report(offset, path,
         "missing; it is " + std::string(key.help) + ", such as " +
             (number ? example : '"' + example + '"'));
}

void Findings::NoteGiven(const std::string& path, std::size_t offset) {
  given_.push_back({path, offset});
}

const Findings::Given* Findings::Find(std::string_view path) const {
  const auto found = std::find_if(given_.begin(), given_.end(),
                                  [path](const Given& given) { return given.path == path; });
  return found == given_.end() ? nullptr : &*found;
}

void Findings::Excuse(std::string_view path) {
  excused_.emplace(path);
}

void Findings::TakeBackExcuse(const std::string& path) {
  excused_.erase(path);
}

bool Findings::IsExcused(std::string_view path) const {
  return excused_.count(std::string(path)) != 0 ||
         excused_.count(std::string(SectionOf(path))) != 0;
}

std::vector<Fault> Findings::Faults(const LineIndex& lines, std::size_t most) {
  std::stable_sort(faults_.begin(), faults_.end(),
                   [](const Located& a, const Located& b) { return a.offset < b.offset; });
  std::vector<Fault> told;
  for (const Located& fault : faults_) {
    const Position at = lines.At(fault.offset);
    if (told.size() == most) {
      told.push_back(
          {at.line,
           at.column,
           {},
           "and " + std::to_string(faults_.size() - most) + " more faults from here on"});
      break;
    }
    told.push_back({at.line, at.column, fault.path, fault.message});
  }
  return told;
}

std::vector<Place> Findings::Places(const LineIndex& lines) const {
  std::vector<Place> places;
  for (const Given& given : given_) {
    const Position at = lines.At(given.offset);
    places.push_back({given.path, at.line, at.column});
  }
  return places;
}

}  // namespace depotlink::settings
