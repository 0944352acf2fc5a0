// SPDX-License-Identifier: Apache-2.0
#include "agent/encode/topics.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include "CppUTest/TestHarness.h"

using depotlink::encode::IsSafeTopic;
using depotlink::encode::RetainedAt;
using depotlink::encode::RetainedTopic;
using depotlink::encode::TopicBuilder;
using depotlink::encode::TrackerTopic;

TEST_GROUP(Topics) {
  char out[depotlink::limits::kTopicBytes];

  std::string Tracker(const TopicBuilder& topics, std::uint64_t id, TrackerTopic kind) {
    const std::string_view topic = topics.Tracker(id, kind, out, sizeof out);
    CHECK(topic.empty() || IsSafeTopic(topic));
    return std::string(topic);
  }
};

TEST(Topics, TheSettledOnes) {
  const TopicBuilder topics("depotlink", "north-depot");
  CHECK(topics.ok());
  CHECK(topics.Status(out, sizeof out) == "depotlink/north-depot/status");
  CHECK(topics.Health(out, sizeof out) == "depotlink/north-depot/health");
  CHECK(Tracker(topics, 1234567, TrackerTopic::kState) ==
        "depotlink/north-depot/tracker/1234567/state");
  CHECK(Tracker(topics, 1234567, TrackerTopic::kInfo) ==
        "depotlink/north-depot/tracker/1234567/info");
  CHECK(Tracker(topics, 1234567, TrackerTopic::kHistory) ==
        "depotlink/north-depot/tracker/1234567/history");
}

TEST(Topics, WhatItWritesItReads) {
  const TopicBuilder topics("acme/depots", "yard");
  constexpr std::uint64_t kMost = std::uint64_t{1} << 53U;
  for (const std::uint64_t id : {std::uint64_t{1}, std::uint64_t{1234567}, kMost}) {
    const RetainedAt state = topics.Read(Tracker(topics, id, TrackerTopic::kState));
    CHECK(state.id == id && state.kind == RetainedTopic::kState);
    const RetainedAt info = topics.Read(Tracker(topics, id, TrackerTopic::kInfo));
    CHECK(info.id == id && info.kind == RetainedTopic::kInfo);
    const RetainedAt link = topics.Read(std::string(topics.Link(id, out, sizeof out)));
    CHECK(link.id == id && link.kind == RetainedTopic::kLink);
  }
  const std::string base = "acme/depots/yard/";
  for (const char* tail :
       {"", "tracker/", "tracker/7", "tracker/7/", "tracker/7/history", "tracker/7/state/x",
        "tracker/07/state", "tracker/0/state", "tracker/-7/state", "tracker/+7/state",
        "tracker/9007199254740993/state", "tracker/99999999999999999999/info", "tracker/x/info",
        "link/", "link/7/", "link/7/state", "health", "extra/tracker/7/state"}) {
    LONGS_EQUAL(0, topics.Read(base + tail).id);
  }
  LONGS_EQUAL(0, topics.Read("acme/depots/other/tracker/7/state").id);
}

TEST(Topics, FiltersOfWhatStandsRetained) {
  const TopicBuilder topics("depotlink", "yard");
  CHECK(topics.Filter(RetainedTopic::kState, out, sizeof out) == "depotlink/yard/tracker/+/state");
  CHECK(topics.Filter(RetainedTopic::kInfo, out, sizeof out) == "depotlink/yard/tracker/+/info");
  CHECK(topics.Filter(RetainedTopic::kLink, out, sizeof out) == "depotlink/yard/link/+");
}

TEST(Topics, ExtrasStandBelowTheirOwnLevel) {
  const TopicBuilder topics("depotlink", "yard");
  const auto extra = [&](std::string_view topic, std::uint64_t id) {
    return std::string(topics.Extra(topic, id, out, sizeof out));
  };
  CHECK(extra("tags", 0) == "depotlink/yard/extra/tags");
  CHECK(extra("a/b", 7) == "depotlink/yard/extra/a/b/7");
  CHECK(extra("a", std::uint64_t{1} << 53U) == "depotlink/yard/extra/a/9007199254740992");
  CHECK(extra("a", (std::uint64_t{1} << 53U) + 1).empty());
  for (const char* topic : {"", "#", "+", "a/", "/a", "a//b"}) CHECK(extra(topic, 0).empty());
  // The longest that a config can make has room.
  const TopicBuilder longest(std::string(100, 'p'), std::string(64, 's'));
  const std::string topic(depotlink::limits::kExtraTopicCharacters, 't');
  CHECK(!longest.Extra(topic, std::uint64_t{1} << 53U, out, sizeof out).empty());
}

