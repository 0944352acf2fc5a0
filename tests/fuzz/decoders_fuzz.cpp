// SPDX-License-Identifier: Apache-2.0
// One element of an answer through the decoders and out again as a payload.
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <string_view>

#include "agent/encode/native_info.hpp"
#include "agent/encode/native_link.hpp"
#include "agent/encode/native_state.hpp"
#include "agent/navixy/decode_link.hpp"
#include "agent/navixy/decode_list.hpp"
#include "agent/navixy/decode_state.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/payload_check.hpp"

namespace depotlink::fuzz {
namespace {

template <std::size_t kBytes>
struct Sheet {
  std::array<char, kBytes> bytes;
  json::JsonWriter out{bytes.data(), bytes.size()};

  void Check(bool written) const {
    if (written) RequirePayload(out.view());
  }
};

bool Within(const model::Maybe<double>& value, double most) {
  return !value.has || (std::isfinite(value.value) && std::fabs(value.value) <= most);
}

}  // namespace

void State(std::string_view bytes) {
  json::ElementReader reader;
  navixy::DecodeNotes notes;
  const auto state = std::make_unique<model::TrackerState>();
  const Status status = navixy::DecodeState(reader, bytes, *state, notes);
  Require(Within(state->lat_deg, 90) && Within(state->lng_deg, 180), "a position is on the globe");
  Require(status.ok() || !state->lat_deg.has, "what is skipped says nothing");
  Require(state->inputs.count <= limits::kMaxIo && state->outputs.count <= limits::kMaxIo,
          "inputs and outputs keep to their bound");
  encode::StateRecord record;
  record.id = 1;
  record.label = bytes.substr(0, limits::kLabelBytes);
  record.state = state.get();
  record.run = "abcd";
  Sheet<limits::kPayloadBytes> sheet;
  sheet.Check(encode::EncodeState(record, sheet.out));
  model::TrackerId id = 0;
  if (navixy::DecodeTrackerId(bytes, id)) {
    Require(id >= 1 && id <= navixy::kMaxId, "an id keeps to its bounds");
    Require(std::to_string(id) == bytes, "an id is its digits");
  }
}

void List(std::string_view bytes) {
  json::ElementReader reader;
  navixy::DecodeNotes notes;
  model::TrackerInfo info;
  if (navixy::DecodeTracker(reader, bytes, info, notes).ok()) {
    Require(info.id >= 1 && info.id <= navixy::kMaxId, "a tracker has an id");
    Require(IsCalm(info.label.view()), "a label is cleaned");
    encode::InfoRecord record;
    record.info = &info;
    record.run = "abcd";
    Sheet<limits::kPayloadBytes> sheet;
    sheet.Check(encode::EncodeInfo(record, sheet.out));
  }
  model::TrackerGroup group;
  if (navixy::DecodeGroup(reader, bytes, group, notes).ok()) {
    Require(IsCalm(group.title.view()), "a title is cleaned");
  }
}

void Link(std::string_view bytes) {
  json::ElementReader reader;
  navixy::DecodeNotes notes;
  const auto link = std::make_unique<model::GeoLink>();
  if (!navixy::DecodeLink(reader, bytes, *link, notes).ok()) return;
  Require(link->id >= 1 && link->id <= navixy::kMaxId, "a link has an id");
  encode::LinkRecord record;
  record.id = link->id;
  record.terms = link->terms;
  record.link = link.get();
  record.run = "abcd";
  Sheet<limits::kElementBytes> sheet;
  sheet.Check(encode::EncodeLink(record, sheet.out));
  Require(sheet.out.view().find("\"hash\"") == std::string_view::npos, "a hash is not published");
}

}  // namespace depotlink::fuzz
