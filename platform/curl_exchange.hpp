// SPDX-License-Identifier: Apache-2.0
#pragma once

// The inside of CurlHttp: libcurl's handles and the one exchange under way. Private to curl_http.

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "platform/curl_http.hpp"
#include "platform/curl_request.hpp"
#include "platform/gunzip.hpp"
#include "platform/tls_trust.hpp"

namespace depotlink::platform {

class CurlHttp::Exchange {
 public:
  explicit Exchange(const CurlHttpOptions& options);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Status ready() const;
  Status Start(const ports::HttpRequest& request, ports::HttpSink& sink);
  void Resume() { resume_ = active_; }
  void Cancel() { cancel_ = active_; }

  // Lets libcurl work and hands over what came of it. True where the sink heard something.
  bool Drive();
  void Wait(pollfd* extra, std::size_t count, int timeout_ms);

 private:
  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t OnWrite(char* data, std::size_t size, std::size_t count, void* self);

  static CURLcode OnTlsConfig(CURL* handle, void* config, void* self);

  bool SetLastingOptions();
  bool SetTrust();
  bool TakeHeader(std::string_view line);
  std::size_t TakeBody(std::string_view piece);
  std::size_t TakePlain(std::string_view piece, std::size_t before);
  std::size_t TakeGzip(std::string_view piece, std::size_t before);
  std::size_t Stop(ports::HttpEnd end, const char* why);
  void Finish(CURLcode code);

  enum class Coding : std::uint8_t { kNone, kGzip, kUnknown };

  CurlHttpOptions options_;
  TlsTrust trust_;
  CURLM* multi_ = nullptr;
  CURL* easy_ = nullptr;
  CurlRequest request_;
  std::array<char, CURL_ERROR_SIZE> error_{};

  // The exchange under way.
  ports::HttpSink* sink_ = nullptr;
  bool active_ = false;
  bool paused_ = false;  // libcurl is not driven: it would read on and hold what comes
  bool resume_ = false;
  bool cancel_ = false;
  bool heard_ = false;  // the sink was called since Drive began
  std::uint64_t max_body_bytes_ = 0;
  std::uint64_t decoded_bytes_ = 0;
  std::size_t header_bytes_ = 0;
  bool has_retry_after_ = false;
  std::int64_t server_time_ms_ = 0;
  MonoTime server_time_at_{};
  Coding coding_ = Coding::kNone;
  bool stopped_ = false;  // by us: stop_end_ and stop_why_ tell, not libcurl's code
  ports::HttpEnd stop_end_ = ports::HttpEnd::kFailed;
  const char* stop_why_ = "";

  // Decoding. After a pause libcurl hands its piece again; `skip_` bytes of it are decoded already.
  Gunzip gunzip_;
  std::array<char, 8 * 1024> decoded_{};
  std::size_t waiting_ = 0;   // decoded bytes that the sink has not taken
  bool more_inside_ = false;  // zlib may hold output that did not fit
  std::size_t skip_ = 0;
};

}  // namespace depotlink::platform
