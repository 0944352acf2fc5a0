// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is fuzzed: one function for each reader of bytes that strangers can choose. Each takes any
// bytes and ends the program where a promise is broken. tests/fuzz/README.md tells how they are
// run.

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace depotlink::fuzz {

// Ends the program where `promise` does not hold; what holds the bytes is told by who runs it.
inline void Require(bool promise, const char* what) {
  if (promise) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

void Splitter(std::string_view bytes);      // json/element_splitter
void State(std::string_view bytes);         // navixy/decode_state, encode/native_state
void List(std::string_view bytes);          // navixy/decode_list, encode/native_info
void Link(std::string_view bytes);          // navixy/decode_link, encode/native_link
void RelayText(std::string_view bytes);     // json/relay
void Verdict(std::string_view bytes);       // navixy/verdict, over the splitter
void Login(std::string_view bytes);         // navixy/login, navixy/permissions
void SettingsText(std::string_view bytes);  // settings/reader
void Topics(std::string_view bytes);        // encode/topics
void Segment(std::string_view bytes);       // queue/segment_reader: the bytes are the file
void Forgery(std::string_view bytes);       // the same: a sound file with edits, check sums mended
void Records(std::string_view bytes);       // queue/record_codec
void JournalFile(std::string_view bytes);   // queue/journal, queue/cursor_file

struct Target {
  std::string_view name;
  void (*run)(std::string_view bytes);
  // Folders of seeds beside seeds/<name>, below tests/, parted by blanks.
  std::string_view more_seeds;
};

inline constexpr Target kTargets[] = {
    {"splitter", Splitter, "fixtures/vendor fixtures/iso"},
    {"state", State, ""},
    {"list", List, ""},
    {"link", Link, ""},
    {"relay", RelayText, "fixtures/vendor"},
    {"verdict", Verdict, "fixtures/vendor"},
    {"login", Login, ""},
    {"settings", SettingsText, "../config"},
    {"topics", Topics, ""},
    {"segment", Segment, "fixtures/queue/v1"},
    {"forgery", Forgery, ""},
    {"records", Records, ""},
    {"journal", JournalFile, "fixtures/queue/v1"},
};

inline const Target* FindTarget(std::string_view name) {
  for (const Target& target : kTargets) {
    if (target.name == name) return &target;
  }
  return nullptr;
}

// Takes numbers and pieces from the front of the bytes: what an input means beyond its text.
class Input {
 public:
  explicit Input(std::string_view bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }
  // 0 where nothing is left.
  unsigned Byte() {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  std::size_t Number(int bytes) {
    std::size_t number = 0;
    for (int i = 0; i < bytes; ++i) number = number * 256 + Byte();
    return number;
  }
  // At most that many.
  std::string_view Piece(std::size_t bytes) {
    const std::string_view piece = rest_.substr(0, bytes);
    rest_.remove_prefix(piece.size());
    return piece;
  }
  // Up to the next NUL, which is passed by.
  std::string_view Word() {
    const std::size_t end = rest_.find('\0');
    const std::string_view word = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    return word;
  }

 private:
  std::string_view rest_;
};

// A number that follows from the bytes: for choosing cuts without taking part of the text.
inline std::size_t Choice(std::string_view bytes, std::size_t below) {
  std::size_t sum = 2166136261U;
  for (const char c : bytes) sum = (sum ^ static_cast<unsigned char>(c)) * 16777619U;
  return below == 0 ? 0 : (sum >> 7U) % below;
}

}  // namespace depotlink::fuzz
