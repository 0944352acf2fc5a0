// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/queue_purge.hpp"

#include <vector>

#include "agent/queue/segment_format.hpp"

namespace depotlink::commands {
namespace {

// Segments, damaged ones that were set aside and refused records, by their names.
class Segments : public ports::FileVisitor {
 public:
  void OnFile(const ports::FileEntry& entry) override {
    queue::SegmentId id = 0;
    const bool ours = queue::ParseSegmentName(entry.name, id) ||
                      queue::ParseBadName(entry.name, id) || queue::ParseLetterName(entry.name, id);
    if (!ours) return;
    names.emplace_back(entry.name);
    bytes += entry.bytes;
  }
  std::vector<std::string> names;
  std::uint64_t bytes = 0;
};

Status RemoveIfThere(ports::Storage& storage, std::string_view name) {
  Status status = storage.Remove(name);
  return status.code() == Code::kSkip ? Status() : status;
}

// The segments first: without the cursor, what was delivered of them would be sent again.
Status RemoveAll(const queue::QueuePorts& ports, const Segments& segments) {
  for (const std::string& name : segments.names) {
    Status status = RemoveIfThere(*ports.disk, name);
    if (!status.ok()) return status;
  }
  Status status = ports.disk->SyncDirectory();
  if (status.ok()) status = RemoveIfThere(*ports.disk, queue::kCursorFileName);
  if (status.ok()) status = ports.disk->SyncDirectory();
  if (status.ok() && ports.ram != nullptr && ports.ram->Open().ok()) {
    status = RemoveIfThere(*ports.ram, queue::kJournalFileName);
  }
  return status;
}

}  // namespace

int RunQueuePurge(const queue::QueuePorts& ports, const std::function<bool(std::string_view)>& ask,
                  const std::function<void(std::string_view)>& print) {
  Status status = ports.disk->Open();
  Segments segments;
  if (status.ok()) status = ports.disk->List(segments);
  if (!status.ok()) {
    print(status.message() + '\n');
    return 1;
  }
  const std::string what = std::to_string(segments.names.size()) + " files, " +
                           std::to_string(segments.bytes) + " bytes";
  if (!ask("Remove all records that wait to be delivered (" + what + ")?")) {
    print("nothing was removed\n");
    return 1;
  }
  status = RemoveAll(ports, segments);
  print(status.ok() ? "removed " + what + '\n' : status.message() + '\n');
  return status.ok() ? 0 : 1;
}

}  // namespace depotlink::commands
