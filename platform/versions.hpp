// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is inside, for `--version` and `health`: names and versions as the libraries that are really
// linked report them (JsonCpp: its headers). Any thread after start.

#include <string>
#include <vector>

namespace depotlink::platform {

struct LibraryVersion {
  std::string name;
  std::string version;
};

// Always in the same order: libcurl, its TLS library, zlib, JsonCpp, Paho MQTT C++, Paho MQTT C.
std::vector<LibraryVersion> LibraryVersions();

}  // namespace depotlink::platform
