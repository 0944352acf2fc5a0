// SPDX-License-Identifier: Apache-2.0
// Differential: a sound document, mutated at random. Whenever the references take the whole of it,
// the splitter delivers the same elements; and it never delivers one that they refuse.
//
// JsonCpp's strict mode is the one reference; where it is known to be lax (comments inside objects,
// ill-formed UTF-8, control characters, malformed numbers) or stricter than the splitter (names
// given twice, numbers past a double), the reader by recursive descent decides.
#include <json/json.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/json/element_splitter.hpp"
#include "tests/fakes/fake_random.hpp"
#include "tests/fakes/reference_json.hpp"
#include "tests/fakes/split_capture.hpp"
#include "tests/unit/stride.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Stride;
using depotlink::fakes::kListAndStates;
using depotlink::fakes::ReferenceJson;
using depotlink::fakes::SeededRandom;
using depotlink::fakes::SplitInPieces;
using depotlink::fakes::SplitPart;
using depotlink::fakes::SplitResult;
using depotlink::fakes::SplitSkip;
using depotlink::json::BodyEnd;
using depotlink::json::SkipReason;

namespace {

constexpr std::string_view kDocument =
    R"({"success": true, "list": [{"id": 7, "l": "a\n\u00e9\ud83d\ude9a", )"
    R"("s": {"x": [1, -2.5e3]}}, 8],)"
    "\n \"states\": {\"7\": {\"lat\": 45.08, \"t\": \"\xC3\xA9\xF0\x9F\x9A\x9A\", \"in\": [true, "
    "false]},"
    R"( "8": null}, "status": {"code": 0}, "n": [[], {}, ""]})";

// What mutations are made of: tokens and their enemies.
constexpr std::string_view kPool[] = {
    "{",    "}",    "[",        "]",        ",",    ":",    "\"",    "\\",      "1",
    "0",    "-",    "+",        ".",        "e",    "E5",   "1e999", "null",    "true",
    "fals", " ",    "\n",       "\t",       "/**/", "//\n", "\\u",   "\\ud83d", "\\n",
    "\x01", "\xC3", "\xA9",     "\x80",     "\xFF", "'",    "NaN",   "\"a\":",  "\"x\"",
    "{}",   "[]",   "\"list\"", "\"7\":1,", "[[[[["};

std::string Mutate(SeededRandom& random) {
  std::string text(kDocument);
  for (std::size_t n = 1 + random.Below(3); n > 0; --n) {
    const std::size_t at = random.Below(text.size() + 1);
    const std::size_t length = std::min(random.Below(6), text.size() - at);
    switch (random.Below(10)) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, kPool[random.Below(std::size(kPool))]);
        break;
      case 2:
        text.replace(at, length, kPool[random.Below(std::size(kPool))]);
        break;
      case 3:  // a piece of it, somewhere else
        text.insert(at, std::string(kDocument.substr(random.Below(kDocument.size()),
                                                     1 + random.Below(20))));
        break;
      case 4:  // any byte at all
        if (at < text.size()) text[at] = static_cast<char>(random.Below(256));
        break;
      case 5:
      case 6:  // a letter or digit for another, which is often harmless
        if (at < text.size() && std::isalnum(static_cast<unsigned char>(text[at])) != 0) {
          text[at] = static_cast<char>(text[at] ^ 1);
        }
        break;
      case 7:
      case 8:
        text.insert(at, " ");
        break;
      default:
        if (at + 1 < text.size()) std::swap(text[at], text[random.Below(text.size())]);
    }
    if (text.empty()) text = "{";
  }
  return text;
}

class StrictJsonCpp {
 public:
  StrictJsonCpp() {
    Json::CharReaderBuilder builder;
    Json::CharReaderBuilder::strictMode(&builder.settings_);
    reader_.reset(builder.newCharReader());
  }
  bool Takes(const std::string& text) const {
    Json::Value root;
    std::string errors;
    return reader_->parse(text.data(), text.data() + text.size(), &root, &errors);
  }
  // As an item of an array, because strict mode wants an array or object at the top.
  bool TakesElement(const std::string& text) const { return Takes('[' + text + ']'); }

