// SPDX-License-Identifier: Apache-2.0
#pragma once

// One call of the API: sends the request, takes the answer apart as it arrives, and judges it once
// it has ended. Nothing of an answer is held but the element at hand.
//
// What an answer means before its end: an element is a fact of its own and is handed on as soon as
// it is whole. Conclusions from what is not there (a tracker gone) wait for a good end: `success`
// may come last and be false, and a body may be cut short. Elements of an answer whose HTTP status
// is not 200 are not handed on.

#include <cstdint>
#include <string>

#include "agent/json/element_reader.hpp"
#include "agent/json/element_splitter.hpp"
#include "agent/navixy/endpoints.hpp"
#include "agent/navixy/verdict.hpp"
#include "agent/ports/http.hpp"

namespace depotlink::poll {

class CallHandler {
 public:
  virtual ~CallHandler() = default;
  // A member of container `container` of the call's endpoint. The views hold during the call.
  virtual void OnElement(std::size_t container, std::string_view key, std::string_view text) = 0;
  // Where `ahead` begins with an element that needs no reading because it is known byte for byte:
  // its length, and it counts as handed over; else 0. See json::SplitHandler.
  virtual std::size_t TakeKnown(std::size_t /*container*/, std::string_view /*key*/,
                                std::string_view /*ahead*/) {
    return 0;
  }
  // Any other member at the top of the answer.
  virtual void OnValue(std::string_view key, std::string_view text) = 0;
  // A member was left out by the splitter.
  virtual void OnSkipped(std::size_t container, std::string_view key, json::SkipReason reason) = 0;
  // False where the next element has no room: the reading pauses until it is true again.
  virtual bool Ready() const = 0;
  // The call has ended; no more of it comes. `retry_after_ms` -1: none was given.
  virtual void OnCallEnd(const navixy::Judgement& judgement, std::int64_t retry_after_ms) = 0;
};

struct ApiAccess {
  std::string base_url;  // without a trailing slash
  DurationMs timeout_ms = 30 * kSecondMs;
  std::string panel_url;  // likewise, of what is below `panel/`; empty: below base_url
};

struct CallCounters {
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
  std::uint64_t bytes_in = 0;  // as they came over the wire, encoded, without TLS framing
  std::uint64_t bytes_out = 0;
  std::uint64_t elements = 0;
  std::uint64_t skipped = 0;
};

class Caller : private ports::HttpSink, private json::SplitHandler {
 public:
  // References must outlive this.
  Caller(ApiAccess access, ports::Http& http, json::ElementReader& reader, CallHandler& handler);

  // Begins a call; its end comes through the handler, from within the loop's wait. Not while busy.
  // `endpoint` must last until then. `authorization`: the header's value, a secret; empty: none.
  Status Start(const navixy::Endpoint& endpoint, std::string_view authorization,
               std::string_view body);
  bool busy() const { return busy_; }
  // Goes on reading where the handler is ready again.
  void ResumeIfReady();
  // Ends the call under way, if any.
  void Cancel();
  const CallCounters& counters() const { return counters_; }
  // How the exchange of the last call ended.
  ports::HttpEnd last_end() const { return answer_.end; }
  // What time the last answer said it was, Unix epoch; 0 where it did not.
  std::int64_t server_time_ms() const { return server_time_ms_; }
  // How long before the answer's end the API said that.
  DurationMs server_age_ms() const { return server_age_ms_; }

 private:
  std::string UrlOf(std::string_view path) const;
  ports::BodyFlow OnBody(int status, std::string_view piece) override;
  void OnEnd(const ports::HttpResult& result) override;
  json::SplitFlow OnElement(std::size_t container, std::string_view key,
                            std::string_view text) override;
  json::SplitKnown TakeKnown(std::size_t container, std::string_view key,
                             std::string_view ahead) override;
  void OnValue(std::string_view key, std::string_view text) override;
  void OnSkipped(std::size_t container, std::string_view key, json::SkipReason reason) override;

  ApiAccess access_;
  ports::Http* http_;
  json::ElementReader* reader_;
  CallHandler* handler_;

  const navixy::Endpoint* endpoint_ = nullptr;
  bool busy_ = false;
  bool paused_ = false;
  std::size_t taken_of_piece_ = 0;  // of the piece that will be handed over again after a pause
  int http_status_ = 0;
  std::int64_t server_time_ms_ = 0;
  DurationMs server_age_ms_ = 0;
  bool body_began_ = false;
  navixy::Answer answer_;
  json::ElementSplitter splitter_;
  CallCounters counters_;
};

}  // namespace depotlink::poll
