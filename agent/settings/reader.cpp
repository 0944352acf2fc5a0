// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/reader.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "agent/settings/document.hpp"
#include "agent/settings/echo.hpp"
#include "agent/settings/extra.hpp"
#include "agent/settings/keys.hpp"
#include "agent/settings/line_index.hpp"
#include "agent/settings/suggest.hpp"
#include "agent/settings/values.hpp"

namespace depotlink::settings {
namespace {

std::string Join(std::string_view section, std::string_view leaf) {
  return section.empty() ? std::string(leaf) : std::string(section) + '.' + std::string(leaf);
}

std::string Quoted(std::string_view text) {
  return '"' + std::string(text) + '"';
}

class Judge {
 public:
  Judge(const Document& document, const LineIndex& lines)
      : document_(&document), lines_(&lines), verdicts_(document.entries.size()) {}

  ReadOutcome Run() {
    for (std::size_t i = 0; i < document_->entries.size(); ++i) JudgeEntry(i);
    FindMissing();
    CrossCheck();
    FillDefaults();
    return Finish();
  }

 private:
  // What became of an entry, for those that stand within it.
  struct Verdict {
    bool open = false;  // a section whose members are to be judged
    std::string path;   // as in the table: a misspelt section has its right name here
    std::string shown;  // as in the file, fit for a terminal
  };
  struct Placed {
    std::size_t offset;
    std::string path;
    std::string message;
  };
  struct Given {
    std::string path;
    std::size_t offset;  // of the value
  };

  void Report(std::size_t offset, const std::string& path, std::string message) {
    faults_.push_back({offset, path, std::move(message)});
  }

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
      Report(entry.key_offset, verdict.shown,
             "given twice, first on line " + std::to_string(lines_->At(first.key_offset).line) +
                 "; remove one");
    }
    if (entry.overridden) return;
    const bool plain = entry.key.find_first_of(".[") == std::string::npos;
    const KeySpec* key = plain ? FindKey(verdict.path) : nullptr;
    if (key == nullptr) return JudgeUnknown(entry, section, verdict);
    if (!key->supported) {
      return Report(entry.key_offset, verdict.shown,
                    "not supported by this version yet; " + std::string(key->help));
    }
    if (key->type == KeyType::kSection) return JudgeSection(entry, *key, verdict);
    if (key->type == KeyType::kList) return JudgeList(index, *key, verdict);
    if (key->type == KeyType::kJson) return JudgeJson(entry, *key, verdict);
    JudgeValue(entry, *key, verdict);
  }

  void JudgeList(std::size_t index, const KeySpec& key, Verdict& verdict) {
    const Entry& entry = document_->entries[index];
    given_.push_back({verdict.path, entry.value_offset});
    const auto count = static_cast<double>(std::count_if(
        document_->entries.begin(), document_->entries.end(),
        [index](const Entry& other) { return other.parent == static_cast<int>(index); }));
    verdict.open = entry.kind == ValueKind::kArray && count >= key.low && count <= key.high;
    if (verdict.open) return;
    const std::string found = entry.kind == ValueKind::kArray
                                  ? "an array of " + std::to_string(static_cast<int>(count))
                                  : Found(key, entry);
    Report(entry.value_offset, verdict.shown, "found " + found + "; expected " + Expectation(key));
  }

  void JudgeJson(const Entry& entry, const KeySpec& key, const Verdict& verdict) {
    given_.push_back({verdict.path, entry.value_offset});
    Parsed value;
    if (entry.kind == ValueKind::kObject) value.text = CompactValue(*document_, entry);
    if (!value.text.empty()) return key.set(settings_, value);
    Report(entry.value_offset, verdict.shown,
           "found " + Found(key, entry) + "; expected " + Expectation(key));
  }

  void JudgeSection(const Entry& entry, const KeySpec& key, Verdict& verdict) {
    given_.push_back({verdict.path, entry.value_offset});
    verdict.open = entry.kind == ValueKind::kObject;
    if (verdict.open && key.set != nullptr) key.set(settings_, {});
    if (verdict.open) return;
    excused_.insert(verdict.path);
    Report(entry.value_offset, verdict.shown,
           "found " + Found(key, entry) + "; expected " + Expectation(key));
  }

  void JudgeValue(const Entry& entry, const KeySpec& key, const Verdict& verdict) {
    Parsed value;
    std::string message = ReadValue(key, entry, value);
    given_.push_back({verdict.path, entry.value_offset});
    if (!message.empty()) return Report(entry.value_offset, verdict.shown, std::move(message));
    key.set(settings_, value);
    if (key.type == KeyType::kApiUrl) plain_http_ = value.plain_http;
  }

  void JudgeUnknown(const Entry& entry, const std::string& section, Verdict& verdict) {
    const std::string message = ExplainUnknown(entry, section, verdict);
    Report(entry.key_offset, verdict.shown, message);
  }

