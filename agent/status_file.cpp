// SPDX-License-Identifier: Apache-2.0
#include "agent/status_file.hpp"

#include "agent/queue/small_file.hpp"

namespace depotlink {
namespace {

constexpr std::string_view kNewStatusName = "status.new";

}  // namespace

Status WriteStatusFile(ports::Storage& ram, std::string_view json) {
  return queue::ReplaceFile(ram, kStatusFileName, kNewStatusName, json, queue::Durable::kNo);
}

}  // namespace depotlink
