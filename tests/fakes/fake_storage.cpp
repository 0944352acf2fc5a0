// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/fake_storage.hpp"

#include <algorithm>
#include <utility>

namespace depotlink::fakes {

namespace {

constexpr std::uint64_t kUnbounded = 1ULL << 40;

Status Missing(std::string_view name) {
  return {Code::kSkip, "disk/" + std::string(name) + ": No such file or directory"};
}

Status BadHandle() {
  return {Code::kRetryLater, "disk: Bad file descriptor"};
}

bool IsPlain(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  };
  return !name.empty() && name.size() <= 255 && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), plain);
}

}  // namespace

// --- a call's frame: counted, logged, made to fail

bool FakeStorage::Counts(StorageOp op) const {
  return failure_ && (!failure_->only || *failure_->only == op);
}

// Not ok where the call is to fail.
Status FakeStorage::Begin(StorageCall call) {
  ++calls_;
  if (listing_) Violation("a visitor called the storage");
  const StorageOp op = call.op;
  log_.push_back(std::move(call));
  if (!Counts(op)) return Status::Ok();
  if (calls_to_failure_ > 1) {
    --calls_to_failure_;
    return Status::Ok();
  }
  const Status status = failure_->status;
  ++failures_;
  if (!failure_->sticky) failure_.reset();
  return Done(status);
}

// The current call's outcome into the log.
Status FakeStorage::Done(Status status) {
  log_.back().code = status.code();
  return status;
}

Status FakeStorage::Change() const {
  if (read_only_) return {Code::kAskPerson, "disk: Read-only file system"};
  return Status::Ok();
}

FakeStorage::Handle* FakeStorage::Find(ports::FileHandle file, bool to_write) {
  const auto found = handles_.find(file);
  if (found == handles_.end()) {
    Violation("handle " + std::to_string(file) + " is not open");
    return nullptr;
  }
  log_.back().name = found->second.name;
  if (to_write && !found->second.writable) {
    Violation(found->second.name + " is open for reading only");
    return nullptr;
  }
  return &found->second;
}

std::string FakeStorage::CheckedName(std::string_view name) {
  if (!IsPlain(name)) Violation("not a plain name: " + std::string(name));
  return std::string(name);
}

// --- opening and closing

Result<ports::FileHandle> FakeStorage::Open(std::string_view name, DiskFilePtr file,
                                            bool writable) {
  const ports::FileHandle handle = next_handle_++;
  handles_[handle] = {std::string(name), std::move(file), writable, false};
  log_.back().file = handle;
  return handle;
}

Result<ports::FileHandle> FakeStorage::Create(std::string_view name) {
  if (Status status = Begin({StorageOp::kCreate, CheckedName(name)}); !status.ok()) return status;
  if (disk_.Find(name) != nullptr)
    return Done({Code::kReject, "disk/" + std::string(name) + ": File exists"});
  if (Status status = Change(); !status.ok()) return Done(status);
  return Open(name, disk_.Create(name), true);
}

Result<ports::FileHandle> FakeStorage::OpenExisting(StorageOp op, std::string_view name) {
  if (Status status = Begin({op, CheckedName(name)}); !status.ok()) return status;
  DiskFilePtr file = disk_.Find(name);
  if (file == nullptr) return Done(Missing(name));
  const bool writable = op == StorageOp::kOpenWrite;
  if (Status status = Change(); writable && !status.ok()) return Done(status);
  return Open(name, std::move(file), writable);
}

Result<ports::FileHandle> FakeStorage::OpenRead(std::string_view name) {
  return OpenExisting(StorageOp::kOpenRead, name);
}

Result<ports::FileHandle> FakeStorage::OpenWrite(std::string_view name) {
  return OpenExisting(StorageOp::kOpenWrite, name);
}

void FakeStorage::Close(ports::FileHandle file) {
  if (file == ports::kNoFile) return;
  log_.push_back({StorageOp::kClose, {}, file});
  if (Find(file, false) != nullptr) handles_.erase(file);
}

// --- contents

std::uint64_t FakeStorage::used_bytes() const {
  std::map<std::uint64_t, std::uint64_t> sizes;  // an open file takes room without a name, too
  for (const auto& entry : disk_.names()) sizes[entry.second->id] = entry.second->cached.size();
  for (const auto& entry : handles_) {
    sizes[entry.second.file->id] = entry.second.file->cached.size();
  }
  std::uint64_t sum = 0;
  for (const auto& entry : sizes) sum += entry.second;
  return sum;
}

std::uint64_t FakeStorage::room() const {
  const std::uint64_t used = used_bytes();
  const std::uint64_t capacity = capacity_.value_or(kUnbounded);
  return used < capacity ? capacity - used : 0;
}

// As much of it as there is room for.
Status FakeStorage::WriteSome(DiskFile& file, std::uint64_t offset, std::string_view bytes) {
  const std::uint64_t size = file.cached.size();
  const bool fits =
      offset + bytes.size() <= size || !capacity_ || offset + bytes.size() - size <= room();
  if (!fits) bytes = bytes.substr(0, static_cast<std::size_t>(size + room() - offset));
  SimulatedDisk::Write(file, offset, bytes);
  bytes_written_ += bytes.size();
  if (!fits) return {Code::kFull, "disk: No space left on device"};
  return Status::Ok();
}

