// SPDX-License-Identifier: Apache-2.0
#pragma once

// Between the encoder and the publisher: no record is lost here, whatever happens to the bus, the
// process or, from the flush on, the power.
//
//   Push -> window (memory) + journal (RAM file) --- publisher takes from here, live
//              | bus away for flush_interval
//              v
//           spool (disk) -> backlog (memory)     --- and from here, late
//
// - The bus takes records: they go through the window, and nothing is written to the disk.
// - It does not: what waits in the window goes to the disk, in groups, flush_interval apart or when
// the window is
//   half full. Only then it leaves the journal.
// - It does again: the disk's records come back, oldest first, marked late, and a segment is
// removed when all of it was
//   acknowledged.
// - What says how things stand (info, cleared topics) is not kept on disk: the observer says it
// anew later.
// - After a crash, what the journal holds goes out as late records; the new run reads the current
// states itself.
//
// Trouble with either file system never stops the way through memory. One thread.

#include <cstdint>
#include <memory>

#include "agent/base/limits.hpp"
#include "agent/base/log.hpp"
#include "agent/queue/journal.hpp"
#include "agent/queue/record.hpp"
#include "agent/queue/scope_mark.hpp"
#include "agent/queue/spool.hpp"
#include "agent/queue/window.hpp"

namespace depotlink::queue {

struct QueueConfig {
  SpoolLimits limits;
  DurationMs flush_interval_ms = kSecondMs;
  // The backlog goes to `state`, and new records queue up behind it; else it goes to `history`,
  // beside them.
  bool replay_to_state = false;
  // A fingerprint of the part of the fleet that is published; 0: the whole.
  std::uint64_t scope = 0;
};

struct QueuePorts {
  ports::Storage* disk = nullptr;
  ports::Storage* ram = nullptr;
  ports::Cipher* cipher = nullptr;
  ports::Compressor* compressor = nullptr;
};

enum class DiskState : std::uint8_t {
  kStarting,
  kOk,
  kFull,       // no space, or none that queue.min_free leaves
  kAskPerson,  // rights, a read-only file system, a key that is none
  kFailing     // errors of the device; tried again
};

// Whether a tracker's records may be published that were recorded for another scope.
enum class InScope : std::uint8_t { kNo, kYes, kNotKnownYet };

class QueueObserver {
 public:
  virtual ~QueueObserver() = default;
  // Went to the disk: the bus does not have this tracker's current state. The views hold during the
  // call.
  virtual void OnSpooled(const Record& record) = 0;
  // Will not be kept: to be said anew when the bus is there.
  virtual void OnSetBack(const Record& record) = 0;
  // Lost: the window was full and the disk took nothing.
  virtual void OnDropped(const Record& record) = 0;
  virtual InScope IsInScope(model::TrackerId tracker) = 0;
  // The topic of a record of this kind and tracker, written to `out`.
  virtual std::string_view TopicOf(RecordKind kind, model::TrackerId tracker, char* out,
                                   std::size_t capacity) = 0;
};

class OfflineQueue : private JournalVisitor, private DropObserver {
 public:
  // All must outlive this.
  OfflineQueue(const QueueConfig& config, Secret given_key, const QueuePorts& ports,
               QueueObserver& observer, Logger& log);

  // Takes up what earlier runs left. Never fails: what cannot be had now is tried again later.
  void Start(MonoTime now);
  // Copies the record in. `now_ms`: when it was decoded, by a clock that can be trusted. It
  // outlives a crash from the next NoteDelivered() or Step() on: what an answer brings goes to the
  // journal together.
  void Push(const Record& record, std::int64_t now_ms);
  // False: what comes now might be lost; stop reading, until a good part of the window is free.
  // True also where waiting would not help.
  bool Ready(bool bus_up) const;

  // What there is to do; returns when to call again at the latest.
  MonoTime Step(MonoTime now, bool bus_up);
  // Writes down what has come and what has been acknowledged since the last call. To be called
  // before more is sent, so that a crash repeats no more than what is in flight.
  void NoteDelivered();
  // All that is not delivered to the disk, as far as it takes it. The bus must be left before.
  void Close(MonoTime now);
  // Lets go of what is older than the config allows; `now_ms` as in Push.
  void Expire(std::int64_t now_ms);

  // Given up by the publisher: kept for a person to see, where the disk takes it.
  void KeepRefused(const Record& record, std::string_view why, std::int64_t time_ms);

  // For the publisher. False: live records must wait for the backlog.
  bool LiveMayGo() const;
  Window& window() { return window_; }
  Window& backlog() { return backlog_; }
  const Window& window() const { return window_; }

  DiskState disk_state() const { return disk_state_; }
  const std::string& disk_error() const { return disk_error_; }
  bool journal_good() const { return journal_.good(); }
  const Spool& spool() const { return spool_; }
  // Positions of an earlier run's journal that were let go: not of the scope.
  std::uint64_t left_out() const { return left_out_; }
  // Not acknowledged yet, wherever they are.
  std::uint64_t depth() const;

 private:
  static constexpr DurationMs kHealMs = 10 * kSecondMs;
  static constexpr DurationMs kCursorMs = kSecondMs;
  // How long live records that must not overtake the backlog wait for a disk that cannot be read at
  // the start.
  static constexpr DurationMs kAwaitDiskMs = kMinuteMs;

  void OnRecord(const Record& record) override;
  void OnDropped(const Record& record) override { observer_->OnDropped(record); }

  void StartSpool(MonoTime now);
  void Recover(bool numbered);
  void TellUnread(const Status& why);
  void HealJournal(MonoTime now);
  bool FlushDue(MonoTime now, bool bus_up);
  bool Flush(MonoTime now);
  Status WriteWaiting();
  void LetGoOfWaiting();
  void Tidy(MonoTime now);
  void Load(MonoTime now);
  bool LoadNext(MonoTime now);
  void TakeScopeMark(Order on_disk);
  bool AwaitsScope();
  void KeepCursor(MonoTime now);
  void ReadTrouble(const Status& why, MonoTime now);
  void DiskTrouble(const Status& why, MonoTime now);
  void Heal(MonoTime now);
  void DiskGood();
  MonoTime NextStep(MonoTime now) const;
  void NoteRoom();

  QueueConfig config_;
  QueueObserver* observer_;
  Logger* log_;
  ports::Storage* disk_;
  ports::Storage* ram_;
  Window window_;
  Window backlog_;
  Journal journal_;
  Spool spool_;

  Order next_order_ = 1;
  Delivered delivered_;  // as the journal has it
  std::uint64_t loaded_ = 0;
  std::uint64_t loaded_noted_ = 0;  // of them, those that NoteDelivered() has told the spool of
  bool recovering_ = false;
  Order recovered_shift_ = 0;
  ScopeMark scope_;         // of the disk, as it has to be before the next record goes there
  bool scope_due_ = false;  // to be written
  std::uint64_t journal_scope_ = 0;
  std::uint64_t left_out_ = 0;
  bool full_ = false;  // the window, as far as reading is concerned

  MonoTime flush_at_ = kNever;
  MonoTime now_{};
  MonoTime await_disk_until_{};
  MonoTime heal_at_{};  // when to write again, after trouble
  MonoTime read_at_{};  // likewise to read
  MonoTime journal_at_{};
  MonoTime cursor_at_ = kNever;
  MonoTime tidy_at_{};  // when to tidy again, after trouble
  DiskState disk_state_ = DiskState::kStarting;
  std::string disk_error_;
  bool journal_told_ = false;
  std::unique_ptr<char[]> payload_;  // one payload that is being marked late
};

}  // namespace depotlink::queue
