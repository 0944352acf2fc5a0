// SPDX-License-Identifier: Apache-2.0
#include "standin_queue.hpp"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

namespace standin {
namespace {

constexpr std::uint32_t kHeadMark = 0xfffffffe;
constexpr std::uint32_t kCursorMark = 0xffffffff;
constexpr off_t kSector = 512;
constexpr std::size_t kWindow = 64;
constexpr std::size_t kDeliveredPerSave = 16;

}  // namespace

void Queue::Print(const char* what, const Slot& slot, const char* reason) const {
  std::printf("%s %u %u%s%s\n", what, slot.tracker, slot.number, *reason != 0 ? " " : "", reason);
}

void Queue::Error(const char* text, int code) {
  std::printf("error %s: %s\n", text, std::strerror(code));
}

std::string Queue::SegmentName(std::uint32_t id) const {
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), "/seg-%08u.log", id);
  return options_.queue_dir + name.data();
}

bool Queue::Start() {
  backlog_.clear();
  window_.clear();
  segments_.clear();
  stuck_ = false;
  if (!ReadCursor()) return false;
  if (!ReadSegments()) stuck_ = true;
  if (Broken("unlink-first") && saved_ > 0 && !segments_.empty() &&
      (backlog_.empty() ? 0 : backlog_.begin()->first) > saved_ + 1) {
    return false;  // believes in the cursor alone
  }
  ReadJournal();
  next_seq_ = std::max(next_seq_, delivered_ + 1);
  if (!backlog_.empty()) next_seq_ = std::max(next_seq_, backlog_.rbegin()->first + 1);
  if (!window_.empty()) next_seq_ = std::max(next_seq_, window_.back().slot.seq + 1);
  return true;
}

void Queue::Stop() {
  for (int* file : {&segment_, &cursor_, &journal_}) {
    if (*file >= 0) close(*file);
    *file = -1;
  }
}

bool Queue::ReadCursor() {
  const std::string path = options_.queue_dir + "/cursor";
  const bool fresh = access(path.c_str(), F_OK) != 0;
  cursor_ = open(path.c_str(), O_RDWR | O_CLOEXEC | (options_.dry ? 0 : O_CREAT), 0600);
  if (cursor_ < 0) {
    if (!options_.dry) Error("open cursor", errno);
    stuck_ = !fresh;
    return true;
  }
  if (fresh && !Broken("no-dir-sync") && !SyncDirectory(options_.queue_dir)) {
    Error("sync directory", errno);
  }
  bool bad = false;
  bool any = false;
  for (const off_t offset : {off_t{0}, kSector}) {
    Slot slot;
    if (!ReadSlot(cursor_, offset, &slot, &bad)) continue;
    if (!Sound(slot) || slot.tracker != kCursorMark) continue;
    any = true;
    if (slot.number >= generation_) {
      generation_ = slot.number;
      saved_ = slot.seq;
    }
  }
  stuck_ = stuck_ || bad;
  delivered_ = std::max(delivered_, saved_);
  const bool torn = !any && !fresh && !bad;
  return !(torn && (Broken("cursor-truncate") || Broken("rename-no-sync")));
}

bool Queue::ReadSegments() {
  DIR* directory = opendir(options_.queue_dir.c_str());
  if (directory == nullptr) return false;
  std::vector<std::uint32_t> ids;
  errno = 0;
  while (const dirent* entry = readdir(directory)) {
    unsigned id = 0;
    if (std::sscanf(entry->d_name, "seg-%8u.log", &id) == 1) ids.push_back(id);
  }
  bool all = errno == 0;
  closedir(directory);
  std::sort(ids.begin(), ids.end());
  for (const std::uint32_t id : ids) {
    segment_id_ = std::max(segment_id_, id);
    bool read = false;
    for (int tries = 0; tries < 3 && !read; ++tries) read = ReadSegment(id);
    if (!read) Error("read segment", EIO);
    all = all && read;
  }
  return all;
}

