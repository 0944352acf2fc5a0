// SPDX-License-Identifier: Apache-2.0
// JSON that nobody knows the fields of, on its way to the bus.
#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "agent/base/limits.hpp"
#include "agent/json/relay.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/payload_check.hpp"
#include "tests/fuzz/strict_json.hpp"

namespace depotlink::fuzz {
namespace {

// Each byte can become six.
constexpr std::size_t kGrowth = 6;

// In memory of just its size, so that a byte too far is seen.
std::string Relayed(std::string_view text, std::size_t capacity) {
  const std::unique_ptr<char[]> from(new char[text.size()]);
  const std::unique_ptr<char[]> to(new char[capacity]);
  std::copy(text.begin(), text.end(), from.get());
  const std::size_t bytes = json::Relay({from.get(), text.size()}, to.get(), capacity);
  Require(bytes <= capacity, "the capacity is kept");
  return {to.get(), bytes};
}

// By the letters alone, and by another way than the relay's.
bool NamesSecret(std::string name) {
  std::string letters;
  for (const char c : name) {
    if (std::strchr("_- ", c) == nullptr || c == '\0') letters += c;
  }
  for (char& c : letters) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  for (const std::string word : {"password", "passwd", "pwd", "hash", "token", "secret", "apikey",
                                 "pincode", "session", "passcode"}) {
    if (letters.size() >= word.size() &&
        letters.compare(letters.size() - word.size(), word.size(), word) == 0) {
      return true;
    }
  }
  return false;
}

void RequireNoSecret(const Json::Value& value) {
  if (!value.isArray() && !value.isObject()) return;
  for (auto at = value.begin(); at != value.end(); ++at) {
    const bool says = !at->isBool() && !at->isNull();
    Require(!value.isObject() || !says || !NamesSecret(at.name()), "a secret is left out");
    RequireNoSecret(*at);
  }
}

int DepthOf(std::string_view compact) {
  int depth = 0;
  int most = 0;
  bool quoted = false;
  for (std::size_t at = 0; at < compact.size(); ++at) {
    const char c = compact[at];
    if (quoted && c == '\\') ++at;
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '{' || c == '[') most = std::max(most, ++depth);
    if (c == '}' || c == ']') --depth;
  }
  return most;
}

}  // namespace

void RelayText(std::string_view bytes) {
  const std::size_t room = kGrowth * bytes.size() + 64;
  const std::string any = Relayed(bytes, room);  // sound or not
  Relayed(bytes, Choice(bytes, bytes.size() + 1));
  std::string compact;
  if (!fakes::ReferenceJson::IsValue(bytes, compact)) return;
  const std::string out = Relayed(compact, room);
  const int depth = DepthOf(compact);
  if (depth <= limits::kJsonDepth) Require(!out.empty(), "what is sound is handed on");
  if (out.empty()) return;
  Require(compact != bytes || any == out, "the same text gives the same");
  RequirePayload(out);
  // But that a name with a control character, escaped by now, might hide a secret's.
  if (out.find("\\u00") == std::string::npos) {
    Require(Relayed(out, room) == out, "what is fit for the bus stays as it is");
  }
  Json::Value value;
  if (StrictlyParsesValue(out, value)) RequireNoSecret(value);
}

}  // namespace depotlink::fuzz
