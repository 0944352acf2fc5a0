// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the decoders passed over, in numbers: for the log and for `health`. Decoders add to it; who
// owns it decides over how many elements it runs.

#include <cstdint>
#include <string_view>

#include "agent/base/fixed_string.hpp"
#include "agent/base/limits.hpp"
#include "agent/json/element_reader.hpp"

namespace depotlink::navixy {

struct DecodeNotes {
  // Fields that were there and could not be used, for whatever reason; the next six say which.
  std::uint32_t ignored_fields = 0;
  std::uint32_t unknown_words = 0;  // a movement or connection status that is not documented
  std::uint32_t local_times = 0;    // dates without a zone: the API did not heed NVX-ISO-DateTime
  std::uint32_t absurd_times = 0;   // before 2000 or after 2099
  std::uint32_t bad_positions = 0;  // half a position, off the globe, or exactly 0/0
  std::uint32_t cut_lists = 0;      // more inputs, outputs or additional values than there is room
  // Fields that were used after mending: ill-formed UTF-8 or control characters replaced, cut.
  std::uint32_t mended_texts = 0;
  // The first field that was ignored; its name may come from a stranger.
  FixedString<limits::kKeyBytes> first_ignored;

  bool any() const { return ignored_fields + mended_texts > 0; }
  void Ignore(std::string_view name) {
    if (ignored_fields == 0) first_ignored.Assign(name);
    ++ignored_fields;
  }
  // Takes over what the reader counted for its present element.
  void AddFrom(const json::ElementReader& reader) {
    if (ignored_fields == 0) first_ignored.Assign(reader.first_ignored());
    ignored_fields += reader.ignored();
    mended_texts += reader.mended();
  }
};

}  // namespace depotlink::navixy
