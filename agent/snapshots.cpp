// SPDX-License-Identifier: Apache-2.0
#include "agent/snapshots.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "agent/encode/snapshot.hpp"
#include "agent/fleet/schedule.hpp"
#include "agent/queue/small_file.hpp"

namespace depotlink {
namespace {

using fleet::Tracker;

constexpr std::string_view kMarkFile = "snapshot";
constexpr std::string_view kNewMarkFile = "snapshot.new";
constexpr std::size_t kMarkBytes = 64;

// `<pages> <scope>`; zeros where there is none that can be read.
struct PagesMark {
  std::uint64_t pages = 0;
  std::uint64_t scope = 0;
};

PagesMark ReadMark(ports::Storage& disk) {
  std::array<char, kMarkBytes> text{};
  const Result<std::size_t> bytes = queue::ReadSmallFile(disk, kMarkFile, text.data(), text.size());
  PagesMark mark;
  if (!bytes.ok()) return mark;
  const char* const end = text.data() + bytes.value();
  const auto pages = std::from_chars(text.data(), end, mark.pages);
  if (pages.ptr == end || mark.pages > limits::kSnapshotPages) return {};
  std::from_chars(pages.ptr + 1, end, mark.scope);
  return mark;
}

bool IsWanted(const Tracker& tracker) {
  return !tracker.shown && !tracker.Has(Tracker::kGone) && !tracker.Has(Tracker::kBlocked);
}

}  // namespace

Snapshots::Snapshots(const SnapshotConfig& config, fleet::Table& table,
                     const encode::TopicBuilder& topics, std::string_view run,
                     queue::RecordSink& sink, ExtraBus& bus, ports::Storage& disk, Logger& log)
    : config_(config),
      table_(&table),
      topics_(&topics),
      run_(run),
      sink_(&sink),
      bus_(&bus),
      disk_(&disk),
      log_(&log) {
  if (config_.on) buffer_.reset(new char[config_.page_bytes]);
}

void Snapshots::Recall() {
  const PagesMark left = ReadMark(*disk_);
  mark_ = on_bus_ = left.pages;
  const bool same = left.scope == config_.scope && !config_.by_links;
  if (!config_.on || !config_.retain || !same) Clear(1, on_bus_);
  mark_good_ = same;
}

MonoTime Snapshots::Step(MonoTime now, bool known) {
  if (!bus_->Up()) {
    if (collecting_) Abandon();
    return kNever;
  }
  ClearSome();
  if (!config_.on) return kNever;
  NoteStuck(now);
  if (again_ && !collecting_) {
    again_ = false;
    if (on_bus_ > 0) due_at_ = std::min(due_at_, std::max(now, begun_at_ + kSoonMs));
  }
  if (!collecting_ && known && due_at_ <= now && !clearing()) Begin(now);
  // While there is no room for what is to be cleared, an acknowledgement brings the next call.
  if (!collecting_) return known && !clearing() ? std::max(due_at_, now) : kNever;
  return Collect(now);
}

// Goes on with the round under way; returns when to be called again.
MonoTime Snapshots::Collect(MonoTime now) {
  if (std::exchange(waits_, false) && hurried_) {
    hurry_at_ = std::min(hurry_at_, now + kRoomAgainMs);
  }
  if (hurry_at_ <= now) Hurry(now);
  check_ = check_ && Complete();
  if (check_ && SendPage(page_)) {
    End();
    return std::max(due_at_, now);
  }
  return Stuck() && !impatient_ ? std::min(hurry_at_, stuck_since_ + kStuckMs) : hurry_at_;
}

void Snapshots::NoteStuck(MonoTime now) {
  if (!Stuck()) {
    stuck_since_ = kNever;
    impatient_ = false;
  } else if (stuck_since_ == kNever) {
    stuck_since_ = now;
  } else {
    impatient_ = stuck_since_ + kStuckMs <= now;
  }
}

bool Snapshots::Stuck() const {
  return collecting_ && config_.page_bytes - size_ < encode::kSnapshotTailBytes + kStateBytes &&
         !MaySend();
}

bool Snapshots::MaySend() const {
  return bus_->HasRoomFor(limits::kTopicBytes + size_ + encode::kSnapshotTailBytes + kLiveBytes);
}

void Snapshots::AskNow() {
  if (!config_.on) {
    log_->Warn("snapshots are off; set \"snapshot_every\" in the section \"publish\"");
    return;
  }
  log_->Info("a snapshot was asked for");
  at_once_ = true;
  hurry_at_ = {};
  if (!collecting_) due_at_ = {};
}

void Snapshots::Begin(MonoTime now) {
  collecting_ = check_ = true;
  skipped_ = waits_ = hurried_ = false;
  begun_at_ = now;
  const DurationMs patience_ms = std::min(kPatienceMs, config_.every_ms / 2);
  hurry_at_ = at_once_ ? now : now + patience_ms;
  at_once_ = false;
  ++round_;
  states_ = 0;
  for (std::uint32_t i = 0; i < table_->size(); ++i) table_->At(i).shown = false;
  page_ = 0;
  BeginPage();
}

void Snapshots::Hurry(MonoTime now) {
  at_once_ = false;
  hurried_ = true;
  hurry_at_ = now + kHurryAgainMs;
  for (std::uint32_t i = 0; i < table_->size(); ++i) {
    if (IsWanted(table_->At(i))) fleet::Schedule::MakeDue(table_->At(i));
  }
}

bool Snapshots::Complete() const {
  for (std::uint32_t i = 0; i < table_->size(); ++i) {
    if (IsWanted(table_->At(i))) return false;
  }
  return true;
}

void Snapshots::End() {
  collecting_ = false;
  ++counters_.rounds;
  counters_.pages = page_;
  counters_.states = states_;
  due_at_ = begun_at_ + config_.every_ms;
  trouble_.clear();
  log_->Debug("a snapshot was published", {{"pages", page_}, {"states", states_}});
  if (config_.retain) Clear(page_ + 1, on_bus_);
  on_bus_ = config_.retain ? page_ : 0;
}

// What it published stands until the next one.
void Snapshots::Abandon() {
  collecting_ = false;
  due_at_ = {};
}

void Snapshots::BeginPage() {
  ++page_;
  count_ = 0;
  until_ = kNever;
  size_ = encode::BeginSnapshotPage(page_, round_, buffer_.get(), config_.page_bytes);
}

bool Snapshots::Add(const encode::StateRecord& record) {
  const std::size_t room = config_.page_bytes - encode::kSnapshotTailBytes - size_;
  const std::size_t bytes =
      encode::AddSnapshotState(record, count_ == 0, buffer_.get() + size_, room);
  if (bytes == 0) return false;
  size_ += bytes;
  ++count_;
  ++states_;
  return true;
}

void Snapshots::Take(Tracker& tracker, const encode::StateRecord& record, MonoTime until) {
  bool added = Add(record);
  if (!added && count_ > 0) {
    const bool more = page_ < limits::kSnapshotPages;
    if (!more || !SendPage(0)) {
      skipped_ = more;
      counters_.left_out += more ? 0 : 1;
      return;
    }
    BeginPage();
    added = Add(record);
  }
  tracker.shown = true;
  check_ = true;
  if (added) {
    until_ = std::min(until_, until);
  } else {
    ++counters_.left_out;
  }
}

void Snapshots::OnAsked(const model::TrackerId* ids, std::size_t count) {
  const bool all_taken = !std::exchange(skipped_, false);
  waits_ = waits_ || !all_taken;
  if (!collecting_ || !all_taken) return;
  check_ = true;
  for (std::size_t i = 0; i < count; ++i) {
    Tracker* const tracker = table_->Find(ids[i]);
    if (tracker != nullptr) tracker->shown = true;
  }
}

void Snapshots::OnRefused(Tracker& tracker) {
  tracker.shown = true;
  check_ = true;
}

bool Snapshots::SendPage(std::uint64_t pages) {
  if (!MaySend()) return false;
  encode::SnapshotTail tail;
  tail.count = count_;
  tail.pages = pages;
  tail.run = run_;
  tail.seq = bus_->TakeSeq();
  const std::size_t bytes =
      encode::EndSnapshotPage(tail, buffer_.get() + size_, config_.page_bytes - size_);
  if (bytes == 0) return false;  // there is always room for it
  if (config_.retain) {
    KeepMark(page_);
    on_bus_ = std::max(on_bus_, page_);
  }
  Push(page_, {buffer_.get(), size_ + bytes}, until_);
  return true;
}

void Snapshots::Push(std::uint64_t page, std::string_view payload, MonoTime until) {
  queue::Record record;
  record.kind = queue::RecordKind::kSnapshot;
  record.retain = config_.retain || payload.empty();
  record.tracker = page;
  record.until = until;
  record.topic = topics_->Snapshot(page, topic_.data(), topic_.size());
  record.payload = payload;
  sink_->Push(record);
}

// --- what is not to stand there any more ---

void Snapshots::Clear(std::uint64_t from, std::uint64_t to) {
  if (to < from) return;
  clear_from_ = clearing() ? std::min(clear_from_, from) : from;
  clear_to_ = std::max(clear_to_, to);
}

void Snapshots::ClearSome() {
  if (!clearing()) return;
  while (clearing() && bus_->HasRoomFor(limits::kTopicBytes + kLiveBytes)) {
    Push(clear_from_++, {}, kNever);
  }
  if (clearing()) return;
  clear_from_ = 1;
  clear_to_ = 0;
  if (config_.on && config_.retain) return;
  on_bus_ = 0;
  const Status removed = disk_->Remove(kMarkFile);
  static_cast<void>(removed);  // then it is done again at the next start
}

void Snapshots::Retract() {
  collecting_ = false;
  Clear(1, on_bus_);
  on_bus_ = 0;
  due_at_ = {};
}

void Snapshots::Forget(const queue::Record& record) {
  const std::uint64_t page = record.tracker;
  if (record.payload.empty()) Clear(page, page);
  Abandon();
}

void Snapshots::OnGivenUp(const queue::Record& record, std::string_view why) {
  collecting_ = false;
  due_at_ = begun_at_ + config_.every_ms;
  const bool news = trouble_ != why;
  trouble_ = why;
  log_->Write(news ? LogLevel::kWarn : LogLevel::kDebug,
              "the broker refuses a page of the snapshot; check its access rules, and its limits "
              "against publish.snapshot_page",
              {{"topic", record.topic}, {"why", why}});
}

void Snapshots::ForgetAll() {
  clear_from_ = 1;
  clear_to_ = 0;
  on_bus_ = 0;
  Abandon();
}

// Before the first page beyond it goes out, and in powers of two: a fleet that stays as large as it
// is costs no write.
void Snapshots::KeepMark(std::uint64_t pages) {
  if (pages <= mark_ && mark_good_) return;
  mark_ = std::max<std::uint64_t>(mark_, 1);
  while (mark_ < pages) mark_ *= 2;
  mark_good_ = true;
  const std::string text = std::to_string(mark_) + ' ' + std::to_string(config_.scope) + '\n';
  const Status kept =
      queue::ReplaceFile(*disk_, kMarkFile, kNewMarkFile, text, queue::Durable::kYes);
  if (!kept.ok()) {
    log_->Debug("the number of pages could not be kept for the next start",
                {{"why", kept.message()}});
  }
}

}  // namespace depotlink
