// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a config may ask for in `extra`: the one table of read-only actions of both APIs that answer
// `list` or `value`, and of the readings of many trackers, which stand in `result`. What is not in
// it is not asked for. Left out on purpose:
// - What answers secrets: api/key/list (API keys), tracker/location/link/* (the hash in a share's
//   address; links are published by themselves), user/session/delivery/read (a session),
//   user/session/*, apn_settings/read and tracker/apn_settings/read (passwords of the SIM),
//   tracker/settings/special/read (passwords), panel/dealer/settings/service/read (a demo
//   password), panel/dealer/activation_code/list (whoever reads a code can use it).
// - What needs `from` and `to`, which stand still in a config (track/*, history/tracker/list, ...).
// - What answers under another name (tracker/get_states, tracker/readings/list, user/get_info,
// ...).
// - What marks, sends or makes something, whatever it is called.
// Passwords within an answer, such as a retranslator's, are left out by json/relay.hpp.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace depotlink::navixy {

enum class Answers : std::uint8_t { kList, kValue };

struct Readable {
  std::string_view path;
  Answers answers = Answers::kList;
  std::string_view member = "value";  // of the answer, with kValue
  bool paged = false;                 // takes `offset` and `limit`
  // Parameters without which the API refuses it, parted by blanks.
  std::string_view needs;
  // Of a panel session; empty: none, or the documents name none.
  std::string_view category;
  std::string_view operation;
};

struct ReadableTable {
  const Readable* first;
  std::size_t count;
  const Readable* begin() const { return first; }
  const Readable* end() const { return first + count; }
};

// Sorted by path.
ReadableTable AllReadable();

// Null where there is none. A slash at the end of `path` is not taken.
const Readable* FindReadable(std::string_view path);

// Why a config may not ask for `path` though it only reads; empty where nothing is known of it.
std::string_view WhyWithheld(std::string_view path);

}  // namespace depotlink::navixy
