// SPDX-License-Identifier: Apache-2.0
#pragma once

// Files and directories in memory, with who may read them. A path may be made to fail.

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "agent/ports/file_maker.hpp"

namespace depotlink::fakes {

struct MadeFile {
  std::string text;
  ports::Readers readers;
};

class FakeFileMaker : public ports::FileMaker {
 public:
  std::map<std::string, MadeFile> files;
  std::map<std::string, ports::Readers> directories;
  std::set<std::string> others;   // paths of what is no file
  std::set<std::string> failing;  // paths that cannot be written
  std::string user;               // the agent's, where that is another one

  std::string AgentsName() const override { return user; }
  ports::Standing Look(const std::string& path) override {
    if (others.count(path) != 0) return ports::Standing::kOther;
    return files.count(path) != 0 ? ports::Standing::kFile : ports::Standing::kNothing;
  }
  Status MakeDirectory(const std::string& path, ports::Readers readers) override {
    if (failing.count(path) != 0) return Failure(path);
    directories.emplace(path, readers);
    return Status::Ok();
  }
  Status Write(const std::string& path, std::string_view text, ports::Readers readers,
               bool replace) override {
    if (failing.count(path) != 0 || (!replace && files.count(path) != 0)) return Failure(path);
    files[path] = {std::string(text), readers};
    return Status::Ok();
  }
  Status Adopt(const std::string& path) override {
    if (failing.count(path) != 0) return Failure(path);
    files.at(path).readers = ports::Readers::kAgent;
    return Status::Ok();
  }
  void Remove(const std::string& path) override { files.erase(path); }

 private:
  static Status Failure(const std::string& path) {
    return {Code::kAskPerson, path + ": cannot be written"};
  }
};

}  // namespace depotlink::fakes
