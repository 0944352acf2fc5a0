// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/queue/window.hpp"

namespace depotlink::queue {

inline Record MakeRecord(std::string_view topic, std::string_view payload) {
  Record record;
  record.tracker = 7;
  record.topic = topic;
  record.payload = payload;
  return record;
}

// The payloads of what was dropped, in that order.
class DroppedRecords : public DropObserver {
 public:
  void OnDropped(const Record& record) override { payloads.emplace_back(record.payload); }

  std::vector<std::string> payloads;
};

}  // namespace depotlink::queue
