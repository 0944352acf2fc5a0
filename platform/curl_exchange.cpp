// SPDX-License-Identifier: Apache-2.0
#include "platform/curl_exchange.hpp"

#include <algorithm>
#include <new>

#include "platform/curl_heap.hpp"
#include "platform/curl_result.hpp"
#include "platform/linux_clock.hpp"

namespace depotlink::platform {

namespace {

// libcurl itself would take 300 KiB.
constexpr std::size_t kMostHeaderBytes = 16 * 1024;
constexpr std::size_t kMostExtraFds = 8;
constexpr long kReadBytes = 16 * 1024;
// Below the minute or two after which servers and NAT boxes commonly forget an idle connection
// would be polite but costly: a handshake weighs more than a poll. libcurl checks before reuse.
constexpr long kMostIdleSeconds = 100;
constexpr long kKeepAliveIdleSeconds = 45;
constexpr long kKeepAliveEverySeconds = 15;

// The value of header `name` (with its colon), without white space around it; false for another.
bool HeaderValue(std::string_view line, std::string_view name, std::string_view& value) {
  if (!StartsWith(line, name)) return false;
  value = line.substr(name.size());
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && static_cast<unsigned char>(value.back()) <= ' ') value.remove_suffix(1);
  return true;
}

// The file given, else the system's.
std::string CaFile(const CurlHttpOptions& options) {
  return options.ca_file.empty() ? SystemCaFile() : options.ca_file;
}

short ToCurlEvents(short events) {
  return static_cast<short>(((events & POLLIN) != 0 ? CURL_WAIT_POLLIN : 0) |
                            ((events & POLLOUT) != 0 ? CURL_WAIT_POLLOUT : 0));
}

bool HasMbedTls() {
  const char* tls = curl_version_info(CURLVERSION_NOW)->ssl_version;
  return tls != nullptr && StartsWith(tls, "mbedTLS/");
}

}  // namespace

std::string SystemCaFile() {
  const char* built_in = curl_version_info(CURLVERSION_NOW)->cainfo;
  return built_in != nullptr ? built_in : std::string();
}

CurlHttp::Exchange::Exchange(const CurlHttpOptions& options)
    : options_(options), trust_(CaFile(options), options.pin) {
  if (InitCurl() != CURLE_OK) return;
  multi_ = curl_multi_init();
  easy_ = curl_easy_init();
  if (multi_ == nullptr || easy_ == nullptr || !SetLastingOptions()) {
    curl_easy_cleanup(easy_);
    easy_ = nullptr;
  }
}

CurlHttp::Exchange::~Exchange() {
  if (active_) curl_multi_remove_handle(multi_, easy_);
  request_.Forget(easy_);
  curl_easy_cleanup(easy_);
  curl_multi_cleanup(multi_);
  curl_global_cleanup();
}

Status CurlHttp::Exchange::ready() const {
  if (easy_ != nullptr) return Status::Ok();
  return {Code::kRetryLater,
          "libcurl could not be set up: not enough memory, or a build of it "
          "that lacks HTTPS"};
}

bool CurlHttp::Exchange::SetLastingOptions() {
  const char* protocols = options_.allow_http ? "https,http" : "https";
  bool good = true;
  const auto set = [this, &good](CURLoption option, auto value) {
    good = curl_easy_setopt(easy_, option, value) == CURLE_OK && good;
  };
  // For what must be kept out: a build that lacks it altogether is as good.
  const auto keep_out = [this, &good](CURLoption option, auto value) {
    const CURLcode code = curl_easy_setopt(easy_, option, value);
    good = (code == CURLE_OK || code == CURLE_UNKNOWN_OPTION || code == CURLE_NOT_BUILT_IN) && good;
  };
  set(CURLOPT_PROTOCOLS_STR, protocols);
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_HTTP_CONTENT_DECODING, 0L);  // gunzip.hpp says why
  keep_out(CURLOPT_PROXY, "");             // the environment's too
  keep_out(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_NOPROGRESS, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // a resolver thread that hangs must not hold up the exit
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_BUFFERSIZE, kReadBytes);
  set(CURLOPT_UPLOAD_BUFFERSIZE, kReadBytes);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  set(CURLOPT_TCP_KEEPINTVL, kKeepAliveEverySeconds);
  set(CURLOPT_MAXAGE_CONN, kMostIdleSeconds);
  set(CURLOPT_USERAGENT, options_.user_agent.c_str());
  set(CURLOPT_ERRORBUFFER, error_.data());
  set(CURLOPT_HEADERFUNCTION, &Exchange::OnHeader);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &Exchange::OnWrite);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 1L);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  return good && SetTrust();
}

