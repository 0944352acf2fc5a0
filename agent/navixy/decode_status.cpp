// SPDX-License-Identifier: Apache-2.0
#include "agent/navixy/decode_status.hpp"

#include "agent/base/limits.hpp"
#include "agent/json/utf8.hpp"

namespace depotlink::navixy {
namespace {

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

}  // namespace

Status DecodeApiStatus(json::ElementReader& reader, std::string_view element_text, ApiStatus& out) {
  out = ApiStatus();
  Status status = reader.Parse(element_text);
  if (!status.ok()) return status;
  const json::Object root = reader.root();
  std::uint64_t code = 0;
  if (root.GetId("code", 0, INT32_MAX, code) != json::Found::kYes) {
    status = {Code::kSkip, "no usable code"};
  } else {
    out.code = static_cast<std::int32_t>(code);
    std::string_view text;
    if (root.GetText("description", limits::kElementBytes, text) == json::Found::kYes) {
      json::AssignClean(text, out.description);
    }
  }
  reader.Clear();
  return status;
}

bool DecodeSuccess(std::string_view element_text, bool& out) {
  const std::string_view word = Trim(element_text);
  if (word != "true" && word != "false") return false;
  out = word == "true";
  return true;
}

}  // namespace depotlink::navixy
