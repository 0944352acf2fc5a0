// SPDX-License-Identifier: Apache-2.0
#pragma once

// Writes down what the splitter hands over, and feeds it in pieces.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/json/element_splitter.hpp"

namespace depotlink::fakes {

struct SplitPart {
  std::size_t container = json::SplitHandler::kTopLevel;
  std::string key;
  std::string text;

  bool operator==(const SplitPart& other) const {
    return container == other.container && key == other.key && text == other.text;
  }
};

struct SplitSkip {
  std::size_t container = json::SplitHandler::kTopLevel;
  std::string key;
  json::SkipReason reason = json::SkipReason::kTooLong;

  bool operator==(const SplitSkip& other) const {
    return container == other.container && key == other.key && reason == other.reason;
  }
};

class SplitCapture : public json::SplitHandler {
 public:
  json::SplitFlow OnElement(std::size_t container, std::string_view key,
                            std::string_view text) override {
    parts.push_back({container, std::string(key), std::string(text)});
    return stop_after_each ? json::SplitFlow::kStop : json::SplitFlow::kContinue;
  }
  json::SplitKnown TakeKnown(std::size_t container, std::string_view key,
                             std::string_view ahead) override {
    const auto begins = [&](const SplitPart& part) {
      return part.container == container && part.key == key && part.text.size() > 1 &&
             part.text.front() == '{' && ahead.substr(0, part.text.size()) == part.text;
    };
    const auto found = std::find_if(known.begin(), known.end(), begins);
    if (found == known.end()) return {};
    ++taken_known;
    return {found->text.size(), OnElement(container, key, found->text)};
  }
  void OnValue(std::string_view key, std::string_view text) override {
    parts.push_back({kTopLevel, std::string(key), std::string(text)});
  }
  void OnSkipped(std::size_t container, std::string_view key, json::SkipReason reason) override {
    skips.push_back({container, std::string(key), reason});
  }

  std::vector<SplitPart> parts;
  std::vector<SplitSkip> skips;
  std::vector<SplitPart> known;  // objects that are recognized where they come again
  std::size_t taken_known = 0;
  bool stop_after_each = false;
};

// What became of one body.
struct SplitResult {
  std::vector<SplitPart> parts;
  std::vector<SplitSkip> skips;
  json::BodyEnd end = json::BodyEnd::kEmpty;
  std::string fault;
  std::uint64_t offset = 0;  // of the fault, or how many bytes were taken

  bool operator==(const SplitResult& other) const {
    return parts == other.parts && skips == other.skips && end == other.end &&
           fault == other.fault && offset == other.offset;
  }
};

inline constexpr std::string_view kListAndStates[] = {"list", "states"};
inline constexpr std::size_t kListPart = 0;
inline constexpr std::size_t kStatesPart = 1;

// Splits `text`, cut after `cuts` bytes (in rising order), with the containers `list` and `states`.
inline SplitResult SplitCut(std::string_view text, std::initializer_list<std::size_t> cuts) {
  const auto splitter = std::make_unique<json::ElementSplitter>();
  SplitCapture capture;
  splitter->Begin(kListAndStates, 2, capture);
  std::size_t from = 0;
  const auto feed = [&](std::size_t to) {
    splitter->Feed(text.substr(from, to - from));
    from = to;
  };
  for (const std::size_t cut : cuts) feed(cut);
  feed(text.size());
  return {capture.parts, capture.skips, splitter->End(), std::string(splitter->fault()),
          splitter->fault_offset()};
}

// Splits `text` in pieces of `piece_bytes`; 0: whole. What is `known` is not read again.
inline SplitResult SplitInPieces(std::string_view text, std::size_t piece_bytes = 0,
                                 const std::vector<SplitPart>& known = {}) {
  const auto splitter = std::make_unique<json::ElementSplitter>();
  SplitCapture capture;
  capture.known = known;
  splitter->Begin(kListAndStates, 2, capture);
  const std::size_t step = std::max<std::size_t>(1, piece_bytes == 0 ? text.size() : piece_bytes);
  for (std::size_t at = 0; at < text.size(); at += step) splitter->Feed(text.substr(at, step));
  return {capture.parts, capture.skips, splitter->End(), std::string(splitter->fault()),
          splitter->fault_offset()};
}

}  // namespace depotlink::fakes