bool Queue::ReadSegment(std::uint32_t id) {
  const int file = open(SegmentName(id).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return errno == ENOENT;
  Segment& segment = segments_[id];
  bool bad = false;
  for (off_t offset = 0;; offset += static_cast<off_t>(kSlot)) {
    Slot slot;
    if (!ReadSlot(file, offset, &slot, &bad)) break;
    if (!Sound(slot) && !(Broken("no-crc") && slot.magic == kMagic)) {  // zeros, too
      std::printf("damaged segment %u at %lld\n", id, static_cast<long long>(offset));
      if (Broken("stop-at-damage")) break;
      continue;
    }
    if (slot.tracker == kHeadMark) continue;
    segment.last_seq = std::max(segment.last_seq, slot.seq);
    if (slot.seq > delivered_) backlog_[slot.seq] = slot;
  }
  close(file);
  return !bad;
}

void Queue::ReadJournal() {
  const std::string path = options_.runtime_dir + "/journal";
  journal_ = open(path.c_str(), O_RDWR | O_CLOEXEC | (options_.dry ? 0 : O_CREAT), 0600);
  journal_end_ = 0;
  if (journal_ < 0) {
    if (!options_.dry) Error("open journal", errno);
    return;
  }
  bool bad = false;
  Slot slot;
  for (; ReadSlot(journal_, journal_end_, &slot, &bad); journal_end_ += off_t{kSlot}) {
    if (Sound(slot) && slot.seq > delivered_ && backlog_.count(slot.seq) == 0) {
      window_.push_back({slot, true});
    }
  }
  if (bad) {
    Error("read journal", EIO);
    stuck_ = true;
    journal_end_ =
        std::max(journal_end_, lseek(journal_, 0, SEEK_END) / off_t{kSlot} * off_t{kSlot});
  }
}

void Queue::Enqueue(std::uint32_t tracker, std::uint32_t number) {
  if (window_.size() >= kWindow) Flush();
  if (window_.size() >= kWindow) {
    if (!Broken("lose-on-full")) Print("dropped", window_.front().slot, "full");
    window_.erase(window_.begin());
  }
  Waiting waiting{MakeSlot(next_seq_++, tracker, number)};
  if (!Broken("no-journal") && journal_ >= 0) {
    waiting.journaled =
        WriteAt(journal_, BytesOf(waiting.slot), journal_end_, Broken("ignore-short"));
    if (!waiting.journaled) Error("write journal", errno);
    if (waiting.journaled) journal_end_ += off_t{kSlot};
  }
  window_.push_back(waiting);
  Print("submitted", waiting.slot);
}

bool Queue::OpenSegment() {
  if (segment_ >= 0 && segment_end_ < static_cast<off_t>(options_.segment_bytes)) return true;
  if (segment_ >= 0) close(segment_);
  const std::string path = SegmentName(++segment_id_);
  segment_ = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (segment_ < 0) return false;
  segments_[segment_id_] = {};
  const Slot head = MakeSlot(segment_id_, kHeadMark, 0);
  segment_end_ = off_t{kSlot};
  const bool written = WriteAt(segment_, BytesOf(head), 0, Broken("ignore-short"));
  if (written && (Broken("no-sync") || SyncData(segment_, Broken("retry-sync"))) &&
      (Broken("no-dir-sync") || SyncDirectory(options_.queue_dir))) {
    return true;
  }
  const int code = errno;
  unlink(path.c_str());
  errno = code;
  return false;
}

void Queue::AbandonSegment() {
  if (errno == ENOSPC && Broken("crash-on-full")) std::abort();
  Error("segment", errno);
  if (segment_ >= 0) close(segment_);
  segment_ = -1;
}

void Queue::Flush() {
  if (window_.empty()) return;
  std::string bytes;
  for (const Waiting& waiting : window_) bytes += BytesOf(waiting.slot);
  if (Broken("truncate-first") && ftruncate(journal_, 0) == 0) journal_end_ = 0;
  if (!OpenSegment()) return AbandonSegment();
  const bool written = WriteAt(segment_, bytes, segment_end_, Broken("ignore-short"));
  if (!written && !Broken("ignore-errors")) return AbandonSegment();
  if (Broken("accept-early")) {
    for (const Waiting& waiting : window_) Print("accepted", waiting.slot);
  }
  if (!Broken("no-sync") && !SyncData(segment_, Broken("retry-sync"))) return AbandonSegment();
  segment_end_ += static_cast<off_t>(bytes.size());
  for (const Waiting& waiting : window_) {
    if (!Broken("accept-early")) Print("accepted", waiting.slot);
    backlog_[waiting.slot.seq] = waiting.slot;
  }
  segments_[segment_id_].last_seq = window_.back().slot.seq;
  window_.clear();
  if (!stuck_ && journal_ >= 0 && ftruncate(journal_, 0) == 0) journal_end_ = 0;
}

void Queue::Deliver(std::size_t count) {
  for (; count > 0 && !backlog_.empty() && !stuck_; --count) {
    const auto next = Broken("newest-first") ? std::prev(backlog_.end()) : backlog_.begin();
    const Slot slot = next->second;
    Print("sent", slot);
    Print(SameFiller(slot) ? "delivered" : "wrong", slot);
    backlog_.erase(next);
    delivered_ = std::max(delivered_, slot.seq);
    const std::size_t per_save = Broken("lazy-cursor") ? 8 * kDeliveredPerSave : kDeliveredPerSave;
    if (!options_.dry && ++unsaved_ >= per_save && SaveCursor()) Prune();
  }
}

void Queue::Drain() {
  Deliver(SIZE_MAX);
  for (const Waiting& waiting : window_) {
    if (stuck_) break;
    Print("delivered", waiting.slot);
    delivered_ = waiting.slot.seq;
  }
  if (options_.dry || stuck_ || !SaveCursor()) return;
  Prune();
  if (ftruncate(journal_, 0) != 0) Error("truncate journal", errno);
}

void Queue::Finish() {
  Flush();
  for (const Waiting& waiting : window_) {
    if (!waiting.journaled && !Broken("lose-on-full")) Print("dropped", waiting.slot, "shutdown");
  }
}

bool Queue::SaveCursor() {
  if (Broken("unlink-first")) {
    saved_ = delivered_;
    Prune();
  }
  if (!WriteCursor(MakeSlot(delivered_, kCursorMark, ++generation_))) {
    Error("cursor", errno);
    if (cursor_ >= 0) close(cursor_);
    cursor_ = open((options_.queue_dir + "/cursor").c_str(), O_RDWR | O_CLOEXEC);
    return false;
  }
  saved_ = delivered_;
  unsaved_ = 0;
  return true;
}

bool Queue::WriteCursor(const Slot& slot) {
  const std::string path = options_.queue_dir + "/cursor";
  if (Broken("rename-no-sync")) {
    const std::string fresh = path + ".new";
    const int file = open(fresh.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return false;
    const bool written = WriteAt(file, BytesOf(slot), 0, false);
    close(file);
    return written && rename(fresh.c_str(), path.c_str()) == 0;
  }
  if (cursor_ < 0) return false;
  const bool truncates = Broken("cursor-truncate");
  if (truncates && ftruncate(cursor_, 0) != 0) return false;
  const off_t offset = truncates ? 0 : off_t{generation_ % 2} * kSector;
  return WriteAt(cursor_, BytesOf(slot), offset, Broken("ignore-short")) &&
         SyncData(cursor_, Broken("retry-sync"));
}

void Queue::Prune() {
  bool any = false;
  for (auto it = segments_.begin(); it != segments_.end();) {
    const bool gone = it->second.last_seq <= saved_ && (segment_ < 0 || it->first != segment_id_) &&
                      (unlink(SegmentName(it->first).c_str()) == 0 || errno == ENOENT);
    any = any || gone;
    it = gone ? segments_.erase(it) : std::next(it);
  }
  if (any && !SyncDirectory(options_.queue_dir)) Error("sync directory", errno);
}

}  // namespace standin