 private:
  std::unique_ptr<Json::CharReader> reader_;
};

// What JsonCpp 1.9.5 refuses and RFC 8259 does not: a name given twice, a number past a double.
bool JsonCppIsStricter(const std::string& text) {
  Json::CharReaderBuilder builder;
  Json::CharReaderBuilder::strictMode(&builder.settings_);
  builder["rejectDupKeys"] = false;
  const std::unique_ptr<Json::CharReader> reader(builder.newCharReader());
  std::string tame = text;
  for (std::size_t at = 0; (at = tame.find_first_of("eE", at)) != std::string::npos; ++at) {
    const bool exponent = at > 0 && tame[at - 1] >= '0' && tame[at - 1] <= '9';
    if (exponent) tame[at] = '0';
    if (exponent && at + 1 < tame.size() && (tame[at + 1] == '+' || tame[at + 1] == '-')) {
      tame[at + 1] = '0';
    }
  }
  Json::Value root;
  std::string errors;
  tame = '[' + tame + ']';
  return reader->parse(tame.data(), tame.data() + tame.size(), &root, &errors);
}

// Left out for a reason of the splitter's own, not because it is unsound.
bool IsOwnBound(const SplitSkip& skip) {
  return skip.reason == SkipReason::kDuplicateKey || skip.reason == SkipReason::kTooDeep;
}

}  // namespace

TEST_GROUP(MutatedBody) {
  StrictJsonCpp json_cpp;

  void DeliversNothingUnsound(const SplitResult& result) {
    for (const SplitPart& part : result.parts) {
      std::string compact;
      if (!ReferenceJson::IsValue(part.text, compact)) FAIL(part.text.c_str());
      if (compact != part.text) FAIL("white space was left in an element");
      if (!json_cpp.TakesElement(part.text) && !JsonCppIsStricter(part.text)) {
        FAIL(part.text.c_str());
      }
    }
  }
  // `wanted`: all that a sound document holds. Each is delivered, or skipped for an own bound.
  static void DeliversAll(const std::vector<SplitPart>& wanted, const SplitResult& result) {
    if (result.skips.empty()) {
      CHECK(result.parts == wanted);
      return;
    }
    for (const SplitSkip& skip : result.skips) CHECK(IsOwnBound(skip));
    std::size_t at = 0;
    for (const SplitPart& part : result.parts) {
      while (at < wanted.size() && !(wanted[at] == part)) ++at;
      CHECK(at++ < wanted.size());
    }
  }
};

TEST(MutatedBody, TheDocumentItselfIsSound) {
  CHECK(json_cpp.Takes(std::string(kDocument)));
  std::vector<SplitPart> wanted;
  CHECK(ReferenceJson::Split(kDocument, kListAndStates, 2, wanted));
  LONGS_EQUAL(7, wanted.size());
  CHECK(SplitInPieces(kDocument).parts == wanted);
}

TEST(MutatedBody, DeliversJustWhatTheReferencesTake) {
  SeededRandom random(4);
  int rounds = 0;
  int sound = 0;
  int both = 0;
  for (std::size_t round = 0; round < 20000; round += Stride(), ++rounds) {
    const std::string text = Mutate(random);
    const SplitResult result = SplitInPieces(text);
    std::vector<SplitPart> wanted;
    const bool is_sound = ReferenceJson::Split(text, kListAndStates, 2, wanted);
    if (is_sound) {
      ++sound;
      both += json_cpp.Takes(text) ? 1 : 0;
      if (result.end != BodyEnd::kComplete) FAIL(text.c_str());
      DeliversAll(wanted, result);
    } else if (result.end == BodyEnd::kComplete && result.skips.empty()) {
      FAIL(text.c_str());
    }
    DeliversNothingUnsound(result);
    const SplitResult pieces = SplitInPieces(text, 1 + random.Below(9));
    if (!(pieces == result)) FAIL(text.c_str());
  }
  // The run is worth something only where both kinds are many.
  CHECK(sound > rounds / 5 && sound < rounds / 5 * 4);
  CHECK(both > rounds / 5);
}
