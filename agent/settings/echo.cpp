// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/echo.hpp"

#include <cstddef>
#include <cstdio>

#include "agent/json/utf8.hpp"

namespace depotlink::settings {
namespace {

constexpr std::size_t kLongestHexRun = 19;
constexpr std::string_view kMask = "***";

bool IsHex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

std::string MaskHexRuns(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && IsHex(text[end])) ++end;
    if (end - at > kLongestHexRun) {
      out += kMask;
    } else {
      if (end == at) ++end;
      out += text.substr(at, end - at);
    }
    at = end;
  }
  return out;
}

// The user name and password of an address, and its query and fragment.
std::string MaskAddress(std::string_view text) {
  std::string out;
  const std::size_t scheme = text.find("://");
  const std::size_t at_sign = text.rfind('@');
  if (at_sign != std::string_view::npos) {
    if (scheme != std::string_view::npos && scheme < at_sign) out += text.substr(0, scheme + 3);
    out += kMask;
    text.remove_prefix(at_sign);
  }
  const std::size_t query = text.find_first_of("?#");
  out += text.substr(0, query);
  if (query != std::string_view::npos) out += text[query] + std::string(kMask);
  return out;
}

// Marks, joiners and direction overrides that change how the rest of a line looks.
bool IsInvisible(char32_t code) {
  return (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF;
}

// One character, fit to be shown.
std::string Show(std::string_view piece, const json::Utf8Char& c) {
  char escaped[16];
  if (!c.valid) {
    const auto byte = static_cast<unsigned char>(piece[0]);
    std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned>(byte));
    return escaped;
  }
  if (json::IsControlCode(c.code) || IsInvisible(c.code)) {
    std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c.code));
    return escaped;
  }
  const std::string shown(piece);
  return c.code == '"' || c.code == '\\' ? '\\' + shown : shown;
}

}  // namespace

std::string Echo(std::string_view text) {
  constexpr std::string_view kDots = "...";
  const std::string masked = MaskHexRuns(MaskAddress(text));
  std::string out;
  std::size_t shown = 0;
  std::size_t cut = 0;  // where the dots would go
  for (std::size_t at = 0; at < masked.size();) {
    const std::string_view left = std::string_view(masked).substr(at);
    const json::Utf8Char c = json::FirstUtf8(left);
    const std::size_t bytes = c.valid ? c.bytes : 1;
    const std::string piece = Show(left.substr(0, bytes), c);
    shown += json::CountCharacters(piece);
    if (shown > kEchoCharacters) return out.substr(0, cut) + std::string(kDots);
    out += piece;
    if (shown + kDots.size() <= kEchoCharacters) cut = out.size();
    at += bytes;
  }
  return out;
}

std::string EchoQuoted(std::string_view text) {
  return '"' + Echo(text) + '"';
}

}  // namespace depotlink::settings