TEST(Topics, APrefixMayHaveLevelsAndForeignLetters) {
  const TopicBuilder topics("acme/\xD0\x93\xD0\xB0\xD1\x80\xD0\xB0\xD0\xB6", "yard 1");
  CHECK(topics.ok());
  CHECK(topics.Status(out, sizeof out) ==
        "acme/\xD0\x93\xD0\xB0\xD1\x80\xD0\xB0\xD0\xB6/yard 1/status");
}

TEST(Topics, HostilePrefixesAndSitesGiveNoTopic) {
  const std::string_view hostile[] = {"",
                                      "/",
                                      "a/",
                                      "/a",
                                      "a//b",
                                      "+",
                                      "a/+",
                                      "#",
                                      "a/#",
                                      "a#b",
                                      "a+b",
                                      "$SYS",
                                      "$share/g",
                                      "a\n",
                                      "a\x7F",
                                      "a\xFF",
                                      "\xC0\x80",
                                      "a\xC2\x9Bz",
                                      "a\xEF\xBF\xBF",
                                      "\xEF\xB7\x90",
                                      "\xED\xA0\x80",
                                      "a\xE2\x80\xAE",
                                      std::string_view("a\0b", 3)};
  for (const std::string_view text : hostile) {
    const TopicBuilder by_prefix(text, "site");
    const TopicBuilder by_site("prefix", text);
    CHECK_FALSE(IsSafeTopic(text));
    CHECK_FALSE(by_prefix.ok());
    CHECK_FALSE(by_site.ok());
    CHECK(by_prefix.Status(out, sizeof out).empty());
    CHECK(by_site.Health(out, sizeof out).empty());
    CHECK(Tracker(by_site, 1, TrackerTopic::kState).empty());
  }
  CHECK_FALSE(TopicBuilder("prefix", "a/b").ok());
}

TEST(Topics, IdsOutOfRangeGiveNoTopic) {
  const TopicBuilder topics("p", "s");
  CHECK(Tracker(topics, 0, TrackerTopic::kState).empty());
  CHECK(Tracker(topics, UINT64_MAX, TrackerTopic::kState).empty());
  CHECK(Tracker(topics, (std::uint64_t{1} << 53U) + 1, TrackerTopic::kState).empty());
  CHECK(Tracker(topics, std::uint64_t{1} << 53U, TrackerTopic::kHistory) ==
        "p/s/tracker/9007199254740992/history");
  CHECK(Tracker(topics, 1, TrackerTopic::kInfo) == "p/s/tracker/1/info");
}

TEST(Topics, ALinkHasATopicOfItsOwn) {
  const TopicBuilder topics("p", "s");
  CHECK(topics.Link(103, out, sizeof out) == "p/s/link/103");
  CHECK(topics.Link(0, out, sizeof out).empty());
  CHECK(topics.Link((std::uint64_t{1} << 53U) + 1, out, sizeof out).empty());
  CHECK(topics.Link(103, out, 11).empty());
}

TEST(Topics, TheLongestTopicFitsOrThereIsNone) {
  const std::string tail = "/s/tracker/9007199254740992/history";
  const std::string most(depotlink::limits::kTopicBytes - tail.size(), 'p');
  const TopicBuilder topics(most, "s");
  CHECK(topics.ok());
  LONGS_EQUAL(depotlink::limits::kTopicBytes,
              Tracker(topics, std::uint64_t{1} << 53U, TrackerTopic::kHistory).size());
  CHECK_FALSE(TopicBuilder(most + "p", "s").ok());
  CHECK_FALSE(TopicBuilder(std::string(4000, 'p'), "s").ok());
}

TEST(Topics, AShortBufferGivesNoTopicAndIsNotOverrun) {
  const TopicBuilder topics("p", "s");
  const std::string whole = Tracker(topics, 1, TrackerTopic::kState);
  for (std::size_t capacity = 0; capacity < whole.size(); ++capacity) {
    out[capacity] = '#';
    CHECK(topics.Tracker(1, TrackerTopic::kState, out, capacity).empty());
    CHECK(out[capacity] == '#');
  }
}

TEST(Topics, SafeTopics) {
  CHECK(IsSafeTopic("a"));
  CHECK(IsSafeTopic("a/b/c"));
  CHECK(IsSafeTopic("a$b/$c"));
  CHECK(IsSafeTopic("\xF0\x9F\x9A\x9A"));
  CHECK(IsSafeTopic(std::string(depotlink::limits::kTopicBytes, 'a')));
  CHECK_FALSE(IsSafeTopic(std::string(depotlink::limits::kTopicBytes + 1, 'a')));
}
