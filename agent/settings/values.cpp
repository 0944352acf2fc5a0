// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/values.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "agent/base/limits.hpp"
#include "agent/json/utf8.hpp"
#include "agent/settings/echo.hpp"
#include "agent/settings/nearest.hpp"
#include "agent/settings/units.hpp"
#include "agent/settings/urls.hpp"

namespace depotlink::settings {
namespace {

std::string FormatNumber(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", number);
  return text;
}

bool IsSafe(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
         c == '_' || c == '-';
}

bool IsSafeText(std::string_view text) {
  for (const char c : text) {
    if (!IsSafe(c)) return false;
  }
  return true;
}

bool IsTopicPrefix(std::string_view text) {
  while (true) {
    const std::size_t slash = text.find('/');
    if (slash == 0 || text.empty() || !IsSafeText(text.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

bool IsToken(std::string_view text) {
  for (const char c : text) {
    if (c < '!' || c > '~') return false;
  }
  return true;
}

std::vector<std::string_view> Choices(const KeySpec& key) {
  std::vector<std::string_view> choices;
  std::string_view rest = key.choices;
  while (!rest.empty()) {
    const std::size_t bar = rest.find('|');
    choices.push_back(rest.substr(0, bar));
    rest = bar == std::string_view::npos ? std::string_view{} : rest.substr(bar + 1);
  }
  return choices;
}

// `$CREDENTIALS_DIRECTORY/<plain name>` or `$NAME`; see ports::FileReader::ReadSecret.
bool IsSecretSource(std::string_view text) {
  constexpr std::string_view kDirectory = "$CREDENTIALS_DIRECTORY/";
  if (text.substr(0, kDirectory.size()) == kDirectory) {
    const std::string_view name = text.substr(kDirectory.size());
    return !name.empty() && IsSafeText(name) && name != "." && name != "..";
  }
  text.remove_prefix(1);
  return !text.empty() && (text[0] < '0' || text[0] > '9') && text != "CREDENTIALS_DIRECTORY" &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

// `sha256//` and a digest in base64, as libcurl writes it (CURLOPT_PINNEDPUBLICKEY); several with ;
// between.
bool IsPins(std::string_view text) {
  constexpr std::string_view kStart = "sha256//";
  for (;;) {
    const std::string_view one = text.substr(0, text.find(';'));
    if (one.size() != limits::kPinCharacters || one.substr(0, kStart.size()) != kStart)
      return false;
    const std::string_view digest =
        one.substr(kStart.size(), limits::kPinCharacters - kStart.size() - 1);
    const bool base64 = std::all_of(digest.begin(), digest.end(), [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
             c == '+' || c == '/';
    });
    if (!base64 || one.back() != '=') return false;
    if (one.size() == text.size()) return true;
    text.remove_prefix(one.size() + 1);
  }
}

// A reason, as CheckText has it.
std::string CheckPath(KeyType type, const std::string& text) {
  if (type == KeyType::kSecretPath && text[0] == '$') return IsSecretSource(text) ? "" : "-";
  if (text[0] != '/') return "it does not begin with /";
  return text.back() == '/' ? "it names a directory" : "";
}

// Texts with no meaning beyond their form. Empty, or a reason; `-` where the form speaks for
// itself.
std::string CheckText(const KeySpec& key, const std::string& text) {
  if (!json::IsPlainText(text)) return "it holds a control character";
  const auto length = static_cast<double>(json::CountCharacters(text));
  if (text.empty()) return "it is empty";
  if (length > key.high) return "it has " + FormatNumber(length) + " characters";
  if (length < key.low) return "-";
  switch (key.type) {
    case KeyType::kSite:
      return IsSafeText(text) ? "" : "-";
    case KeyType::kTopicPrefix:
      return IsTopicPrefix(text) ? "" : "-";
    case KeyType::kUrlPath:
      return text[0] == '/' && IsTopicPrefix(std::string_view(text).substr(1)) ? "" : "-";
    case KeyType::kToken:
      return IsToken(text) ? "" : "-";
    case KeyType::kPin:
      return IsPins(text) ? "" : "-";
    case KeyType::kSecretPath:
    case KeyType::kPath:
      return CheckPath(key.type, text);
    default:
      return {};
  }
}

std::string CheckUnit(const KeySpec& key, const std::string& text, Parsed& out) {
  if (!text.empty() && text.find_first_not_of("0123456789.") == std::string::npos) {
    return "the unit is missing";
  }
  std::uint64_t bytes = 0;
  if (key.type == KeyType::kDuration) {
    if (!ParseDuration(text, out.whole)) return "-";
  } else {
    if (!ParseSize(text, bytes)) return "-";
    out.whole = static_cast<std::int64_t>(bytes);
  }
  const auto value = static_cast<double>(out.whole);
  if (value < key.low) return "too little";
  return value > key.high ? "too much" : "";
}

MqttScheme SchemeOf(const Url& url) {
  if (url.scheme == "unix") return MqttScheme::kUnix;
  return url.scheme == "mqtts" ? MqttScheme::kMqtts : MqttScheme::kMqtt;
}

std::string CheckUrl(const KeySpec& key, const std::string& text, Parsed& out) {
  Url url;
  const bool api = key.type == KeyType::kApiUrl;
  std::string why = api ? ParseApiUrl(text, url) : ParseBrokerUrl(text, url);
  if (!why.empty()) return why;
  out.text = text;
  if (api && out.text.back() == '/') out.text.pop_back();
  if (!api) {
    out.scheme = SchemeOf(url);
    out.text = out.scheme == MqttScheme::kUnix ? url.path : url.host;
  }
  out.whole = url.port;
  out.plain_http = IsInTheClear(url);
  return {};
}

std::string CheckNumber(const KeySpec& key, double number, Parsed& out) {
  if (number < key.low) return "too little";
  if (number > key.high) return "too much";
  out.decimal = number;
  if (key.type == KeyType::kDecimal) return {};
  if (std::floor(number) != number) return "-";
  out.whole = static_cast<std::int64_t>(number);
  return {};
}

std::string CheckChoice(const KeySpec& key, const std::string& text, Parsed& out) {
  for (const std::string_view choice : Choices(key)) {
    if (text == choice) out.text = text;
  }
  return out.text.empty() ? "-" : "";
}

bool WantsUnit(const KeySpec& key) {
  return key.type == KeyType::kDuration || key.type == KeyType::kSize;
}

std::string Check(const KeySpec& key, const Entry& entry, Parsed& out) {
  const bool number = key.type == KeyType::kDecimal || key.type == KeyType::kWhole;
  if (number) {
    return entry.kind == ValueKind::kNumber ? CheckNumber(key, entry.number, out) : "-";
  }
  if (key.type == KeyType::kSwitch) {
    out.flag = entry.flag;
    return entry.kind == ValueKind::kBoolean ? "" : "-";
  }
  if (entry.kind == ValueKind::kNumber && WantsUnit(key)) return "the unit is missing";
  if (entry.kind != ValueKind::kText) return "-";
  if (WantsUnit(key)) return CheckUnit(key, entry.text, out);
  if (key.type == KeyType::kApiUrl || key.type == KeyType::kBrokerUrl) {
    return CheckUrl(key, entry.text, out);
  }
  if (key.type == KeyType::kChoice) return CheckChoice(key, entry.text, out);
  out.text = entry.text;
  return CheckText(key, entry.text);
}

std::string Range(const KeySpec& key) {
  std::string low = FormatNumber(key.low);
  std::string high = FormatNumber(key.high);
  if (key.type == KeyType::kDuration) {
    low = FormatDuration(static_cast<DurationMs>(key.low));
    high = FormatDuration(static_cast<DurationMs>(key.high));
  }
  if (key.type == KeyType::kSize) {
    low = FormatSize(static_cast<std::uint64_t>(key.low));
    high = FormatSize(static_cast<std::uint64_t>(key.high));
  }
  return low + " to " + high;
}

std::string ListChoices(const KeySpec& key) {
  std::string list;
  const std::vector<std::string_view> choices = Choices(key);
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (i > 0) list += i + 1 == choices.size() ? " or " : ", ";
    list += '"' + std::string(choices[i]) + '"';
  }
  return list;
}

std::string NearestChoice(const KeySpec& key, const Entry& entry) {
  if (entry.kind != ValueKind::kText) return {};
  std::string_view nearest;
  std::size_t best = kNoSlip;
  for (const std::string_view choice : Choices(key)) {
    const std::size_t distance = SlipDistance(entry.text, choice);
    if (distance >= best) continue;
    best = distance;
    nearest = choice;
  }
  return nearest.empty() ? "" : "; did you mean \"" + std::string(nearest) + "\"?";
}

}  // namespace

std::string Expectation(const KeySpec& key) {
  const std::string example = ", such as \"" + std::string(key.example) + '"';
  switch (key.type) {
    case KeyType::kSection:
      if (key.path.back() == ']') return "an object: { ... }";
      return "an object: \"" + std::string(key.path) + "\": { ... }";
    case KeyType::kSite:
      return "1 to 64 of A-Z a-z 0-9 . _ -" + example;
    case KeyType::kApiUrl:
      return "https://host[:port][/path]" + example;
    case KeyType::kBrokerUrl:
      return "mqtt://host[:port], mqtts://host[:port] or unix:///path" + example;
    case KeyType::kPath:
      return "the absolute path of a file" + example;
    case KeyType::kSecretPath:
      return "the absolute path of a file, $CREDENTIALS_DIRECTORY/NAME of systemd, or $NAME of the "
             "environment" +
             example;
    case KeyType::kTopicPrefix:
      return "topic levels of A-Z a-z 0-9 . _ - with / between, at most " + FormatNumber(key.high) +
             " characters" + example;
    case KeyType::kUrlPath:
      return "a path on the server: / and A-Z a-z 0-9 . _ -, no / at its end, at most " +
             FormatNumber(key.high) + " characters" + example;
    case KeyType::kToken:
      return "1 to 128 printable ASCII characters without blanks" + example;
    case KeyType::kPin:
      return "sha256// and 44 characters of base64, at most four of these with ; between" + example;
    case KeyType::kIgnored:
    case KeyType::kName:
      return "a text of " + Range(key) + " characters" + example;
    case KeyType::kDuration:
      return "a duration of " + Range(key) + " in quotes (ms, s, m, h, d)" + example;
    case KeyType::kSize:
      return "a size of " + Range(key) + " in quotes (KiB, MiB, GiB, KB, MB, GB)" + example;
    case KeyType::kDecimal:
      return "a number from " + Range(key);
    case KeyType::kWhole:
      return "a whole number from " + Range(key);
    case KeyType::kChoice:
      return ListChoices(key);
    case KeyType::kSwitch:
      return "true or false";
    case KeyType::kList:
      return "an array of " + Range(key) + " items: \"" + std::string(LeafOf(key.path)) +
             "\": [ ... ]";
    case KeyType::kJson:
      return "an object: \"" + std::string(LeafOf(key.path)) + "\": { ... }";
  }
  return {};
}

std::string Found(const KeySpec& key, const Entry& entry) {
  const bool hidden = key.type == KeyType::kSecretPath || key.type == KeyType::kName ||
                      key.type == KeyType::kSection || key.type == KeyType::kIgnored ||
                      key.type == KeyType::kList || key.type == KeyType::kJson;
  switch (entry.kind) {
    case ValueKind::kNull:
      return "null";
    case ValueKind::kBoolean:
      return entry.flag ? "true" : "false";
    case ValueKind::kNumber:
      return hidden ? "a number" : FormatNumber(entry.number);
    case ValueKind::kText:
      if (!hidden) return EchoQuoted(entry.text);
      return "a text of " + std::to_string(json::CountCharacters(entry.text)) + " characters";
    case ValueKind::kArray:
      return "an array";
    case ValueKind::kObject:
      return "an object";
  }
  return {};
}

std::string ReadValue(const KeySpec& key, const Entry& entry, Parsed& out) {
  const std::string why = Check(key, entry, out);
  if (why.empty()) return {};
  const std::string reason = why == "-" ? "" : " (" + why + ")";
  return "found " + Found(key, entry) + reason + "; expected " + Expectation(key) +
         NearestChoice(key, entry);
}

}  // namespace depotlink::settings
