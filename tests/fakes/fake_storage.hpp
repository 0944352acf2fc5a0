// SPDX-License-Identifier: Apache-2.0
#pragma once

// ports::Storage in memory, over a SimulatedDisk: power cuts, kills, failures at any call, a
// capacity, and a record of everything that was asked of it. The same calls and the same random
// numbers give the same state.
//
// To fail each call in turn:
//
//   for (std::size_t n = 1;; ++n) {
//     FakeStorage disk;
//     disk.FailCall(n, Status(Code::kFull, "full"));
//     ... run ...
//     if (!disk.failed()) break;  // there were fewer than n calls
//   }

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/ports/storage.hpp"
#include "tests/fakes/fake_random.hpp"
#include "tests/fakes/simulated_disk.hpp"

namespace depotlink::fakes {

enum class StorageOp {
  kCreate,
  kOpenRead,
  kOpenWrite,
  kClose,  // never fails, and is not counted in calls()
  kWriteAt,
  kReadAt,
  kSize,
  kTruncate,
  kSync,
  kRemove,
  kRename,
  kSyncDirectory,
  kListFiles,
  kFreeBytes
};

struct StorageCall {
  StorageOp op;
  std::string name;  // the file's at the time of its opening; of a rename `from>to`
  ports::FileHandle file = ports::kNoFile;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;  // asked for; of Truncate the new size
  Code code = Code::kOk;
};

struct StorageFailure {
  Status status{Code::kRetryLater, "disk: Input/output error"};
  bool sticky = false;              // it and every later call of the kind, until Heal()
  std::size_t short_write = 0;      // WriteAt: this much is written before it fails (first time)
  std::optional<StorageOp> only{};  // only calls of this kind count, and fail
};

class FakeStorage final : public ports::Storage {
 public:
  // --- ports::Storage
  Status Open() override {
    ++opens_;
    return open_status_;
  }
  bool InMemory() const override { return in_memory_; }
  Result<ports::FileHandle> Create(std::string_view name) override;
  Result<ports::FileHandle> OpenRead(std::string_view name) override;
  Result<ports::FileHandle> OpenWrite(std::string_view name) override;
  void Close(ports::FileHandle file) override;
  Status WriteAt(ports::FileHandle file, std::uint64_t offset, std::string_view bytes) override;
  Result<std::size_t> ReadAt(ports::FileHandle file, std::uint64_t offset, char* out,
                             std::size_t capacity) override;
  Result<std::uint64_t> Size(ports::FileHandle file) override;
  Status Truncate(ports::FileHandle file, std::uint64_t bytes) override;
  Status Sync(ports::FileHandle file) override;
  Status Remove(std::string_view name) override;
  Status Rename(std::string_view from, std::string_view to) override;
  Status SyncDirectory() override;
  Status List(ports::FileVisitor& visitor) override;
  Result<std::uint64_t> FreeBytes() override;

  // --- the end of a run; every handle is dead afterwards
  void PowerCut(SeededRandom& random);
  // The hardest one: nothing is left that was not synced.
  void PowerCutLosingAll();
  // SIGKILL: nothing is lost.
  void Kill();

  // --- failures
  // The n-th fallible call from now fails (1: the next one). Replaces what was asked for before.
  void FailCall(std::size_t n, StorageFailure failure);
  void FailCall(std::size_t n, Status status, bool sticky = false) {
    FailCall(n, StorageFailure{std::move(status), sticky});
  }
  // The process dies at its n-th fallible call from now: it and all later ones fail and leave the
  // disk and its cache alone (but for `short_write` bytes of that call), until PowerCut or Kill
  // tells what the next run finds.
  void StopAt(std::size_t n, std::size_t short_write = 0);
  // What Open() says from now on. Other calls go on as they were.
  void set_open_status(Status status) { open_status_ = std::move(status); }
  void set_in_memory(bool on) { in_memory_ = on; }
  std::size_t opens() const { return opens_; }
  // No more failures to come.
  void Heal();
  // Whether the failure that was asked for last took place.
  bool failed() const { return failures_ > 0; }
  // As after a remount for errors: changes are refused (kAskPerson), what was dirty is forgotten
  // with the first Sync.
  void set_read_only(bool on) { read_only_ = on; }
  // Bytes in all files; a write beyond is cut short and fails (kFull).
  void set_capacity(std::uint64_t bytes) { capacity_ = bytes; }

