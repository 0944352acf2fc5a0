// SPDX-License-Identifier: Apache-2.0
#pragma once

// A directory on a device with a page cache in front of it, down to what a power cut leaves. Knows
// nothing of handles, errors or calls: that is FakeStorage's.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fakes/fake_random.hpp"

namespace depotlink::fakes {

// What a power cut tears into: a device writes a sector wholly or not at all.
inline constexpr std::uint64_t kSectorBytes = 512;

// A change that is in the page cache only.
struct DiskChange {
  bool truncate = false;
  std::uint64_t offset = 0;  // of a truncation: the new size
  std::string bytes;
};

struct DiskFile {
  std::uint64_t id = 0;
  std::string cached;             // what a reader sees
  std::string device;             // what is on the device for certain
  std::vector<DiskChange> dirty;  // in order
};
using DiskFilePtr = std::shared_ptr<DiskFile>;

class SimulatedDisk {
 public:
  using Names = std::map<std::string, DiskFilePtr, std::less<>>;

  // --- what processes see
  const Names& names() const { return cached_; }
  DiskFilePtr Find(std::string_view name) const;
  DiskFilePtr Create(std::string_view name);
  void Remove(std::string_view name);
  void Rename(std::string_view from, std::string_view to);
  static void Write(DiskFile& file, std::uint64_t offset, std::string_view bytes);
  static void Truncate(DiskFile& file, std::uint64_t bytes);
  bool names_dirty() const { return !changes_.empty(); }

  // --- by other hands: on the device at once
  DiskFilePtr Plant(std::string_view name);
  void Uproot(std::string_view name);

  // --- to the device
  // Returns the bytes that went there.
  static std::uint64_t Flush(DiskFile& file);
  // As after a failed fsync on Linux: the cache calls its pages clean, and the device never saw
  // them.
  static void Forget(DiskFile& file) { file.dirty.clear(); }
  void FlushNames();

  // --- the end of a run. Files that nobody links any more are gone afterwards.
  // What was flushed holds. Of the rest, each write is there wholly, in some of its sectors, as
  // zeros, or not at all; each change of names is there or not.
  void PowerCut(SeededRandom& random);
  // What was flushed holds, and nothing else.
  void LoseUnflushed();

 private:
  struct NameChange {
    enum class Kind { kCreate, kRemove, kRename } kind;
    std::string name;  // of a rename: the new one
    DiskFilePtr file;
  };
  void Settle();

  Names cached_;
  Names device_;
  std::vector<NameChange> changes_;
  std::uint64_t next_id_ = 1;

  static void Apply(Names& names, const NameChange& change);
};

}  // namespace depotlink::fakes
