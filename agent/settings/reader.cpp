// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/reader.hpp"

#include <algorithm>
#include <utility>

#include "agent/settings/cross_check.hpp"
#include "agent/settings/document.hpp"
#include "agent/settings/echo.hpp"
#include "agent/settings/extra.hpp"
#include "agent/settings/findings.hpp"
#include "agent/settings/keys.hpp"
#include "agent/settings/line_index.hpp"
#include "agent/settings/suggest.hpp"
#include "agent/settings/values.hpp"

namespace depotlink::settings {
namespace {

std::string Join(std::string_view section, std::string_view leaf) {
  return section.empty() ? std::string(leaf) : std::string(section) + '.' + std::string(leaf);
}

class Judge {
 public:
  Judge(const Document& document, const LineIndex& lines)
      : document_(&document), lines_(&lines), verdicts_(document.entries.size()) {}

  ReadOutcome Run() {
    for (std::size_t i = 0; i < document_->entries.size(); ++i) JudgeEntry(i);
    FindMissing();
    CheckAcross(settings_, plain_http_, findings_);
    CheckExtras();
    FillDefaults();
    return {std::move(settings_), findings_.Faults(*lines_, kMaxFaults), findings_.Places(*lines_)};
  }

 private:
  // What became of an entry, for those that stand within it.
  struct Verdict {
    bool open = false;  // a section whose members are to be judged
    std::string path;   // as in the table: a misspelt section has its right name here
    std::string shown;  // as in the file, fit for a terminal
  };
  void JudgeEntry(std::size_t index) {
    const Entry& entry = document_->entries[index];
    Verdict& verdict = verdicts_[index];
    std::string section;
    std::string shown_section;
    if (entry.parent != kNoEntry) {
      const Verdict& parent = verdicts_[static_cast<std::size_t>(entry.parent)];
      if (!parent.open) return;
      section = parent.path;
      shown_section = parent.shown;
    }
    const bool item = entry.item != kNoItem;
    verdict.path = item ? section + "[]" : Join(section, entry.key);
    verdict.shown = item ? shown_section + '[' + std::to_string(entry.item) + ']'
                         : Join(shown_section, Echo(entry.key));
    if (entry.repeats != kNoEntry) {
      const Entry& first = document_->entries[static_cast<std::size_t>(entry.repeats)];
      findings_.Report(entry.key_offset, verdict.shown,
                       "given twice, first on line " +
                           std::to_string(lines_->At(first.key_offset).line) + "; remove one");
    }
    if (entry.overridden) return;
    const bool plain = entry.key.find_first_of(".[") == std::string::npos;
    const KeySpec* key = plain ? FindKey(verdict.path) : nullptr;
    if (key == nullptr) return JudgeUnknown(entry, section, verdict);
    if (!key->supported) {
      return findings_.Report(entry.key_offset, verdict.shown,
                              "not supported by this version yet; " + std::string(key->help));
    }
    if (key->type == KeyType::kSection) return JudgeSection(entry, *key, verdict);
    if (key->type == KeyType::kList) return JudgeList(index, *key, verdict);
    if (key->type == KeyType::kJson) return JudgeJson(entry, *key, verdict);
    JudgeValue(entry, *key, verdict);
  }

  void JudgeList(std::size_t index, const KeySpec& key, Verdict& verdict) {
    const Entry& entry = document_->entries[index];
    findings_.NoteGiven(verdict.path, entry.value_offset);
    const auto count = static_cast<double>(std::count_if(
        document_->entries.begin(), document_->entries.end(),
        [index](const Entry& other) { return other.parent == static_cast<int>(index); }));
    verdict.open = entry.kind == ValueKind::kArray && count >= key.low && count <= key.high;
    if (verdict.open) return;
    const std::string found = entry.kind == ValueKind::kArray
                                  ? "an array of " + std::to_string(static_cast<int>(count))
                                  : Found(key, entry);
    findings_.Report(entry.value_offset, verdict.shown,
                     "found " + found + "; expected " + Expectation(key));
  }

  void JudgeJson(const Entry& entry, const KeySpec& key, const Verdict& verdict) {
    findings_.NoteGiven(verdict.path, entry.value_offset);
    Parsed value;
    if (entry.kind == ValueKind::kObject) value.text = CompactValue(*document_, entry);
    if (!value.text.empty()) return key.set(settings_, value);
    findings_.Report(entry.value_offset, verdict.shown,
                     "found " + Found(key, entry) + "; expected " + Expectation(key));
  }

  void JudgeSection(const Entry& entry, const KeySpec& key, Verdict& verdict) {
    findings_.NoteGiven(verdict.path, entry.value_offset);
    verdict.open = entry.kind == ValueKind::kObject;
    if (verdict.open && key.set != nullptr) key.set(settings_, {});
    if (verdict.open) return;
    findings_.Excuse(verdict.path);
    findings_.Report(entry.value_offset, verdict.shown,
                     "found " + Found(key, entry) + "; expected " + Expectation(key));
  }

  void JudgeValue(const Entry& entry, const KeySpec& key, const Verdict& verdict) {
    Parsed value;
    std::string message = ReadValue(key, entry, value);
    findings_.NoteGiven(verdict.path, entry.value_offset);
    if (!message.empty())
      return findings_.Report(entry.value_offset, verdict.shown, std::move(message));
    key.set(settings_, value);
    if (key.type == KeyType::kApiUrl) plain_http_ = value.plain_http;
  }

  void JudgeUnknown(const Entry& entry, const std::string& section, Verdict& verdict) {
    const std::string message = ExplainUnknown(entry, section, verdict);
    findings_.Report(entry.key_offset, verdict.shown, message);
  }