  // --- what was asked
  // Fallible calls so far, all but Close.
  std::size_t calls() const { return calls_; }
  const std::vector<StorageCall>& log() const { return log_; }
  std::size_t Count(StorageOp op) const;
  void ClearLog() { log_.clear(); }
  std::size_t open_handles() const { return handles_.size(); }
  std::vector<std::string> open_names() const;
  std::uint64_t bytes_written() const { return bytes_written_; }
  std::uint64_t bytes_read() const { return bytes_read_; }
  // Written bytes that a Sync brought to the device.
  std::uint64_t bytes_synced() const { return bytes_synced_; }
  std::size_t syncs() const { return syncs_; }
  std::size_t directory_syncs() const { return directory_syncs_; }
  // Sync on a handle whose Sync had failed before: it succeeds, and the data is lost.
  std::size_t sync_after_failed_sync() const { return sync_after_failed_sync_; }
  // Everything that the port forbids, that among it; empty is right.
  const std::vector<std::string>& violations() const { return violations_; }

  // --- past the port: as somebody with the device in hand; the cache and the device alike
  std::vector<std::string> Names() const;
  bool Has(std::string_view name) const { return disk_.Find(name) != nullptr; }
  std::string Bytes(std::string_view name) const;
  // Makes the file where it is missing.
  void Put(std::string_view name, std::string bytes);
  void Erase(std::string_view name);
  // `bit` 0..7. Nothing happens beyond the end.
  void FlipBit(std::string_view name, std::uint64_t offset, unsigned bit);
  void Zero(std::string_view name, std::uint64_t offset, std::uint64_t bytes);
  std::uint64_t used_bytes() const;

 private:
  struct Handle {
    std::string name;
    DiskFilePtr file;
    bool writable = false;
    bool sync_failed = false;
  };

  Status Begin(StorageCall call);
  Status Done(Status status);
  Status Change() const;
  bool Counts(StorageOp op) const;
  Handle* Find(ports::FileHandle file, bool to_write);
  Result<ports::FileHandle> Open(std::string_view name, DiskFilePtr file, bool writable);
  Result<ports::FileHandle> OpenExisting(StorageOp op, std::string_view name);
  Status WriteSome(DiskFile& file, std::uint64_t offset, std::string_view bytes);
  Status FailSync(Handle& handle, Status status);
  std::string CheckedName(std::string_view name);
  std::uint64_t room() const;
  void Restart();
  void Violation(std::string what) { violations_.push_back(std::move(what)); }

  SimulatedDisk disk_;
  Status open_status_;
  bool in_memory_ = false;
  std::size_t opens_ = 0;
  std::map<ports::FileHandle, Handle> handles_;
  ports::FileHandle next_handle_ = 3;  // none is given out twice
  bool read_only_ = false;
  std::optional<std::uint64_t> capacity_;

  std::optional<StorageFailure> failure_;
  std::size_t calls_to_failure_ = 0;
  std::size_t failures_ = 0;
  bool stopping_ = false;  // failure_ is the end of the process
  bool listing_ = false;

  std::size_t calls_ = 0;
  std::vector<StorageCall> log_;
  std::vector<std::string> violations_;
  std::uint64_t bytes_written_ = 0;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t bytes_synced_ = 0;
  std::size_t syncs_ = 0;
  std::size_t directory_syncs_ = 0;
  std::size_t sync_after_failed_sync_ = 0;
};

}  // namespace depotlink::fakes
