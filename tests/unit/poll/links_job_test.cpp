// SPDX-License-Identifier: Apache-2.0
// Geo links by pages of the list, and one by one.
#include "agent/poll/links_job.hpp"

#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/poll/poll_fixture.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::kMinuteMs;
using depotlink::kNever;
using depotlink::MonoTime;
using depotlink::model::LinkId;
using depotlink::poll::LinksJob;
using depotlink::poll::PollFixture;
using Texts = std::vector<std::string>;

namespace {

class RecordedLinks : public depotlink::poll::LinkWork {
 public:
  bool LinksReady() const override { return true; }
  LinkId OnLink(std::string_view element) override {
    const std::string text(element);
    const LinkId id = std::strtoull(text.c_str() + text.find(':') + 1, nullptr, 10);
    ids.push_back(id);
    return id;
  }
  void OnLinkMissing(LinkId id) override { calls.push_back("missing " + std::to_string(id)); }
  void OnLinkUnreadable(LinkId id) override { calls.push_back("unreadable " + std::to_string(id)); }
  void OnLinkListBegin() override { calls.emplace_back("begin"); }
  void OnLinkListEnd(bool whole) override { calls.emplace_back(whole ? "whole" : "cut"); }
  void OnLinkTrouble(std::string_view why) override {
    calls.emplace_back(why.empty() ? "well" : "trouble");
  }
  Texts Take() {
    Texts taken;
    taken.swap(calls);
    return taken;
  }

  std::vector<LinkId> ids;
  Texts calls;
};

constexpr const char* kListCall = "tracker/location/link/list";
constexpr const char* kReadCall = "tracker/location/link/read";

}  // namespace

TEST_GROUP(LinksJob) {
  RecordedLinks work;
  PollFixture poll;
  std::unique_ptr<LinksJob> job;

  void Make(const std::vector<LinkId>& ids) {
    job = std::make_unique<LinksJob>(kMinuteMs, ids, work, poll.random);
    poll.List();  // before the job is there: the fleet has had its turn
    poll.poller.Add(*job);
  }
  // The server's list, ids 1 .. count but for `gone`.
  std::string Page(LinkId count, LinkId gone = 0) {
    const std::string& body = poll.http.last().body;
    LinkId skip = std::strtoull(body.c_str() + body.find(':') + 1, nullptr, 10);
    CHECK(body.find("\"limit\":100,") != std::string::npos);
    std::string list;
    std::size_t given = 0;
    for (LinkId id = 1; id <= count && given < 100; ++id) {
      if (id == gone) continue;
      if (skip > 0) {
        --skip;
        continue;
      }
      ++given;
      list += (list.empty() ? "{\"id\":" : ",{\"id\":") + std::to_string(id) + "}";
    }
    return "{\"success\":true,\"list\":[" + list + "]}";
  }
  void AnswerPage(LinkId count, LinkId gone = 0) {
    poll.StepToRequest();
    CHECK(poll.http.last().url.find(kListCall) != std::string::npos);
    poll.http.Answer(200, Page(count, gone));
  }
  std::string Link(LinkId id) {
    return "{\"success\":true,\"value\":{\"id\":" + std::to_string(id) + "}}";
  }
};

TEST(LinksJob, PagesThrough2500Links) {
  Make({});
  int pages = 0;
  while (!job->read_once()) {
    AnswerPage(2500);
    CHECK(++pages < 40);
  }
  LONGS_EQUAL(26, pages);
  CHECK(work.Take() == (Texts{"begin", "whole"}));
  const std::set<LinkId> seen(work.ids.begin(), work.ids.end());
  for (LinkId id = 1; id <= 2500; ++id) CHECK(seen.count(id) == 1);
  CHECK(poll.clock.Now() < job->Due());
  CHECK(job->Due() <= poll.clock.Now() + kMinuteMs);
}

TEST(LinksJob, ThePageAtTheBound) {
  for (const LinkId count : {LinkId{0}, LinkId{1}, LinkId{99}, LinkId{100}, LinkId{101}}) {
    RecordedLinks seen;
    PollFixture fresh;
    LinksJob lister(kMinuteMs, {}, seen, fresh.random);
    fresh.List();
    fresh.poller.Add(lister);
    for (int pages = 0; !lister.read_once() && pages < 4; ++pages) {
      fresh.StepToRequest();
      const std::string& body = fresh.http.last().body;
      const LinkId offset = std::strtoull(body.c_str() + body.find(':') + 1, nullptr, 10);
      std::string list;
      for (LinkId id = offset + 1; id <= count && id <= offset + 100; ++id) {
        list += (list.empty() ? "{\"id\":" : ",{\"id\":") + std::to_string(id) + "}";
      }
      fresh.http.Answer(200, "{\"success\":true,\"list\":[" + list + "]}");
    }
    CHECK(lister.read_once());
    CHECK(seen.calls == (Texts{"begin", "whole"}));
    LONGS_EQUAL(count, seen.ids.empty() ? 0 : seen.ids.back());
  }
}

