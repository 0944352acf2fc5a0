// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/window.hpp"

#include <string>
#include <vector>

#include "tests/unit/queue/window_texts.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::queue::DroppedRecords;
using depotlink::queue::MakeRecord;
using depotlink::queue::Record;
using depotlink::queue::RecordKind;
using depotlink::queue::Window;

TEST_GROUP(Window) {
  DroppedRecords drops;

  static std::string Payload(const Window& window, Window::Ref ref) {
    return std::string(window.Get(ref).payload);
  }
  bool Push(Window & window, const std::string& payload) {
    return window.Push(MakeRecord("t", payload), drops);
  }
};

TEST(Window, BeginsEmpty) {
  const Window window(100, 4);
  CHECK(window.NextUnsent() == Window::kNone);
  LONGS_EQUAL(0, window.waiting());
  LONGS_EQUAL(0, window.sent());
  CHECK(window.HasRoom(100));
  CHECK_FALSE(window.HasRoom(101));
}

TEST(Window, KeepsACopyOfAllOfARecord) {
  Window window(100, 4);
  std::string topic = "a/topic";
  std::string payload = "the payload";
  Record record = MakeRecord(topic, payload);
  record.kind = RecordKind::kInfo;
  record.retain = false;
  record.tracker = std::uint64_t{1} << 53U;
  CHECK(window.Push(record, drops));
  topic.assign(topic.size(), '#');
  payload.assign(payload.size(), '#');
  const Record kept = window.Get(window.NextUnsent());
  CHECK(kept.kind == RecordKind::kInfo);
  CHECK_FALSE(kept.retain);
  CHECK(kept.tracker == std::uint64_t{1} << 53U);
  CHECK(kept.topic == "a/topic");
  CHECK(kept.payload == "the payload");
}

TEST(Window, AnEmptyPayloadIsARecordToo) {
  Window window(100, 4);
  CHECK(Push(window, ""));
  CHECK(Push(window, "x"));
  const Window::Ref first = window.NextUnsent();
  CHECK(window.Get(first).payload.empty());
  window.MarkSent(first);
  STRCMP_EQUAL("x", Payload(window, window.NextUnsent()).c_str());
}

TEST(Window, GoesOutInTheOrderInWhichItCame) {
  Window window(100, 4);
  for (const char* payload : {"1", "2", "3"}) CHECK(Push(window, payload));
  for (const char* payload : {"1", "2", "3"}) {
    const Window::Ref ref = window.NextUnsent();
    STRCMP_EQUAL(payload, Payload(window, ref).c_str());
    window.MarkSent(ref);
  }
  CHECK(window.NextUnsent() == Window::kNone);
  LONGS_EQUAL(3, window.sent());
  LONGS_EQUAL(0, window.waiting());
}

TEST(Window, UnsendComesBeforeAllThatWaits) {
  Window window(100, 5);
  for (const char* payload : {"1", "2", "3", "4"}) Push(window, payload);
  const Window::Ref first = window.NextUnsent();
  window.MarkSent(first);
  const Window::Ref second = window.NextUnsent();
  window.MarkSent(second);
  window.Unsend(first);
  STRCMP_EQUAL("1", Payload(window, window.NextUnsent()).c_str());
  window.MarkSent(first);
  STRCMP_EQUAL("3", Payload(window, window.NextUnsent()).c_str());
  window.UnsendAll();
  STRCMP_EQUAL("1", Payload(window, window.NextUnsent()).c_str());
  LONGS_EQUAL(4, window.waiting());
  LONGS_EQUAL(0, window.sent());
}

TEST(Window, UnsendOfWhatIsNotOnItsWayDoesNothing) {
  Window window(100, 5);
  Push(window, "1");
  const Window::Ref ref = window.NextUnsent();
  window.Unsend(ref);
  LONGS_EQUAL(1, window.waiting());
  window.MarkSent(ref);
  window.Finish(ref);
  window.UnsendAll();
  LONGS_EQUAL(0, window.waiting());
}

TEST(Window, FinishOutOfOrder) {
  Window window(100, 4);
  std::vector<Window::Ref> refs;
  for (const char* payload : {"1", "2", "3"}) {
    Push(window, payload);
    refs.push_back(window.NextUnsent());
    window.MarkSent(refs.back());
  }
  window.Finish(refs[1]);
  window.Finish(refs[2]);
  LONGS_EQUAL(1, window.sent());
  window.UnsendAll();
  CHECK(window.NextUnsent() == refs[0]);
  LONGS_EQUAL(1, window.waiting());
  window.MarkSent(refs[0]);
  window.Finish(refs[0]);
  CHECK(window.HasRoom(100));
}

