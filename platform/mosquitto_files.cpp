// SPDX-License-Identifier: Apache-2.0
#include "platform/mosquitto_files.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "platform/posix_files.hpp"

namespace depotlink::platform {
namespace {

constexpr std::size_t kCommandBytes = 4096;

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

// In order; none where it cannot be read.
std::vector<std::string> Names(const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, CloseDirectory> directory(opendir(path.c_str()));
  if (directory == nullptr) return names;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else reads this stream
  while (const dirent* entry = readdir(directory.get())) names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  return names;
}

std::string Text(const std::string& path, std::size_t most) {
  Result<std::string> text = PosixFiles().ReadText(path, most);
  return text.ok() ? std::move(text.value()) : std::string();
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// The word behind -c; empty: there is none.
std::string ConfigOf(std::string_view command) {
  bool next = false;
  while (!command.empty()) {
    const std::string_view word = command.substr(0, command.find('\0'));
    command.remove_prefix(std::min(word.size() + 1, command.size()));
    if (next) return std::string(word);
    next = word == "-c" || word == "--config-file";
  }
  return {};
}

// `root`: what the broker takes for /, where this user may look into it; else empty. False where
// the config cannot be read: nothing may be concluded from that.
bool ReadWithIncluded(const std::string& root, const std::string& path, std::string& whole) {
  constexpr std::string_view kInclude = "include_dir ";
  const Result<std::string> read = PosixFiles().ReadText(root + path, MosquittoFiles::kConfigBytes);
  if (!read.ok()) return false;
  const std::string& text = read.value();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.compare(0, kInclude.size(), kInclude) != 0) {
      whole.append(line) += '\n';
      continue;
    }
    const std::string folder = root + line.substr(kInclude.size()) + '/';
    for (const std::string& name : Names(folder)) {
      if (!EndsWith(name, ".conf") || whole.size() > MosquittoFiles::kConfigBytes) continue;
      whole.append(Text(folder + name, MosquittoFiles::kConfigBytes)) += '\n';
    }
  }
  return true;
}

}  // namespace

std::vector<std::string> MosquittoFiles::MosquittoConfigs() {
  std::vector<std::string> configs;
  for (const std::string& name : Names("/proc")) {
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string process = "/proc/" + name;
    if (Text(process + "/comm", kCommandBytes) != "mosquitto\n") continue;
    if (configs.size() == kMost) break;
    const std::string config = ConfigOf(Text(process + "/cmdline", kCommandBytes));
    std::string root = process + "/root";
    if (access((root + '/').c_str(), X_OK) != 0) root.clear();
    if (!config.empty() && config.front() != '/') root = process + "/cwd/";
    std::string text;
    if (config.empty() || ReadWithIncluded(root, config, text)) configs.push_back(std::move(text));
  }
  return configs;
}

}  // namespace depotlink::platform
