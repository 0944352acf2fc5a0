// SPDX-License-Identifier: Apache-2.0
// Texts that are not JSON, each with its one fault, and what is JSON here beyond RFC 8259.
#include <string>

#include "tests/unit/settings/config_text.hpp"
#include "tests/unit/stride.hpp"

#include "CppUTest/TestHarness.h"

using namespace depotlink::settings;

namespace {

struct Case {
  const char* text;
  const char* fault;
};

constexpr Case kCases[] = {
    {"", "c:1:1: the config is empty; it is one object: { ... }"},
    {" \n\t// nothing\n", "c:1:1: the config is empty; it is one object: { ... }"},
    {"{", "c:1:2: the text ends here, but a closing \"}\" is missing"},
    {"{\n  \"site\": \"a\",\n  \"api\": {\n}\n\n",
     "c:4:2: the text ends here, but a closing \"}\" is missing"},
    {"[1]", "c:1:1: the config is one object: { ... }"},
    {"\n \"x\"", "c:2:2: the config is one object: { ... }"},
    {"{}}", "c:1:3: nothing may follow the closing \"}\""},
    {"{} x", "c:1:4: keys and text stand in double quotes: \"...\""},
    {"{\"site\" \"x\"}", "c:1:9: a \":\" is expected here, between the key and its value"},
    {"{\"site\": }", "c:1:10: a value is expected here"},
    {"{\"site\": x}", "c:1:10: keys and text stand in double quotes: \"...\""},
    {"{site: 1}", "c:1:2: keys and text stand in double quotes: \"...\""},
    {"{'site': 1}", "c:1:2: text stands in double quotes: \"...\""},
    {"{\"a\": tru}", "c:1:7: keys and text stand in double quotes: \"...\""},
    {"{\"a\": NaN}", "c:1:7: keys and text stand in double quotes: \"...\""},
    {"{\"a\": 10s}", "c:1:7: this is no number; a duration, size or text stands in quotes"},
    {"{\"a\": 01}", "c:1:7: this is no number; a duration, size or text stands in quotes"},
    {"{\"a\": +1}", "c:1:7: this is no number; a duration, size or text stands in quotes"},
    {"{\"a\": -}", "c:1:7: this is no number; a duration, size or text stands in quotes"},
    {"{\"a\": 1.}", "c:1:7: this is no number; a duration, size or text stands in quotes"},
    {"{\"a\": 1e}", "c:1:7: this is no number; a duration, size or text stands in quotes"},
    {"{\"a\": .5}", "c:1:7: this is no number; a duration, size or text stands in quotes"},
    {"{\"a\": 1e999}", "c:1:7: this number is out of any range"},
    {"{\n\"a\": 1\n\"b\": 2}", "c:3:1: a \",\" or a closing \"}\" is missing before this"},
    {"{\"\xC3\xA9\": 1 \"b\": 2}", "c:1:9: a \",\" or a closing \"}\" is missing before this"},
    {"{\r\n\"a\": 1\r\n\"b\": 2}", "c:3:1: a \",\" or a closing \"}\" is missing before this"},
    {"{\"a\": [1 2]}", "c:1:10: a \",\" or a closing \"]\" is missing before this"},
    {"{\"a\": 1,,}", "c:1:9: a key in quotes or a closing \"}\" is expected here"},
    {"{,}", "c:1:2: a key in quotes or a closing \"}\" is expected here"},
    {"{\"a\": \"x\n\"}", "c:1:7: the text that begins here has no closing quote on its line"},
    {"{\"a\": \"x\\\"}", "c:1:7: the text that begins here has no closing quote on its line"},
    {"{\"a\": \"x\\", "c:1:7: the text that begins here has no closing quote on its line"},
    {"{\"a\": \"x\ty\"}", "c:1:9: a tab stands within quotes; write \\t"},
    {"{\"a\": \"x\x01\"}", "c:1:9: a control character stands here; remove it"},
    {"{\"a\": \x7F}", "c:1:7: a control character stands here; remove it"},
    {"// \x1b[2J\n{}", "c:1:4: a control character stands here; remove it"},
    {"{\"a\": \"\xC3\xA9\xFF\"}", "c:1:9: this byte is not UTF-8; save the file as UTF-8"},
    {"{\"a\": \xC0\xAF}", "c:1:7: this byte is not UTF-8; save the file as UTF-8"},
    {"{\"a\": \"\\q\"}",
     "c:1:7: a backslash in this text begins no escape; write \\\\ for a backslash"},
    {"{\"a\": \"\\u12\"}", "c:1:7: \\u in this text is not followed by four hexadecimal digits"},
    {"{\"a\": \"\\ud800\"}", "c:1:7: \\u in this text begins a pair whose second half is missing"},
    {"{} /* x", "c:1:4: this comment has no closing */"},
    {"{} /*/", "c:1:4: this comment has no closing */"},
    {"{} / x", "c:1:4: a comment begins with // or /*; text stands in quotes"},
    {"{} # x", "c:1:4: keys and text stand in double quotes: \"...\""},
};

}  // namespace