bool CurlHttp::Exchange::SetTrust() {
  if (TlsTrust::kForCurl && HasMbedTls()) {  // tls_trust.hpp says why
    const char* none = nullptr;
    return curl_easy_setopt(easy_, CURLOPT_CAINFO, none) == CURLE_OK &&
           curl_easy_setopt(easy_, CURLOPT_SSL_CTX_FUNCTION, &Exchange::OnTlsConfig) == CURLE_OK &&
           curl_easy_setopt(easy_, CURLOPT_SSL_CTX_DATA, static_cast<void*>(this)) == CURLE_OK;
  }
  const auto set = [this](CURLoption option, const std::string& text) {
    return text.empty() || curl_easy_setopt(easy_, option, text.c_str()) == CURLE_OK;
  };
  return set(CURLOPT_CAINFO, options_.ca_file) && set(CURLOPT_PINNEDPUBLICKEY, options_.pin);
}

// Without a host no certificate is for it.
CURLcode CurlHttp::Exchange::OnTlsConfig(CURL* easy, void* config, void* self) {
  try {
    static_cast<Exchange*>(self)->trust_.Configure(config, HostOf(easy));
    return CURLE_OK;
  } catch (const std::bad_alloc&) {  // no exception passes through C
    return CURLE_OUT_OF_MEMORY;
  }
}

Status CurlHttp::Exchange::Start(const ports::HttpRequest& request, ports::HttpSink& sink) {
  if (Status status = ready(); !status.ok()) return status;
  if (active_) return {Code::kReject, "another request is under way"};
  if (Status status = CheckRequest(request, options_.allow_http); !status.ok()) return status;
  error_[0] = '\0';
  if (!request_.Apply(easy_, request, options_.connect_timeout_ms) ||
      curl_multi_add_handle(multi_, easy_) != CURLM_OK) {
    request_.Forget(easy_);
    return {Code::kReject, "libcurl does not take the request"};
  }
  sink_ = &sink;
  active_ = true;
  paused_ = resume_ = cancel_ = stopped_ = false;
  trust_.Forget();
  max_body_bytes_ = request.max_body_bytes;
  decoded_bytes_ = 0;
  header_bytes_ = skip_ = waiting_ = 0;
  more_inside_ = has_retry_after_ = false;
  server_time_ms_ = 0;
  coding_ = Coding::kNone;
  return Status::Ok();
}

// What fails for want of memory ends the answer, not the agent.
std::size_t CurlHttp::Exchange::OnHeader(char* data, std::size_t size, std::size_t count,
                                         void* self) {
  const std::size_t bytes = size * count;
  try {
    return static_cast<Exchange*>(self)->TakeHeader({data, bytes}) ? bytes : 0;
  } catch (const std::bad_alloc&) {
    return 0;
  }
}

