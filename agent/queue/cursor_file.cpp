// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/cursor_file.hpp"

#include <algorithm>
#include <string_view>

#include "agent/queue/crc32c.hpp"
#include "agent/queue/little_endian.hpp"
#include "agent/queue/small_file.hpp"

namespace depotlink::queue {
namespace {

constexpr std::string_view kNewName = "cursor.new";
constexpr std::string_view kMagic = "DLQ1CUR\n";
// magic 8, generation 8, order 8, key mark 8, CRC-32C 4
constexpr std::size_t kSlotBytes = 36;
constexpr std::size_t kMarkAt = 24;
constexpr std::size_t kCrcAt = 32;
// A place of its own for each, whatever the device's page is up to this size.
constexpr std::size_t kSlotStep = 4096;

void PutSlot(std::uint64_t generation, Order order, const KeyMark& mark, char* out) {
  std::copy(kMagic.begin(), kMagic.end(), out);
  PutFixed(out + 8, generation);
  PutFixed(out + 16, order);
  std::copy(mark.begin(), mark.end(), out + kMarkAt);
  PutFixed(out + kCrcAt, Crc32c({out, kCrcAt}));
}

bool GetSlot(std::string_view slot, std::uint64_t& generation, Order& order, KeyMark& mark) {
  if (slot.size() < kSlotBytes || slot.substr(0, kMagic.size()) != kMagic) return false;
  if (GetFixed<std::uint32_t>(slot.data() + kCrcAt) != Crc32c(slot.substr(0, kCrcAt))) return false;
  generation = GetFixed<std::uint64_t>(slot.data() + 8);
  order = GetFixed<std::uint64_t>(slot.data() + 16);
  std::copy_n(slot.data() + kMarkAt, mark.size(), mark.begin());
  return true;
}

}  // namespace

void CursorFile::Close() {
  disk_->Close(file_);
  file_ = ports::kNoFile;
}

Status CursorFile::Load(const KeyMark& mark, Order& delivered) {
  delivered = stored_ = generation_ = 0;
  mark_ = mark;
  unsound_ = false;
  Close();
  Result<ports::FileHandle> file = disk_->OpenRead(kCursorFileName);
  if (!file.ok()) return file.status().code() == Code::kSkip ? Status() : file.status();
  Status status;
  std::uint64_t newest_of_mark = 0;
  for (std::size_t slot = 0; slot < 2 && status.ok(); ++slot) {
    char bytes[kSlotBytes];
    Result<std::size_t> got = disk_->ReadAt(file.value(), slot * kSlotStep, bytes, sizeof bytes);
    status = got.status();
    if (!status.ok()) break;
    unsound_ = unsound_ || got.value() < sizeof bytes;  // both places must be there to be written
    std::uint64_t generation = 0;
    Order order = 0;
    KeyMark sealed_with{};
    if (!GetSlot({bytes, got.value()}, generation, order, sealed_with)) continue;
    generation_ = std::max(generation_, generation);
    if (sealed_with != mark || generation < newest_of_mark) continue;
    newest_of_mark = generation;
    stored_ = order;
  }
  disk_->Close(file.value());
  delivered = stored_;
  return status;
}

// The whole file, both places, beside the old one, which it replaces when it is on the device.
Status CursorFile::MakeAnew() {
  Close();
  char bytes[kSlotStep + kSlotBytes] = {};
  PutSlot(generation_, stored_, mark_, bytes);
  PutSlot(generation_, stored_, mark_, bytes + kSlotStep);
  return ReplaceFile(*disk_, kCursorFileName, kNewName, {bytes, sizeof bytes}, Durable::kYes);
}

Status CursorFile::OpenForWriting() {
  if (file_ != ports::kNoFile) return {};
  if (!unsound_) {
    Result<ports::FileHandle> file = disk_->OpenWrite(kCursorFileName);
    if (file.ok()) file_ = file.value();
    if (file.ok() || file.status().code() != Code::kSkip) return file.status();
  }
  unsound_ = true;  // until its name is on the device, too
  Status status = MakeAnew();
  if (!status.ok()) return status;
  unsound_ = false;
  Result<ports::FileHandle> file = disk_->OpenWrite(kCursorFileName);
  if (file.ok()) file_ = file.value();
  return file.status();
}

Status CursorFile::Store(Order delivered) {
  if (delivered == stored_) return {};
  Status status = OpenForWriting();
  if (!status.ok()) return status;
  char bytes[kSlotBytes];
  PutSlot(generation_ + 1, delivered, mark_, bytes);
  const std::uint64_t slot = (generation_ + 1) % 2;
  status = disk_->WriteAt(file_, slot * kSlotStep, {bytes, sizeof bytes});
  if (status.ok()) status = disk_->Sync(file_);
  if (!status.ok()) {
    unsound_ = true;
    Close();
    return status;
  }
  ++generation_;
  stored_ = delivered;
  return {};
}

}  // namespace depotlink::queue
