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

// The vendor's list of errors, as far as an agent that only reads can meet them.
constexpr CodeRow kRows[] = {
    {1, 500, Verdict::kRetry},         // database
    {2, 403, Verdict::kCredential},    // service auth
    {3, 400, Verdict::kCredential},    // wrong hash
    {4, 400, Verdict::kCredential},    // user or API key not found
    {5, 400, Verdict::kRejected},      // wrong request format
    {6, 500, Verdict::kRetry},         // unexpected
    {7, 400, Verdict::kRejected},      // invalid parameters
    {8, 503, Verdict::kRetry},         // queue service
    {9, 412, Verdict::kSplit},         // too large
    {11, 403, Verdict::kCredential},   // access denied
    {12, 400, Verdict::kCredential},   // dealer not found
    {13, 403, Verdict::kForbidden},    // operation not permitted
    {14, 503, Verdict::kRetry},        // database unavailable
    {15, 429, Verdict::kSlowDown},     // too many requests
    {101, 403, Verdict::kForbidden},   // demo
    {102, 400, Verdict::kCredential},  // login or password
    {103, 400, Verdict::kCredential},  // not activated
    {104, 400, Verdict::kCredential},  // too many sessions
    {105, 400, Verdict::kCredential},  // too many attempts
    {201, 400, Verdict::kSplit},       // not found
    {204, 404, Verdict::kSplit},       // entity not found
    {208, 403, Verdict::kSplit},       // device blocked
    {211, 400, Verdict::kRejected},    // time span too big
    {217, 400, Verdict::kSplit},       // list contains nonexistent entities
    {229, 404, Verdict::kRetry},       // not ready yet
    {236, 402, Verdict::kForbidden},   // tariff restriction
    {268, 402, Verdict::kRetry},       // over quota
    {275, 403, Verdict::kCredential},  // user blocked
    {276, 403, Verdict::kForbidden},   // forbidden for this session type
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
