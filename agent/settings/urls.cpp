// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/urls.hpp"

#include <algorithm>

namespace depotlink::settings {
namespace {

bool IsDecimal(char c) {
  return c >= '0' && c <= '9';
}

bool IsAlnum(char c) {
  return IsDecimal(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool Only(std::string_view text, std::string_view extra) {
  for (const char c : text) {
    if (!IsAlnum(c) && extra.find(c) == std::string_view::npos) return false;
  }
  return true;
}

// Labels that begin and end with a letter or digit, dots between. Underscores are for the names
// that container networks give.
bool IsHostName(std::string_view host) {
  while (true) {
    const std::size_t dot = host.find('.');
    const std::string_view label = host.substr(0, dot);
    if (label.empty() || !IsAlnum(label.front()) || !IsAlnum(label.back()) || !Only(label, "-_")) {
      return false;
    }
    if (dot == std::string_view::npos) return true;
    host.remove_prefix(dot + 1);
  }
}

bool IsBracketedAddress(std::string_view host) {
  return host.find(':') != std::string_view::npos &&
         host.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

// 127. and three more numbers: nothing that a name server could be asked for.
bool IsLoopbackV4(std::string_view host) {
  if (host.substr(0, 4) != "127.") return false;
  int dots = 0;
  std::size_t digits = 0;
  for (const char c : host) {
    digits = IsDecimal(c) ? digits + 1 : 0;
    dots += c == '.' ? 1 : 0;
    if ((!IsDecimal(c) && c != '.') || digits > 3) return false;
  }
  return dots == 3;
}

bool ParsePort(std::string_view text, std::uint16_t& out) {
  unsigned port = 0;
  if (text.empty() || text.size() > 5 || text[0] == '0') return false;
  for (const char c : text) {
    if (!IsDecimal(c)) return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  if (port > 65535) return false;
  out = static_cast<std::uint16_t>(port);
  return true;
}

// `[address]`; what follows the brackets goes to `rest`.
std::string ParseBracketed(std::string_view text, Url& out, std::string_view& rest) {
  const std::size_t close = text.find(']');
  if (close == std::string_view::npos) return "the closing ] is missing";
  out.bracketed = true;
  out.host = std::string(text.substr(1, close - 1));
  rest = text.substr(close + 1);
  if (!IsBracketedAddress(out.host)) return "no IPv6 address stands in the brackets";
  return rest.empty() || rest[0] == ':' ? "" : "only a port may follow the brackets";
}

std::string ParseNamed(std::string_view text, Url& out, std::string_view& rest) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  out.host = std::string(text.substr(0, colon));
  rest = text.substr(colon);
  if (rest.find(':', 1) != std::string_view::npos) return "an IPv6 address stands in brackets";
  if (out.host.empty()) return "the host is missing";
  return IsHostName(out.host) ? "" : "the host's name holds a character that no such name has";
}

std::string ParseAuthority(std::string_view text, Url& out) {
  if (text.empty()) return "the host is missing";
  std::string_view rest;
  std::string why = text[0] == '[' ? ParseBracketed(text, out, rest) : ParseNamed(text, out, rest);
  if (!why.empty() || rest.empty()) return why;
  return ParsePort(rest.substr(1), out.port) ? "" : "a port is a number from 1 to 65535";
}

// What a system takes as a socket's path, less its final zero (sys/un.h).
constexpr std::size_t kSocketPathBytes = 107;

std::string ParseSocketPath(std::string_view path, Url& out) {
  if (path.empty() || path[0] != '/') {
    return "an absolute path follows unix://, which makes three slashes";
  }
  if (path.size() > kSocketPathBytes) return "the path has more than 107 characters";
  if (!Only(path, "._~/-+:,=")) return "the path holds a character that belongs in no socket's";
  if (path.find("//") != std::string_view::npos) return "a slash stands twice";
  if (path.back() == '/') return "it names a directory";
  out.path = std::string(path);
  return {};
}

// Scheme, authority and path; refuses what no address here may have.
std::string Split(std::string_view text, Url& out) {
  if (text.size() > kUrlBytes) return "longer than 256 characters";
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return "the scheme is missing";
  out = Url{};
  out.scheme = std::string(text.substr(0, scheme));
  text.remove_prefix(scheme + 3);
  if (out.scheme == "unix") return ParseSocketPath(text, out);
  if (text.find('@') != std::string_view::npos) return "no user name or password belongs in it";
  if (text.find_first_of("?#") != std::string_view::npos) return "no ? or # belongs in it";
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) out.path = std::string(text.substr(slash));
  if (out.path.find("//") != std::string::npos) return "a slash stands twice";
  if (!out.path.empty() && out.path.back() == '/') out.path.pop_back();
  return ParseAuthority(text.substr(0, slash), out);
}

}  // namespace

std::string ParseApiUrl(std::string_view text, Url& out) {
  std::string why = Split(text, out);
  if (!why.empty()) return why;
  if (out.scheme != "https" && out.scheme != "http") return "the scheme is not https";
  if (!Only(out.path, "._~/-")) return "the path holds a character that no API path has";
  return {};
}

std::string ParseBrokerUrl(std::string_view text, Url& out) {
  std::string why = Split(text, out);
  if (text.find('@') != std::string_view::npos) {
    why += "; use \"mqtt.username\" and \"mqtt.password_file\"";
  }
  if (!why.empty()) return why;
  if (out.scheme == "unix") return {};
  if (out.scheme != "mqtt" && out.scheme != "mqtts") return "the scheme is not mqtt, mqtts or unix";
  if (!out.path.empty()) return "no path belongs in it; topics have \"mqtt.topic_prefix\"";
  return {};
}

bool IsLoopback(std::string_view host) {
  return host == "::1" || host == "localhost" || IsLoopbackV4(host);
}

bool IsLoopback(const Url& url) {
  return IsLoopback(url.host);
}

bool IsInTheClear(const Url& api) {
  return api.scheme == "http" && !IsLoopback(api);
}

bool IsInTheClear(std::string_view api_url) {
  Url url;
  return ParseApiUrl(api_url, url).empty() && IsInTheClear(url);
}

}  // namespace depotlink::settings
