// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/follower.hpp"

#include <algorithm>

namespace depotlink::queue {
namespace {

class Following : public ports::FileVisitor {
 public:
  explicit Following(SegmentId id) : id_(id) {}
  void OnFile(const ports::FileEntry& entry) override {
    SegmentId id = 0;
    if (ParseSegmentName(entry.name, id) && id > id_) next = next == 0 ? id : std::min(next, id);
  }
  SegmentId next = 0;

 private:
  SegmentId id_;
};

Result<ports::FileHandle> OpenFollower(ports::Storage& disk, SegmentId id) {
  SegmentName name;
  Result<ports::FileHandle> file = disk.OpenRead(NameOf(id + 1, name));  // nearly always
  if (file.ok() || file.status().code() != Code::kSkip) return file;
  Following following(id);
  Status status = disk.List(following);
  if (!status.ok()) return status;
  if (following.next == 0) return Status(Code::kSkip, "it is the newest segment");
  return disk.OpenRead(NameOf(following.next, name));
}

}  // namespace

std::uint32_t ToldByFollower(ports::Storage& disk, SegmentId id) {
  if (id + 1 >= kFirstLetterId) return 0;  // files of refused records are no row
  Result<ports::FileHandle> file = OpenFollower(disk, id);
  if (!file.ok()) return 0;
  char bytes[kSegmentHeaderBytes];
  const Result<std::size_t> got = disk.ReadAt(file.value(), 0, bytes, sizeof bytes);
  disk.Close(file.value());
  SegmentHeader header;
  const bool sound = got.ok() && GetSegmentHeader({bytes, got.value()}, header);
  return sound && header.forerunner.id == id ? header.forerunner.records : 0;
}

}  // namespace depotlink::queue