Status FakeStorage::WriteAt(ports::FileHandle file, std::uint64_t offset, std::string_view bytes) {
  const std::size_t short_write = failure_ ? failure_->short_write : 0;
  Status status = Begin({StorageOp::kWriteAt, {}, file, offset, bytes.size()});
  Handle* handle = Find(file, true);
  if (handle == nullptr) return Done(BadHandle());
  if (offset > handle->file->cached.size()) {
    Violation(handle->name + ": written beyond the end");
    return Done({Code::kRetryLater, "disk: written beyond the end"});
  }
  if (!status.ok()) {
    if (failures_ == 1) (void)WriteSome(*handle->file, offset, bytes.substr(0, short_write));
    return status;
  }
  if (status = Change(); !status.ok()) return Done(status);
  return Done(WriteSome(*handle->file, offset, bytes));
}

Result<std::size_t> FakeStorage::ReadAt(ports::FileHandle file, std::uint64_t offset, char* out,
                                        std::size_t capacity) {
  Status status = Begin({StorageOp::kReadAt, {}, file, offset, capacity});
  Handle* handle = Find(file, false);
  if (handle == nullptr) return Done(BadHandle());
  if (!status.ok()) return status;
  const std::string& text = handle->file->cached;
  if (offset >= text.size()) return std::size_t{0};
  const std::size_t bytes = text.copy(out, capacity, static_cast<std::size_t>(offset));
  bytes_read_ += bytes;
  return bytes;
}

Result<std::uint64_t> FakeStorage::Size(ports::FileHandle file) {
  Status status = Begin({StorageOp::kSize, {}, file});
  Handle* handle = Find(file, false);
  if (handle == nullptr) return Done(BadHandle());
  if (!status.ok()) return status;
  return std::uint64_t{handle->file->cached.size()};
}

Status FakeStorage::Truncate(ports::FileHandle file, std::uint64_t bytes) {
  Status status = Begin({StorageOp::kTruncate, {}, file, 0, bytes});
  Handle* handle = Find(file, true);
  if (handle == nullptr) return Done(BadHandle());
  if (!status.ok()) return status;
  if (status = Change(); !status.ok()) return Done(status);
  SimulatedDisk::Truncate(*handle->file, bytes);
  return Status::Ok();
}

Status FakeStorage::FailSync(Handle& handle, Status status) {
  if (!stopping_) {
    SimulatedDisk::Forget(*handle.file);
    handle.sync_failed = true;
  }
  return Done(std::move(status));
}

Status FakeStorage::Sync(ports::FileHandle file) {
  const Status status = Begin({StorageOp::kSync, {}, file});
  Handle* handle = Find(file, true);
  if (handle == nullptr) return Done(BadHandle());
  if (handle->sync_failed && !stopping_) {
    ++sync_after_failed_sync_;
    Violation(handle->name + ": synced again after a failed sync");
  }
  if (!status.ok()) return FailSync(*handle, status);
  if (const Status change = Change(); !change.ok() && !handle->file->dirty.empty()) {
    return FailSync(*handle, change);
  }
  ++syncs_;
  bytes_synced_ += SimulatedDisk::Flush(*handle->file);
  return Status::Ok();
}

// --- names

Status FakeStorage::Remove(std::string_view name) {
  if (Status status = Begin({StorageOp::kRemove, CheckedName(name)}); !status.ok()) return status;
  if (disk_.Find(name) == nullptr) return Done(Missing(name));
  if (Status status = Change(); !status.ok()) return Done(status);
  disk_.Remove(name);
  return Status::Ok();
}

Status FakeStorage::Rename(std::string_view from, std::string_view to) {
  Status status = Begin({StorageOp::kRename, CheckedName(from) + ">" + CheckedName(to)});
  if (!status.ok()) return status;
  if (disk_.Find(from) == nullptr) return Done(Missing(from));
  if (status = Change(); !status.ok()) return Done(status);
  if (from != to) disk_.Rename(from, to);
  return Status::Ok();
}

Status FakeStorage::SyncDirectory() {
  if (Status status = Begin({StorageOp::kSyncDirectory, {}}); !status.ok()) return status;
  if (Status status = Change(); !status.ok() && disk_.names_dirty()) return Done(status);
  ++directory_syncs_;
  disk_.FlushNames();
  return Status::Ok();
}

Status FakeStorage::List(ports::FileVisitor& visitor) {
  if (Status status = Begin({StorageOp::kListFiles, {}}); !status.ok()) return status;
  listing_ = true;
  for (const auto& entry : disk_.names()) {
    visitor.OnFile({entry.first, entry.second->cached.size()});
  }
  listing_ = false;
  return Status::Ok();
}

Result<std::uint64_t> FakeStorage::FreeBytes() {
  if (Status status = Begin({StorageOp::kFreeBytes, {}}); !status.ok()) return status;
  return room();
}

}  // namespace depotlink::fakes
