// SPDX-License-Identifier: Apache-2.0
#include "agent/navixy/verdict.hpp"

#include <string>

#include "CppUTest/TestHarness.h"

using depotlink::json::BodyEnd;
using depotlink::navixy::Answer;
using depotlink::navixy::Judge;
using depotlink::navixy::Judgement;
using depotlink::navixy::Verdict;
using depotlink::ports::HttpEnd;

namespace {

struct CodeRow {
  int code;
  int http_status;
  Verdict verdict;
};

// The vendor's list of errors (errors, Error Codes), each with its HTTP status; 104 and 105 stand
// with user/auth.
constexpr CodeRow kRows[] = {
    {1, 500, Verdict::kRetry},         // database error
    {2, 403, Verdict::kCredential},    // service Auth error
    {3, 400, Verdict::kCredential},    // wrong hash
    {4, 400, Verdict::kCredential},    // user or API key not found or session ended
    {5, 400, Verdict::kRejected},      // wrong request format
    {6, 500, Verdict::kRetry},         // unexpected error
    {7, 400, Verdict::kRejected},      // invalid parameters
    {8, 503, Verdict::kRetry},         // queue service error, try again later
    {9, 412, Verdict::kSplit},         // too large request
    {11, 403, Verdict::kCredential},   // access denied
    {12, 400, Verdict::kCredential},   // dealer not found
    {13, 403, Verdict::kForbidden},    // operation not permitted
    {14, 503, Verdict::kRetry},        // database unavailable
    {15, 429, Verdict::kSlowDown},     // too many requests
    {101, 403, Verdict::kForbidden},   // in demo mode this function is disabled
    {102, 400, Verdict::kCredential},  // wrong login or password
    {103, 400, Verdict::kCredential},  // user not activated
    {104, 400, Verdict::kCredential},  // too many logins
    {105, 400, Verdict::kCredential},  // too many attempts to log in
    {111, 400, Verdict::kRejected},    // wrong handler
    {112, 400, Verdict::kRejected},    // wrong method
    {201, 400, Verdict::kSplit},       // not found in database
    {202, 400, Verdict::kRejected},    // too many points in zone
    {203, 400, Verdict::kRejected},    // delete entity associated with
    {204, 404, Verdict::kSplit},       // entity not found
    {206, 400, Verdict::kRejected},    // login already in use
    {207, 400, Verdict::kRejected},    // invalid captcha
    {208, 403, Verdict::kSplit},       // device blocked
    {209, 400, Verdict::kRetry},       // failed sending email
    {210, 400, Verdict::kRetry},       // geocoding failed
    {211, 400, Verdict::kRejected},    // requested time span is too big
    {212, 400, Verdict::kRejected},    // requested limit is too big
    {213, 400, Verdict::kSplit},       // cannot perform action
    {214, 400, Verdict::kSplit},       // requested operation or parameters are not suppor
    {215, 400, Verdict::kRetry},       // external service error
    {217, 400, Verdict::kSplit},       // list contains nonexistent entities
    {218, 400, Verdict::kRejected},    // malformed external service parameters
    {219, 403, Verdict::kSplit},       // not allowed for clones of the device
    {220, 400, Verdict::kSplit},       // unknown device model
    {221, 403, Verdict::kForbidden},   // device limit exceeded
    {222, 400, Verdict::kRejected},    // plugin not found
    {223, 400, Verdict::kRejected},    // phone number already in use
    {224, 400, Verdict::kRejected},    // device ID already in use
    {225, 403, Verdict::kForbidden},   // not allowed for this legal type
    {226, 400, Verdict::kRejected},    // wrong ICCID
    {227, 400, Verdict::kRejected},    // wrong activation code
    {228, 400, Verdict::kSplit},       // not supported by sensor
    {229, 404, Verdict::kRetry},       // requested data is not ready yet
    {230, 400, Verdict::kSplit},       // not supported for this entity type
    {231, 409, Verdict::kSplit},       // entity type mismatch
    {232, 400, Verdict::kRejected},    // input already in use
    {233, 400, Verdict::kRejected},    // no data file
    {234, 400, Verdict::kRejected},    // invalid data format
    {235, 400, Verdict::kRejected},    // missing calibration data
    {236, 402, Verdict::kForbidden},   // feature unavailable due to tariff restrictions
    {237, 400, Verdict::kRejected},    // invalid tariff
    {238, 403, Verdict::kForbidden},   // changing tariff is not allowed
    {239, 404, Verdict::kRejected},    // new tariff does not exist
    {240, 403, Verdict::kForbidden},   // not allowed to change tariff too frequently
    {241, 400, Verdict::kRejected},    // cannot change phone to bundled sim. Contact tech
    {242, 400, Verdict::kRejected},    // there were errors during content validation
    {243, 400, Verdict::kRejected},    // device already connected
    {244, 400, Verdict::kRejected},    // duplicate entity label
    {245, 400, Verdict::kRejected},    // new password must be different
    {246, 400, Verdict::kRejected},    // invalid user ID
    {247, 409, Verdict::kRejected},    // entity already exists
    {248, 400, Verdict::kCredential},  // wrong password
    {249, 403, Verdict::kSplit},       // operation available for clones only
    {250, 403, Verdict::kSplit},       // not allowed for deleted devices
    {251, 403, Verdict::kForbidden},   // insufficient funds
    {252, 400, Verdict::kSplit},       // device already corrupted
    {253, 400, Verdict::kSplit},       // device has clones
    {254, 500, Verdict::kRetry},       // cannot save file
    {255, 400, Verdict::kRejected},    // invalid task state
    {256, 400, Verdict::kRejected},    // location already actual
    {257, 403, Verdict::kForbidden},   // registration forbidden
    {258, 404, Verdict::kRejected},    // bundle not found
    {259, 400, Verdict::kRejected},    // payments count not comply with summary
    {260, 400, Verdict::kRejected},    // payments sum not comply with summary
    {261, 403, Verdict::kRejected},    // entity has external links
    {262, 400, Verdict::kSplit},       // entries list is missing some entries or contains
    {263, 400, Verdict::kRejected},    // no change needed, old and new values are the sam
    {264, 403, Verdict::kRetry},       // timeout not reached
    {265, 403, Verdict::kRejected},    // already done
    {266, 403, Verdict::kSplit},       // cannot perform action for the device in current
    {267, 400, Verdict::kSplit},       // too many entities
    {268, 402, Verdict::kRetry},       // over quota
    {269, 400, Verdict::kRejected},    // invalid file state
    {270, 400, Verdict::kRejected},    // too many sensors of same type already exist
    {271, 413, Verdict::kRejected},    // file over max size
    {272, 400, Verdict::kRejected},    // trackers must have same models
    {273, 400, Verdict::kRejected},    // duplicate login
    {274, 400, Verdict::kRejected},    // empty data file
    {275, 403, Verdict::kCredential},  // user is blocked
    {276, 403, Verdict::kForbidden},   // action is forbidden for received session type
    {277, 409, Verdict::kRejected},    // security group has users in it
    {278, 409, Verdict::kRejected},    // security group is a default one
    {279, 400, Verdict::kRejected},    // invalid task period
    {280, 400, Verdict::kRejected},    // invalid import request state
    {281, 400, Verdict::kForbidden},   // this resource is closed
    {284, 400, Verdict::kRejected},    // not enough points for the specified zone type
    {999, 400, Verdict::kRejected},    // not known to this table
    {999, 500, Verdict::kRetry},      {999, 429, Verdict::kSlowDown},
};

Answer Complete(int http_status) {
  Answer answer;
  answer.end = HttpEnd::kComplete;
  answer.http_status = http_status;
  answer.body = BodyEnd::kComplete;
  return answer;
}

Answer Failed(int http_status, int code) {
  Answer answer = Complete(http_status);
  answer.success_seen = true;
  answer.status.code = code;
  return answer;
}

Answer Foreign(int http_status, BodyEnd body) {
  Answer answer = Complete(http_status);
  answer.body = body;
  answer.body_fault = "not a JSON object";
  return answer;
}

void Is(Verdict wanted, const Answer& answer, const char* part) {
  const Judgement judgement = Judge(answer);
  CHECK_TEXT(judgement.verdict == wanted, judgement.reason.c_str());
  STRCMP_CONTAINS(part, judgement.reason.c_str());
}

}  // namespace

