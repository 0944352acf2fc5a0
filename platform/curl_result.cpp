// SPDX-License-Identifier: Apache-2.0
#include "platform/curl_result.hpp"

#include <cstdint>
#include <ctime>
#include <string>

namespace depotlink::platform {

namespace {

curl_off_t OffsetInfo(CURL* handle, CURLINFO info) {
  curl_off_t value = 0;
  return curl_easy_getinfo(handle, info, &value) == CURLE_OK && value > 0 ? value : 0;
}

long LongInfo(CURL* handle, CURLINFO info) {
  long value = 0;
  return curl_easy_getinfo(handle, info, &value) == CURLE_OK && value > 0 ? value : 0;
}

// libcurl has one code for every time-out; how far it got tells which one it was.
ports::HttpEnd TimeoutEnd(CURL* handle) {
  if (LongInfo(handle, CURLINFO_NUM_CONNECTS) == 0 &&
      OffsetInfo(handle, CURLINFO_PRETRANSFER_TIME_T) > 0) {
    return ports::HttpEnd::kTimeout;
  }
  if (OffsetInfo(handle, CURLINFO_NAMELOOKUP_TIME_T) == 0) return ports::HttpEnd::kNameFailed;
  if (OffsetInfo(handle, CURLINFO_PRETRANSFER_TIME_T) == 0) return ports::HttpEnd::kConnectFailed;
  return ports::HttpEnd::kTimeout;
}

}  // namespace

ports::HttpEnd ToHttpEnd(CURL* handle, CURLcode code) {
  switch (code) {
    case CURLE_OK:
      return ports::HttpEnd::kComplete;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return ports::HttpEnd::kNameFailed;
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
      return ports::HttpEnd::kConnectFailed;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_USE_SSL_FAILED:
      return ports::HttpEnd::kTlsFailed;
    case CURLE_OPERATION_TIMEDOUT:
      return TimeoutEnd(handle);
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WEIRD_SERVER_REPLY:
      return ports::HttpEnd::kCutShort;
    default:
      return ports::HttpEnd::kFailed;
  }
}

std::int64_t ToUnixMs(std::string_view http_date) {
  const std::string text(http_date.substr(0, 64));
  const std::time_t seconds = curl_getdate(text.c_str(), nullptr);
  return seconds > 0 ? static_cast<std::int64_t>(seconds) * kSecondMs : 0;
}

std::string HostOf(CURL* handle) {
  std::string host;
  char* url = nullptr;
  char* part = nullptr;
  CURLU* parts = curl_url();
  if (parts != nullptr && curl_easy_getinfo(handle, CURLINFO_EFFECTIVE_URL, &url) == CURLE_OK &&
      url != nullptr && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
      curl_url_get(parts, CURLUPART_HOST, &part, 0) == CURLUE_OK) {
    host = part;
    if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  }
  curl_free(part);
  curl_url_cleanup(parts);
  return host;
}

void FillCounts(CURL* handle, bool has_retry_after, ports::HttpResult& result) {
  result.status = static_cast<int>(LongInfo(handle, CURLINFO_RESPONSE_CODE));
  if (has_retry_after) {
    result.retry_after_ms = OffsetInfo(handle, CURLINFO_RETRY_AFTER) * kSecondMs;
  }
  result.wire_bytes_in = static_cast<std::uint64_t>(OffsetInfo(handle, CURLINFO_SIZE_DOWNLOAD_T)) +
                         static_cast<std::uint64_t>(LongInfo(handle, CURLINFO_HEADER_SIZE));
  // Holds the body too, unless it is larger than the 64 KiB that older versions send with the head.
  result.wire_bytes_out = static_cast<std::uint64_t>(LongInfo(handle, CURLINFO_REQUEST_SIZE));
}

}  // namespace depotlink::platform
