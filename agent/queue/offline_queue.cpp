// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/offline_queue.hpp"

#include <algorithm>
#include <utility>

#include "agent/queue/late.hpp"

namespace depotlink::queue {
namespace {

constexpr std::size_t kLatePayloadBytes = limits::kPayloadBytes + kLateMark.size();
constexpr std::size_t kRecordRoom = limits::kTopicBytes + kLatePayloadBytes;
// Reading that has paused goes on when so much is free, not with each record that leaves.
constexpr std::size_t kReadOnRoom = limits::kWindowBytes / 4;
static_assert(kRecordRoom < kReadOnRoom);

DiskState StateOf(const Status& why) {
  if (why.code() == Code::kFull) return DiskState::kFull;
  if (why.code() == Code::kAskPerson || why.code() == Code::kUnsupported)
    return DiskState::kAskPerson;
  return DiskState::kFailing;
}

}  // namespace

OfflineQueue::OfflineQueue(const QueueConfig& config, Secret given_key, const QueuePorts& ports,
                           QueueObserver& observer, Logger& log)
    : config_(config),
      observer_(&observer),
      log_(&log),
      disk_(ports.disk),
      ram_(ports.ram),
      window_(limits::kWindowBytes, limits::kWindowRecords),
      backlog_(limits::kBacklogWindowBytes, limits::kBacklogWindowRecords),
      journal_(*ports.ram),
      spool_(config.limits, std::move(given_key), *ports.disk, *ports.cipher, *ports.compressor,
             log),
      payload_(new char[kLatePayloadBytes]) {}

// --- start ---

void OfflineQueue::Start(MonoTime now) {
  now_ = now;
  await_disk_until_ = now + kAwaitDiskMs;
  if (ram_->Open().ok() && !ram_->InMemory()) {
    log_->Warn(
        "queue.runtime_dir is on a disk: the journal is written all the time and wears flash; "
        "name a directory on a tmpfs");
  }
  const Status status = journal_.ReadDelivered(delivered_);
  if (!status.ok()) delivered_ = {};
  const bool numbered = delivered_.key_mark != KeyMark{};
  StartSpool(now);
  next_order_ = std::max({next_order_, delivered_.window + 1, delivered_.backlog + 1});
  journal_scope_ = ReadScopeMark(*ram_).scope;
  status.ok() ? Recover(numbered) : TellUnread(status);
  HealJournal(now);
  NoteRoom();
  if (depth() > 0) {
    log_->Info("records of an earlier run wait to be delivered",
               {{"on_disk", spool_.totals().records},
                {"in_memory", static_cast<std::uint64_t>(window_.waiting())}});
  }
}

void OfflineQueue::StartSpool(MonoTime now) {
  const Status status = spool_.Start(delivered_.backlog, delivered_.key_mark);
  if (!status.ok()) return DiskTrouble(status, now);
  DiskGood();
  delivered_.backlog = spool_.delivered();
  delivered_.key_mark = spool_.mark();
  const Order on_disk = std::max(spool_.totals().last_order, spool_.delivered());
  TakeScopeMark(on_disk);
  // Records that came while the disk was away go behind what is found on it now.
  if (window_.end() > window_.first() && window_.done_up_to() < on_disk) {
    window_.ShiftOrders(on_disk);
    next_order_ += on_disk;
    journal_at_ = now;
    const Status rewritten = journal_.Rewrite(window_, delivered_);
    static_cast<void>(rewritten);  // told and tried again by HealJournal
  } else {
    journal_.Note(delivered_);
    journal_.Commit();
  }
  next_order_ = std::max(next_order_, on_disk + 1);
}

void OfflineQueue::TakeScopeMark(Order on_disk) {
  const ScopeMark found = ReadScopeMark(*disk_);
  scope_due_ = found.scope != config_.scope;
  scope_ = scope_due_ ? ScopeMark{config_.scope, on_disk} : found;
  if (!scope_due_ || config_.scope == 0 || spool_.empty()) return;
  log_->Info(
      "the scope is another than what waits on the disk was recorded for: of that, only what it "
      "holds is published",
      {{"on_disk", spool_.totals().records}});
}

void OfflineQueue::TellUnread(const Status& why) {
  log_->Warn("the journal of the last run cannot be read to its end", {{"why", why.message()}});
}

// What has a number of the disk's or below was delivered or is on it, unless the last run had not
// seen the disk when it gave the numbers (`numbered` false).
void OfflineQueue::Recover(bool numbered) {
  const Order on_disk = std::max(spool_.totals().last_order, spool_.delivered());
  const Order above = numbered ? std::max(delivered_.window, on_disk) : delivered_.window;
  recovered_shift_ = numbered ? 0 : on_disk;
  recovering_ = true;
  const Status status = journal_.ReadRecords(above, *this);
  recovering_ = false;
  if (!status.ok()) TellUnread(status);
  // Older ones wait on the disk already: these go behind them.
  if (spool_.ready() && !spool_.empty() && window_.waiting() > 0) Flush({});
}

void OfflineQueue::OnRecord(const Record& record) {
  Record late = record;
  late.order += recovered_shift_;
  const bool position = IsPosition(record.kind);
  const bool clears = record.payload.empty();
  if (journal_scope_ != config_.scope && !clears &&
      observer_->IsInScope(record.tracker) != InScope::kYes) {
    left_out_ += position ? 1 : 0;
    return;
  }
  if (position) {
    late.kind = RecordKind::kHistory;
    late.retain = config_.replay_to_state;
    late.payload = MarkLate(record.payload, payload_.get(), kLatePayloadBytes);
  }
  char topic[limits::kTopicBytes];
  late.topic = observer_->TopicOf(late.kind, late.tracker, topic, sizeof topic);
  if (!window_.HasRoom(late.topic.size() + late.payload.size()) && spool_.ready()) Flush({});
  next_order_ = std::max(next_order_, late.order + 1);
  window_.Push(late, *this);
}

void OfflineQueue::HealJournal(MonoTime now) {
  const bool good = journal_.good() && journal_scope_ == config_.scope;
  if (good && !journal_.large()) return;
  if (!good && now < journal_at_) return;
  journal_at_ = now + kHealMs;
  Status status = ram_->Open();
  if (status.ok()) status = journal_.Rewrite(window_, delivered_);
  if (status.ok() && journal_scope_ != config_.scope)
    status = WriteScopeMark(*ram_, {config_.scope, 0}, Durable::kNo);
  if (status.ok()) journal_scope_ = config_.scope;
  if (status.ok() == !journal_told_) return;
  journal_told_ = !status.ok();
  if (status.ok()) {
    log_->Info("the journal in memory is kept again");
  } else {
    log_->Warn(
        "no journal can be kept (queue.runtime_dir): a crash of the agent would lose what is in "
        "memory",
        {{"why", status.message()}});
  }
}

// --- in ---

void OfflineQueue::Push(const Record& record, std::int64_t now_ms) {
  Record numbered = record;
  numbered.order = next_order_++;
  numbered.time_ms = now_ms;
  if (window_.Push(numbered, *this)) journal_.Append(numbered);
  NoteRoom();
}

void OfflineQueue::NoteRoom() {
  full_ = !window_.HasRoom(full_ ? kReadOnRoom : kRecordRoom);
}

bool OfflineQueue::Ready(bool bus_up) const {
  if (!full_) return true;
  const bool disk_takes = spool_.ready() && disk_state_ == DiskState::kOk;
  return !bus_up && !disk_takes;
}

std::uint64_t OfflineQueue::depth() const {
  // What is in the backlog window is on the disk, and counted there.
  return spool_.totals().records + window_.waiting() + window_.sent();
}

bool OfflineQueue::LiveMayGo() const {
  if (!config_.replay_to_state) return true;
  if (!spool_.ready()) return await_disk_until_ <= now_;
  return spool_.empty() && backlog_.waiting() + backlog_.sent() == 0;
}

// --- every step ---

MonoTime OfflineQueue::Step(MonoTime now, bool bus_up) {
  now_ = now;
  NoteDelivered();
  if (heal_at_ <= now) Heal(now);
  HealJournal(now);
  if (FlushDue(now, bus_up)) Flush(now);
  Tidy(now);
  if (bus_up && spool_.ready()) Load(now);
  KeepCursor(now);
  return NextStep(now);
}

MonoTime OfflineQueue::NextStep(MonoTime now) const {
  MonoTime next = std::min(flush_at_, cursor_at_);
  if (now < read_at_) next = std::min(next, read_at_);
  if (spool_.tidying()) next = std::min(next, std::max(tidy_at_, now));
  if (!spool_.ready() || disk_state_ != DiskState::kOk)
    next = std::min(next, std::max(heal_at_, now + 1));
  if (!journal_.good() || journal_scope_ != config_.scope)
    next = std::min(next, std::max(journal_at_, now + 1));
  return next;
}

// Live records wait on the disk where they must not go ahead of the backlog; else only where the
// bus is away. While some are on their way their outcome is awaited first: what is on the disk
// leaves the journal.
bool OfflineQueue::FlushDue(MonoTime now, bool bus_up) {
  const bool wanted = window_.waiting() > 0 && window_.sent() == 0 && (!bus_up || !LiveMayGo());
  if (!wanted) {
    flush_at_ = kNever;
    return false;
  }
  if (flush_at_ == kNever) flush_at_ = now + config_.flush_interval_ms;
  if (!spool_.ready() || now < heal_at_) {
    flush_at_ = std::max(flush_at_, heal_at_);
    return false;
  }
  return flush_at_ <= now || !window_.HasRoom(limits::kWindowBytes / 2) ||
         window_.end() - window_.first() > limits::kWindowRecords / 2;
}

bool OfflineQueue::Flush(MonoTime now) {
  flush_at_ = kNever;
  Status status;
  if (scope_due_) status = WriteScopeMark(*disk_, scope_, Durable::kYes);
  if (status.ok()) scope_due_ = false;
  if (status.ok()) status = WriteWaiting();
  // The oldest give way only where something must: while memory takes more, the disk may get room
  // again.
  const bool memory_full = !window_.HasRoom(kRecordRoom);
  if (status.code() == Code::kFull && memory_full && spool_.DropOldest().ok())
    status = WriteWaiting();
  if (!status.ok()) {
    DiskTrouble(status, now);
    return false;
  }
  DiskGood();
  LetGoOfWaiting();
  if (!recovering_) NoteDelivered();
  return true;
}

Status OfflineQueue::WriteWaiting() {
  for (Window::Ref ref = window_.first(); ref < window_.end(); ++ref) {
    if (!window_.IsWaiting(ref)) continue;
    const Record record = window_.Get(ref);
    if (!IsPosition(record.kind)) continue;
    Status status = spool_.Append(record);
    if (!status.ok()) return status;
  }
  return spool_.Commit();
}

void OfflineQueue::LetGoOfWaiting() {
  const Window::Ref end = window_.end();
  for (Window::Ref ref = window_.first(); ref < end; ++ref) {
    if (!window_.IsWaiting(ref)) continue;
    const Record record = window_.Get(ref);
    if (IsPosition(record.kind)) {
      observer_->OnSpooled(record);
    } else {
      observer_->OnSetBack(record);
    }
    window_.Finish(ref);
  }
}

void OfflineQueue::NoteDelivered() {
  Delivered now = delivered_;
  now.window = std::max(now.window, window_.done_up_to());
  const std::uint64_t held = backlog_.waiting() + backlog_.sent();
  const std::uint64_t gone = loaded_ - held;
  if (loaded_ > 0) now.backlog = std::max(now.backlog, backlog_.done_up_to());
  if (gone != loaded_noted_) {
    spool_.NoteDelivered(now.backlog, gone - loaded_noted_);
    loaded_noted_ = gone;
  }
  if (now.window != delivered_.window || now.backlog != delivered_.backlog) {
    delivered_ = now;
    journal_.Note(delivered_);
  }
  journal_.Commit();
  NoteRoom();
}

// A piece a step: what comes live goes on in between. The disk's state is for those to tell who
// need it.
void OfflineQueue::Tidy(MonoTime now) {
  if (now < tidy_at_) return;
  const Status status = spool_.Tidy();
  if (!status.ok()) tidy_at_ = now + kHealMs;
}

// --- out ---

void OfflineQueue::Load(MonoTime now) {
  if (AwaitsScope()) return;
  while (read_at_ <= now && spool_.has_segments() && backlog_.HasRoom(kRecordRoom) &&
         LoadNext(now)) {
  }
  // A segment without a readable record has an end, too.
  const bool delivered = backlog_.waiting() + backlog_.sent() == 0;
  if (!spool_.segment_ended() || !delivered || now < read_at_) return;
  NoteDelivered();
  const Status status = spool_.FinishSegment();
  if (!status.ok()) return ReadTrouble(status, now);
  cursor_at_ = kNever;
  if (spool_.has_segments()) Load(now);
}

// Until the fleet is known, what another scope may have had waits.
bool OfflineQueue::AwaitsScope() {
  return spool_.delivered() < scope_.others_up_to && config_.scope != 0 &&
         observer_->IsInScope(0) == InScope::kNotKnownYet;
}

bool OfflineQueue::LoadNext(MonoTime now) {
  Record record;
  bool found = false;
  const Status status = spool_.Next(record, found);
  if (!status.ok()) ReadTrouble(status, now);
  if (!found) return false;
  const bool of_other = config_.scope != 0 && record.order <= scope_.others_up_to;
  if (of_other && observer_->IsInScope(record.tracker) != InScope::kYes) record.until = kNeverShown;
  char topic[limits::kTopicBytes];
  record.kind = RecordKind::kHistory;
  record.retain = config_.replay_to_state;
  record.topic = observer_->TopicOf(record.kind, record.tracker, topic, sizeof topic);
  record.payload = MarkLate(record.payload, payload_.get(), kLatePayloadBytes);
  if (backlog_.Push(record, *this)) ++loaded_;
  return true;
}

// A power cut repeats what was delivered since the cursor was last stored.
void OfflineQueue::KeepCursor(MonoTime now) {
  if (!spool_.ready() || spool_.delivered() == spool_.stored_cursor() || spool_.empty()) {
    cursor_at_ = kNever;
    return;
  }
  if (cursor_at_ == kNever) cursor_at_ = now + std::max(kCursorMs, config_.flush_interval_ms);
  if (now < cursor_at_ || now < heal_at_) return;
  cursor_at_ = kNever;
  const Status status = spool_.StoreCursor();
  if (!status.ok()) DiskTrouble(status, now);
}

void OfflineQueue::Expire(std::int64_t now_ms) {
  const Status status = spool_.Expire(now_ms);
  if (!status.ok())
    log_->Debug("expired records could not be removed", {{"why", status.message()}});
}

void OfflineQueue::KeepRefused(const Record& record, std::string_view why, std::int64_t time_ms) {
  const Status kept = spool_.KeepRefused(record, why, time_ms, now_);
  if (!kept.ok()) log_->Debug("a refused record is not kept", {{"why", kept.message()}});
}

void OfflineQueue::Close(MonoTime now) {
  window_.UnsendAll();
  backlog_.UnsendAll();
  NoteDelivered();
  if (!spool_.ready()) StartSpool(now);
  if (spool_.ready() && window_.waiting() > 0) Flush(now);
  spool_.EndWriting();
  const Status status = spool_.StoreCursor();
  if (!status.ok()) DiskTrouble(status, now);
}

// --- trouble ---

// Apart from writing: a disk that takes nothing more must still be drained.
void OfflineQueue::ReadTrouble(const Status& why, MonoTime now) {
  DiskTrouble(why, now);
  read_at_ = now + kHealMs;
}

void OfflineQueue::DiskTrouble(const Status& why, MonoTime now) {
  heal_at_ = now + kHealMs;
  const DiskState state = StateOf(why);
  const bool news = state != disk_state_;
  disk_state_ = state;
  disk_error_ = why.message();
  if (!news) return;
  log_->Error("the queue on disk cannot be used; what the bus does not take is kept in memory only",
              {{"why", why.message()}});
}

// Where there is something to write, writing it is the probe.
void OfflineQueue::Heal(MonoTime now) {
  if (!spool_.ready()) return StartSpool(now);
  if (disk_state_ == DiskState::kOk || !(flush_at_ == kNever)) return;
  const Status status = spool_.Probe();
  if (status.ok()) return DiskGood();
  DiskTrouble(status, now);
}

void OfflineQueue::DiskGood() {
  heal_at_ = {};
  if (disk_state_ != DiskState::kOk && disk_state_ != DiskState::kStarting) {
    log_->Info("the queue on disk can be used again");
  }
  disk_state_ = DiskState::kOk;
  disk_error_.clear();
}

}  // namespace depotlink::queue
