// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is in the window, once more in a file on a RAM file system: it outlives the process at
// whatever instant that ends, costs no flash, and is not meant to outlive a reboot. Entries are
// appended; when the file has grown to its bound, it is written anew from the window and takes the
// old one's place by a rename. Entries gather in a buffer, which Commit() writes in one go: until
// then they stand in memory only.
//
//   "DLQ1JNL\n"  { bytes u32 | CRC-32C u32 | body }...
//   body: 'R' kind u8, order u64, time_ms u64, tracker u64, payload      a record came
//         'D' window u64, backlog u64, key mark 8                       all up to these orders was
//         delivered
//
// Trouble here (no RAM file system, full) leaves the agent without this net and with all else.

#include <cstdint>
#include <memory>

#include "agent/base/status.hpp"
#include "agent/ports/storage.hpp"
#include "agent/queue/record.hpp"
#include "agent/queue/segment_format.hpp"
#include "agent/queue/window.hpp"

namespace depotlink::queue {

inline constexpr std::string_view kJournalFileName = "journal";

// How far records have been delivered: those that went through the window, and those of the backlog
// on disk.
struct Delivered {
  Order window = 0;
  Order backlog = 0;
  // Of the key that `backlog` holds for. Zeros: the disk has not been seen yet, and the records are
  // numbered without regard to what is on it.
  KeyMark key_mark{};
};

class JournalVisitor {
 public:
  virtual ~JournalVisitor() = default;
  // In their order; the payload holds during the call only. The topic is empty.
  virtual void OnRecord(const Record& record) = 0;
};

class Journal {
 public:
  explicit Journal(ports::Storage& ram);  // must outlive this
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal() { Close(); }

  // How far the last run got; zeros where it left nothing. An entry that is cut off or damaged ends
  // the reading.
  Status ReadDelivered(Delivered& delivered);
  // Each record that it left above `above`, in their order. The visitor must not call this journal.
  Status ReadRecords(Order above, JournalVisitor& visitor);
  // Begins the file anew with what is in the window. Also heals it after trouble.
  Status Rewrite(const Window& window, const Delivered& delivered);
  // Each entry stands in the file after the next Commit(), or earlier. After a false, nothing is
  // written before the next Rewrite().
  bool Append(const Record& record);
  bool Note(const Delivered& delivered);
  bool Commit();

  bool good() const { return file_ != ports::kNoFile; }
  // The file has reached its bound: time for Rewrite().
  bool large() const;
  const Status& trouble() const { return trouble_; }

 private:
  // With the mark of a late one.
  static constexpr std::size_t kPayloadMostBytes = limits::kPayloadBytes + 32;
  static constexpr std::size_t kBodyMostBytes = 32 + kPayloadMostBytes;
  static constexpr std::size_t kEntryHeadBytes = 8;
  static constexpr std::size_t kBufferBytes = 2 * (kEntryHeadBytes + kBodyMostBytes);

  // Where the body of the next entry is to be put; null where the buffer cannot be emptied for it.
  char* Body(std::size_t bytes);
  bool WriteRecord(const Record& record);
  bool WriteDelivered(const Delivered& delivered);
  void EndEntry(std::size_t body_bytes);
  Status ReadEntry(ports::FileHandle file, std::uint64_t at, std::string_view& body);
  Status Read(Delivered& delivered, Order above, JournalVisitor* visitor);
  Status ReadOnce(Delivered& delivered, Order& above, JournalVisitor* visitor);
  Status ReadEntries(ports::FileHandle file, Delivered& delivered, Order& above,
                     JournalVisitor* visitor);
  bool Fail(Status why);
  void Close();

  ports::Storage* ram_;
  ports::FileHandle file_ = ports::kNoFile;
  std::uint64_t bytes_ = 0;        // in the file
  std::size_t pending_bytes_ = 0;  // of whole entries at the front of buffer_, not in the file yet
  std::uint64_t fresh_bytes_ = 0;  // after the last Rewrite()
  Status trouble_;
  std::unique_ptr<char[]> buffer_;  // entries on their way out, or one on its way in
};

}  // namespace depotlink::queue