TEST_GROUP(Verdict){};

TEST(Verdict, GoodIsSuccessWith200AndNothingElse) {
  Answer answer = Complete(200);
  answer.success_seen = answer.success = true;
  CHECK(Judge(answer).verdict == Verdict::kGood);
  CHECK(Judge(answer).reason.empty());
  for (const int status : {0, 199, 201, 204, 302, 400, 429, 500}) {
    answer.http_status = status;
    Is(Verdict::kRetry, answer, "calls it a success");
  }
}

TEST(Verdict, WithoutWhatTheCallIsAboutItIsNotGood) {
  Answer answer = Complete(200);
  answer.success_seen = answer.success = true;
  answer.lacks = "states";
  Is(Verdict::kRetry, answer, "lacks \"states\"");
  // An error is an error all the same.
  answer = Failed(400, 3);
  answer.lacks = "states";
  Is(Verdict::kCredential, answer, "credential");
}

TEST(Verdict, ByTheCode) {
  for (const CodeRow& row : kRows) {
    const Judgement judgement = Judge(Failed(row.http_status, row.code));
    const std::string name = std::to_string(row.code);
    CHECK_TEXT(judgement.verdict == row.verdict, name.c_str());
    STRCMP_CONTAINS(("(code " + name + ", HTTP ").c_str(), judgement.reason.c_str());
  }
}

