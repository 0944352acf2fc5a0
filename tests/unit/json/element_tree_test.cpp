// SPDX-License-Identifier: Apache-2.0
// Differential: an element, mutated at random. What the reader takes, JsonCpp takes in its strict
// mode, and finds the same in it; what JsonCpp and a reader by recursive descent both take, the
// reader takes.
#include <json/json.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/json/element_reader.hpp"
#include "tests/fakes/fake_random.hpp"
#include "tests/fakes/reference_json.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::fakes::ReferenceJson;
using depotlink::fakes::SeededRandom;
using depotlink::json::Array;
using depotlink::json::ElementReader;
using depotlink::json::Found;
using depotlink::json::Object;

namespace {

constexpr std::string_view kElement =
    R"({"id": 7, "l": "a\n\u00e9\ud83d\ude9a\"", "s": {"x": [1, -2.5e3, {}, "t", null], "": 0},)"
    R"( "lat": 45.0888968, "vast": 20910998202956382057, "min": -9223372036854775808, "b": true,)"
    " \"t\": \"\xC3\xA9\xF0\x9F\x9A\x9A\", \"in\": [true, false], \"n\": null, \"e\": [[], {}, "
    "\"\"]}";

constexpr std::string_view kBits[] = {"{",        "}",
                                      "[",        "]",
                                      ",",        ":",
                                      "\"",       "\\",
                                      "1",        "0",
                                      "-",        ".",
                                      "e",        "E5",
                                      "9e9",      "null",
                                      "true",     "false",
                                      "\t",       "\\u",
                                      "\\u00",    "\\u0041",
                                      "\\n",      "'",
                                      "1.5",      "-0",
                                      "//",       "/**/",
                                      "{}",       "[]",
                                      "\"a\":",   "\"id\"",
                                      ",\"q\":1", "12345678901234567890"};

std::string Changed(SeededRandom& random) {
  std::string text(kElement);
  for (std::size_t n = 1 + random.Below(3); n > 0; --n) {
    const std::size_t at = random.Below(text.size());
    const std::size_t length = std::min(random.Below(4), text.size() - at);
    if (random.Below(3) == 0) {
      text[at] = kElement[random.Below(kElement.size())];
    } else {
      text.replace(at, length, kBits[random.Below(std::size(kBits))]);
    }
  }
  return text;
}

bool SameObject(const Json::Value& theirs, const Object& ours);

bool SameArray(const Json::Value& theirs, const Array& ours) {
  if (theirs.size() != ours.size()) return false;
  for (Json::ArrayIndex i = 0; i < theirs.size(); ++i) {
    Object object;
    std::string_view text;
    if (ours.GetObject(i, object) != theirs[i].isObject()) return false;
    if (theirs[i].isObject() && !SameObject(theirs[i], object)) return false;
    if (ours.GetText(i, 999, text) != theirs[i].isString()) return false;
    if (theirs[i].isString() && text != theirs[i].asString()) return false;
    std::uint64_t id = 0;
    const bool is_id = theirs[i].isNumeric() && theirs[i].isUInt64();
    if (ours.GetId(i, 0, UINT64_MAX, id) != is_id) return false;
    if (is_id && id != theirs[i].asUInt64()) return false;
  }
  return true;
}

bool SameNumber(const Json::Value& theirs, const Object& ours, const std::string& name) {
  double real = 0;
  if (ours.GetDouble(name, real) != Found::kYes) return false;
  if (real < theirs.asDouble() || real > theirs.asDouble()) return false;
  std::uint64_t id = 0;
  const bool is_id = ours.GetId(name, 0, UINT64_MAX, id) == Found::kYes;
  if (is_id != theirs.isUInt64() || (is_id && id != theirs.asUInt64())) return false;
  std::int64_t number = 0;
  const bool is_int = ours.GetInt(name, INT64_MIN, INT64_MAX, number) == Found::kYes;
  if (theirs.type() == Json::realValue) return true;
  return is_int == theirs.isInt64() && (!is_int || number == theirs.asInt64());
}

bool SameMember(const Json::Value& theirs, const Object& ours, const std::string& name) {
  bool flag = false;
  Object object;
  Array array;
  std::string_view text;
  switch (theirs.type()) {
    case Json::nullValue:
      return ours.GetBool(name, flag) == Found::kAbsent;
    case Json::booleanValue:
      return ours.GetBool(name, flag) == Found::kYes && flag == theirs.asBool();
    case Json::stringValue:
      return ours.GetText(name, 999, text) == Found::kYes && text == theirs.asString();
    case Json::objectValue:
      return ours.GetObject(name, object) == Found::kYes && SameObject(theirs, object);
    case Json::arrayValue:
      return ours.GetArray(name, array) == Found::kYes && SameArray(theirs, array);
    default:
      return SameNumber(theirs, ours, name);
  }
}

bool SameObject(const Json::Value& theirs, const Object& ours) {
  std::vector<std::string> names;
  ours.ForEachName([&names](std::string_view name) { names.emplace_back(name); });
  if (names != theirs.getMemberNames()) return false;
  return std::all_of(names.begin(), names.end(),
                     [&](const std::string& name) { return SameMember(theirs[name], ours, name); });
}

}  // namespace

TEST_GROUP(ElementTree){};

TEST(ElementTree, FindsWhatJsonCppFinds) {
  Json::CharReaderBuilder builder;
  Json::CharReaderBuilder::strictMode(&builder.settings_);
  const std::unique_ptr<Json::CharReader> jsoncpp(builder.newCharReader());
  SeededRandom random(20);
  ElementReader reader;
  std::size_t taken = 0;
  std::size_t refused = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string text = i == 0 ? std::string(kElement) : Changed(random);
    Json::Value root;
    const bool theirs =
        jsoncpp->parse(text.data(), text.data() + text.size(), &root, nullptr) && root.isObject();
    const bool ours = reader.Parse(text).ok();
    std::string compact;
    if (theirs && ReferenceJson::IsValue(text, compact)) CHECK_TEXT(ours, text.c_str());
    ++(ours ? taken : refused);
    if (!ours || reader.mended() > 0) continue;
    CHECK_TEXT(theirs, text.c_str());
    CHECK_TEXT(SameObject(root, reader.root()), text.c_str());
  }
  CHECK(taken > 1000);
  CHECK(refused > 1000);
}