TEST_GROUP(Syntax){};

TEST(Syntax, FaultsAreOneEachAndExactlyPlaced) {
  for (const Case& c : kCases) {
    STRCMP_EQUAL_TEXT((std::string(c.fault) + '\n').c_str(), FaultsOf(c.text).c_str(), c.text);
  }
}

TEST(Syntax, NulIsRefused) {
  STRCMP_EQUAL("c:1:2: a control character stands here; remove it\n",
               FaultsOf(std::string_view("{\0}", 3)).c_str());
}

TEST(Syntax, DepthIsBounded) {
  const std::string deep = "{\"a\": " + std::string(30, '[') + std::string(30, ']') + '}';
  STRCMP_CONTAINS("c:1:2: a: unknown key", FaultsOf(deep).c_str());
  const std::string deeper = "{\"a\": " + std::string(31, '[') + std::string(31, ']') + '}';
  STRCMP_EQUAL("c:1:37: nested too deep; 31 levels at most\n", FaultsOf(deeper).c_str());
  STRCMP_EQUAL("c:1:32: nested too deep; 31 levels at most\n",
               FaultsOf(std::string(60000, '[')).c_str());
}

TEST(Syntax, CommentsTrailingCommasAndAByteOrderMarkAreAccepted) {
  STRCMP_EQUAL("",
               FaultsOf("\xEF\xBB\xBF// the depot \xC3\xA9\r\n{/**/\"site\"/*:*/:/* \" */\"a\"/**/,"
                        "\"api\": {\"url\": \"https://h\", // \"key_file\": 1\n"
                        "\"key_file\": \"/k // no comment /* nor this\", },\n"
                        "\"mqtt\": {\"url\": \"mqtt://h\",/* last */},//\n} /* end **/ // end")
                   .c_str());
}

TEST(Syntax, EscapesInKeysAreUnderstood) {
  STRCMP_EQUAL("", FaultsOf("{\"s\\u0069te\": \"a\", \"api\": {\"url\": \"https:\\/\\/h\", "
                            "\"key_file\": \"/k\"}, \"mqtt\": {\"url\": \"mqtt://h\"}}")
                       .c_str());
  STRCMP_EQUAL(
      "c:4:3: \\u001b\\u000a: unknown key; known here are \"site\", \"api\", \"mqtt\", "
      "\"poll\", \"scope\", \"shard\", \"extra\", \"publish\", \"queue\", \"memory\" and \"log\"\n",
      FaultsOf(WithRest("  \"\\u001b\\n\": 1")).c_str());
}

// Whatever is cut off or flipped: no crash, and never an OK for half a config.
TEST(Syntax, EveryPrefixIsRefused) {
  const std::string whole = ConfigText().Text();
  for (std::size_t i = 0; i + 2 < whole.size(); ++i) {
    CHECK(!ReadSettings(std::string_view(whole).substr(0, i)).faults.empty());
  }
}

TEST(Syntax, EveryByteMayBeAnother) {
  constexpr std::string_view kInserted("\0\x01\t\n\r \"'*,-./019:[\\]{}eu\x7F\x80\xC3\xE2\xF0\xFF",
                                       31);
  const std::string whole = WithMqtt("\"version\": \"5\"");
  for (std::size_t i = 0; i < whole.size(); i += depotlink::Stride()) {
    std::string broken = whole;
    for (const char byte : kInserted) {
      broken[i] = byte;
      for (const Fault& fault : ReadSettings(broken).faults) {
        CHECK(fault.line >= 1 && fault.line <= 6 && fault.column >= 1);
      }
    }
  }
}
