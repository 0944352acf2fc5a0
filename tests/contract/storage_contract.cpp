// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/storage_contract.hpp"

#include <algorithm>
#include <cstring>

#include "tests/fakes/fake_random.hpp"

using depotlink::Code;
using depotlink::Status;
using depotlink::ports::FileEntry;
using depotlink::ports::FileHandle;
using depotlink::ports::FileVisitor;
using depotlink::ports::kNoFile;

namespace {

class Listing : public FileVisitor {
 public:
  void OnFile(const FileEntry& entry) override {
    CHECK(sizes.emplace(std::string(entry.name), entry.bytes).second);
  }
  std::map<std::string, std::uint64_t> sizes;
};

std::string Pattern(std::size_t bytes, unsigned seed) {
  depotlink::fakes::SeededRandom random(seed);
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random.Next());
  return text;
}

}  // namespace

struct StorageContract::Random : depotlink::fakes::SeededRandom {
  using SeededRandom::SeededRandom;
  std::string Name() { return "f" + std::to_string(Below(4)); }
};

FileHandle StorageContract::Made(std::string_view name, std::string_view text) {
  const auto file = storage().Create(name);
  CHECK_TEXT(file.ok(), file.status().message().c_str());
  Write(file.value(), 0, text);
  return file.value();
}

FileHandle StorageContract::Opened(std::string_view name, bool to_write) {
  const auto file = to_write ? storage().OpenWrite(name) : storage().OpenRead(name);
  CHECK_TEXT(file.ok(), file.status().message().c_str());
  return file.value();
}

void StorageContract::Write(FileHandle file, std::uint64_t offset, std::string_view text) {
  const Status status = storage().WriteAt(file, offset, text);
  CHECK_TEXT(status.ok(), status.message().c_str());
}

std::string StorageContract::Read(FileHandle file, std::uint64_t offset, std::size_t bytes) {
  std::string text(bytes + 1, '#');
  const auto got = storage().ReadAt(file, offset, text.data(), bytes);
  CHECK_TEXT(got.ok(), got.status().message().c_str());
  CHECK(got.value() <= bytes);
  CHECK(text[bytes] == '#');  // no more than asked for
  text.resize(got.value());
  return text;
}

std::string StorageContract::ReadAll(std::string_view name) {
  const FileHandle file = Opened(name);
  const auto size = storage().Size(file);
  CHECK(size.ok());
  std::string text = Read(file, 0, static_cast<std::size_t>(size.value()) + 10);
  CHECK(text.size() == size.value());
  storage().Close(file);
  return text;
}

std::map<std::string, std::uint64_t> StorageContract::Listed() {
  Listing listing;
  const Status status = storage().List(listing);
  CHECK_TEXT(status.ok(), status.message().c_str());
  return listing.sizes;
}

void StorageContract::ACreatedFileIsEmptyAndOpenForBoth() {
  const FileHandle file = Made("Seg-01_a.log");
  CHECK(file != kNoFile);
  CHECK(storage().Size(file).value() == 0);
  STRCMP_EQUAL("", Read(file, 0, 10).c_str());
  Write(file, 0, "text");
  STRCMP_EQUAL("text", Read(file, 0, 10).c_str());
  storage().Close(file);
  storage().Close(kNoFile);
  STRCMP_EQUAL("text", ReadAll("Seg-01_a.log").c_str());
}

void StorageContract::CreateRefusesANameThatExists() {
  storage().Close(Made("a", "old"));
  const auto again = storage().Create("a");
  CHECK(again.status().code() == Code::kReject);
  CHECK(again.status().message().find("/a: ") != std::string::npos);
  STRCMP_EQUAL("old", ReadAll("a").c_str());
}

