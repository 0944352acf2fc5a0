// SPDX-License-Identifier: Apache-2.0
#include "agent/extras.hpp"

#include <algorithm>
#include <utility>

#include "agent/base/fingerprint.hpp"
#include "agent/encode/extra.hpp"
#include "agent/json/relay.hpp"
#include "agent/navixy/readable.hpp"

namespace depotlink {
namespace {

constexpr std::uint64_t kMostId = std::uint64_t{1} << 53U;
// An element of its own: what the splitter hands over, and head and tail around it.
constexpr std::size_t kItemBytes = limits::kElementBytes + 512;
constexpr std::size_t kBodyBytes = limits::kExtraBytes - encode::kExtraTailBytes - 1;

// 0 means "not on the bus".
std::uint64_t MarkedFingerprint(std::string_view text, bool partial) {
  const std::uint64_t fingerprint = Fingerprint(text) * 31 + (partial ? 1 : 0);
  return fingerprint == 0 ? 1 : fingerprint;
}

std::string KiB(std::uint64_t bytes) {
  return std::to_string((bytes + 1023) / 1024) + " KiB";
}

}  // namespace

Extras::Extras(const std::vector<settings::Extra>& extras, json::ElementReader& reader,
               const encode::TopicBuilder& topics, std::string_view run, queue::RecordSink& sink,
               ExtraBus& bus, const ports::Clock& clock, Logger& log)
    : reader_(&reader),
      topics_(&topics),
      run_(run),
      sink_(&sink),
      bus_(&bus),
      clock_(&clock),
      log_(&log) {
  if (extras.empty()) return;
  buffer_.reset(new char[limits::kExtraBytes]);
  slots_.reserve(extras.size());
  for (const settings::Extra& extra : extras) {
    const navixy::Readable* row = navixy::FindReadable(extra.path);
    Slot slot;
    slot.path = extra.path;
    slot.topic = extra.topic;
    slot.list = row != nullptr && row->answers == navixy::Answers::kList;
    slot.split = extra.split;
    slot.retain = extra.retain;
    slots_.push_back(std::move(slot));
    if (extra.split && extra.retain) items_.reserve(limits::kExtraItems);
  }
}

bool Extras::MayAsk(std::size_t extra) const {
  if (reading_ != kNone && reading_ != extra) return false;
  const std::size_t payload = slots_[extra].split ? kItemBytes : limits::kExtraBytes;
  return bus_->Up() && bus_->HasRoomFor(limits::kTopicBytes + payload);
}

// What comes while the bus is away is let go: the reading must not wait for it.
bool Extras::HasRoom() const {
  return reading_ == kNone || !slots_[reading_].split || !bus_->Up() ||
         bus_->HasRoomFor(limits::kTopicBytes + kItemBytes);
}

void Extras::Begin(std::size_t extra) {
  reading_ = extra;
  ++poll_;
  count_ = left_out_ = nameless_ = bytes_ = 0;
  too_large_ = lost_ = false;
  const Slot& slot = slots_[extra];
  const std::string_view name = slot.split ? "item" : (slot.list ? "list" : "value");
  size_ = head_ = encode::BeginExtra(slot.path, name, buffer_.get(), kBodyBytes);
  if (slot.list && !slot.split) buffer_[size_++] = '[';
}

void Extras::Take(std::string_view text) {
  if (reading_ == kNone) return;
  bytes_ += text.size() + 1;
  const bool object = text.front() == '{';
  std::uint64_t id = 0;
  if (object && !reader_->Parse(text).ok()) {  // such as a name given twice
    ++left_out_;
    return;
  }
  if (object) static_cast<void>(reader_->root().GetId("id", 1, kMostId, id));
  reader_->Clear();
  if (!slots_[reading_].split) return AddToWhole(text);
  if (id == 0) {
    ++left_out_;
    ++nameless_;
    return;
  }
  PublishItem(text, id);
}

void Extras::AddToWhole(std::string_view text) {
  const std::size_t comma = count_ > 0 ? 1 : 0;
  const std::size_t room = kBodyBytes - size_;
  const std::size_t bytes = too_large_ || room <= comma
                                ? 0
                                : json::Relay(text, buffer_.get() + size_ + comma, room - comma);
  ++count_;
  if (bytes == 0) {
    too_large_ = true;
    return;
  }
  if (comma > 0) buffer_[size_] = ',';
  size_ += comma + bytes;
}

std::vector<Extras::Item>::iterator Extras::FindItem(std::uint64_t mark) {
  return std::lower_bound(items_.begin(), items_.end(), mark,
                          [](const Item& item, std::uint64_t m) { return item.mark < m; });
}

void Extras::PublishItem(std::string_view text, std::uint64_t id) {
  Slot& slot = slots_[reading_];
  size_ = head_;
  const std::size_t bytes = json::Relay(text, buffer_.get() + size_, kBodyBytes - size_);
  const std::uint64_t fingerprint = MarkedFingerprint({buffer_.get() + size_, bytes}, false);
  size_ += bytes;
  const std::uint64_t mark = MarkOf(reading_, id);
  if (slot.retain) {
    auto item = FindItem(mark);
    const bool known = item != items_.end() && item->mark == mark;
    if (!known && items_.size() >= limits::kExtraItems) {
      too_large_ = true;
      ++left_out_;
      return;
    }
    if (!known) item = items_.insert(item, {mark, 0, 0});
    item->seen = poll_;
    if (item->fingerprint == fingerprint) {
      ++counters_.unchanged;
      return;
    }
    item->fingerprint = 0;
  }
  lost_ = lost_ || !bus_->Up();
  if (lost_) return;
  if (bytes == 0 || !bus_->HasRoomFor(limits::kTopicBytes + size_ + encode::kExtraTailBytes) ||
      !CloseBuffer(false, false)) {
    ++left_out_;
    return;
  }
  if (slot.retain) FindItem(mark)->fingerprint = fingerprint;
  Push(mark, {buffer_.get(), size_});
}

bool Extras::CloseBuffer(bool counted, bool partial) {
  encode::ExtraTail tail;
  tail.counted = counted;
  tail.count = count_;
  tail.partial = partial;
  tail.poll_time = clock_->WallNow();
  tail.poll_time_trusted = bus_->ClockTrusted();
  tail.run = run_;
  tail.seq = bus_->TakeSeq();
  const std::size_t bytes =
      encode::EndExtra(tail, buffer_.get() + size_, limits::kExtraBytes - size_);
  size_ += bytes;
  return bytes > 0;
}

bool Extras::End(bool whole) {
  Slot& slot = slots_[reading_];
  counters_.left_out += left_out_;
  const bool good = slot.split ? EndSplit(whole) : EndWhole(whole);
  reading_ = kNone;
  return good;
}

bool Extras::EndWhole(bool whole) {
  Slot& slot = slots_[reading_];
  if (too_large_) {
    ++counters_.too_large;
    Tell(slot, "the answer has " + KiB(bytes_) + ", and at most " + KiB(limits::kExtraBytes) +
                   " go into one message; " +
                   (slot.list ? "set \"split\": true, or ask for less in \"params\""
                              : "ask for less in \"params\""));
    return true;
  }
  if (!slot.list && count_ == 0) {
    Tell(slot, "the answer's value cannot be read");
    return true;
  }
  if (slot.list) buffer_[size_++] = ']';
  const bool partial = !whole || left_out_ > 0;
  const std::uint64_t fingerprint =
      MarkedFingerprint({buffer_.get() + head_, size_ - head_}, partial);
  if (!slot.refused) slot.trouble.clear();
  if (slot.retain && fingerprint == slot.fingerprint) {
    ++counters_.unchanged;
    return true;
  }
  if (!bus_->Up() || !bus_->HasRoomFor(limits::kTopicBytes + limits::kExtraBytes)) return false;
  if (!CloseBuffer(slot.list, partial)) return true;
  slot.fingerprint = fingerprint;
  Push(MarkOf(reading_, 0), {buffer_.get(), size_});
  return true;
}

bool Extras::EndSplit(bool whole) {
  Slot& slot = slots_[reading_];
  if (lost_) return false;
  if (nameless_ > 0) {
    Tell(slot, std::to_string(nameless_) +
                   " elements have no \"id\" to be published by; set \"split\": false");
  } else if (too_large_) {
    Tell(slot, "there are more than " + std::to_string(limits::kExtraItems) +
                   " elements of all split extras; ask for less in \"params\"");
  } else if (!slot.refused) {
    slot.trouble.clear();
  }
  if (!whole || left_out_ > 0) return true;
  // What the answer does not name is not there any more.
  const auto first = FindItem(MarkOf(reading_, 0));
  const auto last = FindItem(MarkOf(reading_ + 1, 0));
  bool cleared = true;
  for (auto item = first; item != last; ++item) {
    if (item->seen == poll_) continue;
    if (!bus_->Up() || !bus_->HasRoomFor(limits::kTopicBytes)) {
      cleared = false;
      break;
    }
    Push(item->mark, {});
    item->seen = 0;
    item->fingerprint = 0;
  }
  if (!cleared) return false;
  const std::uint32_t now = poll_;
  items_.erase(std::remove_if(first, last, [now](const Item& item) { return item.seen != now; }),
               last);
  return true;
}

void Extras::Push(std::uint64_t mark, std::string_view payload) {
  Slot& slot = slots_[reading_];
  if (std::exchange(slot.refused, false)) slot.trouble.clear();
  queue::Record record;
  record.kind = queue::RecordKind::kExtra;
  record.retain = slot.retain;
  record.tracker = mark;
  const std::uint64_t id = mark & ((std::uint64_t{1} << kIdBits) - 1);
  record.topic = topics_->Extra(slot.topic, id, topic_.data(), topic_.size());
  record.payload = payload;
  sink_->Push(record);
}

bool Extras::TakeAskAgain(std::size_t extra) {
  return std::exchange(slots_[extra].again, false);
}

void Extras::Forget(const queue::Record& record) {
  const auto extra = static_cast<std::size_t>(record.tracker >> kIdBits);
  if (extra >= slots_.size()) return;
  Slot& slot = slots_[extra];
  slot.again = true;
  if (!slot.split) {
    slot.fingerprint = 0;
    return;
  }
  if (!slot.retain) return;
  auto item = FindItem(record.tracker);
  if (item != items_.end() && item->mark == record.tracker) {
    item->fingerprint = 0;
  } else if (record.payload.empty() && items_.size() < limits::kExtraItems) {
    items_.insert(item, {record.tracker, 0, 0});  // it is still to be cleared
  }
}

void Extras::OnGivenUp(const queue::Record& record, std::string_view why) {
  ++counters_.refused;
  const auto extra = static_cast<std::size_t>(record.tracker >> kIdBits);
  if (extra >= slots_.size()) return;
  slots_[extra].refused = true;
  Tell(slots_[extra],
       "the broker refuses it (" + std::string(why) + "); check its access rules and limits");
}

void Extras::ForgetAll() {
  for (Slot& slot : slots_) {
    slot.again = true;
    slot.fingerprint = 0;
  }
  for (Item& item : items_) item.fingerprint = 0;
}

// Once for each new reason.
void Extras::Tell(Slot& slot, std::string trouble) {
  const bool news = slot.trouble != trouble;
  slot.trouble = std::move(trouble);
  log_->Write(news ? LogLevel::kWarn : LogLevel::kDebug,
              "an extra poll is not published as it should",
              {{"path", slot.path}, {"why", slot.trouble}});
}

}  // namespace depotlink
