// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/fault.hpp"

namespace depotlink::settings {

std::string FormatFault(std::string_view file, const Fault& fault) {
  std::string line(file);
  line += ':' + std::to_string(fault.line) + ':' + std::to_string(fault.column) + ": ";
  if (!fault.path.empty()) line += fault.path + ": ";
  return line + fault.message;
}

}  // namespace depotlink::settings
