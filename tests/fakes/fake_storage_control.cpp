// SPDX-License-Identifier: Apache-2.0
// FakeStorage as the test sees it: failures, ends of runs, hands on the device.
#include <algorithm>
#include <utility>

#include "tests/fakes/fake_storage.hpp"

namespace depotlink::fakes {

void FakeStorage::FailCall(std::size_t n, StorageFailure failure) {
  failure_ = std::move(failure);
  calls_to_failure_ = n;
  failures_ = 0;
  stopping_ = false;
}

void FakeStorage::StopAt(std::size_t n, std::size_t short_write) {
  StorageFailure end;
  end.status = {Code::kRetryLater, "disk: the process has ended"};
  end.sticky = true;
  end.short_write = short_write;
  FailCall(n, std::move(end));
  stopping_ = true;
}

void FakeStorage::Heal() {
  failure_.reset();
  stopping_ = false;
}

void FakeStorage::Restart() {
  handles_.clear();
  if (stopping_) Heal();
}

void FakeStorage::PowerCut(SeededRandom& random) {
  Restart();
  disk_.PowerCut(random);
}

void FakeStorage::PowerCutLosingAll() {
  Restart();
  disk_.LoseUnflushed();
}

void FakeStorage::Kill() {
  Restart();
}

std::size_t FakeStorage::Count(StorageOp op) const {
  return static_cast<std::size_t>(std::count_if(
      log_.begin(), log_.end(), [op](const StorageCall& call) { return call.op == op; }));
}

std::vector<std::string> FakeStorage::open_names() const {
  std::vector<std::string> names;
  for (const auto& entry : handles_) names.push_back(entry.second.name);
  return names;
}

std::vector<std::string> FakeStorage::Names() const {
  std::vector<std::string> names;
  for (const auto& entry : disk_.names()) names.push_back(entry.first);
  return names;
}

std::string FakeStorage::Bytes(std::string_view name) const {
  const DiskFilePtr file = disk_.Find(name);
  return file == nullptr ? std::string() : file->cached;
}

void FakeStorage::Put(std::string_view name, std::string bytes) {
  DiskFilePtr file = disk_.Find(name);
  if (file == nullptr) file = disk_.Plant(name);
  file->dirty.clear();
  file->device = bytes;
  file->cached = std::move(bytes);
}

void FakeStorage::Erase(std::string_view name) {
  disk_.Uproot(name);
}

void FakeStorage::FlipBit(std::string_view name, std::uint64_t offset, unsigned bit) {
  const DiskFilePtr file = disk_.Find(name);
  if (file == nullptr) return;
  const auto at = static_cast<std::size_t>(offset);
  for (std::string* text : {&file->cached, &file->device}) {
    if (at < text->size()) (*text)[at] = static_cast<char>((*text)[at] ^ (1 << bit));
  }
}

void FakeStorage::Zero(std::string_view name, std::uint64_t offset, std::uint64_t bytes) {
  const DiskFilePtr file = disk_.Find(name);
  if (file == nullptr) return;
  const auto at = static_cast<std::size_t>(offset);
  for (std::string* text : {&file->cached, &file->device}) {
    const std::size_t begin = std::min(at, text->size());
    std::fill_n(text->begin() + static_cast<std::ptrdiff_t>(begin),
                std::min(static_cast<std::size_t>(bytes), text->size() - begin), '\0');
  }
}

}  // namespace depotlink::fakes
