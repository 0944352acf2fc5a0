// SPDX-License-Identifier: Apache-2.0
#include "agent/navixy/verdict.hpp"

#include <algorithm>
#include <utility>

namespace depotlink::navixy {
namespace {

struct CodeRow {
  std::int32_t code;
  Verdict verdict;
  std::string_view meaning;
};

// For codes that no reading call is known to answer, or whose description says it all.
constexpr std::string_view kPlain = "the API answers with an error";
constexpr std::string_view kOneTracker = "the API will not answer this for a tracker";

// Source: vendor documents, errors, Error Codes: all of them; 104 and 105 of user/auth. Codes 3 and
// 4 both mean that the credential is gone: the documents differ on which one a revoked key answers.
// Codes of a batch of trackers (9, 201, 204, 208, 217 and kOneTracker) are about one of them, or
// their number. What only writing calls answer is refused for good, should it come after all.
constexpr CodeRow kCodes[] = {
    {1, Verdict::kRetry, "the API's database failed"},
    {2, Verdict::kCredential, "the API refuses this service's access"},
    {3, Verdict::kCredential, "the API does not know this credential"},
    {4, Verdict::kCredential, "the API does not know this credential any more"},
    {5, Verdict::kRejected, "the API calls the request malformed"},
    {6, Verdict::kRetry, "the API failed unexpectedly"},
    {7, Verdict::kRejected, "the API calls a parameter invalid"},
    {8, Verdict::kRetry, "the API's queue service failed"},
    {9, Verdict::kSplit, "the API calls the request too large"},
    {11, Verdict::kCredential, "the API denies access: is the account or its dealer blocked?"},
    {12, Verdict::kCredential, "the API does not know this dealer: is api.url the right platform?"},
    {13, Verdict::kForbidden, "the credential may not make this call; give it the right"},
    {14, Verdict::kRetry, "the API's database is not available"},
    {15, Verdict::kSlowDown, "too many requests"},
    {101, Verdict::kForbidden, "a demo account may not make this call"},
    {102, Verdict::kCredential, "the API calls login or password wrong"},
    {103, Verdict::kCredential, "the user is not activated yet"},
    {104, Verdict::kCredential, "the user has too many sessions"},
    {105, Verdict::kCredential, "there were too many attempts to log in"},
    {111, Verdict::kRejected, "the API does not know this call: is api.url right?"},
    {112, Verdict::kRejected, "the API does not know this call: is api.url right?"},
    {201, Verdict::kSplit, "the API does not find what is asked for"},
    {202, Verdict::kRejected, kPlain},  // too many points in zone
    {203, Verdict::kRejected, kPlain},  // delete entity associated with
    {204, Verdict::kSplit, "the API does not find what is asked for"},
    {206, Verdict::kRejected, kPlain},  // login in use
    {207, Verdict::kRejected, kPlain},  // captcha
    {208, Verdict::kSplit, "a tracker is blocked"},
    {209, Verdict::kRetry, kPlain},  // sending email failed
    {210, Verdict::kRetry, "the API's geocoding failed"},
    {211, Verdict::kRejected, "the time span asked for is too big"},
    {212, Verdict::kRejected, "the limit asked for is too big"},
    {213, Verdict::kSplit, kOneTracker},  // offline
    {214, Verdict::kSplit, kOneTracker},  // not supported by the device
    {215, Verdict::kRetry, "a service that the API depends on failed"},
    {217, Verdict::kSplit, "the API does not know a tracker that is asked for"},
    {218, Verdict::kRejected, kPlain},    // malformed external service parameters
    {219, Verdict::kSplit, kOneTracker},  // a clone
    {220, Verdict::kSplit, kOneTracker},  // unknown device model
    {221, Verdict::kForbidden, kPlain},   // device limit
    {222, Verdict::kRejected, kPlain},    // plugin not found
    {223, Verdict::kRejected, kPlain},    // phone number in use
    {224, Verdict::kRejected, kPlain},    // device id in use
    {225, Verdict::kForbidden, "the account's legal type does not allow this call"},
    {226, Verdict::kRejected, kPlain},    // ICCID
    {227, Verdict::kRejected, kPlain},    // activation code
    {228, Verdict::kSplit, kOneTracker},  // not supported by the sensor
    {229, Verdict::kRetry, "the API has not got the data ready"},
    {230, Verdict::kSplit, kOneTracker},  // not supported for this entity type
    {231, Verdict::kSplit, kOneTracker},  // entity type mismatch
    {232, Verdict::kRejected, kPlain},    // input in use
    {233, Verdict::kRejected, kPlain},    // no data file
    {234, Verdict::kRejected, kPlain},    // data format
    {235, Verdict::kRejected, kPlain},    // no calibration data
    {236, Verdict::kForbidden, "the account's tariff does not include this call"},
    {237, Verdict::kRejected, kPlain},   // invalid tariff
    {238, Verdict::kForbidden, kPlain},  // changing tariff
    {239, Verdict::kRejected, kPlain},   // new tariff
    {240, Verdict::kForbidden, kPlain},  // changing tariff too often
    {241, Verdict::kRejected, kPlain},   // bundled SIM
    {242, Verdict::kRejected, kPlain},   // errors in content
    {243, Verdict::kRejected, kPlain},   // device connected already
    {244, Verdict::kRejected, kPlain},   // duplicate label
    {245, Verdict::kRejected, kPlain},   // new password
    {246, Verdict::kRejected, kPlain},   // user id
    {247, Verdict::kRejected, kPlain},   // exists already
    {248, Verdict::kCredential, "the API calls the password wrong"},
    {249, Verdict::kSplit, kOneTracker},  // no clone
    {250, Verdict::kSplit, kOneTracker},  // deleted
    {251, Verdict::kForbidden, "the account lacks the funds for this call"},
    {252, Verdict::kSplit, kOneTracker},  // corrupted
    {253, Verdict::kSplit, kOneTracker},  // has clones
    {254, Verdict::kRetry, kPlain},       // cannot save a file
    {255, Verdict::kRejected, kPlain},    // task state
    {256, Verdict::kRejected, kPlain},    // location actual already
    {257, Verdict::kForbidden, kPlain},   // registration
    {258, Verdict::kRejected, kPlain},    // bundle
    {259, Verdict::kRejected, kPlain},    // payments
    {260, Verdict::kRejected, kPlain},    // payments
    {261, Verdict::kRejected, kPlain},    // external links
    {262, Verdict::kSplit, "the API does not know one of those that are asked for"},
    {263, Verdict::kRejected, kPlain},  // no change needed
    {264, Verdict::kRetry, "the API has this done again only after a while"},
    {265, Verdict::kRejected, kPlain},    // done already
    {266, Verdict::kSplit, kOneTracker},  // its current status
    {267, Verdict::kSplit, "the API calls it too many at a time"},
    {268, Verdict::kRetry, "the account is over its quota"},
    {269, Verdict::kRejected, kPlain},  // file state
    {270, Verdict::kRejected, kPlain},  // sensors
    {271, Verdict::kRejected, kPlain},  // file size
    {272, Verdict::kRejected, kPlain},  // models differ
    {273, Verdict::kRejected, kPlain},  // duplicate login
    {274, Verdict::kRejected, kPlain},  // empty file
    {275, Verdict::kCredential, "the user is blocked"},
    {276, Verdict::kForbidden, "this kind of credential may not make this call"},
    {277, Verdict::kRejected, kPlain},  // security group
    {278, Verdict::kRejected, kPlain},  // security group
    {279, Verdict::kRejected, kPlain},  // task period
    {280, Verdict::kRejected, kPlain},  // import state
    {281, Verdict::kForbidden, "the API calls this resource closed"},
    {284, Verdict::kRejected, kPlain},  // points of a zone
};

Judgement Retry(std::string reason) {
  return {Verdict::kRetry, 0, true, std::move(reason)};
}

Judgement JudgeTransport(const Answer& answer) {
  const std::string detail(answer.transport_detail);
  const auto retry = [&detail](std::string_view what, bool sent = true) {
    return Judgement{Verdict::kRetry, 0, false,
                     detail.empty() ? std::string(what) : std::string(what) + ": " + detail, sent};
  };
  switch (answer.end) {
    case ports::HttpEnd::kNameFailed:
      return retry("the API's host name was not resolved", false);
    case ports::HttpEnd::kConnectFailed:
      return retry("no connection to the API", false);
    case ports::HttpEnd::kTlsFailed:
      return retry("no trusted TLS connection to the API", false);
    case ports::HttpEnd::kTimeout:
      return retry("the API did not answer in time");
    case ports::HttpEnd::kCutShort:
      return retry("the API's answer was cut short");
    case ports::HttpEnd::kTooLarge:
      return retry("the API's answer is larger than allowed");
    default:
      return retry("the request to the API failed");
  }
}

// There is no envelope to go by.
Judgement JudgeForeignBody(const Answer& answer) {
  const std::string status = " (HTTP " + std::to_string(answer.http_status) + ")";
  if (answer.http_status >= 300 && answer.http_status < 400) {
    return Retry("the server redirects" + status +
                 "; redirects are not followed: is api.url right, or is there a captive portal?");
  }
  if (answer.http_status == 429) {
    return {Verdict::kSlowDown, 0, true, "too many requests" + status};
  }
  if (answer.looks_like_html) {
    return Retry("a web page came instead of the API's answer" + status +
                 ": a proxy, a captive portal, or a wrong api.url?");
  }
  if (answer.body == json::BodyEnd::kEmpty) {
    return Retry("the API's answer was empty" + status);
  }
  if (answer.body == json::BodyEnd::kTruncated) {
    return Retry("the API's answer ended too early" + status);
  }
  return Retry("the API's answer is not JSON" + status + ": " + std::string(answer.body_fault) +
               " at byte " + std::to_string(answer.body_fault_offset));
}

Judgement JudgeError(const Answer& answer) {
  const std::int32_t code = answer.status.code;
  const CodeRow* row = std::find_if(std::begin(kCodes), std::end(kCodes),
                                    [code](const CodeRow& r) { return r.code == code; });
  std::string tail =
      " (code " + std::to_string(code) + ", HTTP " + std::to_string(answer.http_status);
  if (!answer.status.description.empty()) {
    tail += ", \"" + std::string(answer.status.description.view()) + "\"";
  }
  tail += ')';
  if (row != std::end(kCodes)) {
    return {row->verdict, code, true, std::string(row->meaning) + tail};
  }
  if (answer.http_status == 429)
    return {Verdict::kSlowDown, code, true, "too many requests" + tail};
  const Verdict verdict =
      answer.http_status >= 500 || code == 0 ? Verdict::kRetry : Verdict::kRejected;
  return {verdict, code, true, std::string(kPlain) + tail};
}

}  // namespace

Judgement Judge(const Answer& answer) {
  const bool foreign = answer.body == json::BodyEnd::kNotJson;
  // A body that is no JSON is abandoned at once: that end is ours, not the network's.
  if (answer.end != ports::HttpEnd::kComplete &&
      !(answer.end == ports::HttpEnd::kAborted && foreign)) {
    return JudgeTransport(answer);
  }
  if (answer.body != json::BodyEnd::kComplete) return JudgeForeignBody(answer);
  if (answer.success_seen && answer.success && answer.http_status == 200) {
    if (answer.lacks.empty()) return Judgement{Verdict::kGood, 0, true, {}};
    return Retry("the API's answer lacks \"" + std::string(answer.lacks) + "\": is api.url right?");
  }
  if (answer.success_seen && answer.success) {
    return Retry("the API calls it a success, yet with HTTP status " +
                 std::to_string(answer.http_status));
  }
  if (!answer.success_seen && answer.status.code == 0) {
    return Retry("the API's answer has no \"success\" (HTTP " + std::to_string(answer.http_status) +
                 "): is api.url right?");
  }
  return JudgeError(answer);
}

}  // namespace depotlink::navixy
