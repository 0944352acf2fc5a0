// SPDX-License-Identifier: Apache-2.0
#pragma once

// A small queue on disk that keeps its promises, and that can be told to break one of them
// (`broken`, see README.md): what proves that the rigs find a fault. Nothing of it is fit for the
// agent.
//
//   seg-00000001.log   a head, then records, in slots of 64 bytes; only ever appended to
//   cursor             two slots in two sectors, written in turn: all up to this number is
//   delivered RUNTIME/journal    records that are not yet in a segment

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "standin_files.hpp"

namespace standin {

struct Options {
  std::string queue_dir;
  std::string runtime_dir;
  std::string broken;
  std::size_t segment_bytes = 2048;
  bool dry = false;
};

class Queue {
 public:
  explicit Queue(Options options) : options_(std::move(options)) {}
  ~Queue() { Stop(); }
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // False where it refuses to start; only a broken one does.
  bool Start();
  void Stop();
  void Enqueue(std::uint32_t tracker, std::uint32_t number);
  void Flush();
  // Delivers up to `count` records that are in segments.
  void Deliver(std::size_t count);
  // Delivers all there is, from the journal too.
  void Drain();
  // Flushes; what stands nowhere on a disk is told to be dropped.
  void Finish();

 private:
  struct Waiting {
    Slot slot;
    bool journaled = false;
  };
  struct Segment {
    std::uint64_t last_seq = 0;
  };

  bool Broken(const char* how) const { return options_.broken == how; }
  std::string SegmentName(std::uint32_t id) const;
  bool ReadCursor();
  bool ReadSegments();
  bool ReadSegment(std::uint32_t id);
  void ReadJournal();
  bool OpenSegment();
  void AbandonSegment();
  bool SaveCursor();
  bool WriteCursor(const Slot& slot);
  void Prune();
  void Print(const char* what, const Slot& slot, const char* reason = "") const;
  static void Error(const char* text, int code);

  Options options_;
  std::map<std::uint64_t, Slot> backlog_;
  std::vector<Waiting> window_;
  std::map<std::uint32_t, Segment> segments_;
  int segment_ = -1;
  std::uint32_t segment_id_ = 0;
  off_t segment_end_ = 0;
  int cursor_ = -1;
  std::uint32_t generation_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t saved_ = 0;
  std::size_t unsaved_ = 0;
  int journal_ = -1;
  off_t journal_end_ = 0;
  bool stuck_ = false;  // something could not be read: deliver and forget nothing
  std::uint64_t next_seq_ = 1;
};

}  // namespace standin
