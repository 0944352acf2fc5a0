// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/reload.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/limits.hpp"
#include "agent/settings/changes.hpp"
#include "agent/settings/reader.hpp"

namespace depotlink::commands {
namespace {

bool IsOfLog(const std::string& path) {
  return path.compare(0, 4, "log.") == 0;
}

}  // namespace

Reload PlanReload(const std::string& path, std::string_view text_before, ports::FileReader& files,
                  const IdentityCheck& identity) {
  Reload reload;
  if (RunCheck(path, files, identity, reload.faults) != 0) return reload;
  Result<std::string> text = files.ReadText(path, limits::kConfigFileBytes);
  if (!text.ok()) {  // it was there a moment ago
    reload.faults = text.status().message() + "\n";
    return reload;
  }
  reload.faults.clear();
  reload.text = std::move(text.value());
  settings::ReadOutcome outcome = settings::ReadSettings(reload.text);
  reload.settings = std::move(outcome.settings);
  const std::vector<std::string> changed = settings::ChangedKeys(text_before, reload.text);
  for (const std::string& key : changed) reload.changed += (&key == &changed[0] ? "" : ", ") + key;
  const bool log_only = std::all_of(changed.begin(), changed.end(), IsOfLog);
  reload.kind = log_only ? ReloadKind::kLog : ReloadKind::kAgent;
  if (changed.empty()) reload.kind = ReloadKind::kNothing;
  return reload;
}

}  // namespace depotlink::commands
