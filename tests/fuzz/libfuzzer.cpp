// SPDX-License-Identifier: Apache-2.0
// The targets under libFuzzer: `fuzz_libfuzzer TARGET [libFuzzer's own arguments] FOLDER|FILE ...`.
// The folder is for what it learns; a file is run once more.
#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/fuzz/seeds.hpp"

namespace {

const depotlink::fuzz::Target* chosen = nullptr;

bool IsFolder(const std::string& path) {
  struct stat found;
  return stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

[[noreturn]] void Refuse(const char* why) {
  std::fprintf(stderr, "%s; targets:", why);
  for (const auto& target : depotlink::fuzz::kTargets) {
    std::fprintf(stderr, " %s", std::string(target.name).c_str());
  }
  std::fputc('\n', stderr);
  std::exit(2);
}

}  // namespace

// Puts the dictionary and the folders of seeds where the target's name stood.
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  static std::vector<std::string> words;
  static std::vector<char*> places;
  chosen = *argc > 1 ? depotlink::fuzz::FindTarget((*argv)[1]) : nullptr;
  if (chosen == nullptr) Refuse("no such target");
  bool folder_given = false;
  bool file_given = false;
  for (int i = 0; i < *argc; ++i) {
    if (i == 1) continue;
    words.emplace_back((*argv)[i]);
    if (i == 0 || words.back()[0] == '-') continue;
    (IsFolder(words.back()) ? folder_given : file_given) = true;
  }
  // Without one of its own it would write what it learns among the seeds.
  if (!folder_given && !file_given) Refuse("no folder for what is learnt");
  words.push_back("-dict=" DEPOTLINK_TESTS_DIR "/fuzz/tokens.dict");
  for (const std::string& folder : SeedFolders(DEPOTLINK_TESTS_DIR, *chosen)) {
    if (folder_given && IsFolder(folder)) words.push_back(folder);
  }
  for (std::string& word : words) places.push_back(word.data());
  places.push_back(nullptr);
  *argc = static_cast<int>(words.size());
  *argv = places.data();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const void* bytes = data;
  chosen->run({static_cast<const char*>(bytes), size});
  return 0;
}
