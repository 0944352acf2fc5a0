// SPDX-License-Identifier: Apache-2.0
#include "agent/status_file.hpp"

namespace depotlink {
namespace {

constexpr std::string_view kNewStatusName = "status.new";

}  // namespace

Status WriteStatusFile(ports::Storage& ram, std::string_view json) {
  const Status removed = ram.Remove(kNewStatusName);
  static_cast<void>(removed);  // left by a run that ended in here
  Result<ports::FileHandle> file = ram.Create(kNewStatusName);
  if (!file.ok()) return file.status();
  Status status = ram.WriteAt(file.value(), 0, json);
  ram.Close(file.value());
  return status.ok() ? ram.Rename(kNewStatusName, kStatusFileName) : status;
}

}  // namespace depotlink
