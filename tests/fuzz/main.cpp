// SPDX-License-Identifier: Apache-2.0
// The targets without libFuzzer: replays the seeds and so many mutations of them, the same in each
// run. `fuzz_tests [--runs N] [--seed N] [TARGET|FILE ...]`; a file is replayed for each target
// named.
#include <dirent.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fakes/fake_random.hpp"
#include "tests/fuzz/seeds.hpp"

#if defined(__SANITIZE_ADDRESS__)
extern "C" void __sanitizer_set_death_callback(void (*callback)());
#endif

namespace depotlink::fuzz {
namespace {

// libFuzzer's own bound where none is given.
constexpr std::size_t kMostBytes = 4096;

// What is being tried: written down when the program dies of it.
std::string current;
const char* current_target = "";

void KeepCurrent() {
  const std::string name = std::string("crash-") + current_target;
  std::ofstream(name, std::ios::binary) << current;
  std::fprintf(stderr, "%s: %zu bytes, kept in %s\n", current_target, current.size(), name.c_str());
}

void OnAbort(int) {
  KeepCurrent();
  std::signal(SIGABRT, SIG_DFL);
  std::raise(SIGABRT);
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> ReadFolder(const std::string& folder) {
  std::vector<std::string> names;
  DIR* open = opendir(folder.c_str());
  if (open == nullptr) return {};
  while (const dirent* entry = readdir(open)) {
    if (entry->d_type != DT_DIR) names.push_back(folder + '/' + entry->d_name);
  }
  closedir(open);
  std::sort(names.begin(), names.end());
  std::vector<std::string> texts;
  for (const std::string& name : names) texts.push_back(ReadFile(name));
  return texts;
}

// Of libFuzzer's dictionary: a text in quotes on each line, with \xNN for bytes.
std::vector<std::string> ReadTokens(const std::string& path) {
  std::vector<std::string> tokens;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] != '"') continue;
    std::string token;
    for (std::size_t at = 1; at + 1 < line.size(); ++at) {
      if (line[at] != '\\') {
        token += line[at];
      } else if (line[++at] == 'x') {
        token += static_cast<char>(std::stoul(line.substr(at + 1, 2), nullptr, 16));
        at += 2;
      } else {
        token += line[at];
      }
    }
    tokens.push_back(token);
  }
  return tokens;
}

class Mutator {
 public:
  Mutator(std::vector<std::string> seeds, std::vector<std::string> tokens, std::uint64_t seed)
      : seeds_(std::move(seeds)), tokens_(std::move(tokens)), random_(seed) {}

  std::string Next() {
    std::string text = Some(seeds_);
    if (random_.Chance(10)) Cross(text);
    for (std::size_t n = 1 + random_.Below(4); n > 0; --n) Change(text);
    if (text.size() > kMostBytes) text.resize(kMostBytes);
    return text;
  }

 private:
  const std::string& Some(const std::vector<std::string>& from) {
    return from[random_.Below(from.size())];
  }
  void Cross(std::string& text) {
    const std::string& other = Some(seeds_);
    text.resize(random_.Below(text.size() + 1));
    text += other.substr(random_.Below(other.size() + 1));
  }
  void Change(std::string& text) {
    const std::size_t at = random_.Below(text.size() + 1);
    const std::size_t some = std::min(random_.Below(8), text.size() - at);
    switch (random_.Below(7)) {
      case 0:
        text.erase(at, some);
        break;
      case 1:
        text.insert(at, Some(tokens_));
        break;
      case 2:
        text.replace(at, some, Some(tokens_));
        break;
      case 3:
        text.insert(at, text.substr(random_.Below(text.size() + 1), 1 + random_.Below(40)));
        break;
      case 4:
        if (at < text.size()) text[at] = static_cast<char>(random_.Below(256));
        break;
      case 5:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << random_.Below(8)));
        break;
      default:
        text.resize(random_.Chance(90) ? text.size() : at);
    }
  }

  std::vector<std::string> seeds_;
  std::vector<std::string> tokens_;
  fakes::SeededRandom random_;
};

void Try(const Target& target, std::string bytes) {
  current_target = target.name.data();
  current = std::move(bytes);
  target.run(current);
}

void Run(const Target& target, std::size_t runs, std::uint64_t seed) {
  std::vector<std::string> seeds{""};
  for (const std::string& folder : SeedFolders(DEPOTLINK_TESTS_DIR, target)) {
    for (std::string& text : ReadFolder(folder)) seeds.push_back(std::move(text));
  }
  for (const std::string& text : seeds) Try(target, text);
  const std::size_t replayed = seeds.size();
  Mutator mutator(std::move(seeds), ReadTokens(DEPOTLINK_TESTS_DIR "/fuzz/tokens.dict"), seed);
  for (std::size_t run = 0; run < runs; ++run) Try(target, mutator.Next());
  std::printf("%s: %zu seeds, %zu mutations\n", target.name.data(), replayed, runs);
}

int Main(int argc, char** argv) {
  std::size_t runs = 2000;
  std::uint64_t seed = 1;
  std::vector<const Target*> targets;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--runs") == 0 && i + 1 < argc) {
      runs = std::strtoul(argv[++i], nullptr, 10);
    } else if (std::strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
      seed = std::strtoul(argv[++i], nullptr, 10);
    } else if (const Target* target = FindTarget(argv[i])) {
      targets.push_back(target);
    } else {
      files.emplace_back(argv[i]);
    }
  }
  std::signal(SIGABRT, OnAbort);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_set_death_callback(KeepCurrent);
#endif
  if (targets.empty()) {
    for (const Target& target : kTargets) targets.push_back(&target);
  }
  for (const Target* target : targets) {
    for (const std::string& file : files) Try(*target, ReadFile(file));
    if (files.empty()) Run(*target, runs, seed);
  }
  return 0;
}

}  // namespace
}  // namespace depotlink::fuzz

int main(int argc, char** argv) {
  return depotlink::fuzz::Main(argc, argv);
}
