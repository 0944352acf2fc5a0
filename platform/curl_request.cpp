// SPDX-License-Identifier: Apache-2.0
#include "platform/curl_request.hpp"

#include <strings.h>

#include <algorithm>
#include <climits>

#include "agent/base/secret.hpp"

namespace depotlink::platform {
namespace {

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

}  // namespace

CurlRequest::~CurlRequest() {
  Forget(nullptr);
}

bool StartsWith(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && strncasecmp(text.data(), start.data(), start.size()) == 0;
}

Status CheckRequest(const ports::HttpRequest& request, bool allow_http) {
  const bool known =
      StartsWith(request.url, "https://") || (allow_http && StartsWith(request.url, "http://"));
  if (!known) return {Code::kReject, "the URL must start with https://"};
  const std::string_view rest = request.url.substr(request.url.find("://") + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.empty() || HasControl(request.url) ||
      request.url.find(' ') != std::string_view::npos) {
    return {Code::kReject, "the URL is malformed"};
  }
  if (authority.find('@') != std::string_view::npos) {
    return {Code::kReject, "the URL must hold no user name"};
  }
  if (HasControl(request.authorization)) {
    return {Code::kReject, "the credential holds a control character"};
  }
  if (request.timeout_ms <= 0 || request.max_body_bytes == 0) {
    return {Code::kReject, "a request needs a time-out and a bound"};
  }
  return Status::Ok();
}

bool CurlRequest::Apply(CURL* easy, const ports::HttpRequest& request,
                        DurationMs connect_timeout_ms) {
  Forget(easy);
  if (!BuildHeaders(request)) return false;
  body_.assign(request.body);
  const auto most = static_cast<DurationMs>(LONG_MAX);
  const auto timeout = static_cast<long>(std::min(request.timeout_ms, most));
  const auto connect = static_cast<long>(std::min(request.timeout_ms, connect_timeout_ms));
  const std::string url(request.url);
  return curl_easy_setopt(easy, CURLOPT_URL, url.c_str()) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                          static_cast<curl_off_t>(body_.size())) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body_.c_str()) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect) == CURLE_OK;
}

bool CurlRequest::BuildHeaders(const ports::HttpRequest& request) {
  bool good = true;
  const auto add = [this, &good](const char* line) {
    curl_slist* longer = curl_slist_append(headers_, line);
    good = good && longer != nullptr;
    if (longer != nullptr) headers_ = longer;
  };
  add("Content-Type: application/json");
  add("Accept: application/json");
  add("Accept-Encoding: gzip");
  add("Expect:");  // no wait for `100 Continue`
  if (request.iso_datetime) add("NVX-ISO-DateTime: true");
  if (!request.authorization.empty()) {
    std::string line;
    line.reserve(request.authorization.size() + 24);  // no second copy by growth
    line.append("Authorization: ").append(request.authorization);
    add(line.c_str());
    Secret::WipeString(line);
  }
  return good;
}

void CurlRequest::Forget(CURL* easy) {
  if (easy != nullptr) {
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, nullptr);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, nullptr);
  }
  for (curl_slist* entry = headers_; entry != nullptr; entry = entry->next) {
    for (volatile char* byte = entry->data; *byte != '\0'; ++byte) *byte = '\0';
  }
  curl_slist_free_all(headers_);
  headers_ = nullptr;
  Secret::WipeString(body_);
}

}  // namespace depotlink::platform
