// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/journal.hpp"

#include <algorithm>
#include <utility>

#include "agent/queue/crc32c.hpp"
#include "agent/queue/little_endian.hpp"

namespace depotlink::queue {
namespace {

constexpr std::string_view kNewJournalName = "journal.new";
constexpr std::string_view kJournalMagic = "DLQ1JNL\n";
constexpr char kRecordType = 'R';
constexpr char kDeliveredType = 'D';
constexpr std::size_t kRecordHeadBytes = 26;
constexpr std::size_t kDeliveredBytes = 25;
constexpr std::size_t kJournalMarkAt = 17;
constexpr int kReadTries = 3;
// Clean of what was delivered, it is smaller than the window; several times as large, it is worth a
// cleaning.
constexpr std::uint64_t kGrowthBytes = 4 * limits::kWindowBytes;

}  // namespace

Journal::Journal(ports::Storage& ram) : ram_(&ram), buffer_(new char[kBufferBytes]) {}

void Journal::Close() {
  pending_bytes_ = 0;
  ram_->Close(file_);
  file_ = ports::kNoFile;
}

bool Journal::Fail(Status why) {
  trouble_ = std::move(why);
  Close();
  return false;
}

bool Journal::large() const {
  return bytes_ > fresh_bytes_ + kGrowthBytes;
}

bool Journal::Commit() {
  if (!good()) return false;
  if (pending_bytes_ == 0) return true;
  Status status = ram_->WriteAt(file_, bytes_, {buffer_.get(), pending_bytes_});
  if (!status.ok()) return Fail(std::move(status));
  bytes_ += pending_bytes_;
  pending_bytes_ = 0;
  return true;
}

char* Journal::Body(std::size_t bytes) {
  if (kEntryHeadBytes + bytes > kBufferBytes - pending_bytes_ && !Commit()) return nullptr;
  return buffer_.get() + pending_bytes_ + kEntryHeadBytes;
}

// The entry's body stands where Body() said.
void Journal::EndEntry(std::size_t body_bytes) {
  char* head = buffer_.get() + pending_bytes_;
  PutFixed(head, static_cast<std::uint32_t>(body_bytes));
  PutFixed(head + 4, Crc32c({head + kEntryHeadBytes, body_bytes}));
  pending_bytes_ += kEntryHeadBytes + body_bytes;
}

bool Journal::WriteRecord(const Record& record) {
  if (record.payload.size() > kPayloadMostBytes) return true;
  char* body = Body(kRecordHeadBytes + record.payload.size());
  if (body == nullptr) return false;
  body[0] = kRecordType;
  body[1] = static_cast<char>(static_cast<unsigned>(record.kind) | (record.retain ? 0x80U : 0U));
  PutFixed(body + 2, record.order);
  PutFixed(body + 10, static_cast<std::uint64_t>(record.time_ms));
  PutFixed(body + 18, record.tracker);
  std::copy(record.payload.begin(), record.payload.end(), body + kRecordHeadBytes);
  EndEntry(kRecordHeadBytes + record.payload.size());
  return true;
}

bool Journal::WriteDelivered(const Delivered& delivered) {
  char* body = Body(kDeliveredBytes);
  if (body == nullptr) return false;
  body[0] = kDeliveredType;
  PutFixed(body + 1, delivered.window);
  PutFixed(body + 9, delivered.backlog);
  std::copy(delivered.key_mark.begin(), delivered.key_mark.end(), body + kJournalMarkAt);
  EndEntry(kDeliveredBytes);
  return true;
}

// What says how things stand is said anew by the next run; what takes a topic away would be
// forgotten.
bool Journal::Append(const Record& record) {
  if (!good()) return false;
  return IsReadAgain(record.kind) || IsNeverInAFile(record.kind) || WriteRecord(record);
}

bool Journal::Note(const Delivered& delivered) {
  return good() && WriteDelivered(delivered);
}

Status Journal::Rewrite(const Window& window, const Delivered& delivered) {
  Close();
  const Status removed = ram_->Remove(kNewJournalName);
  static_cast<void>(removed);  // left by a run that ended in here
  Result<ports::FileHandle> file = ram_->Create(kNewJournalName);
  if (!file.ok()) return trouble_ = file.status();
  file_ = file.value();
  bytes_ = kJournalMagic.size();
  Status status = ram_->WriteAt(file_, 0, kJournalMagic);
  if (!status.ok()) {
    Fail(std::move(status));
    return trouble_;
  }
  bool written = WriteDelivered(delivered);
  for (Window::Ref ref = window.first(); written && ref < window.end(); ++ref) {
    if (!window.IsDone(ref)) written = Append(window.Get(ref));
  }
  if (!written || !Commit()) return trouble_;
  status = ram_->Rename(kNewJournalName, kJournalFileName);
  if (!status.ok()) {
    Fail(std::move(status));
    return trouble_;
  }
  fresh_bytes_ = bytes_;
  trouble_ = {};
  return {};
}

// Empty where no whole entry stands at `at`.
Status Journal::ReadEntry(ports::FileHandle file, std::uint64_t at, std::string_view& body) {
  body = {};
  Result<std::size_t> got = ram_->ReadAt(file, at, buffer_.get(), kEntryHeadBytes + kBodyMostBytes);
  if (!got.ok() || got.value() < kEntryHeadBytes) return got.status();
  const auto bytes = GetFixed<std::uint32_t>(buffer_.get());
  if (bytes > got.value() - kEntryHeadBytes) return {};
  const std::string_view text(buffer_.get() + kEntryHeadBytes, bytes);
  if (GetFixed<std::uint32_t>(buffer_.get() + 4) == Crc32c(text)) body = text;
  return {};
}

// `above` follows the records that were handed over.
Status Journal::ReadEntries(ports::FileHandle file, Delivered& delivered, Order& above,
                            JournalVisitor* visitor) {
  std::uint64_t at = kJournalMagic.size();
  for (;;) {
    std::string_view body;
    Status status = ReadEntry(file, at, body);
    if (!status.ok() || body.empty()) return status;
    at += kEntryHeadBytes + body.size();
    if (body[0] == kDeliveredType && body.size() == kDeliveredBytes) {
      delivered.window = GetFixed<std::uint64_t>(body.data() + 1);
      delivered.backlog = GetFixed<std::uint64_t>(body.data() + 9);
      std::copy_n(body.data() + kJournalMarkAt, delivered.key_mark.size(),
                  delivered.key_mark.begin());
    } else if (body[0] == kRecordType && body.size() >= kRecordHeadBytes && visitor != nullptr) {
      Record record;
      const auto kind = static_cast<unsigned char>(body[1]);
      record.kind = static_cast<RecordKind>(kind & 0x7FU);
      record.retain = (kind & 0x80U) != 0;
      record.order = GetFixed<std::uint64_t>(body.data() + 2);
      record.time_ms = static_cast<std::int64_t>(GetFixed<std::uint64_t>(body.data() + 10));
      record.tracker = GetFixed<std::uint64_t>(body.data() + 18);
      record.payload = body.substr(kRecordHeadBytes);
      if (record.order <= above || record.kind > kLastRecordKind) continue;
      above = record.order;
      visitor->OnRecord(record);
    }
  }
}

Status Journal::ReadOnce(Delivered& delivered, Order& above, JournalVisitor* visitor) {
  Result<ports::FileHandle> file = ram_->OpenRead(kJournalFileName);
  if (!file.ok()) return file.status().code() == Code::kSkip ? Status() : file.status();
  char magic[kJournalMagic.size()];
  Result<std::size_t> got = ram_->ReadAt(file.value(), 0, magic, sizeof magic);
  Status status = got.status();
  if (status.ok() && std::string_view(magic, got.value()) == kJournalMagic) {
    status = ReadEntries(file.value(), delivered, above, visitor);
  }
  ram_->Close(file.value());
  return status;
}

// What the last run left in memory stands nowhere else: an error that passes must not cost it.
Status Journal::Read(Delivered& delivered, Order above, JournalVisitor* visitor) {
  Status status = ReadOnce(delivered, above, visitor);
  for (int again = 1; !status.ok() && again < kReadTries; ++again) {
    status = ram_->Open();
    if (status.ok()) status = ReadOnce(delivered, above, visitor);
  }
  return status;
}

Status Journal::ReadDelivered(Delivered& delivered) {
  delivered = {};
  return Read(delivered, 0, nullptr);
}

Status Journal::ReadRecords(Order above, JournalVisitor& visitor) {
  Delivered ignored;
  return Read(ignored, above, &visitor);
}

}  // namespace depotlink::queue
