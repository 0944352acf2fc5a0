// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/simulated_disk.hpp"

#include <algorithm>
#include <utility>

namespace depotlink::fakes {

namespace {

// Writes at `offset`; where the text is shorter, zeros stand between.
void Put(std::string& text, std::uint64_t offset, std::string_view bytes) {
  const auto at = static_cast<std::size_t>(offset);
  if (text.size() < at + bytes.size()) text.resize(at + bytes.size());
  text.replace(at, bytes.size(), bytes.data(), bytes.size());
}

void Apply(std::string& text, const DiskChange& change) {
  if (change.truncate) {
    text.resize(static_cast<std::size_t>(change.offset));
  } else {
    Put(text, change.offset, change.bytes);
  }
}

// Which of a series of unflushed changes a power cut leaves. Even chances alone would hardly ever
// leave all, none, or a clean front part of a long series, and these are the frequent ones.
class Survivors {
 public:
  enum class Fate { kLost, kTorn, kKept };

  Survivors(SeededRandom& random, std::size_t changes) : random_(&random) {
    switch (random.Below(6)) {
      case 0:
        kept_ = changes;
        lost_after_ = true;
        break;
      case 1:
      case 2:
        kept_ = random.Below(changes + 1);
        lost_after_ = true;
        break;
      default:
        break;
    }
  }

  Fate Next() {
    const std::size_t at = at_++;
    if (at < kept_) return Fate::kKept;
    if (lost_after_) return at == kept_ ? Fate::kTorn : Fate::kLost;
    return static_cast<Fate>(random_->Below(3));
  }

 private:
  SeededRandom* random_;
  std::size_t at_ = 0;
  std::size_t kept_ = 0;
  bool lost_after_ = false;
};

// Some sectors of a write, or none of them and zeros in their place.
void Tear(std::string& text, const DiskChange& change, SeededRandom& random) {
  if (change.truncate) {
    if (random.Chance(50)) Apply(text, change);
    return;
  }
  const std::uint64_t end = change.offset + change.bytes.size();
  // The size is a change of its own, and may be there before the data.
  if (random.Chance(50) && text.size() < end) text.resize(static_cast<std::size_t>(end));
  if (random.Chance(25)) return;
  const bool front_only = random.Chance(50);
  std::uint64_t at = change.offset;
  while (at < end) {
    const std::uint64_t next = std::min(end, (at / kSectorBytes + 1) * kSectorBytes);
    if (random.Chance(50)) {
      Put(text, at,
          std::string_view(change.bytes)
              .substr(static_cast<std::size_t>(at - change.offset),
                      static_cast<std::size_t>(next - at)));
    } else if (front_only) {
      return;
    }
    at = next;
  }
}

void CutPower(DiskFile& file, SeededRandom& random) {
  Survivors survivors(random, file.dirty.size());
  for (const DiskChange& change : file.dirty) {
    switch (survivors.Next()) {
      case Survivors::Fate::kKept:
        Apply(file.device, change);
        break;
      case Survivors::Fate::kTorn:
        Tear(file.device, change, random);
        break;
      case Survivors::Fate::kLost:
        break;
    }
  }
  file.dirty.clear();
}

}  // namespace

DiskFilePtr SimulatedDisk::Find(std::string_view name) const {
  const auto found = cached_.find(name);
  return found == cached_.end() ? nullptr : found->second;
}

DiskFilePtr SimulatedDisk::Create(std::string_view name) {
  auto file = std::make_shared<DiskFile>();
  file->id = next_id_++;
  changes_.push_back({NameChange::Kind::kCreate, std::string(name), file});
  Apply(cached_, changes_.back());
  return file;
}

void SimulatedDisk::Remove(std::string_view name) {
  changes_.push_back({NameChange::Kind::kRemove, std::string(name), Find(name)});
  Apply(cached_, changes_.back());
}

void SimulatedDisk::Rename(std::string_view from, std::string_view to) {
  changes_.push_back({NameChange::Kind::kRename, std::string(to), Find(from)});
  Apply(cached_, changes_.back());
}

DiskFilePtr SimulatedDisk::Plant(std::string_view name) {
  auto file = std::make_shared<DiskFile>();
  file->id = next_id_++;
  cached_[std::string(name)] = file;
  device_[std::string(name)] = file;
  return file;
}

void SimulatedDisk::Uproot(std::string_view name) {
  const DiskFilePtr file = Find(name);
  if (file == nullptr) return;
  changes_.erase(std::remove_if(changes_.begin(), changes_.end(),
                                [&file](const NameChange& change) { return change.file == file; }),
                 changes_.end());
  const NameChange removal{NameChange::Kind::kRemove, std::string(name), file};
  Apply(cached_, removal);
  Apply(device_, removal);
}

void SimulatedDisk::Write(DiskFile& file, std::uint64_t offset, std::string_view bytes) {
  if (bytes.empty()) return;
  file.dirty.push_back({false, offset, std::string(bytes)});
  fakes::Apply(file.cached, file.dirty.back());
}

void SimulatedDisk::Truncate(DiskFile& file, std::uint64_t bytes) {
  file.dirty.push_back({true, bytes, {}});
  fakes::Apply(file.cached, file.dirty.back());
}

std::uint64_t SimulatedDisk::Flush(DiskFile& file) {
  std::uint64_t bytes = 0;
  for (const DiskChange& change : file.dirty) {
    fakes::Apply(file.device, change);
    bytes += change.bytes.size();
  }
  file.dirty.clear();
  return bytes;
}

void SimulatedDisk::FlushNames() {
  device_ = cached_;
  changes_.clear();
}

// A file has one name at a time, whichever of its changes are there: directories on the device are
// consistent, merely old.
void SimulatedDisk::Apply(Names& names, const NameChange& change) {
  const auto bearer = std::find_if(names.begin(), names.end(), [&change](const auto& entry) {
    return entry.second == change.file;
  });
  if (bearer != names.end()) names.erase(bearer);
  if (change.kind != NameChange::Kind::kRemove) names[change.name] = change.file;
}

void SimulatedDisk::PowerCut(SeededRandom& random) {
  std::map<std::uint64_t, DiskFilePtr> files;  // by id, so that each run goes the same way
  for (const auto& entry : device_) files[entry.second->id] = entry.second;
  for (const NameChange& change : changes_) files[change.file->id] = change.file;
  for (const auto& entry : files) CutPower(*entry.second, random);
  Survivors survivors(random, changes_.size());
  for (const NameChange& change : changes_) {
    const Survivors::Fate fate = survivors.Next();
    const bool there =
        fate == Survivors::Fate::kTorn ? random.Chance(50) : fate == Survivors::Fate::kKept;
    if (there) Apply(device_, change);
  }
  Settle();
}

void SimulatedDisk::LoseUnflushed() {
  Settle();
}

// The next run sees what is on the device.
void SimulatedDisk::Settle() {
  changes_.clear();
  cached_ = device_;
  for (const auto& entry : cached_) {
    entry.second->dirty.clear();
    entry.second->cached = entry.second->device;
  }
}

}  // namespace depotlink::fakes
