// SPDX-License-Identifier: Apache-2.0
#pragma once

// From what came back to what to do about it, in one table. Decided by the code in the envelope, by
// the HTTP status where there is none; never by a description.

#include <cstdint>
#include <string>

#include "agent/json/element_splitter.hpp"
#include "agent/navixy/decode_status.hpp"
#include "agent/ports/http.hpp"

namespace depotlink::navixy {

enum class Verdict : std::uint8_t {
  kGood,        // a whole answer with `success: true`
  kRetry,       // passing trouble: back off, then again
  kSlowDown,    // too many requests: back off further
  kCredential,  // the credential is wrong, gone or blocked: log in again, or a person must act
  kForbidden,   // it is good, but not for this call: a person must act; others may work
  kRejected,    // this request as such will not be answered: a person must act
  kSplit        // one thing that it asks for spoils it: ask for less at a time
};

// Everything that is known of an answer once it has ended.
struct Answer {
  ports::HttpEnd end = ports::HttpEnd::kFailed;
  int http_status = 0;
  std::string_view transport_detail;
  json::BodyEnd body = json::BodyEnd::kEmpty;
  std::string_view body_fault;
  std::uint64_t body_fault_offset = 0;
  std::string_view lacks;        // a container of the call that was not there; empty: none
  bool looks_like_html = false;  // the body's first byte is `<`
  bool success_seen = false;
  bool success = false;
  ApiStatus status;
};

struct Judgement {
  Verdict verdict = Verdict::kRetry;
  std::int32_t code = 0;  // of the API; 0: none came
  bool answered = true;   // false: no answer came at all
  std::string reason;     // for people, with the remedy; empty for kGood
  bool sent = true;       // false: there was no connection, the API has heard nothing of it
};

Judgement Judge(const Answer& answer);

// The call as such will not be answered, whoever logs in again.
constexpr bool IsRefusal(Verdict verdict) {
  return verdict == Verdict::kForbidden || verdict == Verdict::kRejected ||
         verdict == Verdict::kSplit;
}

// Only a person can help: waiting will not.
constexpr bool NeedsPerson(Verdict verdict) {
  return verdict == Verdict::kCredential || IsRefusal(verdict);
}

}  // namespace depotlink::navixy
