// SPDX-License-Identifier: Apache-2.0
#pragma once

// How far the backlog on disk has been delivered, kept through a power cut: one number in two
// places of a file that are written in turn, so that a torn write leaves the other. Redundant:
// without the file, records are sent again and none is lost. The number holds for segments of one
// key only: those of another one may stand before it and have waited all the time.

#include <cstdint>
#include <string_view>

#include "agent/base/status.hpp"
#include "agent/ports/storage.hpp"
#include "agent/queue/record.hpp"
#include "agent/queue/segment_format.hpp"

namespace depotlink::queue {

inline constexpr std::string_view kCursorFileName = "cursor";

class CursorFile {
 public:
  explicit CursorFile(ports::Storage& disk) : disk_(&disk) {}  // must outlive this
  CursorFile(const CursorFile&) = delete;
  CursorFile& operator=(const CursorFile&) = delete;
  ~CursorFile() { Close(); }

  // Reads the newest sound place of this key, 0 where there is no file or no such place.
  Status Load(const KeyMark& mark, Order& delivered);
  // All up to `delivered` has been delivered: on the device when it succeeds. After a failure the
  // file is made anew by the next call.
  Status Store(Order delivered);
  void Close();
  Order stored() const { return stored_; }

 private:
  Status OpenForWriting();
  Status MakeAnew();

  ports::Storage* disk_;
  ports::FileHandle file_ = ports::kNoFile;
  std::uint64_t generation_ = 0;
  Order stored_ = 0;
  KeyMark mark_{};
  bool unsound_ = false;  // it is too short, or a write or a sync of it failed
};

}  // namespace depotlink::queue