// One before the page that is read goes: the next page would begin one too late.
TEST(LinksJob, AListThatMovesMeanwhileProvesNothing) {
  Make({});
  AnswerPage(150);
  AnswerPage(150, 3);
  CHECK(job->read_once());
  CHECK(work.Take() == (Texts{"begin", "cut"}));
}

TEST(LinksJob, WhatIsLeftOutOfAPageEndsNothing) {
  Make({});
  poll.StepToRequest();
  std::string page = Page(150);
  page.replace(page.find("{\"id\":2}"), 8, '"' + std::string(40000, 'x') + '"');
  poll.http.Answer(200, page);
  CHECK_FALSE(job->read_once());
  AnswerPage(150);
  CHECK(job->read_once());
  CHECK(work.Take() == (Texts{"begin", "cut"}));
  LONGS_EQUAL(150, work.ids.back());
}

TEST(LinksJob, AFailureBeginsTheListAnewLater) {
  Make({});
  AnswerPage(150);
  poll.Answer(500, depotlink::poll::ErrorBody(1));
  CHECK(work.Take() == (Texts{"begin", "trouble", "cut"}));
  CHECK(job->troubled());
  while (!job->read_once()) AnswerPage(150);
  CHECK(work.Take() == (Texts{"begin", "well", "whole"}));
  CHECK_FALSE(job->troubled());
}

TEST(LinksJob, ReadsThoseOfTheScopeOneByOne) {
  Make({103, 104, 105});
  CHECK(poll.Answer(200, Link(103)) == kReadCall);
  STRCMP_EQUAL("{\"id\":103}", poll.http.last().body.c_str());
  poll.Answer(400, depotlink::poll::ErrorBody(201));
  CHECK_FALSE(job->read_once());
  poll.Answer(200, Link(105));
  CHECK(job->read_once());
  CHECK(work.ids == (std::vector<LinkId>{103, 105}));
  CHECK(work.Take() == (Texts{"missing 104"}));
  // A link that is gone is no trouble of the API's.
  LONGS_EQUAL(0, poll.logs.Count(depotlink::LogLevel::kError, "polling failed"));
  const MonoTime due = job->Due();
  CHECK(poll.clock.Now() < due && due <= poll.clock.Now() + kMinuteMs);
  poll.Answer(200, Link(103));
  CHECK(due <= poll.clock.Now());
}

TEST(LinksJob, WhatIsNotTheLinkAskedForIsUnreadable) {
  Make({103});
  poll.Answer(200, Link(104));
  CHECK(work.Take() == (Texts{"unreadable 103"}));
  job->AskSoon();
  poll.Answer(200, R"({"success":true})");
  CHECK(work.Take() == (Texts{"unreadable 103"}));
  job->AskSoon();
  poll.Answer(200, R"({"success":true,"value":{"x":")" + std::string(40000, 'x') + "\"}}");
  CHECK(work.Take() == (Texts{"unreadable 103"}));
}

TEST(LinksJob, OneThatFailsDoesNotStandBeforeTheOthers) {
  Make({103, 104});
  poll.Answer(403, depotlink::poll::ErrorBody(13));
  CHECK(work.Take() == (Texts{"trouble", "unreadable 103"}));
  CHECK(poll.Answer(200, Link(104)) == kReadCall);
  CHECK(work.ids == (std::vector<LinkId>{104}));
  poll.Answer(200, Link(103));
  CHECK(job->read_once());
}

TEST(LinksJob, PassingTroubleSaysNothingOfALink) {
  Make({103});
  poll.Answer(200, Link(103));
  job->AskSoon();
  poll.Answer(500, depotlink::poll::ErrorBody(6));
  CHECK(work.Take() == (Texts{"trouble"}));
  poll.Answer(200, Link(103));
  CHECK(work.Take() == (Texts{"well"}));
}

TEST(LinksJob, OneIsReadAgainBeforeItsTime) {
  Make({});
  AnswerPage(3);
  CHECK(job->read_once());
  const MonoTime due = job->Due();
  job->ReadSoon(2);
  job->ReadSoon(2);
  CHECK(poll.Answer(200, Link(2)) == kReadCall);
  STRCMP_EQUAL("{\"id\":2}", poll.http.last().body.c_str());
  LONGS_EQUAL(due.ms, job->Due().ms);
  for (LinkId id = 1; id <= 40; ++id) job->ReadSoon(id);  // more than are kept: all of them
  for (LinkId id = 1; id <= 32; ++id) poll.Answer(200, Link(id));
  AnswerPage(3);
}

TEST(LinksJob, AskedForInTheMidstOfAReadingItReadsAnewAfterwards) {
  Make({});
  AnswerPage(150);
  job->AskSoon();
  AnswerPage(150);
  CHECK(job->read_once());
  CHECK(job->Due() <= poll.clock.Now());
}
