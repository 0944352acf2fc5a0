// SPDX-License-Identifier: Apache-2.0
// A whole answer, from its body's bytes to what is to be done about it.
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "agent/json/element_splitter.hpp"
#include "agent/navixy/verdict.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/payload_check.hpp"

namespace depotlink::fuzz {
namespace {

constexpr std::string_view kContainers[] = {"list"};

struct Envelope final : json::SplitHandler {
  json::SplitFlow OnElement(std::size_t, std::string_view, std::string_view) override {
    return json::SplitFlow::kContinue;
  }
  void OnValue(std::string_view key, std::string_view text) override {
    if (key == "success") answer.success_seen = navixy::DecodeSuccess(text, answer.success);
    if (key == "status") decoded = navixy::DecodeApiStatus(reader, text, answer.status).ok();
  }
  void OnSkipped(std::size_t, std::string_view, json::SkipReason) override {}

  json::ElementReader reader;
  navixy::Answer answer;
  bool decoded = false;
};

void RequireSense(const navixy::Answer& answer) {
  const navixy::Judgement judgement = navixy::Judge(answer);
  const bool good = judgement.verdict == navixy::Verdict::kGood;
  Require(
      !good || (answer.success && answer.http_status == 200 && answer.lacks.empty() &&
                answer.body == json::BodyEnd::kComplete && answer.end == ports::HttpEnd::kComplete),
      "only a whole success is good");
  Require(good == judgement.reason.empty(), "what is not good has a reason");
  Require(IsCalm(judgement.reason), "a reason can be logged");
}

}  // namespace

void Verdict(std::string_view bytes) {
  constexpr int kUsual[] = {302, 400, 401, 403, 404, 429, 500, 502};
  const std::size_t kind = Choice(bytes, 1000);
  const auto splitter = std::make_unique<json::ElementSplitter>();
  Envelope envelope;
  splitter->Begin(kContainers, 1, envelope);
  splitter->Feed(bytes);
  navixy::Answer& answer = envelope.answer;
  answer.end = kind % 7 == 0 ? ports::HttpEnd::kAborted : ports::HttpEnd::kComplete;
  answer.http_status = kUsual[kind % std::size(kUsual)];
  answer.body = splitter->End();
  answer.body_fault = splitter->fault();
  answer.body_fault_offset = splitter->fault_offset();
  if (!splitter->has_container(0)) answer.lacks = "list";
  answer.looks_like_html = !bytes.empty() && bytes.front() == '<';
  Require(IsCalm(answer.status.description.view()), "a description is cleaned");
  Require(envelope.decoded || answer.status.code == 0, "no code out of nothing");
  RequireSense(answer);
  answer.http_status = 200;
  RequireSense(answer);
}

}  // namespace depotlink::fuzz
