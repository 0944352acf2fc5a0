// SPDX-License-Identifier: Apache-2.0
#include "agent/poll/caller.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "tests/fakes/fake_http.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::fakes::FakeHttp;
using depotlink::json::SkipReason;
using depotlink::navixy::Endpoint;
using depotlink::navixy::Judgement;
using depotlink::navixy::kGetStates;
using depotlink::navixy::kGroupList;
using depotlink::navixy::kTrackerList;
using depotlink::navixy::Verdict;
using depotlink::poll::Caller;
using depotlink::poll::CallHandler;
using depotlink::ports::HttpEnd;
using Texts = std::vector<std::string>;

namespace {

class Listener : public CallHandler {
 public:
  void OnElement(std::size_t container, std::string_view key, std::string_view text) override {
    elements.push_back(std::to_string(container) + ' ' + std::string(key) + ' ' +
                       std::string(text));
    if (room != SIZE_MAX) --room;
  }
  std::size_t TakeKnown(std::size_t, std::string_view, std::string_view ahead) override {
    if (known.empty() || ahead.substr(0, known.size()) != known) return 0;
    if (room != SIZE_MAX) --room;
    ++taken_known;
    return known.size();
  }
  void OnValue(std::string_view key, std::string_view text) override {
    values.push_back(std::string(key) + ' ' + std::string(text));
  }
  void OnSkipped(std::size_t, std::string_view key, SkipReason) override {
    skipped.emplace_back(key);
  }
  bool Ready() const override { return room > 0; }
  void OnCallEnd(const Judgement& judgement, std::int64_t retry_after_ms) override {
    verdict = judgement.verdict;
    reason = judgement.reason;
    retry_after = retry_after_ms;
    ++ends;
  }

  Texts elements;
  Texts values;
  Texts skipped;
  std::size_t room = SIZE_MAX;
  std::string known;
  std::size_t taken_known = 0;
  Verdict verdict = Verdict::kRetry;
  std::string reason;
  std::int64_t retry_after = 0;
  int ends = 0;
};

}  // namespace

TEST_GROUP(Caller) {
  FakeHttp http;
  depotlink::json::ElementReader reader;
  Listener listener;
  Caller caller{{"https://api.example/v2", 7000, {}}, http, reader, listener};

  void Start(const Endpoint& endpoint = kGetStates) {
    CHECK(caller.Start(endpoint, "NVX key", "{\"b\":1}").ok());
  }
  // Starts, answers, and wants the call to have ended once.
  void Exchange(int status, std::string_view body, std::size_t piece_bytes = 0) {
    const int before = listener.ends;
    Start();
    http.Answer(status, body, piece_bytes);
    LONGS_EQUAL(before + 1, listener.ends);
    CHECK_FALSE(caller.busy());
  }
};

TEST(Caller, SendsWhatTheEndpointAsksFor) {
  Start(kTrackerList);
  CHECK(caller.busy());
  STRCMP_EQUAL("https://api.example/v2/tracker/list", http.last().url.c_str());
  STRCMP_EQUAL("NVX key", http.last().authorization.c_str());
  STRCMP_EQUAL("{\"b\":1}", http.last().body.c_str());
  CHECK(http.last().iso_datetime);
  LONGLONGS_EQUAL(7000, http.last().timeout_ms);
  CHECK(http.last().max_body_bytes == depotlink::limits::kResponseBytes);
  http.Answer(200, "{}");
  Start(kGroupList);
  STRCMP_EQUAL("https://api.example/v2/tracker/group/list", http.last().url.c_str());
  http.Answer(200, "{}");
  Start(kGetStates);
  STRCMP_EQUAL("https://api.example/v2/tracker/get_states", http.last().url.c_str());
}

TEST(Caller, ThePanelMayStandElsewhereOnTheServer) {
  using namespace depotlink::navixy;
  Caller split{
      {"https://api.example/v2", 7000, "https://api.example/panel/v2"}, http, reader, listener};
  CHECK(split.Start(kPanelAuth, "", "{}").ok());
  STRCMP_EQUAL("https://api.example/panel/v2/account/auth", http.last().url.c_str());
  http.Answer(200, "{}");
  CHECK(split.Start(kTrackerList, "", "{}").ok());
  STRCMP_EQUAL("https://api.example/v2/tracker/list", http.last().url.c_str());
  http.Answer(200, "{}");
  Start(kPanelAuth);
  STRCMP_EQUAL("https://api.example/v2/panel/account/auth", http.last().url.c_str());
}

