// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/dead_letters.hpp"

#include <algorithm>

#include "agent/base/limits.hpp"

namespace depotlink::queue {
namespace {

constexpr std::size_t kWhyBytes = 120;
constexpr std::size_t kTextBytes = limits::kPayloadBytes + limits::kTopicBytes + kWhyBytes + 64;

class LastLetter : public ports::FileVisitor {
 public:
  void OnFile(const ports::FileEntry& entry) override {
    SegmentId id = 0;
    if (ParseLetterName(entry.name, id)) last = std::max(last, id);
  }
  SegmentId last = 0;
};

// `{"reason":"...","topic":"...","payload":{...}}`; reason and topic lose what would need an
// escape.
std::size_t Compose(const Record& record, std::string_view why, char* out) {
  char* end = out;
  const auto raw = [&end](std::string_view text) {
    end = std::copy(text.begin(), text.end(), end);
  };
  const auto plain = [&end](std::string_view text) {
    end = std::copy_if(text.begin(), text.end(), end, [](char c) {
      return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
    });
  };
  raw("{\"reason\":\"");
  plain(why.substr(0, kWhyBytes));
  raw("\",\"topic\":\"");
  plain(record.topic);
  raw("\",\"payload\":");
  raw(record.payload.empty() ? std::string_view("null") : record.payload);
  raw("}");
  return static_cast<std::size_t>(end - out);
}

}  // namespace

DeadLetters::DeadLetters(ports::Storage& disk, ports::Cipher& cipher, BlockCodec& codec)
    : disk_(&disk),
      writer_(disk, cipher, codec),
      text_(new char[kTextBytes]),
      raw_(new char[kTextBytes + kRecordMostOverhead]) {}

Status DeadLetters::Start(const ports::CipherKey& key, const KeyMark& mark) {
  key_ = &key;
  mark_ = mark;
  LastLetter letters;
  Status status = disk_->List(letters);
  last_ = std::max({last_, letters.last, kFirstLetterId - 1});
  return status;
}

Status DeadLetters::Begin() {
  writer_.Abandon();
  Status status = writer_.Begin(last_ + 1, *key_, mark_);
  if (!status.ok()) return status;
  ++last_;
  SegmentName name;
  const Status removed = disk_->Remove(NameOf(last_ - 2, name));
  static_cast<void>(removed);  // seldom there
  return {};
}

Status DeadLetters::Add(const Record& record, std::string_view why, std::int64_t time_ms,
                        MonoTime now) {
  if (key_ == nullptr) return {Code::kRetryLater, "the queue's disk is not ready"};
  if (minute_ends_ <= now) {
    minute_ends_ = now + kMinuteMs;
    in_minute_ = 0;
  }
  if (++in_minute_ > kMostAMinute) return {Code::kFull, "too many refusals to keep each"};
  if (record.payload.size() > limits::kPayloadBytes) return {Code::kReject, "too large to keep"};
  Record letter = record;
  letter.time_ms = time_ms;
  letter.order = ++kept_;
  letter.payload = {text_.get(), Compose(record, why, text_.get())};
  RecordWriter one(raw_.get(), kTextBytes + kRecordMostOverhead);
  if (!one.Add(letter)) return {Code::kReject, "too large to keep"};
  if (!writer_.open() || writer_.bytes() > kFileMostBytes) {
    Status begun = Begin();
    if (!begun.ok()) return begun;
  }
  Status status = writer_.Append(one);
  return status.ok() ? writer_.Sync() : status;
}

}  // namespace depotlink::queue