TEST(Window, RefusalsAreCountedForEachRecord) {
  Window window(100, 4);
  Push(window, "1");
  Push(window, "2");
  const Window::Ref first = window.NextUnsent();
  window.MarkSent(first);
  const Window::Ref second = window.NextUnsent();
  LONGS_EQUAL(1, window.CountRefusal(first));
  LONGS_EQUAL(2, window.CountRefusal(first));
  LONGS_EQUAL(1, window.CountRefusal(second));
}

TEST(Window, APlaceThatIsUsedAgainHasNoRefusals) {
  Window window(100, 1);
  Push(window, "1");
  const Window::Ref first = window.NextUnsent();
  window.CountRefusal(first);
  window.Finish(first);
  Push(window, "2");
  LONGS_EQUAL(1, window.CountRefusal(window.NextUnsent()));
}

TEST(Window, AFullWindowDropsTheOldest) {
  Window window(1000, 3);
  for (const char* payload : {"1", "2", "3", "4", "5"}) CHECK(Push(window, payload));
  CHECK(drops.payloads == (std::vector<std::string>{"1", "2"}));
  LONGS_EQUAL(3, window.waiting());
  STRCMP_EQUAL("3", Payload(window, window.NextUnsent()).c_str());
}

TEST(Window, AsManyGoAsTheNewOneNeeds) {
  Window window(40, 10);  // each text has a byte of topic
  for (const char* payload : {"111111111", "222222222", "333333333", "444444444"}) {
    CHECK(Push(window, payload));
  }
  CHECK(drops.payloads.empty());
  CHECK(Push(window, std::string(14, '5')));
  CHECK(drops.payloads == (std::vector<std::string>{"111111111", "222222222"}));
}

TEST(Window, WhatIsOnItsWayIsNotDropped) {
  Window window(1000, 2);
  Push(window, "1");
  Push(window, "2");
  window.MarkSent(window.NextUnsent());
  CHECK_FALSE(Push(window, "3"));
  CHECK(drops.payloads == (std::vector<std::string>{"3"}));
  LONGS_EQUAL(1, window.sent());
  LONGS_EQUAL(1, window.waiting());
}

TEST(Window, WhatIsLargerThanAllTheRoomCostsNoOtherItsPlace) {
  Window window(100, 4);
  Push(window, "1");
  Push(window, "2");
  CHECK_FALSE(Push(window, std::string(100, 'x')));  // and a byte of topic
  LONGS_EQUAL(1, drops.payloads.size());
  LONGS_EQUAL(100, drops.payloads[0].size());
  LONGS_EQUAL(2, window.waiting());
  CHECK(Push(window, std::string(95, 'y')));
  STRCMP_EQUAL("1", Payload(window, window.NextUnsent()).c_str());
}

TEST(Window, ARecordOfAllTheRoom) {
  Window window(100, 4);
  Push(window, "1");
  CHECK(Push(window, std::string(99, 'x')));
  CHECK(drops.payloads == (std::vector<std::string>{"1"}));
  LONGS_EQUAL(99, window.Get(window.NextUnsent()).payload.size());
  CHECK_FALSE(window.HasRoom(1));
}

TEST(Window, TextsAreNeverCutAtTheEndOfTheRing) {
  Window window(100, 10);
  for (int i = 0; i < 1000; ++i) {
    const std::string payload(static_cast<std::size_t>(20 + i % 13),
                              static_cast<char>('a' + i % 26));
    CHECK(Push(window, payload));
    const Window::Ref ref = window.NextUnsent();
    CHECK(window.Get(ref).payload == payload);
    window.MarkSent(ref);
    window.Finish(ref);
  }
  CHECK(drops.payloads.empty());
}

TEST(Window, ARecordThatIsGivenUpUnsentLeaves) {
  Window window(100, 4);
  Push(window, "1");
  Push(window, "2");
  window.Finish(window.NextUnsent());
  LONGS_EQUAL(1, window.waiting());
  STRCMP_EQUAL("2", Payload(window, window.NextUnsent()).c_str());
}