TEST(Caller, HandsElementsOnByContainer) {
  Exchange(200, R"({"states":{"7":{"a":1}},"blocked":[8],"not_exist":[9],"success":true})");
  CHECK(listener.elements == (Texts{"0 7 {\"a\":1}", "1  8", "2  9"}));
  CHECK(listener.verdict == Verdict::kGood);
  LONGS_EQUAL(3, caller.counters().elements);
  LONGS_EQUAL(1, caller.counters().requests);
  LONGS_EQUAL(0, caller.counters().failures);
}

TEST(Caller, AnElementIsHandedOnAsSoonAsItIsWhole) {
  Start();
  http.Body(200, R"({"states":{"7":{"a":1},"8":{"b)");
  http.Deliver();
  CHECK(listener.elements == (Texts{"0 7 {\"a\":1}"}));
  LONGS_EQUAL(0, listener.ends);
}

TEST(Caller, AnElementThatIsKnownCountsAndIsNotHandedOn) {
  listener.known = R"({"a":1})";
  Exchange(200, R"({"states":{"7":{"a":1},"8":{"a":2}},"success":true})");
  LONGS_EQUAL(1, listener.taken_known);
  CHECK(listener.elements == (Texts{"0 8 {\"a\":2}"}));
  LONGS_EQUAL(2, caller.counters().elements);
  CHECK(listener.verdict == Verdict::kGood);
  Exchange(500, R"({"states":{"7":{"a":1}},"success":true})");
  LONGS_EQUAL(1, listener.taken_known);
}

TEST(Caller, PausesBehindAnElementThatIsKnown) {
  listener.known = R"({"a":1})";
  listener.room = 1;
  Start();
  http.Answer(200, R"({"states":{"7":{"a":1},"8":5},"success":true})");
  CHECK(http.paused());
  LONGS_EQUAL(0, listener.elements.size());
  listener.room = SIZE_MAX;
  caller.ResumeIfReady();
  http.Deliver();
  LONGS_EQUAL(1, listener.elements.size());
  LONGS_EQUAL(1, listener.ends);
}

TEST(Caller, SuccessMayComeLastAndBeFalse) {
  Exchange(200, R"({"states":{"7":1},"status":{"code":15},"success":false})");
  LONGS_EQUAL(1, listener.elements.size());
  CHECK(listener.verdict == Verdict::kSlowDown);
  LONGS_EQUAL(1, caller.counters().failures);
}

TEST(Caller, ElementsOfAnAnswerThatIsNot200AreIgnored) {
  for (const int status : {201, 302, 400, 500, 503}) {
    Exchange(status, R"({"states":{"7":1},"success":true})");
    LONGS_EQUAL(0, listener.elements.size());
    CHECK(listener.verdict == Verdict::kRetry);
  }
}

TEST(Caller, ATruncatedAnswerGivesWhatWasWhole) {
  Exchange(200, R"({"states":{"7":1,"8":{"a":)");
  CHECK(listener.elements == (Texts{"0 7 1"}));
  CHECK(listener.verdict == Verdict::kRetry);
  STRCMP_CONTAINS("ended too early", listener.reason.c_str());
}

TEST(Caller, ABodyThatIsNoJsonIsAbandonedAtOnce) {
  Start();
  http.Body(200, "{\"states\":{\"7\":1}} trailing");
  http.Body(200, std::string(100000, 'x'), 1000);
  http.Deliver();
  LONGS_EQUAL(1, listener.ends);
  CHECK_FALSE(http.busy());
  CHECK(listener.elements == (Texts{"0 7 1"}));
  STRCMP_CONTAINS("at byte 19", listener.reason.c_str());
}

TEST(Caller, AWebPageIsRecognised) {
  Exchange(502, "<html><h1>Bad Gateway</h1></html>", 3);
  STRCMP_CONTAINS("a web page came", listener.reason.c_str());
  STRCMP_CONTAINS("HTTP 502", listener.reason.c_str());
}

TEST(Caller, TheNextCallRemembersNothing) {
  Exchange(502, "<html>");
  Exchange(400, R"({"success":false,"status":{"code":7}})");
  Exchange(200, R"({"states":{"7":)");
  Exchange(200, "[]");
  Exchange(200, R"({"states":{"9":2},"success":true})");
  CHECK(listener.verdict == Verdict::kGood);
  STRCMP_EQUAL("0 9 2", listener.elements.back().c_str());
}