void StorageContract::WhatIsMissingIsSkipped() {
  storage().Close(Made("there"));
  const auto skipped = [](const Status& status) {
    CHECK(status.code() == Code::kSkip);
    CHECK_TEXT(status.message().find("/missing: ") != std::string::npos, status.message().c_str());
  };
  skipped(storage().OpenRead("missing").status());
  skipped(storage().OpenWrite("missing").status());
  skipped(storage().Remove("missing"));
  skipped(storage().Rename("missing", "there"));
  LONGS_EQUAL(1, Listed().size());
}

void StorageContract::ReadsEndWhereTheFileEnds() {
  const FileHandle file = Made("a", "0123456789");
  STRCMP_EQUAL("0123456789", Read(file, 0, 10).c_str());
  STRCMP_EQUAL("345", Read(file, 3, 3).c_str());
  STRCMP_EQUAL("89", Read(file, 8, 3).c_str());
  STRCMP_EQUAL("", Read(file, 10, 3).c_str());
  STRCMP_EQUAL("", Read(file, 1000, 3).c_str());
  STRCMP_EQUAL("", Read(file, 2, 0).c_str());
  storage().Close(file);
}

void StorageContract::WritesGoWhereTheyAreTold() {
  const FileHandle file = Made("a", "0123456789");
  Write(file, 10, "end");
  Write(file, 3, "XYZ");
  Write(file, 12, "DING");  // over the end
  Write(file, 5, "");
  STRCMP_EQUAL("012XYZ6789enDING", Read(file, 0, 100).c_str());
  CHECK(storage().Size(file).value() == 16);
  storage().Close(file);
  const FileHandle again = Opened("a", true);  // nothing is cut by opening
  Write(again, 0, "ab");
  storage().Close(again);
  STRCMP_EQUAL("ab2XYZ6789enDING", ReadAll("a").c_str());
}

void StorageContract::LargeTextComesBack() {
  const std::string text = Pattern((1U << 20U) + 7, 1);
  const FileHandle file = Made("large", text);
  CHECK(Read(file, 0, text.size() + 1) == text);
  for (std::size_t at = 0; at < text.size(); at += 65521) {
    CHECK(Read(file, at, 65521) == text.substr(at, 65521));
  }
  storage().Close(file);
}

void StorageContract::TruncateCutsAndGrows() {
  const FileHandle file = Made("a", "0123456789");
  CHECK(storage().Truncate(file, 4).ok());
  STRCMP_EQUAL("0123", Read(file, 0, 100).c_str());
  CHECK(storage().Truncate(file, 6).ok());
  CHECK(Read(file, 0, 100) == std::string("0123\0\0", 6));
  Write(file, 6, "x");
  CHECK(storage().Truncate(file, 0).ok());
  CHECK(storage().Size(file).value() == 0);
  storage().Close(file);
}

void StorageContract::HandlesOfOneFileSeeTheSame() {
  const FileHandle one = Made("a", "old text");
  const FileHandle two = Opened("a");
  const FileHandle other = Made("b", "other");
  CHECK(one != two && two != other && one != other);
  Write(one, 0, "new");
  STRCMP_EQUAL("new text", Read(two, 0, 100).c_str());
  storage().Close(one);
  STRCMP_EQUAL("new text", Read(two, 0, 100).c_str());
  STRCMP_EQUAL("other", Read(other, 0, 100).c_str());
  storage().Close(two);
  storage().Close(other);
}

void StorageContract::RenameReplaces() {
  const FileHandle moved = Made("a", "moved");
  const FileHandle replaced = Made("b", "replaced");
  CHECK(storage().Rename("a", "b").ok());
  STRCMP_EQUAL("moved", ReadAll("b").c_str());
  LONGS_EQUAL(1, Listed().size());
  STRCMP_EQUAL("replaced", Read(replaced, 0, 100).c_str());
  Write(moved, 5, " on");
  STRCMP_EQUAL("moved on", ReadAll("b").c_str());
  CHECK(storage().Rename("b", "c").ok());
  CHECK(storage().Rename("c", "c").ok());
  STRCMP_EQUAL("moved on", ReadAll("c").c_str());
  CHECK(storage().OpenRead("b").status().code() == Code::kSkip);
  storage().Close(moved);
  storage().Close(replaced);
}

