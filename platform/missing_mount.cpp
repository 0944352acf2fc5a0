// SPDX-License-Identifier: Apache-2.0
#include "platform/missing_mount.hpp"

#include <mntent.h>

#include <array>
#include <cstdio>

namespace depotlink::platform {
namespace {

// A file in the form of fstab, line by line.
class Table {
 public:
  explicit Table(const char* path) : file_(setmntent(path, "re")) {}
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  ~Table() {
    if (file_ != nullptr) endmntent(file_);
  }

  bool open() const { return file_ != nullptr; }
  // False at the end.
  bool Next() {
    if (getmntent_r(file_, &entry_, line_.data(), static_cast<int>(line_.size())) == nullptr) {
      return false;
    }
    directory_ = entry_.mnt_dir;
    while (directory_.size() > 1 && directory_.back() == '/') directory_.pop_back();
    return true;
  }
  const std::string& directory() const { return directory_; }
  bool is_automatic() const { return hasmntopt(&entry_, "noauto") == nullptr; }

 private:
  FILE* file_;
  mntent entry_{};
  std::array<char, 4096> line_{};
  std::string directory_;
};

bool IsMounted(const std::string& directory, const char* mounts) {
  Table table(mounts);
  if (!table.open()) return true;  // nobody can tell
  while (table.Next()) {
    if (table.directory() == directory) return true;
  }
  return false;
}

bool IsAtOrBelow(const std::string& path, const std::string& directory) {
  if (directory.front() != '/' || directory == "/") return false;
  return path.compare(0, directory.size(), directory) == 0 &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

}  // namespace

std::string MissingMount(const std::string& path, const char* fstab, const char* mounts) {
  Table table(fstab);
  while (table.open() && table.Next()) {
    const bool wanted = table.is_automatic() && IsAtOrBelow(path, table.directory());
    if (wanted && !IsMounted(table.directory(), mounts)) return table.directory();
  }
  return {};
}

}  // namespace depotlink::platform
