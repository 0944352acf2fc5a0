// SPDX-License-Identifier: Apache-2.0
#pragma once

// The whole offline queue between a source that numbers its records and a bus that acknowledges
// them: over two file systems in memory that stop at the same instant, as they do for a process.

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/queue/offline_queue.hpp"
#include "tests/fakes/fake_cipher.hpp"
#include "tests/fakes/fake_storage.hpp"
#include "tests/fakes/log_capture.hpp"
#include "tests/unit/queue/spool_rig.hpp"

namespace depotlink::queue {

// Counts the calls to both file systems; ends both at the one asked for.
struct Lifetime {
  fakes::FakeStorage* disk = nullptr;
  fakes::FakeStorage* ram = nullptr;
  std::size_t calls = 0;
  std::size_t ends_at = 0;  // 0: never
  std::size_t short_write = 0;
  bool dead = false;

  void Tick(bool ours) {
    if (++calls != ends_at) return;
    dead = true;
    disk->StopAt(1, ours ? short_write : 0);
    ram->StopAt(1, ours ? 0 : short_write);
  }
};

class MortalStorage final : public ports::Storage {
 public:
  MortalStorage(fakes::FakeStorage& real, Lifetime& life, bool is_disk)
      : real_(&real), life_(&life), is_disk_(is_disk) {}

  Status Open() override { return real_->Open(); }
  bool InMemory() const override { return real_->InMemory(); }
  Result<ports::FileHandle> Create(std::string_view name) override { return Live().Create(name); }
  Result<ports::FileHandle> OpenRead(std::string_view name) override {
    return Live().OpenRead(name);
  }
  Result<ports::FileHandle> OpenWrite(std::string_view name) override {
    return Live().OpenWrite(name);
  }
  void Close(ports::FileHandle file) override { real_->Close(file); }
  Status WriteAt(ports::FileHandle file, std::uint64_t offset, std::string_view bytes) override {
    return Live().WriteAt(file, offset, bytes);
  }
  Result<std::size_t> ReadAt(ports::FileHandle file, std::uint64_t offset, char* out,
                             std::size_t capacity) override {
    return Live().ReadAt(file, offset, out, capacity);
  }
  Result<std::uint64_t> Size(ports::FileHandle file) override { return Live().Size(file); }
  Status Truncate(ports::FileHandle file, std::uint64_t bytes) override {
    return Live().Truncate(file, bytes);
  }
  Status Sync(ports::FileHandle file) override { return Live().Sync(file); }
  Status Remove(std::string_view name) override { return Live().Remove(name); }
  Status Rename(std::string_view from, std::string_view to) override {
    return Live().Rename(from, to);
  }
  Status SyncDirectory() override { return Live().SyncDirectory(); }
  Status List(ports::FileVisitor& visitor) override { return Live().List(visitor); }
  Result<std::uint64_t> FreeBytes() override { return Live().FreeBytes(); }

 private:
  fakes::FakeStorage& Live() {
    life_->Tick(is_disk_);
    return *real_;
  }

  fakes::FakeStorage* real_;
  Lifetime* life_;
  bool is_disk_;
};

using Number = std::uint64_t;

class QueueRig final : public QueueObserver {
 public:
  QueueRig() {
    ram.set_in_memory(true);
    life.disk = &disk;
    life.ram = &ram;
    config.limits.min_free_bytes = 0;
  }

  // --- the process
  void Start() {
    queue.reset();
    flight_.clear();
    queue = std::make_unique<OfflineQueue>(
        config, Secret(), QueuePorts{&mortal_disk, &mortal_ram, &cipher, &never_packs}, *this, log);
    queue->Start(now);
  }
  void EndProcess() {
    queue.reset();
    disk.Heal();
    ram.Heal();
    disk.Kill();
    ram.Kill();
    life.dead = false;
    life.ends_at = 0;
    flight_.clear();
  }
  bool dead() const { return life.dead; }
  // A new run may repeat what was on its way.
  void ForgetOrder() { last_late_ = 0; }

  // --- the source
  // Owed from when they are noted on.
  void Push(std::size_t records, std::size_t bytes = 100) {
    std::vector<Number> came;
    for (std::size_t i = 0; i < records && !dead(); ++i) {
      const MadeRecord made(++newest, bytes);
      Record record = made.record;
      record.kind = RecordKind::kState;
      record.retain = true;
      const std::string topic = "state/" + std::to_string(record.tracker);
      record.topic = topic;
      queue->Push(record, made.record.time_ms);
      came.push_back(newest);
    }
    if (dead()) return;
    queue->NoteDelivered();
    if (!dead()) pushed.insert(came.begin(), came.end());
  }