void StorageContract::ARemovedFileLivesUntilItIsClosed() {
  const FileHandle old = Made("a", "old");
  CHECK(storage().Remove("a").ok());
  CHECK(Listed().empty());
  CHECK(storage().OpenRead("a").status().code() == Code::kSkip);
  const FileHandle fresh = Made("a", "fresh");
  Write(old, 3, "er");
  STRCMP_EQUAL("older", Read(old, 0, 100).c_str());
  STRCMP_EQUAL("fresh", ReadAll("a").c_str());
  storage().Close(old);
  storage().Close(fresh);
}

void StorageContract::ListNamesEachFileOnce() {
  CHECK(Listed().empty());
  std::map<std::string, std::uint64_t> made;
  for (std::size_t i = 0; i < 300; ++i) {  // more than one look into the directory
    const std::string name = "segment-with-a-long-name-" + std::to_string(i);
    storage().Close(Made(name, std::string(i, 'x')));
    made[name] = i;
  }
  CHECK(Listed() == made);
  for (std::size_t i = 0; i < 300; i += 2) {
    const std::string name = "segment-with-a-long-name-" + std::to_string(i);
    CHECK(storage().Remove(name).ok());
    made.erase(name);
  }
  CHECK(Listed() == made);
}

void StorageContract::SyncSucceeds() {
  const FileHandle file = Made("a", "text");
  CHECK(storage().Sync(file).ok());
  CHECK(storage().Sync(file).ok());
  CHECK(storage().SyncDirectory().ok());
  CHECK(storage().Remove("a").ok());
  CHECK(storage().SyncDirectory().ok());
  CHECK(storage().Sync(file).ok());
  storage().Close(file);
}

void StorageContract::FreeBytesAreThere() {
  const auto free_bytes = storage().FreeBytes();
  CHECK(free_bytes.ok());
  CHECK(free_bytes.value() > 0);
}

// One random change to the storage and to its model alike.
void StorageContract::ChangeSomething(Random& random, Texts& texts) {
  const std::string name = random.Name();
  const auto found = texts.find(name);
  if (found == texts.end()) {
    const FileHandle file = Made(name);
    storage().Close(file);
    texts[name] = {};
    return;
  }
  if (random.Chance(5)) {
    CHECK(storage().Remove(name).ok());
    texts.erase(found);
    return;
  }
  if (random.Chance(10)) {
    const std::string to = random.Name();
    CHECK(storage().Rename(name, to).ok());
    std::string text = found->second;
    texts.erase(found);
    texts[to] = std::move(text);
    return;
  }
  std::string& text = found->second;
  const FileHandle file = Opened(name, true);
  if (random.Chance(20)) {
    const std::size_t bytes = random.Below(2 * text.size() + 1);
    CHECK(storage().Truncate(file, bytes).ok());
    text.resize(bytes);
  } else {
    const std::size_t at = random.Below(text.size() + 1);
    const std::string piece =
        Pattern(random.Below(3000), static_cast<unsigned>(random.Below(1000)));
    Write(file, at, piece);
    text.replace(at, std::min(piece.size(), text.size() - at), piece);
  }
  if (random.Chance(20)) CHECK(storage().Sync(file).ok());
  storage().Close(file);
}

void StorageContract::BehavesAsAMapOfTexts() {
  Random random(7);
  Texts texts;
  for (int round = 0; round < 1000; ++round) {
    ChangeSomething(random, texts);
    const auto listed = Listed();
    LONGS_EQUAL(texts.size(), listed.size());
    for (const auto& entry : texts) CHECK(listed.at(entry.first) == entry.second.size());
    const std::string name = random.Name();
    if (texts.count(name) != 0) CHECK(ReadAll(name) == texts[name]);
  }
}
