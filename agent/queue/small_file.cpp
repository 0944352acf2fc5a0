// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/small_file.hpp"

namespace depotlink::queue {

Status ReplaceFile(ports::Storage& storage, std::string_view name, std::string_view new_name,
                   std::string_view bytes, Durable durable) {
  const Status removed = storage.Remove(new_name);
  static_cast<void>(removed);  // seldom there
  Result<ports::FileHandle> file = storage.Create(new_name);
  if (!file.ok()) return file.status();
  Status status = storage.WriteAt(file.value(), 0, bytes);
  if (status.ok() && durable == Durable::kYes) status = storage.Sync(file.value());
  storage.Close(file.value());
  if (status.ok()) status = storage.Rename(new_name, name);
  if (status.ok() && durable == Durable::kYes) status = storage.SyncDirectory();
  return status;
}

Result<std::size_t> ReadSmallFile(ports::Storage& storage, std::string_view name, char* out,
                                  std::size_t capacity) {
  const Result<ports::FileHandle> file = storage.OpenRead(name);
  if (!file.ok()) return file.status();
  Result<std::size_t> bytes = storage.ReadAt(file.value(), 0, out, capacity);
  storage.Close(file.value());
  return bytes;
}

}  // namespace depotlink::queue
