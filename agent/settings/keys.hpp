// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one table of what a config may hold. A new key is a row here, a field in settings.hpp, and a
// line each in config/depotlink.schema.json and config/README.md (a test holds the three together).

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/settings/settings.hpp"

namespace depotlink::settings {

enum class KeyType {
  kSection,      // an object
  kIgnored,      // a text for editors
  kSite,         // letters, digits and . _ -
  kApiUrl,       // see ParseApiUrl
  kBrokerUrl,    // see ParseBrokerUrl
  kPath,         // absolute, of a file
  kSecretPath,   // likewise; what stands there is never shown
  kUrlPath,      // / and kTopicPrefix
  kTopicPrefix,  // kSite characters, levels with / between
  kToken,        // printable ASCII without blanks
  kPin,          // of a public key, as libcurl writes it
  kName,         // text without control characters; never shown
  kDuration,     // low, high in ms
  kSize,         // low, high in bytes
  kDecimal,
  kWhole,
  kChoice,  // one of `choices`
  kSwitch,  // true or false
  kList,  // an array; what its items are says the row `path[]`, low and high how many there may be
  kJson   // an object of whatever the API takes; kept as JSON
};

// A value that has passed its type and range; which member counts, the type says.
struct Parsed {
  // kJson: without white space; kApiUrl: without a trailing slash; kBrokerUrl: the host, or the
  // socket's path
  std::string text;
  double decimal = 0;       // kDecimal
  std::int64_t whole = 0;   // kDuration, kSize, kWhole; kBrokerUrl: the port, 0 where none is given
  bool flag = false;        // kSwitch
  bool plain_http = false;  // kApiUrl: http:// to a host that is not this machine
  MqttScheme scheme = MqttScheme::kMqtt;  // kBrokerUrl
};

struct KeySpec {
  std::string_view path;  // api.key_file; extra[].path of an object in a list
  KeyType type = KeyType::kSection;
  bool supported = true;  // by this version
  bool required = false;
  // Range of numbers, in the unit of the type; for texts, characters.
  double low = 0;
  double high = 0;
  std::string_view choices;  // "a|b|c"
  std::string_view
      default_text;          // as one would write it in the config, without quotes; may be empty
  std::string_view example;  // likewise
  std::string_view help;     // "the file that holds the API key"; not supported: what to do
  // kSection and kList: called where one begins, if at all.
  void (*set)(Settings& settings, const Parsed& value) = nullptr;
};

struct KeyTable {
  const KeySpec* first;
  std::size_t count;
  const KeySpec* begin() const { return first; }
  const KeySpec* end() const { return first + count; }
};

// Every key, known now or promised for later.
KeyTable AllKeys();

// Null where there is no such key.
const KeySpec* FindKey(std::string_view path);

// `api` of `api.key_file`, `extra[]` of `extra[].path`, empty of `site`; and `key_file`, `site`.
std::string_view SectionOf(std::string_view path);
std::string_view LeafOf(std::string_view path);

}  // namespace depotlink::settings
