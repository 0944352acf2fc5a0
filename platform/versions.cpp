// SPDX-License-Identifier: Apache-2.0
#include "platform/versions.hpp"

#include <MQTTAsync.h>
#include <curl/curl.h>
#include <json/version.h>
#include <mqtt/async_client.h>
#include <zlib.h>

#include <cstddef>
#include <cstring>

namespace depotlink::platform {

namespace {

// libcurl says `mbedTLS/3.6.6`.
LibraryVersion TlsVersion(const char* text) {
  if (text == nullptr) return {"TLS", "none"};
  const std::string both(text);
  const std::size_t slash = both.find('/');
  if (slash == std::string::npos) return {"TLS", both};
  return {both.substr(0, slash), both.substr(slash + 1)};
}

// 0x01020000 stands for 1.2.0.
std::string PahoCppVersion() {
  std::string text = std::to_string(mqtt::VERSION >> 24);
  for (const unsigned shift : {16U, 8U}) {
    text += "." + std::to_string((mqtt::VERSION >> shift) & 0xFFU);
  }
  return text;
}

std::string PahoCVersion() {
  for (const MQTTAsync_nameValue* entry = MQTTAsync_getVersionInfo(); entry->name != nullptr;
       ++entry) {
    if (std::strcmp(entry->name, "Version") == 0) return entry->value;
  }
  return "unknown";
}

}  // namespace

std::vector<LibraryVersion> LibraryVersions() {
  const curl_version_info_data* curl = curl_version_info(CURLVERSION_NOW);
  return {{"libcurl", curl->version},
          TlsVersion(curl->ssl_version),
          {"zlib", zlibVersion()},
          {"JsonCpp", JSONCPP_VERSION_STRING},
          {"Paho MQTT C++", PahoCppVersion()},
          {"Paho MQTT C", PahoCVersion()}};
}

}  // namespace depotlink::platform