  std::string ExplainUnknown(const Entry& entry, const std::string& section, Verdict& verdict) {
    if (const KeySpec* dotted = FindKey(entry.key); dotted != nullptr && section.empty()) {
      excused_.insert(entry.key);
      return "unknown key; a section is an object: \"" + std::string(SectionOf(entry.key)) +
             "\": { \"" + std::string(LeafOf(entry.key)) + "\": ... }";
    }
    const std::string_view file_key = SecretFileKey(section, entry.key);
    if (!file_key.empty() && entry.kind != ValueKind::kObject) {
      excused_.insert(std::string(file_key));
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
      excused_.insert(std::string(path));
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
    excused_.erase(verdict.path);
    given_.push_back({verdict.path, entry.value_offset});
  }

  const Given* FindGiven(std::string_view path) const {
    const auto found = std::find_if(given_.begin(), given_.end(),
                                    [path](const Given& given) { return given.path == path; });
    return found == given_.end() ? nullptr : &*found;
  }

  bool IsExcused(std::string_view path) const {
    return excused_.count(std::string(path)) != 0 ||
           excused_.count(std::string(SectionOf(path))) != 0;
  }

  void FindMissing() {
    for (const KeySpec& key : AllKeys()) {
      if (key.path.find("[]") != std::string_view::npos) {
        FindMissingInItems(key);
        continue;
      }
      if (!key.required || FindGiven(key.path) != nullptr || IsExcused(key.path)) continue;
      if (key.path == "api.key_file" && FindGiven("api.user") != nullptr) continue;
      const Given* section = FindGiven(SectionOf(key.path));
      Report(section == nullptr ? document_->root_offset : section->offset, std::string(key.path),
             "missing; it is " + std::string(key.help) + ", such as \"" + std::string(key.example) +
                 '"');
    }
  }

  // Each object in the list has it.
  void FindMissingInItems(const KeySpec& key) {
    if (!key.required || IsExcused(key.path)) return;
    for (std::size_t i = 0; i < verdicts_.size(); ++i) {
      const bool holds = verdicts_[i].open && verdicts_[i].path == SectionOf(key.path);
      if (!holds || HasMember(i, LeafOf(key.path))) continue;
      Report(document_->entries[i].value_offset, Join(verdicts_[i].shown, LeafOf(key.path)),
             "missing; it is " + std::string(key.help) + ", such as " + Quoted(key.example));
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

  void CrossCheck() {
    const Given* url = FindGiven("api.url");
    if (plain_http_ && !settings_.api.allow_http && url != nullptr) {
      Report(url->offset, url->path,
             "http:// to another machine sends the key in the clear; use https://, or set "
             "\"api.allow_http\": true where that is meant");
    }
    const Given* password = FindGiven("mqtt.password_file");
    if (password != nullptr && FindGiven("mqtt.username") == nullptr &&
        !IsExcused("mqtt.username")) {
      Report(password->offset, password->path, "a password needs \"mqtt.username\" beside it");
    }
    CheckMqttTls();
    CheckLogin("api.user", settings_.api.user);
    CheckLogin("api.panel", settings_.api.panel);
    const Given* key = FindGiven("api.key_file");
    if (key != nullptr && FindGiven("api.user") != nullptr) {
      Report(key->offset, key->path,
             "both a key and \"api.user\" are given; remove one (a key is better)");
    }
    CheckOwnFiles();
    CheckQueueDirs();
    CheckScope();
    CheckShard();
    CheckExtras();
  }

  void CheckShard() {
    const Given* section = FindGiven("shard");
    if (section == nullptr) return;
    const Given* index = FindGiven("shard.index");
    for (const char* path : {"shard.index", "shard.count"}) {
      if (FindGiven(path) != nullptr || IsExcused(path)) continue;
      Report(section->offset, path,
             "missing; it is " + std::string(FindKey(path)->help) + ", such as " +
                 std::string(FindKey(path)->example));
    }
    if (index == nullptr || settings_.shard.index <= settings_.shard.count) return;
    if (FindGiven("shard.count") == nullptr) return;
    Report(index->offset, index->path,
           "found " + std::to_string(settings_.shard.index) +
               "; at most \"shard.count\", which is " + std::to_string(settings_.shard.count));
  }

  // A link says what may be seen: neither may more be published beside it, nor the past where the
  // present stands, when the link has long ended.
  void CheckScope() {
    const Given* links = FindGiven("scope.links");
    if (links == nullptr) return;
    if (FindGiven("scope.trackers") != nullptr || FindGiven("scope.groups") != nullptr) {
      Report(links->offset, links->path,
             "a scope is by geo links, or by trackers and groups; remove one");
    }
    const Given* extra = FindGiven("extra");
    if (extra != nullptr) {
      Report(extra->offset, extra->path,
             "with \"scope.links\" nothing else of the account is published; remove one");
    }
    const Given* replay = FindGiven("queue.replay_to");
    if (replay != nullptr && settings_.queue.replay_to_state) {
      Report(replay->offset, replay->path,
             "with \"scope.links\" only \"history\": what waited until a link has ended must not "
             "stand retained");
    }
  }

  // What belongs to mqtts:// only; and of a certificate and its key, both.
  void CheckMqttTls() {
    const std::string_view keys[] = {"mqtt.ca_file", "mqtt.cert_file", "mqtt.private_key_file"};
    const bool known = !settings_.mqtt.host.empty();  // else the address has a fault of its own
    const bool tls = !known || settings_.mqtt.scheme == MqttScheme::kMqtts;
    for (const std::string_view key : keys) {
      const Given* given = FindGiven(key);
      if (given == nullptr || tls) continue;
      Report(given->offset, given->path, "only an address with mqtts:// has a use for it");
    }
    for (const auto& [one, other] : {std::pair(keys[1], keys[2]), std::pair(keys[2], keys[1])}) {
      const Given* given = FindGiven(one);
      if (given == nullptr || FindGiven(other) != nullptr || IsExcused(other)) continue;
      Report(given->offset, given->path, "it needs " + Quoted(other) + " beside it");
    }
  }

  void CheckExtras() {
    const bool panel = FindGiven("api.panel") != nullptr || IsExcused("api.panel");
    std::size_t number = 0;
    for (std::size_t i = 0; i < verdicts_.size(); ++i) {
      if (!verdicts_[i].open || verdicts_[i].path != "extra[]") continue;
      for (const ExtraFault& fault : CheckExtra(settings_.extra, number, panel)) {
        const Entry* member = Member(i, fault.leaf);
        const Entry& place = member == nullptr ? document_->entries[i] : *member;
        Report(place.value_offset, Join(verdicts_[i].shown, fault.leaf), fault.message);
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
      Report(entry.key_offset, Join(verdicts_[item].shown, "params"), fault);
    }
  }

  // Both halves of a login, where its section is given.
  void CheckLogin(const std::string& section, const Login& login) {
    const Given* given = FindGiven(section);
    if (given == nullptr || IsExcused(section)) return;
    const std::pair<std::string, bool> halves[] = {
        {section + ".login", login.login.empty()},
        {section + ".password_file", login.password_file.empty()}};
    for (const auto& [path, missing] : halves) {
      if (!missing || FindGiven(path) != nullptr || IsExcused(path)) continue;
      const KeySpec* key = FindKey(path);
      Report(given->offset, path,
             "missing; it is " + std::string(key->help) + ", such as \"" +
                 std::string(key->example) + '"');
    }
  }

  // Each secret stands in a file of its own.
  void CheckOwnFiles() {
    const std::pair<std::string_view, const std::string*> files[] = {
        {"api.key_file", &settings_.api.key_file},
        {"api.user.password_file", &settings_.api.user.password_file},
        {"api.panel.password_file", &settings_.api.panel.password_file},
        {"mqtt.password_file", &settings_.mqtt.password_file},
        {"mqtt.private_key_file", &settings_.mqtt.private_key_file},
        {"queue.key_file", &settings_.queue.key_file}};
    for (const auto& file : files) {
      for (const auto* other = files; other != &file; ++other) {
        const Given* given = FindGiven(file.first);
        if (given == nullptr || file.second->empty() || *file.second != *other->second) continue;
        Report(given->offset, given->path,
               "the same file as \"" + std::string(other->first) +
                   "\"; each secret stands in a file of its own");
      }
    }
  }

  // What is written in the one must cost no flash, and what is in the other must outlive a reboot.
  void CheckQueueDirs() {
    const settings::Queue& queue = settings_.queue;
    if (queue.dir != queue.runtime_dir) return;
    const Given* given = FindGiven("queue.runtime_dir");
    if (given == nullptr) given = FindGiven("queue.dir");
    if (given == nullptr) return;
    Report(given->offset, given->path,
           "\"queue.dir\" and \"queue.runtime_dir\" are the same directory; the first belongs on a "
           "disk, the second in memory, such as \"/run/depotlink\"");
  }

  void FillDefaults() {
    if (!settings_.scope.links.empty() && settings_.poll.links_ms == 0) {
      settings_.poll.links_ms = kMinuteMs;
    }
    if (settings_.mqtt.client_id.empty()) settings_.mqtt.client_id = "depotlink-" + settings_.site;
  }

  ReadOutcome Finish() {
    std::stable_sort(faults_.begin(), faults_.end(),
                     [](const Placed& a, const Placed& b) { return a.offset < b.offset; });
    ReadOutcome outcome;
    for (const Placed& fault : faults_) {
      const Position at = lines_->At(fault.offset);
      if (outcome.faults.size() == kMaxFaults) {
        outcome.faults.push_back(
            {at.line,
             at.column,
             {},
             "and " + std::to_string(faults_.size() - kMaxFaults) + " more faults from here on"});
        break;
      }
      outcome.faults.push_back({at.line, at.column, fault.path, fault.message});
    }
    for (const Given& given : given_) {
      const Position at = lines_->At(given.offset);
      outcome.places.push_back({given.path, at.line, at.column});
    }
    outcome.settings = settings_;
    return outcome;
  }

  const Document* document_;
  const LineIndex* lines_;
  std::vector<Verdict> verdicts_;
  std::vector<Placed> faults_;
  std::vector<Given> given_;
  std::set<std::string> excused_;  // keys that a fault has spoken for
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
