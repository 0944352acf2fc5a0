// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/queue_view.hpp"

#include <algorithm>

namespace depotlink::commands {
namespace {

class Names : public ports::FileVisitor {
 public:
  Names(std::vector<queue::SegmentId>& segments, std::vector<SetAsideFile>& set_aside)
      : segments_(&segments), set_aside_(&set_aside) {}
  void OnFile(const ports::FileEntry& entry) override {
    queue::SegmentId id = 0;
    if (queue::ParseSegmentName(entry.name, id)) segments_->push_back(id);
    const bool refused = queue::ParseLetterName(entry.name, id);
    if (!refused && !queue::ParseBadName(entry.name, id)) return;
    set_aside_->push_back({std::string(entry.name), entry.bytes, refused});
  }

 private:
  std::vector<queue::SegmentId>* segments_;
  std::vector<SetAsideFile>* set_aside_;
};

}  // namespace

QueueView::QueueView(const queue::QueuePorts& ports, const Secret& given_key)
    : ports_(ports),
      given_key_(&given_key),
      codec_(*ports.cipher, *ports.compressor),
      raw_(new char[queue::kBlockRawBytes]) {}

Status QueueView::Open() {
  Status status = ports_.disk->Open();
  Names names(segments_, set_aside_);
  if (status.ok()) status = ports_.disk->List(names);
  if (!status.ok()) return status;
  std::sort(segments_.begin(), segments_.end());
  std::sort(set_aside_.begin(), set_aside_.end(),
            [](const SetAsideFile& a, const SetAsideFile& b) { return a.name < b.name; });
  const Status key = LoadKey();
  has_key_ = key.ok();
  key_trouble_ = key.message();
  FindDelivered();
  return DropReplaced();
}

// The journal is ahead of the cursor; without either, what was delivered shows once more. Both
// speak of what one key has sealed.
void QueueView::FindDelivered() {
  if (ports_.ram != nullptr && ports_.ram->Open().ok()) {
    queue::Journal journal(*ports_.ram);
    if (!journal.ReadDelivered(delivered_).ok()) delivered_ = {};
  }
  if (delivered_.key_mark != mark_) delivered_.backlog = 0;
  queue::CursorFile cursor(*ports_.disk);
  queue::Order stored = 0;
  if (has_key_ && cursor.Load(mark_, stored).ok()) {
    delivered_.backlog = std::max(delivered_.backlog, stored);
  }
}

Status QueueView::LoadKey() {
  Status status = ports_.cipher->SelfTest();
  if (!status.ok()) return status;
  if (given_key_->empty()) {  // where there is none, LoadQueueKey would make one
    Result<ports::FileHandle> file = ports_.disk->OpenRead(queue::kKeyFileName);
    if (!file.ok()) return file.status();
    ports_.disk->Close(file.value());
  }
  status = queue::LoadQueueKey(*given_key_, *ports_.disk, *ports_.cipher, key_);
  return status.ok() ? queue::MarkOf(*ports_.cipher, key_, mark_) : status;
}

// A segment that stands for others of its key hides them once it has its end, and is nothing
// before. It comes behind them.
Status QueueView::DropReplaced() {
  queue::SegmentReader reader(*ports_.disk, *ports_.cipher, codec_);
  std::vector<queue::SegmentHeader> kept;
  for (const queue::SegmentId id : segments_) {
    queue::SegmentSummary summary;
    const Status status = reader.OpenSummarized(id, summary);
    if (status.code() == Code::kSkip) continue;
    const bool known = status.ok() && summary.has_header;
    queue::SegmentHeader header = known ? summary.header : queue::SegmentHeader();
    header.id = id;
    if (header.supersedes != 0 && !summary.ended) continue;
    const auto replaced = [&header](const queue::SegmentHeader& other) {
      const bool of_its_key =
          other.key_mark == header.key_mark || other.key_mark == queue::KeyMark{};
      return other.id <= header.supersedes && of_its_key;
    };
    kept.erase(std::remove_if(kept.begin(), kept.end(), replaced), kept.end());
    kept.push_back(header);
  }
  segments_.clear();
  for (const queue::SegmentHeader& header : kept) segments_.push_back(header.id);
  return {};
}

Status QueueView::Read(queue::SegmentId id, SegmentLine& line, bool& found,
                       const OnRecordFn& on_record) {
  line = {};
  line.id = id;
  queue::SegmentReader reader(*ports_.disk, *ports_.cipher, codec_);
  queue::SegmentSummary summary;
  Status status = reader.OpenSummarized(id, summary);
  found = status.code() != Code::kSkip;
  if (!found || !status.ok()) return found ? status : Status();
  line.bytes = summary.bytes;
  line.oldest_ms = summary.first_time_ms;
  line.newest_ms = summary.last_time_ms;
  last_order_ = std::max(last_order_, summary.last_order);
  if (!has_key_ || (summary.has_header && summary.header.key_mark != mark_)) {
    line.state = SegmentState::kLocked;
    line.records = summary.last_order > delivered_.backlog ? summary.records : 0;
    return {};
  }
  status = ReadRecords(reader, line, on_record);
  const bool empty_front = !summary.has_header && summary.bytes > 0;
  const bool missing = status.ok() && reader.LostOf(summary) > 0;
  if (reader.damage().any() || empty_front || missing) line.state = SegmentState::kDamaged;
  return status;
}

Status QueueView::ReadRecords(queue::SegmentReader& reader, SegmentLine& line,
                              const OnRecordFn& on_record) {
  for (bool more = true; more;) {
    queue::BlockHeader header;
    queue::RecordReader records;
    Status status = reader.NextBlock(key_, delivered_.backlog, raw_.get(), header, records, more);
    if (!status.ok()) return status;
    queue::Record record;
    while (more && records.Next(record)) {
      if (record.order <= delivered_.backlog) continue;
      ++line.records;
      on_record(record);
    }
  }
  return {};
}

Status QueueView::ReadJournal(const OnRecordFn& on_record) {
  if (ports_.ram == nullptr || !ports_.ram->Open().ok()) return {};
  queue::Journal journal(*ports_.ram);
  on_record_ = &on_record;
  // Numbers that were given before the disk was seen say nothing about what is on it.
  const bool numbered = delivered_.key_mark != queue::KeyMark{};
  const queue::Order above = std::max(delivered_.window, numbered ? last_order_ : 0);
  Status status = journal.ReadRecords(above, *this);
  on_record_ = nullptr;
  return status;
}

void QueueView::OnRecord(const queue::Record& record) {
  if (queue::IsPosition(record.kind)) (*on_record_)(record);
}

}  // namespace depotlink::commands