bool CurlHttp::Exchange::TakeHeader(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > kMostHeaderBytes) {
    Stop(ports::HttpEnd::kTooLarge, "the answer's headers are larger than 16 KiB");
    return false;
  }
  if (StartsWith(line, "HTTP/")) {  // an interim answer may come before the final one
    coding_ = Coding::kNone;
    has_retry_after_ = false;
    server_time_ms_ = 0;
  }
  std::string_view value;
  if (HeaderValue(line, "Date:", value)) {
    server_time_ms_ = ToUnixMs(value);
    server_time_at_ = LinuxClock().Now();
  }
  if (HeaderValue(line, "Retry-After:", value)) has_retry_after_ = !value.empty();
  if (HeaderValue(line, "Content-Encoding:", value) && !value.empty()) {
    const bool gzip = (value.size() == 4 && StartsWith(value, "gzip")) ||
                      (value.size() == 6 && StartsWith(value, "x-gzip"));
    const bool plain = value.size() == 8 && StartsWith(value, "identity");
    // Two encodings, one over the other, were never asked for.
    const bool again = coding_ != Coding::kNone;
    coding_ = gzip && !again ? Coding::kGzip : plain && !again ? Coding::kNone : Coding::kUnknown;
    if (coding_ == Coding::kGzip && !gunzip_.Begin()) coding_ = Coding::kUnknown;
  }
  return true;
}

std::size_t CurlHttp::Exchange::OnWrite(char* data, std::size_t size, std::size_t count,
                                        void* self) {
  try {
    return static_cast<Exchange*>(self)->TakeBody({data, size * count});
  } catch (const std::bad_alloc&) {
    return CURL_WRITEFUNC_ERROR;
  }
}

std::size_t CurlHttp::Exchange::TakeBody(std::string_view piece) {
  if (cancel_) return Stop(ports::HttpEnd::kAborted, "cancelled");
  const std::size_t before = std::min(skip_, piece.size());
  skip_ -= before;
  switch (coding_) {
    case Coding::kGzip:
      return TakeGzip(piece, before);
    case Coding::kNone:
      return TakePlain(piece, before);
    case Coding::kUnknown:
      break;
  }
  return Stop(ports::HttpEnd::kCutShort,
              "the answer's content encoding is none that was asked for");
}

std::size_t CurlHttp::Exchange::TakePlain(std::string_view piece, std::size_t before) {
  if (piece.size() == before) return piece.size();
  if (piece.size() > max_body_bytes_ - decoded_bytes_) {
    return Stop(ports::HttpEnd::kTooLarge, "the answer is larger than its bound");
  }
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  heard_ = true;
  switch (sink_->OnBody(static_cast<int>(status), piece)) {
    case ports::BodyFlow::kPause:
      paused_ = true;
      return CURL_WRITEFUNC_PAUSE;
    case ports::BodyFlow::kAbort:
      return Stop(ports::HttpEnd::kAborted, "given up by the reader");
    case ports::BodyFlow::kContinue:
      break;
  }
  decoded_bytes_ += piece.size();
  return piece.size();
}

std::size_t CurlHttp::Exchange::TakeGzip(std::string_view piece, std::size_t before) {
  std::string_view left = piece.substr(before);
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  while (waiting_ > 0 || more_inside_ || !left.empty()) {
    if (waiting_ == 0) {
      const std::size_t had = left.size();
      const std::ptrdiff_t made = gunzip_.Read(left, decoded_.data(), decoded_.size());
      if (made < 0 || (made == 0 && had > 0 && left.size() == had)) {
        return Stop(ports::HttpEnd::kCutShort, "the answer's gzip encoding is broken");
      }
      waiting_ = static_cast<std::size_t>(made);
      more_inside_ = waiting_ == decoded_.size();
      if (waiting_ > max_body_bytes_ - decoded_bytes_) {
        return Stop(ports::HttpEnd::kTooLarge, "the decoded answer is larger than its bound");
      }
      if (waiting_ == 0) continue;
      decoded_bytes_ += waiting_;
    }
    heard_ = true;
    const auto flow = sink_->OnBody(static_cast<int>(status), {decoded_.data(), waiting_});
    if (flow == ports::BodyFlow::kPause) {
      skip_ += piece.size() - left.size();  // the same piece comes again
      paused_ = true;
      return CURL_WRITEFUNC_PAUSE;
    }
    if (flow == ports::BodyFlow::kAbort) {
      return Stop(ports::HttpEnd::kAborted, "given up by the reader");
    }
    waiting_ = 0;
  }
  return piece.size();
}