TEST(Verdict, TheCodeDecidesWhateverTheHttpStatusSays) {
  Is(Verdict::kCredential, Failed(200, 3), "credential");
  Is(Verdict::kCredential, Failed(500, 4), "credential");
  Is(Verdict::kRetry, Failed(400, 1), "database");
  Is(Verdict::kSlowDown, Failed(400, 15), "too many requests");
}

TEST(Verdict, AStatusWithoutSuccessIsAnErrorAllTheSame) {
  Answer answer = Failed(400, 3);
  answer.success_seen = false;
  Is(Verdict::kCredential, answer, "credential");
}

TEST(Verdict, TheDescriptionIsShownAndDecidesNothing) {
  Answer answer = Failed(400, 7);
  answer.status.description.Assign("Database error, try later");
  Is(Verdict::kRejected, answer, "\"Database error, try later\"");
}

TEST(Verdict, FalseWithoutACodeGoesByTheHttpStatus) {
  Is(Verdict::kRetry, Failed(400, 0), "HTTP 400");
  Is(Verdict::kRetry, Failed(200, 0), "HTTP 200");
  Is(Verdict::kSlowDown, Failed(429, 0), "too many requests");
}

TEST(Verdict, NeitherSuccessNorStatus) {
  Is(Verdict::kRetry, Complete(200), "no \"success\"");
}

TEST(Verdict, BodiesThatAreNoAnswer) {
  Is(Verdict::kRetry, Foreign(200, BodyEnd::kEmpty), "empty (HTTP 200)");
  Is(Verdict::kRetry, Foreign(503, BodyEnd::kEmpty), "empty (HTTP 503)");
  Is(Verdict::kRetry, Foreign(200, BodyEnd::kTruncated), "ended too early");
  Is(Verdict::kRetry, Foreign(200, BodyEnd::kNotJson),
     "not JSON (HTTP 200): not a JSON object at byte 0");
  Is(Verdict::kSlowDown, Foreign(429, BodyEnd::kEmpty), "too many requests");
  Answer page = Foreign(403, BodyEnd::kNotJson);
  page.looks_like_html = true;
  Is(Verdict::kRetry, page, "web page");
}

TEST(Verdict, AnAbandonedBodyIsJudgedByWhatItWas) {
  Answer answer = Foreign(200, BodyEnd::kNotJson);
  answer.end = HttpEnd::kAborted;
  answer.looks_like_html = true;
  Is(Verdict::kRetry, answer, "web page");
  // An abort that the body did not cause.
  answer.body = BodyEnd::kTruncated;
  Is(Verdict::kRetry, answer, "request to the API failed");
}

TEST(Verdict, RedirectsAreNotFollowedAndSaidSo) {
  for (const int status : {301, 302, 303, 307, 308}) {
    for (const BodyEnd body : {BodyEnd::kEmpty, BodyEnd::kNotJson, BodyEnd::kTruncated}) {
      Answer answer = Foreign(status, body);
      answer.looks_like_html = body == BodyEnd::kNotJson;
      Is(Verdict::kRetry, answer, "redirects");
    }
  }
}

TEST(Verdict, TransportFailures) {
  const struct {
    HttpEnd end;
    const char* part;
  } rows[] = {{HttpEnd::kNameFailed, "host name"},   {HttpEnd::kConnectFailed, "no connection"},
              {HttpEnd::kTlsFailed, "TLS"},          {HttpEnd::kTimeout, "in time"},
              {HttpEnd::kCutShort, "cut short"},     {HttpEnd::kTooLarge, "larger"},
              {HttpEnd::kAborted, "request to the"}, {HttpEnd::kFailed, "request to the"}};
  for (const auto& row : rows) {
    Answer answer;
    answer.end = row.end;
    Is(Verdict::kRetry, answer, row.part);
    answer.transport_detail = "the detail";
    Is(Verdict::kRetry, answer, ": the detail");
  }
}

TEST(Verdict, AWholeBodyDoesNotMendABrokenTransport) {
  Answer answer = Complete(200);
  answer.success_seen = answer.success = true;
  answer.end = HttpEnd::kCutShort;
  Is(Verdict::kRetry, answer, "cut short");
}
