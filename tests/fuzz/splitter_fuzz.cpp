// SPDX-License-Identifier: Apache-2.0
// The splitter beside two readers of whole documents, and beside itself with the body cut.
#include <string>
#include <string_view>
#include <vector>

#include "tests/fakes/reference_json.hpp"
#include "tests/fakes/split_capture.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/strict_json.hpp"

namespace depotlink::fuzz {
namespace {

using fakes::kListAndStates;
using fakes::ReferenceJson;
using fakes::SplitPart;
using fakes::SplitResult;

bool IsOwnBound(const fakes::SplitSkip& skip) {
  return skip.reason != json::SkipReason::kBadText;
}

// Each part of a sound document is there, in its order, but for what the splitter's own bounds
// leave out and tell.
void DeliversAll(const std::vector<SplitPart>& wanted, const SplitResult& result) {
  Require(result.end == json::BodyEnd::kComplete, "a sound document is complete");
  for (const fakes::SplitSkip& skip : result.skips) {
    Require(IsOwnBound(skip), "of a sound document only own bounds leave something out");
  }
  Require(!result.skips.empty() || result.parts == wanted, "every part is delivered as it is");
  std::size_t at = 0;
  for (const SplitPart& part : result.parts) {
    while (at < wanted.size() && !(wanted[at] == part)) ++at;
    Require(at++ < wanted.size(), "nothing is delivered that is not there");
  }
}

// What JsonCpp makes of the whole document has the same elements.
void AgreesWithJsonCpp(const Json::Value& root, const SplitResult& result) {
  if (!root.isObject() || !result.skips.empty()) return;
  std::size_t parts = 0;
  for (const std::string& name : root.getMemberNames()) {
    const Json::Value& value = root[name];
    const bool taken_apart = name == "list" || name == "states";
    parts += taken_apart && (value.isArray() || value.isObject()) ? value.size() : 1;
  }
  Require(parts == result.parts.size(), "JsonCpp finds as many elements");
  Json::ArrayIndex item[2] = {0, 0};
  for (const SplitPart& part : result.parts) {
    Json::Value value;
    if (!StrictlyParsesValue(part.text, value)) continue;
    const bool top = part.container == json::SplitHandler::kTopLevel;
    const Json::Value& holder = top ? root : root[std::string(kListAndStates[part.container])];
    const Json::Value& same = holder.isArray() ? holder[item[part.container]++] : holder[part.key];
    Require(same == value, "JsonCpp reads each element as the same value");
  }
}

}  // namespace

void Splitter(std::string_view bytes) {
  const SplitResult whole = fakes::SplitInPieces(bytes);
  const std::size_t cut = Choice(bytes, bytes.size() + 1);
  Require(whole == fakes::SplitCut(bytes, {cut / 2, cut}), "a cut changes nothing");
  Require(whole == fakes::SplitInPieces(bytes, 1), "byte by byte is the same");
  Require(whole == fakes::SplitInPieces(bytes, 2 + cut % 5), "a few bytes at a time are the same");
  Require(whole == fakes::SplitInPieces(bytes, 0, whole.parts) &&
              whole == fakes::SplitInPieces(bytes, 1 + cut, whole.parts),
          "what is known need not be read");
  Require(whole.offset <= bytes.size(), "a fault stands within the body");
  std::vector<SplitPart> wanted;
  const bool sound = ReferenceJson::Split(bytes, kListAndStates, 2, wanted);
  if (sound) {
    DeliversAll(wanted, whole);
  } else {
    Require(whole.end != json::BodyEnd::kComplete || !whole.skips.empty(),
            "what is unsound is not taken for complete");
  }
  for (const SplitPart& part : whole.parts) {
    std::string compact;
    Require(ReferenceJson::IsValue(part.text, compact), "each element is sound");
    Require(compact == part.text, "each element is without white space");
  }
  Json::Value root;
  if (sound && StrictlyParses(bytes, root)) AgreesWithJsonCpp(root, whole);
}

}  // namespace depotlink::fuzz