  // --- the bus
  // Sends up to `records`, live ones first.
  void Send(std::size_t records) {
    for (Window* from : {&queue->window(), &queue->backlog()}) {
      if (from == &queue->window() && !queue->LiveMayGo()) continue;
      for (Window::Ref ref = from->NextUnsent(); records > 0 && ref != Window::kNone;
           ref = from->NextUnsent(), --records) {
        from->MarkSent(ref);
        flight_.emplace_back(from, ref);
      }
    }
  }
  void Ack(std::size_t records = SIZE_MAX) {
    for (; records > 0 && !flight_.empty() && !dead(); --records) {
      Window* const from = flight_.front().first;
      const Window::Ref ref = flight_.front().second;
      flight_.pop_front();
      const Record record = from->Get(ref);
      const Number number = NumberOf(record);
      if (from == &queue->backlog() && number <= last_late_) out_of_order = number;
      if (from == &queue->backlog()) last_late_ = number;
      if (record.until == kNeverShown) hidden.insert(number);
      if (!(record.until == kNeverShown)) ++delivered[number];
      from->Finish(ref);
      acked_since_noted.insert(number);
    }
  }
  void LoseBus() {
    queue->window().UnsendAll();
    queue->backlog().UnsendAll();
    flight_.clear();
  }
  void Step(bool bus_up, DurationMs later = 10) {
    now = now + later;
    queue->Step(now, bus_up);
    if (!dead()) acked_since_noted.clear();
  }
  // Until nothing is left, or that takes too long.
  bool Drain(DurationMs each = 11 * kSecondMs) {
    for (int i = 0; i < 400; ++i) {
      Step(true, each);
      if (queue->depth() == 0 && !queue->spool().has_segments()) return true;
      Send(30);
      Ack();
    }
    return false;
  }

  // --- QueueObserver
  void OnSpooled(const Record& record) override { spooled.insert(NumberOf(record)); }
  void OnSetBack(const Record& record) override { set_back.push_back(record.kind); }
  void OnDropped(const Record& record) override { dropped.insert(NumberOf(record)); }
  InScope IsInScope(model::TrackerId tracker) override {
    if (!fleet_known) return InScope::kNotKnownYet;
    return config.scope == 0 || in_scope.count(tracker) > 0 ? InScope::kYes : InScope::kNo;
  }
  std::string_view TopicOf(RecordKind kind, model::TrackerId tracker, char* out,
                           std::size_t capacity) override {
    const std::string topic =
        (kind == RecordKind::kHistory ? "history/" : "state/") + std::to_string(tracker);
    return {out, topic.copy(out, capacity)};
  }

  // Of a payload as it was made, late or not; 0 where it is none.
  static Number NumberOf(const Record& record) {
    const std::string payload(record.payload);
    const std::size_t comma = payload.find(',');
    if (payload.compare(0, 5, "{\"n\":") != 0 || comma == std::string::npos) return 0;
    const Number number = std::stoull(payload.substr(5, comma - 5));
    return record.tracker == 1000 + number % 7 && record.time_ms == MadeRecord::TimeOf(number)
               ? number
               : 0;
  }

  fakes::FakeStorage disk;
  fakes::FakeStorage ram;
  Lifetime life;
  MortalStorage mortal_disk{disk, life, true};
  MortalStorage mortal_ram{ram, life, false};
  NeverPacks never_packs;
  fakes::FakeCipher cipher;
  fakes::LogCapture lines;
  Logger log{lines, LogLevel::kDebug};
  QueueConfig config;
  std::unique_ptr<OfflineQueue> queue;
  MonoTime now{1000};

  bool fleet_known = true;
  std::set<model::TrackerId> in_scope;  // where the config has one

  Number newest = 0;
  std::set<Number> pushed;
  std::set<Number> hidden;
  std::set<Number> spooled;
  std::set<Number> dropped;
  std::vector<RecordKind> set_back;
  std::map<Number, int> delivered;
  std::set<Number> acked_since_noted;  // what a crash now may repeat
  Number out_of_order = 0;

 private:
  std::deque<std::pair<Window*, Window::Ref>> flight_;
  Number last_late_ = 0;
};

}  // namespace depotlink::queue