TEST(Caller, PausesWhereTheStagesBehindAreFull) {
  const std::string body = R"({"states":{"1":1,"2":2,"3":[3],"4":"4","5":5},"success":true})";
  for (std::size_t piece = 1; piece <= body.size(); ++piece) {
    Listener slow;
    Caller other({"https://api.example", 1, {}}, http, reader, slow);
    slow.room = 1;
    CHECK(other.Start(kGetStates, "", "{}").ok());
    http.Body(200, body, piece);
    http.End(HttpEnd::kComplete);
    http.Deliver();
    for (std::size_t wanted = 1; wanted <= 5; ++wanted) {
      LONGS_EQUAL(wanted, slow.elements.size());
      CHECK(http.paused());
      other.ResumeIfReady();  // not ready: nothing happens
      http.Deliver();
      LONGS_EQUAL(wanted, slow.elements.size());
      slow.room = wanted == 5 ? SIZE_MAX : 1;
      other.ResumeIfReady();
      http.Deliver();
    }
    CHECK(slow.elements == (Texts{"0 1 1", "0 2 2", "0 3 [3]", "0 4 \"4\"", "0 5 5"}));
    CHECK(slow.verdict == Verdict::kGood);
    LONGS_EQUAL(1, slow.ends);
  }
}

TEST(Caller, ATimeoutWhilePausedEndsTheCall) {
  listener.room = 1;
  Start();
  http.Body(200, R"({"states":{"1":1,"2":2}})");
  http.Deliver();
  CHECK(http.paused());
  http.Cancel();
  http.Deliver();
  LONGS_EQUAL(1, listener.ends);
  CHECK_FALSE(caller.busy());
  listener.room = SIZE_MAX;
  Exchange(200, R"({"states":{"8":8},"success":true})", 5);
  CHECK(listener.elements == (Texts{"0 1 1", "0 8 8"}));
}

TEST(Caller, CancelEndsTheCall) {
  caller.Cancel();  // nothing under way: no effect
  Start();
  caller.Cancel();
  http.Deliver();
  LONGS_EQUAL(1, listener.ends);
  CHECK(listener.verdict == Verdict::kRetry);
}

TEST(Caller, WhatIsLeftOutIsToldAndCounted) {
  Exchange(200, "{\"states\":{\"7\":\"\xFF\",\"8\":2},\"x\":\"\x01\",\"success\":true}");
  CHECK(listener.elements == (Texts{"0 8 2"}));
  CHECK(listener.skipped == (Texts{"7", "x"}));
  LONGS_EQUAL(2, caller.counters().skipped);
  CHECK(listener.verdict == Verdict::kGood);
}

TEST(Caller, TransportFailures) {
  Start();
  http.Fail(HttpEnd::kConnectFailed, "connection refused");
  CHECK(listener.verdict == Verdict::kRetry);
  STRCMP_CONTAINS("connection refused", listener.reason.c_str());
  LONGS_EQUAL(1, caller.counters().failures);
}

TEST(Caller, RetryAfterIsPassedOn) {
  Start();
  http.Answer(429, "", 0, 90000);
  LONGLONGS_EQUAL(90000, listener.retry_after);
  CHECK(listener.verdict == Verdict::kSlowDown);
  Exchange(200, "{}");
  LONGLONGS_EQUAL(-1, listener.retry_after);
}

TEST(Caller, WithoutTheContainerThatItIsAboutNoAnswerIsGood) {
  for (const char* body : {R"({"success":true})", R"({"states":null,"success":true})",
                           R"({"blocked":[],"not_exist":[],"success":true})",
                           R"({"x":{"states":{}},"success":true})"}) {
    Exchange(200, body);
    CHECK_TEXT(listener.verdict == Verdict::kRetry, body);
    STRCMP_CONTAINS("\"states\"", listener.reason.c_str());
  }
  Exchange(200, R"({"states":{},"success":true})");
  CHECK(listener.verdict == Verdict::kGood);
  Start(kTrackerList);
  http.Answer(200, R"({"states":{},"success":true})");
  STRCMP_CONTAINS("\"list\"", listener.reason.c_str());
}

TEST(Caller, BytesAreCounted) {
  Exchange(200, "{\"success\":true}");
  LONGS_EQUAL(16, caller.counters().bytes_in);
  LONGS_EQUAL(7, caller.counters().bytes_out);
}

TEST(Caller, ARequestThatIsRefusedIsNotUnderWay) {
  http.Refuse("malformed url");
  CHECK_FALSE(caller.Start(kGroupList, "", "{}").ok());
  CHECK_FALSE(caller.busy());
  LONGS_EQUAL(0, caller.counters().requests);
  LONGS_EQUAL(0, listener.ends);
}

TEST(Caller, AStatusThatCannotBeReadGoesByTheHttpStatus) {
  Exchange(503, R"({"success":false,"status":"down"})");
  CHECK(listener.verdict == Verdict::kRetry);
  Exchange(429, R"({"success":false,"status":null})");
  CHECK(listener.verdict == Verdict::kSlowDown);
  Exchange(200, R"({"success":"true"})");
  CHECK(listener.verdict == Verdict::kRetry);
}
