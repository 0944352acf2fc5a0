// SPDX-License-Identifier: Apache-2.0
#include "agent/navixy/login.hpp"

#include <algorithm>

#include "agent/base/limits.hpp"
#include "agent/json/json_writer.hpp"

namespace depotlink::navixy {
namespace {

constexpr std::size_t kHashDigits = 32;
// Each character escaped, and the names.
constexpr std::size_t kLoginBodyBytes = 2 * 6 * limits::kLoginBytes + 64;

std::string_view Unquote(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return {};
  return text.substr(1, text.size() - 2);
}

bool IsHexDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

bool WriteLogin(std::string_view login, const Secret& password, std::string& body) {
  if (login.size() > limits::kLoginBytes || password.Reveal().size() > limits::kLoginBytes) {
    return false;
  }
  body.resize(kLoginBodyBytes);
  json::JsonWriter out(body.data(), body.size());
  out.BeginObject();
  out.Key("login").Text(login);
  out.Key("password").Text(password.Reveal());
  out.EndObject();
  body.resize(out.view().size());
  return out.ok();
}

bool ReadSessionHash(std::string_view text, std::string& out) {
  const std::string_view hash = Unquote(text);
  if (hash.size() != kHashDigits || !std::all_of(hash.begin(), hash.end(), IsHexDigit)) {
    return false;
  }
  out.assign(hash);
  return true;
}

bool IsSecondFactor(std::string_view text) {
  return Unquote(text) == "second_factor_required";
}

std::string MakeAuthorization(std::string_view hash) {
  std::string value;
  value.reserve(hash.size() + 4);  // no second copy by growth
  return value.append("NVX ").append(hash);
}

}  // namespace depotlink::navixy
