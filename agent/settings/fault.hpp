// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is wrong with a config, and where. Nothing here ever holds a secret: a value is shown only
// where its key cannot name one, shortened and escaped.

#include <string>
#include <string_view>

namespace depotlink::settings {

struct Fault {
  int line = 1;      // from 1
  int column = 1;    // from 1, in characters
  std::string path;  // mqtt.url; empty for the text as a whole
  std::string message;
};

// Where a value stands, for who finds out later that it does not do.
struct Place {
  std::string path;
  int line = 1;
  int column = 1;
};

// `/etc/depotlink/depotlink.json:4:12: mqtt.ulr: unknown key; did you mean "mqtt.url"?`
std::string FormatFault(std::string_view file, const Fault& fault);

}  // namespace depotlink::settings