std::size_t CurlHttp::Exchange::Stop(ports::HttpEnd end, const char* why) {
  stopped_ = true;
  stop_end_ = end;
  stop_why_ = why;
  return 0;  // libcurl takes a short count as a fault and ends the transfer
}

bool CurlHttp::Exchange::Drive() {
  heard_ = false;
  if (!active_) return false;
  if (cancel_) {
    Stop(ports::HttpEnd::kAborted, "cancelled");
    Finish(CURLE_ABORTED_BY_CALLBACK);
    return true;
  }
  if (resume_) {
    resume_ = paused_ = false;
    curl_easy_pause(easy_, CURLPAUSE_CONT);  // may call the sink, which may pause again
  }
  // libcurl 8.14.1 goes on reading a paused transfer each time it is driven, into a buffer of up to
  // 64 MiB. Left alone, it leaves the bytes to the kernel and to TCP's window. Its time-out waits
  // as well: whoever pauses bounds the pause.
  if (paused_) return heard_;
  int running = 0;
  curl_multi_perform(multi_, &running);
  int left = 0;
  for (CURLMsg* message = curl_multi_info_read(multi_, &left); message != nullptr;
       message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE || !active_) continue;
    Finish(message->data.result);
    break;  // there is one transfer; what Finish started anew has its own turn
  }
  return heard_;
}

void CurlHttp::Exchange::Finish(CURLcode code) {
  if (cancel_ && !stopped_) Stop(ports::HttpEnd::kAborted, "cancelled");
  ports::HttpResult result;
  result.end = stopped_ ? stop_end_ : ToHttpEnd(easy_, code);
  FillCounts(easy_, has_retry_after_, result);
  result.server_time_ms = server_time_ms_;
  if (server_time_ms_ > 0) result.server_age_ms = LinuxClock().Now() - server_time_at_;
  if (result.end == ports::HttpEnd::kComplete && coding_ == Coding::kGzip && decoded_bytes_ > 0 &&
      !gunzip_.complete()) {
    Stop(ports::HttpEnd::kCutShort, "the answer's gzip encoding ends too early");
    result.end = stop_end_;
  }
  std::string detail;
  if (stopped_) {
    detail = stop_why_;
  } else if (result.end == ports::HttpEnd::kTlsFailed && !trust_.problem().empty()) {
    detail = trust_.problem();
  } else if (code != CURLE_OK) {
    detail = error_[0] != '\0' ? error_.data() : curl_easy_strerror(code);
  }
  result.detail = detail;
  curl_multi_remove_handle(multi_, easy_);
  request_.Forget(easy_);
  gunzip_.End();
  active_ = paused_ = resume_ = cancel_ = false;
  heard_ = true;
  ports::HttpSink* sink = sink_;
  sink_ = nullptr;
  sink->OnEnd(result);  // last: it may start the next request
}

void CurlHttp::Exchange::Wait(pollfd* extra, std::size_t count, int timeout_ms) {
  // While a transfer is paused libcurl wants to be driven at once, again and again, and Drive()
  // must not: its wait would be none.
  if (paused_ && !resume_ && !cancel_) {
    poll(extra, count, timeout_ms);
    return;
  }
  std::array<curl_waitfd, kMostExtraFds> fds{};
  count = std::min(count, fds.size());
  for (std::size_t i = 0; i < count; ++i) {
    fds[i].fd = extra[i].fd;
    fds[i].events = ToCurlEvents(extra[i].events);
  }
  curl_multi_poll(multi_, fds.data(), static_cast<unsigned>(count), timeout_ms, nullptr);
  for (std::size_t i = 0; i < count; ++i) extra[i].revents = fds[i].revents;
}

}  // namespace depotlink::platform
