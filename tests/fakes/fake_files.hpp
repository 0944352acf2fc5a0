// SPDX-License-Identifier: Apache-2.0
#pragma once

// Files in memory. A path that was not given is missing; a path may be made to fail with words of
// the test's choice.

#include <map>
#include <string>
#include <utility>

#include "agent/ports/files.hpp"

namespace depotlink::fakes {

class FakeFiles : public ports::FileReader {
 public:
  void Put(const std::string& path, std::string text) { texts_[path] = std::move(text); }
  // From now on reading `path` in either way is refused with `message`.
  void Refuse(const std::string& path, std::string message) {
    refusals_[path] = std::move(message);
  }

  Result<std::string> ReadText(const std::string& path, std::size_t max_bytes) override {
    std::string why;
    if (!Find(path, why)) return Status(Code::kAskPerson, why);
    const std::string& text = texts_[path];
    if (text.size() > max_bytes) return Status(Code::kAskPerson, path + ": too large");
    return text;
  }

  // Takes white space off the end only; the rules of ReadSecret are the real adapter's.
  Result<Secret> ReadSecret(const std::string& path) override {
    std::string why;
    if (!Find(path, why)) return Status(Code::kAskPerson, why);
    std::string text = texts_[path];
    text.erase(text.find_last_not_of(" \t\r\n") + 1);
    if (text.empty()) return Status(Code::kAskPerson, path + ": empty");
    return Secret(std::move(text));
  }

  Result<Secret> ReadPrivateKey(const std::string& path) override { return ReadSecret(path); }

 private:
  bool Find(const std::string& path, std::string& why) const {
    const auto refusal = refusals_.find(path);
    if (refusal != refusals_.end()) {
      why = refusal->second;
      return false;
    }
    if (texts_.count(path) == 0) {
      why = path + ": no such file";
      return false;
    }
    return true;
  }

  std::map<std::string, std::string> texts_;
  std::map<std::string, std::string> refusals_;
};

}  // namespace depotlink::fakes
