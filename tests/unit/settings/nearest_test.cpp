// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/nearest.hpp"

#include <string>

#include "agent/settings/suggest.hpp"

#include "CppUTest/TestHarness.h"

using namespace depotlink::settings;

TEST_GROUP(Nearest){
    static std::string Suggested(const char* section, const char* leaf){std::string list;
for (const std::string_view path : Suggest(section, leaf)) {
  list += (list.empty() ? "" : " ") + std::string(path);
}
return list;
}
}
;

TEST(Nearest, CountsEditsAndSwaps) {
  CHECK_EQUAL(0, EditDistance("", ""));
  CHECK_EQUAL(3, EditDistance("", "url"));
  CHECK_EQUAL(3, EditDistance("url", ""));
  CHECK_EQUAL(1, EditDistance("ulr", "url"));
  CHECK_EQUAL(1, EditDistance("urll", "url"));
  CHECK_EQUAL(1, EditDistance("ur", "url"));
  CHECK_EQUAL(1, EditDistance("uri", "url"));
  CHECK_EQUAL(3, EditDistance("kitten", "sitting"));
  CHECK_EQUAL(3, EditDistance("ca", "abc"));  // optimal alignment: no edit within a swap
}

TEST(Nearest, TakesOtherWaysOfWritingForTheSame) {
  CHECK_EQUAL(0, SlipDistance("keyFile", "key_file"));
  CHECK_EQUAL(0, SlipDistance("KEY-FILE", "key_file"));
  CHECK_EQUAL(1, SlipDistance("keyfil", "key_file"));
}

TEST(Nearest, SeesNoSlipInOtherNames) {
  CHECK_EQUAL(kNoSlip, SlipDistance("zebra", "site"));
  CHECK_EQUAL(kNoSlip, SlipDistance("", "url"));
  CHECK_EQUAL(kNoSlip, SlipDistance("___", "url"));
  CHECK_EQUAL(kNoSlip, SlipDistance("abc", "url"));
  CHECK_EQUAL(kNoSlip, SlipDistance(std::string(65, 'u'), "url"));
}

TEST(Nearest, TakesAPartForTheWhole) {
  CHECK(SlipDistance("prefix", "topic_prefix") != kNoSlip);
  CHECK(SlipDistance("site_name", "site") != kNoSlip);
  CHECK_EQUAL(kNoSlip, SlipDistance("pre", "topic_prefix"));
}

TEST(Nearest, SuggestsKeys) {
  STRCMP_EQUAL("mqtt.url", Suggested("mqtt", "ulr").c_str());
  STRCMP_EQUAL("api.key_file queue.key_file", Suggested("", "key_file").c_str());
  STRCMP_EQUAL("api.key_file queue.key_file", Suggested("mqtt", "keyfile").c_str());
  STRCMP_EQUAL("api.url mqtt.url", Suggested("", "url").c_str());
  STRCMP_EQUAL("api.ca_file mqtt.ca_file", Suggested("", "ca_file").c_str());
  STRCMP_EQUAL("mqtt.url", Suggested("mqtt", "Host").c_str());
  STRCMP_EQUAL("mqtt.topic_prefix", Suggested("mqtt", "prefix").c_str());
  STRCMP_EQUAL("poll.moving", Suggested("poll", "movng").c_str());
  STRCMP_EQUAL("poll.links", Suggested("poll", "link").c_str());
  STRCMP_EQUAL("site", Suggested("api", "site").c_str());
  STRCMP_EQUAL("poll", Suggested("", "polls").c_str());
  STRCMP_EQUAL("", Suggested("", "zebra").c_str());
}

TEST(Nearest, KnowsTheNamesOfSecrets) {
  const auto file_key = [](const char* section, const char* leaf) {
    return std::string(SecretFileKey(section, leaf));
  };
  for (const char* leaf : {"key", "api_key", "apiKey", "hash", "token", "secret", "password"}) {
    STRCMP_EQUAL_TEXT("api.key_file", file_key("api", leaf).c_str(), leaf);
  }
  for (const char* leaf : {"password", "pass", "passwd", "pwd", "token", "mqttPassword"}) {
    STRCMP_EQUAL_TEXT("mqtt.password_file", file_key("mqtt", leaf).c_str(), leaf);
  }
  STRCMP_EQUAL("queue.key_file", file_key("queue", "key").c_str());
  STRCMP_EQUAL("api.key_file", file_key("", "key").c_str());
  STRCMP_EQUAL("mqtt.password_file", file_key("", "password").c_str());
  for (const char* leaf : {"key_file", "url", "username", "passwords", ""}) {
    STRCMP_EQUAL_TEXT("", file_key("mqtt", leaf).c_str(), leaf);
  }
}