  std::string ExplainUnknown(const Entry& entry, const std::string& section, Verdict& verdict) {
    if (const KeySpec* dotted = FindKey(entry.key); dotted != nullptr && section.empty()) {
      findings_.Excuse(entry.key);
      return "unknown key; a section is an object: \"" + std::string(SectionOf(entry.key)) +
             "\": { \"" + std::string(LeafOf(entry.key)) + "\": ... }";
    }
    const std::string_view file_key = SecretFileKey(section, entry.key);
    if (!file_key.empty() && entry.kind != ValueKind::kObject) {
      findings_.Excuse(std::string(file_key));
      return "a secret does not belong in this file; put it alone into a file of its own with mode "
             "0600 and name that file in \"" +
             std::string(file_key) + '"';
    }
    const std::vector<std::string_view> meant = Suggest(section, entry.key);
    if (meant.empty()) {
      return "unknown key; known " + (section.empty() ? "" : "in \"" + section + "\" ") +
             (section.empty() ? "here are " : "are ") + ListKeys(section);
    }
    std::string list;
    for (const std::string_view path : meant) {
      findings_.Excuse(std::string(path));
      list += (list.empty() ? "\"" : " or \"") + std::string(path) + '"';
    }
    TakeForSection(entry, meant.front(), verdict);
    return "unknown key; did you mean " + list + '?';
  }

  // The members of a misspelt section are judged as if its name were right.
  void TakeForSection(const Entry& entry, std::string_view meant, Verdict& verdict) {
    const KeySpec* key = FindKey(meant);
    if (entry.kind != ValueKind::kObject || !key->supported || key->type != KeyType::kSection) {
      return;
    }
    for (const Entry& other : document_->entries) {
      if (other.parent == kNoEntry && other.key == meant) return;
    }
    verdict.open = true;
    verdict.path = std::string(meant);
    findings_.TakeBackExcuse(verdict.path);
    findings_.NoteGiven(verdict.path, entry.value_offset);
  }

  void FindMissing() {
    for (const KeySpec& key : AllKeys()) {
      if (key.path.find("[]") != std::string_view::npos) {
        FindMissingInItems(key);
        continue;
      }
      if (!key.required || findings_.Find(key.path) != nullptr || findings_.IsExcused(key.path))
        continue;
      if (key.path == "api.key_file" && findings_.Find("api.user") != nullptr) continue;
      const Findings::Given* section = findings_.Find(SectionOf(key.path));
      findings_.ReportMissing(section == nullptr ? document_->root_offset : section->offset,
                              std::string(key.path), key);
    }
  }

  // Each object in the list has it.
  void FindMissingInItems(const KeySpec& key) {
    if (!key.required || findings_.IsExcused(key.path)) return;
    for (std::size_t i = 0; i < verdicts_.size(); ++i) {
      const bool holds = verdicts_[i].open && verdicts_[i].path == SectionOf(key.path);
      if (!holds || HasMember(i, LeafOf(key.path))) continue;
      findings_.ReportMissing(document_->entries[i].value_offset,
                              Join(verdicts_[i].shown, LeafOf(key.path)), key);
    }
  }

  const Entry* Member(std::size_t parent, std::string_view leaf) const {
    const auto found = std::find_if(
        document_->entries.begin(), document_->entries.end(), [parent, leaf](const Entry& entry) {
          return entry.parent == static_cast<int>(parent) && entry.key == leaf && !entry.overridden;
        });
    return found == document_->entries.end() ? nullptr : &*found;
  }

  bool HasMember(std::size_t parent, std::string_view leaf) const {
    return Member(parent, leaf) != nullptr;
  }

  void CheckExtras() {
    const bool panel = findings_.Find("api.panel") != nullptr || findings_.IsExcused("api.panel");
    std::size_t number = 0;
    for (std::size_t i = 0; i < verdicts_.size(); ++i) {
      if (!verdicts_[i].open || verdicts_[i].path != "extra[]") continue;
      for (const ExtraFault& fault : CheckExtra(settings_.extra, number, panel)) {
        const Entry* member = Member(i, fault.leaf);
        const Entry& place = member == nullptr ? document_->entries[i] : *member;
        findings_.Report(place.value_offset, Join(verdicts_[i].shown, fault.leaf), fault.message);
      }
      CheckParams(i);
      ++number;
    }
  }

  // What is asked is shown in no log, yet a config is read by many.
  void CheckParams(std::size_t item) {
    const Entry* params = Member(item, "params");
    if (params == nullptr) return;
    for (const Entry& entry : document_->entries) {
      if (!(params->value_offset < entry.value_offset && entry.value_offset < params->value_end)) {
        continue;
      }
      const std::string fault = CheckParam(entry.key, entry.text);
      if (fault.empty()) continue;
      findings_.Report(entry.key_offset, Join(verdicts_[item].shown, "params"), fault);
    }
  }

  void FillDefaults() {
    if (!settings_.scope.links.empty() && settings_.poll.links_ms == 0) {
      settings_.poll.links_ms = kMinuteMs;
    }
    if (settings_.mqtt.client_id.empty()) settings_.mqtt.client_id = "depotlink-" + settings_.site;
  }

  const Document* document_;
  const LineIndex* lines_;
  std::vector<Verdict> verdicts_;
  Findings findings_;
  Settings settings_;
  bool plain_http_ = false;
};

}  // namespace

ReadOutcome ReadSettings(std::string_view text) {
  const LineIndex lines(text);
  Document document;
  if (const auto fault = ReadDocument(text, document)) {
    const Position at = lines.At(fault->offset);
    ReadOutcome outcome;
    outcome.faults.push_back({at.line, at.column, {}, std::string(fault->message)});
    return outcome;
  }
  return Judge(document, lines).Run();
}

}  // namespace depotlink::settings
